//! From manifests to a specification, with everything that is wrong or worth knowing.

use std::collections::BTreeSet;
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
            Some(resolved) if !remarks.has_errors() => Ok(Self { resolved, manifests, remarks }),
            _ => Err(remarks),
        }
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterName {
        &self.resolved.cluster.name
    }
}
