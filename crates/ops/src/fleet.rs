//! Several clusters in one set of manifests, told apart before any of them is read for good.
//!
//! What is wrong with the manifests of one cluster must not keep the others from being planned, so each gets the texts that
//! are its own: whole files, or, of a file that holds several clusters, that file with the documents of the others blanked out.
//! Lines keep their numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::Source;
use kedge_resource::ClusterName;
use kedge_spec::ParseOptions;

/// One cluster, or a file of which nobody knows whose it is.
#[derive(Clone, Debug)]
pub struct Member {
    /// The cluster's name as the manifests have it, or the name of the file.
    pub name: String,
    /// The cluster; absent for a file of nobody, and for a name that is none.
    pub cluster: Option<ClusterName>,
    /// Its texts.
    pub sources: Vec<Arc<Source>>,
}

/// A part of a text: one document.
struct Chunk<'a> {
    text: &'a str,
    owners: BTreeSet<String>,
}

/// The clusters that manifests describe, by name, then the files of nobody. Empty if there are fewer than two clusters: then
/// all manifests are one set.
#[must_use]
pub fn members(sources: &[Arc<Source>]) -> Vec<Member> {
    let mut described = BTreeSet::new();
    let mut files = Vec::new();
    for source in sources {
        let chunks: Vec<Chunk<'_>> =
            documents(&source.text).into_iter().map(|text| chunk(text, &mut described)).collect();
        files.push((source, chunks));
    }
    if described.len() < 2 {
        return Vec::new();
    }
    let owners: BTreeSet<&String> =
        files.iter().flat_map(|(_, chunks)| chunks).flat_map(|chunk| &chunk.owners).collect();
    let mut members: Vec<Member> = owners
        .into_iter()
        .map(|name| Member {
            name: name.clone(),
            cluster: ClusterName::parse(name).ok(),
            sources: files.iter().filter_map(|(source, chunks)| share(source, chunks, name)).collect(),
        })
        .collect();
    let nobodys = files.iter().filter(|(_, chunks)| chunks.iter().all(|chunk| chunk.owners.is_empty()));
    members.extend(nobodys.map(|(source, _)| Member {
        name: source.name.clone(),
        cluster: None,
        sources: vec![Arc::clone(source)],
    }));
    members
}

/// The documents of a text and what stands between them, so that nothing of it is lost.
fn documents(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut at = 0;
    for (start, end) in kedge_spec::document_spans(text) {
        parts.extend([text.get(at..start), text.get(start..end)]);
        at = end;
    }
    parts.push(text.get(at..));
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect()
}

/// Whose a document is, as far as it can be read.
fn chunk<'a>(text: &'a str, described: &mut BTreeSet<String>) -> Chunk<'a> {
    let source = Arc::new(Source { name: String::new(), text: text.to_owned() });
    let (manifests, _) = kedge_spec::parse(&[source], &ParseOptions { allow_unknown_fields: true });
    described.extend(manifests.cluster_names().into_iter().filter(|name| !name.is_empty()).map(str::to_owned));
    Chunk { text, owners: manifests.owners().into_iter().map(str::to_owned).collect() }
}

/// What a file holds for a cluster; what belongs to nobody is everybody's.
fn share(source: &Arc<Source>, chunks: &[Chunk<'_>], name: &str) -> Option<Arc<Source>> {
    let own = |chunk: &Chunk<'_>| chunk.owners.contains(name);
    if !chunks.iter().any(own) {
        return None;
    }
    if chunks.iter().all(|chunk| own(chunk) || chunk.owners.is_empty()) {
        return Some(Arc::clone(source));
    }
    let mut text = String::with_capacity(source.text.len());
    for chunk in chunks {
        if own(chunk) || chunk.owners.is_empty() {
            text.push_str(chunk.text);
        } else {
            // The separator stays, or the documents around it would run into one another.
            text.push_str(if chunk.text.starts_with("---") { "---" } else { "" });
            text.extend(std::iter::repeat_n('\n', chunk.text.matches('\n').count()));
        }
    }
    Some(Arc::new(Source { name: source.name.clone(), text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::{ManifestOptions, Specification};

    const MINIMAL: &str = include_str!("../../../specs/minimal.yaml");

    fn source(name: &str, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.to_owned(), text: text.into() })
    }

    fn named(name: &str) -> String {
        MINIMAL.replace("minimal.example.com", name)
    }

    fn read(member: &Member) -> Result<Specification, kedge_diag::Diagnostics> {
        let options = ManifestOptions { cluster: member.cluster.clone(), ..ManifestOptions::default() };
        Specification::read(&member.sources, &options)
    }

    #[test]
    fn one_cluster_is_one_set() {
        assert!(members(&[source("a.yaml", MINIMAL)]).is_empty());
        assert!(members(&[source("a.yaml", MINIMAL), source("b.yaml", "kind: [")]).is_empty());
    }

    #[test]
    fn a_broken_cluster_does_not_hide_the_other() {
        let broken = named("b.example.com").replace("machineType: t3.large", "machineTypo: t3.large");
        let all =
            members(&[source("a.yaml", named("a.example.com")), source("b.yaml", broken), source("c.yaml", "x: [")]);
        let names: Vec<&str> = all.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["a.example.com", "b.example.com", "c.yaml"]);
        assert_eq!(all.iter().map(|member| read(member).is_ok()).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn documents_of_one_file_keep_their_lines() {
        let good = named("a.example.com");
        let bad = named("b.example.com").replace("machineType: t3.large", "machineTypo: t3.large");
        let both = format!("{bad}---\n{good}");
        let all = members(&[source("both.yaml", both.clone())]);
        let [a, b] = all.as_slice() else { panic!("{all:?}") };
        let place = read(a).unwrap().place_of(&"auto-scaling-group/nodes.a.example.com".parse().unwrap()).unwrap();
        let expected = both.lines().enumerate().filter(|(_, line)| line.contains("name: nodes")).nth(1).unwrap().0 + 1;
        assert_eq!((place.path.as_str(), place.line), ("both.yaml", expected));
        let problems = read(b).unwrap_err();
        let problem = problems.iter().find(|problem| problem.code == "unknown-field").unwrap();
        let wrong = both.lines().position(|line| line.contains("machineTypo")).unwrap() + 1;
        assert_eq!(problem.span.as_ref().unwrap().line_column().0, wrong);
    }

    #[test]
    fn separators_begin_documents() {
        assert_eq!(
            documents("a: |\n  ---\n---\nb: 1\n--- # c\nc: 1\n"),
            ["a: |\n  ---\n", "---\nb: 1\n", "--- # c\nc: 1\n"]
        );
        assert_eq!(documents("---\na: 1\n"), ["---\na: 1\n"]);
    }
}
