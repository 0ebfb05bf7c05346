//! From manifests to a specification, with everything that is wrong or worth knowing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kedge_diag::{Diagnostics, Source};
use kedge_resource::ClusterName;
use kedge_spec::resolved::Feature;
use kedge_spec::{Manifests, ParseOptions, ResolveOptions, ResolvedSpec};

/// What besides the manifests decides a specification.
#[derive(Clone, Debug, Default)]
pub struct ManifestOptions {
    /// Unknown fields are notes instead of errors.
    pub allow_unknown_fields: bool,
    /// The cluster wanted, where manifests hold several.
    pub cluster: Option<ClusterName>,
    /// SSH public key of the command line.
    pub ssh_public_key: Option<String>,
    /// Preview features that are on.
    pub features: BTreeSet<Feature>,
}

/// A specification that can be planned.
#[derive(Clone, Debug)]
pub struct Specification {
    /// Defaults filled in, references checked.
    pub resolved: ResolvedSpec,
    /// The manifests, which know where fields stand.
    pub manifests: Manifests,
    /// Warnings and notes.
    pub remarks: Diagnostics,
    /// The texts.
    pub sources: Vec<Arc<Source>>,
    /// What besides the texts decided it.
    pub options: ManifestOptions,
    /// Files of the user's own add-ons, under the names by which the manifest calls them.
    pub addon_files: BTreeMap<String, String>,
}

impl Specification {
    /// Reads and checks manifests.
    ///
    /// # Errors
    /// Everything that is wrong, at once, with what is merely worth knowing.
    pub fn read(sources: &[Arc<Source>], options: &ManifestOptions) -> Result<Self, Diagnostics> {
        let ManifestOptions { allow_unknown_fields, cluster, ssh_public_key, features } = options;
        let (manifests, mut remarks) =
            kedge_spec::parse(sources, &ParseOptions { allow_unknown_fields: *allow_unknown_fields });
        let (resolved, more) = manifests.resolve(&ResolveOptions {
            cluster: cluster.clone(),
            ssh_public_key: ssh_public_key.clone(),
            features: features.clone(),
        });
        remarks.extend(manifests.attach_spans(more));
        match resolved {
            Some(resolved) if !remarks.has_errors() => Ok(Self {
                resolved,
                manifests,
                remarks,
                sources: sources.to_vec(),
                options: options.clone(),
                addon_files: BTreeMap::new(),
            }),
            _ => Err(remarks),
        }
    }

    /// Brings the files of the user's own add-ons with it, as far as `read` finds them; those that are missing are told where
    /// add-ons are planned.
    #[must_use]
    pub fn with_addon_files(mut self, mut read: impl FnMut(&str) -> Option<String>) -> Self {
        // A file may name further files.
        loop {
            let missing = kedge_addons::missing_files(&self.resolved, &self.addon_files);
            let found: Vec<(String, String)> =
                missing.into_iter().filter_map(|name| read(&name).map(|text| (name, text))).collect();
            if found.is_empty() {
                return self;
            }
            self.addon_files.extend(found);
        }
    }

    /// The manifests as one text of several documents, complete in itself: a key of the command line is a document too.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for source in &self.sources {
            append(&mut text, &source.text);
        }
        if let Some(key) = self.options.ssh_public_key.as_ref().filter(|_| !self.manifests.has_ssh_credential()) {
            let cluster = self.cluster();
            append(
                &mut text,
                &format!(
                    "apiVersion: kops.k8s.io/v1alpha2\nkind: SSHCredential\nmetadata:\n  name: admin\n  labels:\n    \
                     kops.k8s.io/cluster: {cluster}\nspec:\n  publicKey: {key}\n"
                ),
            );
        }
        text
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        &self.resolved.cluster.name
    }
}

/// Adds documents behind others.
fn append(text: &mut String, documents: &str) {
    let documents = documents.strip_prefix("---\n").unwrap_or(documents);
    if !text.is_empty() {
        text.push_str("---\n");
    }
    text.push_str(documents);
    if !documents.ends_with('\n') {
        text.push('\n');
    }
}
