//! Which add-ons there are, and whether their objects can be applied.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::addon::{Addon, Wave};
use crate::testing::{addons, check, files_of_upstream, spec};

/// Everything that can be asked for beside a network plugin.
const EVERYTHING: &str = "  awsLoadBalancerController: {enabled: true}
  certManager: {enabled: true, hostedZoneIDs: [Z1]}
  clusterAutoscaler: {enabled: true, expander: priority}
  containerd: {nvidiaGPU: {enabled: true}}
  externalDns: {provider: external-dns}
  kubeDNS: {nodeLocalDNS: {enabled: true}}
  metricsServer: {enabled: true}
  nodeProblemDetector: {enabled: true}
  podIdentityWebhook: {enabled: true}
  serviceAccountIssuerDiscovery: {discoveryStore: s3://example-keys, enableAWSOIDCProvider: true}
  snapshotController: {enabled: true, installDefaultClass: true}
";

/// With roles of service accounts.
const ROLES: &str = "  iam: {useServiceAccountExternalPermissions: true}\n";

fn with_plugin(plugin: &str, more: &str) -> kedge_spec::ResolvedSpec {
    crate::testing::spec_of(&[
        ("  networking: {cni: {}}\n", &format!("  networking: {{{plugin}: {{}}}}\n")),
        (
            "  name: c.example.com\n",
            "  name: c.example.com\n  annotations: {addons.kedge.dev/ingress-nginx: internal, addons.kedge.dev/monitoring: enabled}\n",
        ),
        ("spec:\n", &format!("spec:\n{more}")),
    ])
}

fn names(addons: &[Addon]) -> Vec<&str> {
    addons.iter().map(|addon| addon.name.as_str()).collect()
}

#[test]
fn a_plain_cluster_gets_what_every_cluster_needs() {
    let addons = addons(&spec(""));
    let wanted = [
        "aws-cloud-controller-manager",
        "kube-proxy",
        "aws-ebs-csi-driver",
        "coredns",
        "storage-classes",
        "aws-node-termination-handler",
    ];
    assert_eq!(names(&addons), wanted);
    assert!(addons.is_sorted_by_key(|addon| addon.wave));
    assert_eq!(addons[0].wave, Wave::Foundation);
}

#[test]
fn everything_can_be_asked_for_and_is_well_formed() {
    let upstream = files_of_upstream();
    for plugin in ["amazonvpc", "calico", "cilium", "flannel", "kindnet", "kuberouter"] {
        for roles in ["", ROLES] {
            let addons = addons(&with_plugin(plugin, &format!("{EVERYTHING}{roles}")));
            assert_eq!(addons.len(), 19, "{plugin}: {:?}", names(&addons));
            let mut objects: Vec<Value> = Vec::new();
            for addon in &addons {
                match &upstream {
                    Some(files) => objects.extend(addon.render(files).unwrap_or_else(|error| panic!("{error}"))),
                    None => objects.extend(addon.objects.iter().cloned()),
                }
            }
            let mut faults = check::faults(&objects);
            if upstream.is_none() {
                // What these select stands in upstream files.
                faults.retain(|fault| !fault.contains("ingress-nginx"));
            }
            assert_eq!(faults, Vec::<String>::new(), "{plugin} {roles}");
        }
    }
}

#[test]
fn the_same_specification_gives_the_same_bytes() {
    let spec = with_plugin("cilium", EVERYTHING);
    let texts = |addons: Vec<Addon>| addons.iter().map(Addon::to_yaml).collect::<Vec<_>>();
    assert_eq!(texts(addons(&spec)), texts(addons(&spec)));
}

#[test]
fn what_is_stored_is_read_and_rendered_the_same() {
    for addon in addons(&with_plugin("calico", EVERYTHING)) {
        assert_eq!(Addon::from_yaml(&addon.to_yaml()), Ok(addon.clone()), "{}", addon.name);
    }
}

#[test]
fn nothing_of_the_store_is_secret() {
    for addon in addons(&with_plugin("cilium", EVERYTHING)) {
        let secret = addon.objects.iter().find(|object| object["kind"] == "Secret");
        assert_eq!(secret, None, "{}", addon.name);
    }
}

#[test]
fn without_upstream_files_there_is_an_error_and_no_half_of_it() {
    let calico = addons(&with_plugin("calico", "")).into_iter().find(|addon| addon.name == "calico").unwrap();
    assert!(calico.render(&BTreeMap::new()).is_err());
}
