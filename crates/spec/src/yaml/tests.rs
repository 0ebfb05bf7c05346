//! Nodes, their places, and texts that are none.

use proptest::prelude::*;

use super::*;

fn node(text: &str) -> Node {
    let (node, faults) = read(text, 0);
    assert_eq!(faults, [], "{text}");
    node.unwrap_or_else(|| panic!("{text:?} is empty"))
}

/// What the text has where the value of a key stands.
fn at<'a>(text: &'a str, node: &Node) -> &'a str {
    &text[node.start..node.end]
}

#[test]
fn values_and_keys_know_their_bytes() {
    let text = "# first\na: 1\nb:\n  - x\n  - 'y z' # note\n  - {c: \"d\", e: [f]}\ng: |\n  one\n  two\nh: last\n";
    let root = node(text);
    let b = root.get("b").unwrap();
    assert_eq!(at(text, root.get("a").unwrap()), "1");
    assert_eq!(at(text, b.item(0).unwrap()), "x");
    assert_eq!(at(text, b.item(1).unwrap()), "'y z'");
    assert_eq!(at(text, b.item(2).unwrap().get("c").unwrap()), "\"d\"");
    assert_eq!(at(text, b.item(2).unwrap().get("e").unwrap().item(0).unwrap()), "f");
    assert_eq!(root.get("g").unwrap().text(), Some("one\ntwo\n"));
    assert_eq!(at(text, root.get("h").unwrap()), "last");
    let entry = root.entry("h").unwrap();
    assert_eq!(&text[entry.key_start..entry.key_end], "h");
}

#[test]
fn characters_of_several_bytes_do_not_shift_places() {
    let text = "ü: ä\nöö: ß # …\nlast: end\n";
    let root = node(text);
    assert_eq!(at(text, root.get("ü").unwrap()), "ä");
    assert_eq!(at(text, root.get("last").unwrap()), "end");
    let (_, faults) = read("ü: ß\nb: [\n", 100);
    assert!(matches!(faults.as_slice(), [Fault::Syntax { at, .. }] if (100..=112).contains(at)), "{faults:?}");
}

#[test]
fn quotes_belong_to_a_scalar_and_comments_do_not() {
    let text = "a: 'it''s' # it's\nb: \"x\\\"y\"  # \"\nc: [ 'q' , r ]\n";
    let root = node(text);
    assert_eq!(at(text, root.get("a").unwrap()), "'it''s'");
    assert_eq!(at(text, root.get("b").unwrap()), "\"x\\\"y\"");
    assert_eq!(at(text, root.get("c").unwrap().item(0).unwrap()), "'q'");
    assert_eq!(at(text, root.get("c").unwrap().item(1).unwrap()), "r");
}

#[test]
fn only_plain_scalars_are_null() {
    let root = node("a: ~\nb:\nc: ''\nd: 'null'\ne: !!str null\n");
    let null: Vec<&str> =
        root.entries().iter().filter(|entry| entry.value.is_null()).map(|entry| entry.key.as_str()).collect();
    assert_eq!(null, ["a", "b"]);
}

#[test]
fn anchors_and_merges_are_expanded() {
    let root = node("base: &base {x: 1, y: 2}\nuse:\n  <<: *base\n  y: 3\nagain: *base\n");
    let used = root.get("use").unwrap();
    assert_eq!((used.get("x").unwrap().text(), used.get("y").unwrap().text()), (Some("1"), Some("3")));
    assert_eq!(root.get("again").unwrap().get("y").unwrap().text(), Some("2"));
}

#[test]
fn a_repeated_key_is_a_fault_and_its_first_value_stays() {
    let (root, faults) = read("a: 1\nb: 2\na: 3\n", 0);
    assert_eq!(faults, [Fault::DuplicateKey { key: "a".to_owned(), second: (10, 11), first: 0 }]);
    assert_eq!(root.unwrap().get("a").unwrap().text(), Some("1"));
}

#[test]
fn repeated_keys_of_long_mappings_are_found() {
    let mut text: String = (0..100).map(|n| format!("k{n}: v\n")).collect();
    text.push_str("k3: v\nk99: v\n");
    let (_, faults) = read(&text, 0);
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn nothing_is_no_fault() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "~\n"] {
        assert_eq!(read(text, 0), (None, Vec::new()), "{text:?}");
    }
}

#[test]
fn wrong_texts_are_faults_with_a_place() {
    for text in [
        "a: [1, 2\nb: 3\n",
        "a: b: c\n",
        "\ta: 1\n",
        "a: 'x\n",
        "a: *none\n",
        "? [a, b]\n: c\n",
        "a:\n - b\n  - c: d\n e\n",
    ] {
        let (root, faults) = read(text, 7);
        assert_eq!(root, None, "{text:?}");
        assert!(
            matches!(faults.as_slice(), [Fault::Syntax { at, .. }] if (7..=7 + text.len()).contains(at)),
            "{text:?}: {faults:?}"
        );
    }
}

#[test]
fn brackets_without_end_take_no_time() {
    for text in ["[".repeat(1_000_000), "{a: ".repeat(500_000), format!("spec: {}", "[a, ".repeat(300_000))] {
        let (node, faults) = read(&text, 0);
        assert_eq!(node, None);
        assert!(matches!(&faults[..], [Fault::Syntax { message, .. }] if message.contains("brackets")), "{faults:?}");
    }
    // What is closed does not count, nor do many short lists.
    assert_eq!(read(&format!("a: [{}]", "[], ".repeat(5_000)), 0).1, []);
}

#[test]
fn anchors_within_anchors_count_each_time() {
    let text = |anchors: usize| {
        let open: String = (0..anchors).map(|number| format!("&a{number} [")).collect();
        format!("{open}{}{}", "x, ".repeat(10_000), "]".repeat(anchors))
    };
    assert_eq!(read(&text(5), 0).1, []);
    let (node, faults) = read(&text(50), 0);
    assert_eq!(node, None);
    assert!(matches!(&faults[..], [Fault::Syntax { message, .. }] if message.contains("values")), "{faults:?}");
}

#[test]
fn nesting_and_expansion_have_limits() {
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    assert!(matches!(read(&deep, 0).1.as_slice(), [Fault::Syntax { .. }]));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        let line = format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
        bomb.push_str(&line);
    }
    assert!(matches!(read(&bomb, 0).1.as_slice(), [Fault::Syntax { .. }]));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        drop(read(&text, 0));
    }

    #[test]
    fn no_text_of_yaml_marks_panics(text in "[-:{}\\[\\],'\"|>&*!?#%@ \\n\\tab1]{0,60}") {
        drop(read(&text, 0));
    }
}
