//! The entry points: texts to [`Manifests`], manifests to a [`ResolvedSpec`].

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::{Diagnostics, Source};
use kedge_resource::ClusterName;

use crate::resolved::{Feature, ResolvedSpec};

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
    sources: Vec<Arc<Source>>,
}

/// Reads manifests. Everything that is wrong with their form is reported; what could be read is returned.
#[must_use]
pub fn parse(sources: &[Arc<Source>], _options: &ParseOptions) -> (Manifests, Diagnostics) {
    (Manifests { sources: sources.to_vec() }, Diagnostics::default())
}

impl Manifests {
    /// The names of all clusters, in the order of the manifests.
    #[must_use]
    pub fn cluster_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Checks the manifests and fills in defaults. There is a specification if nothing is an error.
    #[must_use]
    pub fn resolve(&self, _options: &ResolveOptions) -> (Option<ResolvedSpec>, Diagnostics) {
        (None, Diagnostics::default())
    }

    /// Gives diagnostics whose path is like `Cluster/<c>: spec.networkCIDR` or `InstanceGroup/<g>: spec.machineType`,
    /// and that have no place yet, the place of that field.
    #[must_use]
    pub fn attach_spans(&self, diagnostics: Diagnostics) -> Diagnostics {
        let _ = &self.sources;
        diagnostics
    }
}
