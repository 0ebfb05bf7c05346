//! The entry points: texts to [`Manifests`], manifests to a [`ResolvedSpec`].

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::{Diagnostic, Diagnostics, Source, Span};
use kedge_resource::ClusterName;

use serde::de::DeserializeOwned;

use crate::decode::{decode, nearest, settings};
use crate::document::{Document, documents};
use crate::field::Block;
use crate::resolve;
use crate::resolved::{Feature, ResolvedSpec};
use crate::settings::Settings;
use crate::v1alpha2::cluster::Cluster;
use crate::v1alpha2::fields;
use crate::v1alpha2::instance_group::{InstanceGroup, SshCredential};

/// How manifests are read.
#[derive(Clone, Debug, Default)]
pub struct ParseOptions {
    /// Unknown fields are notes instead of errors.
    pub allow_unknown_fields: bool,
}

/// What besides the manifests decides a specification.
#[derive(Clone, Debug, Default)]
pub struct ResolveOptions {
    /// The cluster wanted, where manifests hold several.
    pub cluster: Option<ClusterName>,
    /// SSH public key of the command line; wins over an `SSHCredential`.
    pub ssh_public_key: Option<String>,
    /// Preview features that are on.
    pub features: BTreeSet<Feature>,
}

/// What was read from one or more texts.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    pub(crate) clusters: Vec<Read<Cluster>>,
    pub(crate) groups: Vec<Read<InstanceGroup>>,
    pub(crate) credentials: Vec<Read<SshCredential>>,
    /// Every document could be told apart and read: what is missing is missing.
    pub(crate) complete: bool,
    /// Reading found errors.
    failed: bool,
}

/// A manifest and the document that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Read<T> {
    pub(crate) document: Document,
    pub(crate) value: T,
    /// `spec` with the fields that nothing acts on yet.
    pub(crate) settings: Settings,
}

impl<T: DeserializeOwned + Default> Read<T> {
    fn new(mut document: Document, block: &'static Block, allow: bool, diagnostics: &mut Diagnostics) -> Self {
        let value = decode(&mut document, block, allow, diagnostics);
        let all = serde_json::to_value(settings(&document, block)).unwrap_or_default();
        let settings = Settings::of(all).block("spec");
        Self { document, value, settings }
    }
}

const GROUP: &str = "kops.k8s.io";
const VERSION: &str = "v1alpha2";
const KINDS: [&str; 3] = ["Cluster", "InstanceGroup", "SSHCredential"];

/// Reads manifests. Everything that is wrong with their form is reported; what could be read is returned.
#[must_use]
pub fn parse(sources: &[Arc<Source>], options: &ParseOptions) -> (Manifests, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let mut manifests = Manifests { complete: true, ..Manifests::default() };
    for source in sources {
        let (documents, complete) = documents(source, &mut diagnostics);
        manifests.complete &= complete;
        for document in documents {
            manifests.add(document, options, &mut diagnostics);
        }
    }
    manifests.failed = diagnostics.has_errors();
    (manifests, diagnostics)
}

impl Manifests {
    /// The names of all clusters, in the order of the manifests.
    #[must_use]
    pub fn cluster_names(&self) -> Vec<&str> {
        self.clusters.iter().map(|cluster| cluster.document.name.as_str()).collect()
    }

    /// The names of all clusters that manifests are of: those that they describe, and those that labels name.
    #[must_use]
    pub fn owners(&self) -> BTreeSet<&str> {
        let labels = self.documents().filter_map(Document::cluster_label);
        labels.chain(self.cluster_names()).filter(|name| !name.is_empty()).collect()
    }

    /// The manifests of a cluster as they are written, as JSON.
    #[must_use]
    pub fn values(&self, cluster: &ClusterName) -> Vec<serde_json::Value> {
        let of_cluster = |document: &&Document| match document.kind.as_str() {
            "Cluster" => document.name == cluster.as_str(),
            _ => document.concerns(cluster),
        };
        self.documents().filter(of_cluster).map(|document| document.root.to_json()).collect()
    }

    /// Whether one of the manifests is an SSH key.
    #[must_use]
    pub fn has_ssh_credential(&self) -> bool {
        !self.credentials.is_empty()
    }

    /// Checks the manifests and fills in defaults. There is a specification if neither this nor reading found an error.
    #[must_use]
    pub fn resolve(&self, options: &ResolveOptions) -> (Option<ResolvedSpec>, Diagnostics) {
        let (spec, diagnostics) = resolve::resolve(self, options);
        let sound = !self.failed && !diagnostics.has_errors();
        (spec.filter(|_| sound), diagnostics)
    }

    /// Gives diagnostics whose path is like `Cluster/<c>: spec.networkCIDR` or `InstanceGroup/<g>: spec.machineType`,
    /// and that have no place yet, the place of that field.
    #[must_use]
    pub fn attach_spans(&self, diagnostics: Diagnostics) -> Diagnostics {
        let mut placed = Diagnostics::default();
        for diagnostic in diagnostics.iter() {
            let mut diagnostic = diagnostic.clone();
            if diagnostic.span.is_none() {
                diagnostic.span = diagnostic.path.as_deref().and_then(|path| {
                    let (label, field) = path.split_once(": ").unwrap_or((path, ""));
                    self.documents().find(|document| document.label() == label).map(|document| document.place(field))
                });
            }
            placed.push(diagnostic);
        }
        placed
    }

