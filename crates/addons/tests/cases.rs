//! Real manifests of a folder that the environment names: each of them has add-ons whose objects can be applied.

#![expect(clippy::disallowed_methods, reason = "the folder and its files are the parameters of this test")]
#![expect(clippy::indexing_slicing, reason = "a value of JSON has null for what is missing")]

mod check;
#[path = "../../spec/tests/folder/mod.rs"]
mod folder;

use std::collections::BTreeMap;
use std::sync::Arc;

use kedge_addons::{Index, Surroundings, is_cluster_wide, wanted};
use kedge_bootstrap::ApiEndpoint;
use kedge_diag::Source;
use kedge_spec::{ParseOptions, ResolveOptions, parse};

#[test]
fn real_manifests_have_add_ons() {
    let Ok(folder) = std::env::var("KEDGE_KOPS_CASES") else {
        println!("skipped: KEDGE_KOPS_CASES names no folder of kops manifests");
        return;
    };
    let files = BTreeMap::new();
    let mut problems = Vec::new();
    for file in folder::manifests(folder.as_ref()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let at = file.display().to_string();
        let source = Arc::new(Source { name: at.clone(), text });
        let (manifests, _) = parse(&[source], &ParseOptions::default());
        let (spec, _) = manifests.resolve(&ResolveOptions::default());
        let spec = spec.unwrap();
        let endpoint = ApiEndpoint::of(&spec, Some("api-1.elb.example.com")).unwrap();
        let surroundings = Surroundings {
            region: "us-east-1",
            partition: "aws",
            account_id: "123456789012",
            hosted_zone: Some("Z1"),
            gpus: spec.cluster.nvidia_gpu,
            endpoint: &endpoint,
            files: &files,
        };
        match wanted(&spec, &surroundings) {
            Ok(addons) => {
                assert_eq!(Index::from_json(&Index::of(&addons).to_json()), Ok(Index::of(&addons)), "{at}");
                let objects: Vec<_> = addons.iter().flat_map(|addon| addon.objects.clone()).collect();
                // What ingress-nginx needs stands in an upstream file.
                let faults = check::faults(&objects).into_iter().filter(|fault| !fault.contains("ingress-nginx"));
                problems.extend(faults.map(|fault| format!("{at}: {fault}")));
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| format!("{at}: {problem}"))),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
