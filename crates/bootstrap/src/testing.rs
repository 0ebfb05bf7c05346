//! What the tests of this crate have in common.

use std::sync::Arc;

use kedge_diag::Source;
use kedge_spec::resolved::{InstanceGroup, Role};
use kedge_spec::{ParseOptions, ResolveOptions, ResolvedSpec, parse};

use crate::group::StorePlace;

/// The manifest of a small cluster, with texts replaced.
pub(crate) fn spec(changes: &[(&str, &str)]) -> ResolvedSpec {
    let mut text = include_str!("../testdata/cluster.yaml").to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    let source = Arc::new(Source { name: "cluster.yaml".to_owned(), text });
    let (manifests, diagnostics) = parse(&[source], &ParseOptions::default());
    let (spec, further) = manifests.resolve(&ResolveOptions::default());
    let errors: Vec<String> = diagnostics.iter().chain(further.iter()).map(|found| format!("{found:?}")).collect();
    spec.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// A place for what instances read.
pub(crate) fn store() -> StorePlace {
    let (region, bucket) = ("us-east-1".to_owned(), "store".to_owned());
    StorePlace { region, bucket, prefix: "c.example.com".to_owned(), endpoint: None }
}

/// The group of a role.
pub(crate) fn group(spec: &ResolvedSpec, role: Role) -> InstanceGroup {
    spec.groups.iter().find(|group| group.role == role).cloned().unwrap()
}
