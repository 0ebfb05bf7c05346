//! Where documents begin and end, and where fields stand.

use super::*;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "a.yaml".to_owned(), text: text.to_owned() })
}

fn parts(text: &str) -> Vec<&str> {
    document_spans(text).into_iter().map(|(start, end)| &text[start..end]).collect()
}

#[test]
fn documents_are_split_at_their_marks() {
    assert_eq!(parts("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
    assert_eq!(parts("---\n# nothing\n---\n\n--- # note\nb: 2"), ["--- # note\nb: 2"]);
    assert_eq!(parts("\u{feff}a: 1\n...\n# end\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
    assert_eq!(parts("%YAML 1.2\n---\na: 1\n"), ["---\na: 1\n"]);
    assert_eq!(parts("a: |\n  ---\n  text\n----: 1\n"), ["a: |\n  ---\n  text\n----: 1\n"]);
    assert_eq!(parts("--- {a: 1}\n--- {b: 2}\n"), ["--- {a: 1}\n", "--- {b: 2}\n"]);
    assert_eq!(parts("a: 1\r\n---\r\nb: 2\r\n"), ["a: 1\r\n", "---\r\nb: 2\r\n"]);
}

#[test]
fn manifests_come_back_as_they_were_written() {
    let text = "# first\nkind: A # why\nmetadata: {name: a}\n\n---\n  kind: B\n...\n--- {kind: C}\n---\n{\n";
    let found = manifest_texts(text);
    let found: Vec<_> = found.iter().map(|it| (it.kind.as_str(), it.name.as_str(), it.text.as_str())).collect();
    let expected = [
        ("A", "a", "# first\nkind: A # why\nmetadata: {name: a}\n"),
        ("B", "", "  kind: B\n"),
        ("C", "", " {kind: C}\n"),
        ("", "", "{\n"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_broken_document_leaves_the_others_alone() {
    let text = "kind: A\n---\nkind: [B\nx: }\n---\nkind: C\n---\n- list\n";
    let mut diagnostics = Diagnostics::default();
    let (found, complete) = documents(&source(text), &mut diagnostics);
    assert_eq!(found.iter().map(|document| document.kind.as_str()).collect::<Vec<_>>(), ["A", "C"]);
    assert!(!complete);
    let places: Vec<_> = diagnostics.iter().map(|d| (d.code, d.span.as_ref().unwrap().line_column().0)).collect();
    assert_eq!(places, [("yaml-syntax", 4), ("not-a-mapping", 8)]);
}

#[test]
fn fields_have_places_also_when_they_are_missing() {
    let text = "kind: Cluster\nmetadata:\n  name: c\n  labels:\n    a.b/c: d\nspec:\n  subnets:\n  - name: one\n    zone: z\n  - cidr: x\n  empty: {}\n  text: |\n    many\n    lines\n";
    let (documents, _) = documents(&source(text), &mut Diagnostics::default());
    let document = &documents[0];
    let place = |path: &str| {
        let span = document.place(path);
        (span.line_column(), &text[span.start..span.end])
    };
    assert_eq!(place("spec.subnets[0].zone"), ((9, 11), "z"));
    assert_eq!(place("spec.subnets[0].cidr"), ((8, 11), "one"));
    assert_eq!(place("spec.subnets[1].name"), ((10, 5), "cidr"));
    assert_eq!(place("spec.subnets[1].cidr"), ((10, 11), "x"));
    assert_eq!(place("spec.subnets"), ((7, 3), "subnets"));
    assert_eq!(place("spec.empty.x.y"), ((11, 3), "empty"));
    assert_eq!(place("spec.none"), ((6, 1), "spec"));
    assert_eq!(place("metadata.labels[a.b/c]"), ((5, 12), "d"));
    assert_eq!(place(""), ((3, 9), "c"));
    // A text of several lines is underlined in its first.
    assert_eq!(place("spec.text"), ((13, 5), "many"));
}
