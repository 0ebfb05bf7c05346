//! What the tests of this crate have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use kedge_bootstrap::ApiEndpoint;
use kedge_diag::Source;
use kedge_spec::{ParseOptions, ResolveOptions, ResolvedSpec, parse};
use serde_json::Value;

use crate::addon::Addon;
use crate::context::Surroundings;
use crate::problem::Problem;
use crate::render::is_cluster_wide;
use crate::wanted::wanted;

#[path = "../tests/check/mod.rs"]
pub(crate) mod check;

/// The upstream files of a folder, under their SHA-256, if `KEDGE_UPSTREAM` names one: they are not part of this project.
#[expect(clippy::disallowed_methods, reason = "the folder and its files are the parameters of tests")]
pub(crate) fn files_of_upstream() -> Option<BTreeMap<String, String>> {
    let Ok(folder) = std::env::var("KEDGE_UPSTREAM") else {
        println!("skipped: KEDGE_UPSTREAM names no folder of upstream files");
        return None;
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        files.insert(crate::addon::sha256(text.as_bytes()), text);
    }
    Some(files)
}

/// The manifest of a small cluster with something more in the `spec` of its `Cluster`.
pub(crate) fn spec(more: &str) -> ResolvedSpec {
    spec_of(&[("spec:\n", &format!("spec:\n{more}"))])
}

/// The manifest of a small cluster, with texts replaced.
pub(crate) fn spec_of(changes: &[(&str, &str)]) -> ResolvedSpec {
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

/// The add-ons of a specification, with files of the user.
pub(crate) fn addons_with(spec: &ResolvedSpec, files: &BTreeMap<String, String>) -> Result<Vec<Addon>, Vec<Problem>> {
    let endpoint = ApiEndpoint::of(spec, Some("api-1.elb.example.com")).unwrap();
    let surroundings = Surroundings {
        region: "us-east-1",
        partition: "aws",
        account_id: "123456789012",
        hosted_zone: Some("Z1"),
        gpus: spec.cluster.nvidia_gpu,
        endpoint: &endpoint,
        files,
    };
    wanted(spec, &surroundings)
}

/// The add-ons of a specification that is sound.
pub(crate) fn addons(spec: &ResolvedSpec) -> Vec<Addon> {
    addons_with(spec, &BTreeMap::new()).unwrap()
}

/// One of them.
pub(crate) fn addon(spec: &ResolvedSpec, name: &str) -> Addon {
    addons(spec).into_iter().find(|addon| addon.name == name).unwrap_or_else(|| panic!("there is no {name}"))
}

/// An object of an add-on.
pub(crate) fn object<'a>(addon: &'a Addon, kind: &str, name: &str) -> &'a Value {
    let same = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    addon.objects.iter().find(same).unwrap_or_else(|| panic!("{} has no {kind} {name}", addon.name))
}
