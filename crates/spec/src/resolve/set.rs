//! Which cluster is meant, and what belongs to it.

use kedge_diag::{Diagnostic, Diagnostics};

use crate::decode::nearest;
use crate::document::{CLUSTER_LABEL, Document};
use crate::manifests::{Manifests, Read, ResolveOptions};
use crate::v1alpha2::cluster::{Cluster, Metadata};
use crate::v1alpha2::instance_group::{InstanceGroup, SshCredential};

/// A cluster and what belongs to it.
pub(super) struct Chosen<'a> {
    pub(super) cluster: &'a Read<Cluster>,
    pub(super) groups: Vec<&'a Read<InstanceGroup>>,
    pub(super) credentials: Vec<&'a Read<SshCredential>>,
    /// Every group says, without a mistake, whose it is.
    pub(super) settled: bool,
}

/// Whose a manifest is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Chosen,
    Other,
    Unknown,
}

/// Chooses the cluster that the options ask for, or the only one.
pub(super) fn choose<'a>(
    manifests: &'a Manifests,
    options: &ResolveOptions,
    diagnostics: &mut Diagnostics,
) -> Option<Chosen<'a>> {
    let cluster = cluster(manifests, options, diagnostics);
    let mut groups = Vec::new();
    let mut settled = true;
    for read in &manifests.groups {
        let owner = owner(manifests, cluster, &read.document, &read.value.metadata, "group", diagnostics);
        settled &= owner != Owner::Unknown;
        if owner == Owner::Chosen {
            groups.push(read);
        }
    }
    let mut credentials = Vec::new();
    for read in &manifests.credentials {
        let owner = owner(manifests, cluster, &read.document, &read.value.metadata, "SSH credential", diagnostics);
        if owner == Owner::Chosen {
            credentials.push(read);
        }
    }
    cluster.map(|cluster| Chosen { cluster, groups, credentials, settled })
}

fn cluster<'a>(
    manifests: &'a Manifests,
    options: &ResolveOptions,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Read<Cluster>> {
    if let Some(wanted) = &options.cluster {
        let found: Vec<_> = manifests.clusters.iter().filter(|read| read.document.name == wanted.as_str()).collect();
        report_further(&found, diagnostics);
        if found.is_empty() && manifests.complete {
            let names = manifests.cluster_names();
            let there = if names.is_empty() { "no cluster".to_owned() } else { format!("`{}`", names.join("`, `")) };
            diagnostics.push(
                Diagnostic::error(
                    "cluster-not-found",
                    "cluster is not in the manifests",
                    format!("`{wanted}` was asked for, and the manifests hold {there}"),
                )
                .hint("check `--name` and the files given with `-f`"),
            );
        }
        return found.first().copied();
    }
    let all: Vec<_> = manifests.clusters.iter().collect();
    report_further(&all, diagnostics);
    if all.is_empty() && manifests.complete {
        let diagnostic = Diagnostic::error(
            "no-cluster",
            "manifests hold no cluster",
            "there is no document of kind `Cluster`, which everything else belongs to",
        )
        .hint("give the file that holds it with `-f` as well");
        match manifests.groups.first() {
            Some(group) => group.document.report(diagnostics, "metadata.name", diagnostic),
            None => diagnostics.push(diagnostic),
        }
    }
    all.first().copied()
}

/// Reports every cluster after the first.
fn report_further(clusters: &[&Read<Cluster>], diagnostics: &mut Diagnostics) {
    let Some((first, further)) = clusters.split_first() else { return };
    let place = first.document.place("metadata.name");
    let (line, column) = place.line_column();
    let there = format!("{}:{line}:{column}", place.source.name);
    for second in further {
        let (first, name) = (&first.document.name, &second.document.name);
        let diagnostic = if first == name {
            Diagnostic::error(
                "duplicate-cluster",
                "cluster is given twice",
                format!("`{name}` stands at {there} already"),
            )
            .hint("remove one of the two, or check whether a file was given twice")
        } else {
            Diagnostic::error(
                "several-clusters",
                "manifests hold several clusters",
                format!("`{first}` at {there} and `{name}` here: one command works on one cluster"),
            )
            .hint(format!("choose one, for example with `--name {name}`"))
        };
        second.document.report(diagnostics, "metadata.name", diagnostic);
    }
}

/// Whose a manifest is; one that belongs to no cluster is reported.
fn owner(
    manifests: &Manifests,
    chosen: Option<&Read<Cluster>>,
    document: &Document,
    metadata: &Metadata,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Owner {
    let label_path = format!("metadata.labels[{CLUSTER_LABEL}]");
    let Some(label) = metadata.labels.get(CLUSTER_LABEL) else {
        let name = chosen.map_or("prod.example.com", |read| read.document.name.as_str());
        document.report(
            diagnostics,
            &label_path,
            Diagnostic::error(
                "no-cluster-label",
                "manifest belongs to no cluster",
                format!("this {what} has no label `{CLUSTER_LABEL}`, which says whose it is"),
            )
            .hint(format!("add `labels: {{{CLUSTER_LABEL}: {name}}}` below `metadata`")),
        );
        return Owner::Unknown;
    };
    if chosen.is_some_and(|read| read.document.name == *label) {
        return Owner::Chosen;
    }
    let names = manifests.cluster_names();
    if !names.contains(&label.as_str()) && manifests.complete && !names.is_empty() {
        let diagnostic = Diagnostic::error(
            "unknown-cluster",
            "manifest belongs to an unknown cluster",
            format!("this {what} says that it belongs to `{label}`, and there is no such cluster in the manifests"),
        );
        let hint = match nearest(label, names.iter().copied()) {
            Some((name, _)) => format!("did you mean `{name}`?"),
            None => format!("the manifests hold `{}`", names.join("`, `")),
        };
        document.report(diagnostics, &label_path, diagnostic.hint(hint));
        return Owner::Unknown;
    }
    Owner::Other
}