    /// Where a manifest of a cluster says something: `label` is like `InstanceGroup/nodes`, `field` like `spec.minSize`. A field
    /// that the manifest leaves out stands where its name does.
    #[must_use]
    pub fn place(&self, cluster: &ClusterName, label: &str, field: &str) -> Option<Span> {
        let document = self.documents().find(|document| document.label() == label && document.concerns(cluster))?;
        Some(document.place(if document.node(field).is_some() { field } else { "" }))
    }

    fn documents(&self) -> impl Iterator<Item = &Document> {
        let clusters = self.clusters.iter().map(|read| &read.document);
        let groups = self.groups.iter().map(|read| &read.document);
        clusters.chain(groups).chain(self.credentials.iter().map(|read| &read.document))
    }

    /// Reads a document as what it says it is.
    fn add(&mut self, document: Document, options: &ParseOptions, diagnostics: &mut Diagnostics) {
        match kind(&document, diagnostics) {
            Kind::Known => {}
            Kind::Additional => return,
            Kind::Wrong => {
                self.complete = false;
                return;
            }
        }
        if document.name.is_empty() {
            document.report(
                diagnostics,
                "metadata.name",
                Diagnostic::error("missing-name", "manifest has no name", "`metadata.name` says which object this is"),
            );
        }
        let allow = options.allow_unknown_fields;
        match document.kind.as_str() {
            "Cluster" => {
                self.clusters.push(Read::new(document, &fields::CLUSTER, allow, diagnostics));
            }
            "InstanceGroup" => {
                self.groups.push(Read::new(document, &fields::INSTANCE_GROUP, allow, diagnostics));
            }
            _ => {
                self.credentials.push(Read::new(document, &fields::SSH_CREDENTIAL, allow, diagnostics));
            }
        }
    }
}

/// What a document is to kedge.
enum Kind {
    /// One of [`KINDS`].
    Known,
    /// Something else that may stand beside them.
    Additional,
    /// Nothing that can be read; reported.
    Wrong,
}

/// Decides by `apiVersion` and `kind`.
fn kind(document: &Document, diagnostics: &mut Diagnostics) -> Kind {
    let (api_version, kind) = (document.api_version.as_str(), document.kind.as_str());
    let mut wrong = |path: &str, diagnostic: Diagnostic| {
        document.report(diagnostics, path, diagnostic);
        Kind::Wrong
    };
    for (field, value) in [("apiVersion", api_version), ("kind", kind)] {
        if value.is_empty() {
            return wrong(
                field,
                Diagnostic::error(
                    "missing-kind",
                    "manifest does not say what it is",
                    format!("`{field}` is missing, and without it nobody knows how to read this document"),
                )
                .hint(format!("a cluster begins with `apiVersion: {GROUP}/{VERSION}` and `kind: Cluster`")),
            );
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // `kops` alone is how very old manifests call the group.
    if group != GROUP && group != "kops" {
        let expected = format!("{GROUP}/{VERSION}");
        if KINDS.contains(&kind) && strsim::damerau_levenshtein(api_version, &expected) <= 4 {
            return wrong(
                "apiVersion",
                Diagnostic::error(
                    "unknown-version",
                    "API version is unknown",
                    format!("`{api_version}` is no API of kops"),
                )
                .hint(format!("did you mean `{expected}`?")),
            );
        }
        note_additional(document, diagnostics);
        return Kind::Additional;
    }
    if version != VERSION {
        return wrong(
            "apiVersion",
            Diagnostic::error(
                "unknown-version",
                "API version is unknown",
                format!("`{api_version}` cannot be read: field names differ between versions"),
            )
            .hint(format!("kedge reads `{GROUP}/{VERSION}`, the version that kops itself writes (`kops get -o yaml`)")),
        );
    }
    match kind {
        _ if KINDS.contains(&kind) => Kind::Known,
        "Keyset" | "Host" => {
            note_additional(document, diagnostics);
            Kind::Additional
        }
        _ => {
            let known = KINDS.iter().copied();
            let hint = match nearest(kind, known) {
                Some((name, _)) => format!("did you mean `{name}`?"),
                None if kind.ends_with("List") => {
                    "put each item into a document of its own, with a line `---` between them".to_owned()
                }
                None => format!("kops has the kinds {}", KINDS.map(|kind| format!("`{kind}`")).join(", ")),
            };
            wrong(
                "kind",
                Diagnostic::error("unknown-kind", "kind is unknown", format!("`{kind}` is no kind of {api_version}"))
                    .hint(hint),
            )
        }
    }
}

fn note_additional(document: &Document, diagnostics: &mut Diagnostics) {
    document.report(
        diagnostics,
        "kind",
        Diagnostic::note(
            "additional-object",
            "additional object has no effect yet",
            format!("`{}` of `{}` is accepted and left alone", document.kind, document.api_version),
        ),
    );
}

#[cfg(test)]
mod tests;
