//! Real manifests of a folder that the environment names: the instances of each of them can be configured.

#![expect(clippy::disallowed_methods, reason = "the folder and its files are the parameters of this test")]

#[path = "../../spec/tests/folder/mod.rs"]
mod folder;

use std::sync::Arc;

use kedge_bootstrap::{ApiEndpoint, Arch, Payload, StorePlace, UserData, configure};
use kedge_diag::Source;
use kedge_spec::resolved::Role;
use kedge_spec::{ParseOptions, ResolveOptions, parse};

#[test]
fn real_manifests_boot() {
    let Ok(folder) = std::env::var("KEDGE_KOPS_CASES") else {
        println!("skipped: KEDGE_KOPS_CASES names no folder of kops manifests");
        return;
    };
    let payload = || Payload { key: "k".repeat(200), sha256: "a".repeat(64) };
    let data = UserData {
        region: "us-east-1".to_owned(),
        bucket: "b".repeat(63),
        endpoint: None,
        proxy: None,
        node: [(Arch::Amd64, payload()), (Arch::Arm64, payload())].into(),
        config: payload(),
    };
    let mut problems = Vec::new();
    for file in folder::manifests(folder.as_ref()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let source = Arc::new(Source { name: file.display().to_string(), text });
        let (manifests, _) = parse(&[source], &ParseOptions::default());
        let (spec, _) = manifests.resolve(&ResolveOptions::default());
        let spec = spec.unwrap();
        let store = StorePlace {
            region: "us-east-1".to_owned(),
            bucket: "store".to_owned(),
            prefix: "c.example.com".to_owned(),
            endpoint: None,
        };
        let endpoint = ApiEndpoint::of(&spec, Some("api-1.elb.example.com")).unwrap();
        // kubeadm makes no API servers without etcd, which is told.
        for group in spec.groups.iter().filter(|group| group.role != Role::ApiServer) {
            let at = format!("{} {}", file.display(), group.name);
            match configure(&spec, group, false, &endpoint, &store) {
                Ok(config) => assert_eq!(config.is_none(), group.role == Role::Bastion, "{at}"),
                Err(found) => problems.extend(found.into_iter().map(|problem| format!("{at}: {problem}"))),
            }
            if let Err(error) = data.write(&group.additional_user_data) {
                problems.push(format!("{at}: {error}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
