//! Add-ons follow the manifest. That every field of an add-on acts, `crates/model/tests/fields.rs` looks at.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, file};

use crate::testing::{addon, addons, addons_with, object, spec, spec_of};

/// The add-ons of the small cluster with more settings.
fn made_of(more: &str) -> Result<Vec<crate::Addon>, Vec<crate::Problem>> {
    let more: Value = kedge_spec::text::read(more).unwrap();
    let mut spec = if more.get("networking").is_some() { json!({}) } else { json!({ "networking": { "cni": {} } }) };
    crate::patch::merge(&mut spec, &more);
    let mut changes = Vec::new();
    if spec.get("nonMasqueradeCIDR").is_some() {
        changes.push(("  nonMasqueradeCIDR: 100.64.0.0/10\n", String::new()));
        changes.push(("cidr: 172.20.32.0/19}", "cidr: 172.20.32.0/19, ipv6CIDR: /64#1}".to_owned()));
    }
    let text = spec.as_object().unwrap().iter().map(|(key, value)| format!("  {key}: {value}\n")).collect::<String>();
    changes.push(("  networking: {cni: {}}\n", text));
    let changes: Vec<(&str, &str)> = changes.iter().map(|(old, new)| (*old, new.as_str())).collect();
    addons_with(&spec_of(&changes), &BTreeMap::new())
}

/// With every plugin, and whatever changes upstream files most, the changes fit those files.
#[test]
fn changes_of_upstream_files_fit_them() {
    let Some(upstream) = crate::testing::files_of_upstream() else { return };
    let specs = [
        "{networking: {amazonvpc: {env: [{name: A, value: b}]}}}",
        "{networking: {calico: {encapsulationMode: vxlan, cpuRequest: 1m, mtu: 1000, allowIPForwarding: true, version: v3.32.0}}}",
        "{networking: {calico: {encapsulationMode: ipip, crossSubnet: false}}}",
        "{networking: {flannel: {disableTxChecksumOffloading: true, iptablesResyncSeconds: 5}}}",
        "{networking: {kindnet: {version: v1.0.1, masquerade: {enabled: true, nonMasqueradeCIDRs: [10.0.0.0/8]}}}}",
        "{networking: {kuberouter: {useNFTablesForNetpol: true}}, kubeProxy: {enabled: false}}",
        "{cloudConfig: {awsEBSCSIDriver: {hostNetwork: true, volumeAttachLimit: 5, kubeAPIQPS: 5, kubeAPIBurst: 6, podAnnotations: {a: b}, version: v1.63.0}}}",
        "{snapshotController: {enabled: true}, certManager: {enabled: true}, awsLoadBalancerController: {enabled: true}}",
        "{networking: {calico: {}}, nonMasqueradeCIDR: \"::/0\"}",
        "{networking: {cilium: {}}, nonMasqueradeCIDR: \"::/0\"}",
        "{networking: {kindnet: {}}, nonMasqueradeCIDR: \"::/0\"}",
    ];
    for base in specs {
        for addon in made_of(base).unwrap_or_else(|problems| panic!("{base}: {problems:?}")) {
            let objects = addon.render(&upstream).unwrap_or_else(|error| panic!("{base}: {error}"));
            assert!(!objects.is_empty(), "{base}: {}", addon.name);
        }
    }
}

/// Roles of service accounts, with an issuer that AWS trusts.
const ROLES: &str = "  iam: {useServiceAccountExternalPermissions: true}\n  serviceAccountIssuerDiscovery: {discoveryStore: s3://example-keys, enableAWSOIDCProvider: true}\n";

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn variable(object: &Value, name: &str) -> Option<String> {
    let env = object.pointer("/spec/template/spec/containers/0/env").and_then(Value::as_array).unwrap();
    env.iter().find(|known| known["name"] == name).map(|known| text(known, "/value"))
}

#[test]
fn pods_have_the_roles_that_the_model_makes() {
    let spec = spec(&format!("{ROLES}  clusterAutoscaler: {{enabled: true}}\n"));
    let (handler, scaler) = (addon(&spec, "aws-node-termination-handler"), addon(&spec, "cluster-autoscaler"));
    for (addon, account) in [(&handler, "aws-node-termination-handler"), (&scaler, "cluster-autoscaler")] {
        let deployment = object(addon, "Deployment", account);
        let role = kedge_resource::names::service_account_role_name(account, "kube-system", &spec.cluster.name);
        assert_eq!(variable(deployment, "AWS_ROLE_ARN"), Some(format!("arn:aws:iam::123456789012:role/{role}")));
        let file = variable(deployment, "AWS_WEB_IDENTITY_TOKEN_FILE").unwrap();
        assert_eq!(file, "/var/run/secrets/amazonaws.com/token");
        let token =
            deployment.pointer("/spec/template/spec/volumes/0/projected/sources/0/serviceAccountToken").unwrap();
        assert_eq!((&token["audience"], &token["path"]), (&json!("amazonaws.com"), &json!("token")));
        assert_eq!(text(deployment, "/spec/template/spec/serviceAccountName"), account);
        assert_eq!(deployment.pointer("/spec/template/spec/hostNetwork"), None);
    }
}

#[test]
fn without_roles_they_have_that_of_control_planes() {
    let handler = addon(&spec(""), "aws-node-termination-handler");
    let deployment = object(&handler, "Deployment", "aws-node-termination-handler");
    assert_eq!(variable(deployment, "AWS_ROLE_ARN"), None);
    assert_eq!(deployment.pointer("/spec/template/spec/hostNetwork"), Some(&json!(true)));
    let affinity = deployment.pointer("/spec/template/spec/affinity").unwrap().to_string();
    assert!(affinity.contains("node-role.kubernetes.io/control-plane"), "{affinity}");
    let queue = "https://sqs.us-east-1.amazonaws.com/123456789012/c-example-com-nth";
    assert_eq!(variable(deployment, "QUEUE_URL").as_deref(), Some(queue));
}

#[test]
fn the_autoscaler_knows_the_groups_that_it_may_change() {
    let changes = [
        ("spec:\n", "spec:\n  clusterAutoscaler: {enabled: true, expander: priority}\n"),
        ("  role: Node\n", "  role: Node\n  maxSize: 5\n  autoscalePriority: 10\n"),
    ];
    let scaler = addon(&spec_of(&changes), "cluster-autoscaler");
    let arguments = |scaler: &crate::Addon| {
        object(scaler, "Deployment", "cluster-autoscaler")
            .pointer("/spec/template/spec/containers/0/args")
            .unwrap()
            .to_string()
    };
    assert!(arguments(&scaler).contains("--nodes=2:5:nodes.c.example.com"), "{}", arguments(&scaler));
    let map = object(&scaler, "ConfigMap", "cluster-autoscaler-priority-expander");
    assert_eq!(text(map, "/data/priorities"), "10:\n- ^nodes\\.c\\.example\\.com$\n");
    let mut without = changes.to_vec();
    without[1] = ("  role: Node\n", "  role: Node\n  autoscale: false\n");
    assert!(!arguments(&addon(&spec_of(&without), "cluster-autoscaler")).contains("--nodes="));
}

#[test]
fn kube_proxy_finds_the_api_without_a_service() {
    let proxy = addon(&spec("  kubeProxy: {proxyMode: nftables}\n"), "kube-proxy");
    assert_eq!(proxy.version, "v1.34.1");
    let map = object(&proxy, "ConfigMap", "kube-proxy");
    assert!(text(map, "/data/kubeconfig.conf").contains("server: https://api.internal.c.example.com:443"));
    let configuration = text(map, "/data/config.conf");
    assert!(
        configuration.contains("mode: nftables") && configuration.contains("clusterCIDR: 100.96.0.0/11"),
        "{configuration}"
    );
    let cilium = spec_of(&[("networking: {cni: {}}", "networking: {cilium: {enableNodePort: true}}")]);
    assert!(addons(&cilium).iter().all(|addon| addon.name != "kube-proxy"));
}

#[test]
fn dns_follows_the_manifest() {
    let spec = spec(
        "  kubeDNS: {stubDomains: {corp.example: [10.0.0.2, 10.0.0.3]}, upstreamNameservers: [1.1.1.1], replicas: 3}\n",
    );
    let dns = addon(&spec, "coredns");
    let file = text(object(&dns, "ConfigMap", "coredns"), "/data/Corefile");
    assert!(file.contains("forward . 1.1.1.1 {"), "{file}");
    assert!(
        file.ends_with("corp.example:53 {\n    errors\n    cache 30\n    forward . 10.0.0.2 10.0.0.3\n}\n"),
        "{file}"
    );
    assert_eq!(object(&dns, "Deployment", "coredns")["spec"]["replicas"], 3);
    assert!(dns.objects.iter().all(|object| object["metadata"]["name"] != "coredns-autoscaler"));
    // Otherwise nobody but the autoscaler says how many there are.
    let dns = addon(&crate::testing::spec(""), "coredns");
    assert_eq!(object(&dns, "Deployment", "coredns")["spec"].get("replicas"), None);
    assert_eq!(object(&dns, "Service", "kube-dns")["spec"]["clusterIP"], "100.64.0.10");
}

#[test]
fn what_cannot_be_done_is_told() {
    let told = |changes: &[(&str, &str)]| {
        let problems = addons_with(&spec_of(changes), &BTreeMap::new()).unwrap_err();
        problems.iter().map(|problem| problem.field.clone()).collect::<Vec<_>>()
    };
    let plugin = "networking: {cni: {}}";
    assert_eq!(told(&[(plugin, "networking: {kopeio: {}}")]), ["spec.networking.kopeio"]);
    assert_eq!(
        told(&[("spec:\n", &format!("spec:\n  karpenter: {{enabled: true}}\n{ROLES}"))]),
        ["spec.karpenter.enabled"]
    );
    assert_eq!(
        told(&[("spec:\n", "spec:\n  clusterAutoscaler: {enabled: true, expander: price}\n")]),
        ["spec.clusterAutoscaler.expander"]
    );
    assert_eq!(told(&[("spec:\n", "spec:\n  addons: [{manifest: a.yaml}]\n")]), ["spec.addons"]);
    let annotated = "  name: c.example.com\n  annotations: {addons.kedge.dev/ingress-nginx: maybe, addons.kedge.dev/monitoring: 15}\n";
    let fields = told(&[("  name: c.example.com\n", annotated)]);
    assert_eq!(
        fields,
        ["metadata.annotations.addons.kedge.dev/ingress-nginx", "metadata.annotations.addons.kedge.dev/monitoring"]
    );
    assert_eq!(told(&[("1.34.1", "1.30.0")]), ["spec.kubernetesVersion"]);
}

#[test]
fn names_of_clusters_are_those_that_cilium_takes() {
    let named = |settings: &str| made_of(&format!("{{networking: {{cilium: {settings}}}}}"));
    let addons = named("{clusterName: Privatecilium.example.com, clusterID: 5}").unwrap();
    let cilium = addons.iter().find(|addon| addon.name == "cilium").unwrap();
    assert_eq!(text(object(cilium, "ConfigMap", "cilium-config"), "/data/cluster-name"), "privatecilium-example-com");
    assert_eq!(named("{clusterName: a-name-that-has-more-than-32-letters}").unwrap_err().len(), 1);
    assert_eq!(named("{clusterID: 5}").unwrap_err()[0].field, "spec.networking.cilium.clusterID");
}

#[test]
fn users_bring_files_and_lists_of_files() {
    let spec = spec("  addons: [{manifest: s3://b/list.yaml}, {manifest: own.yaml}]\n");
    let mut files = BTreeMap::new();
    let mut asked = Vec::new();
    loop {
        let missing = crate::missing_files(&spec, &files);
        if missing.is_empty() {
            break;
        }
        for name in missing {
            let text = match name.as_str() {
                "s3://b/list.yaml" => {
                    "kind: Addons\nmetadata: {name: x}\nspec:\n  addons:\n  - {name: things, version: 1.2.3, manifest: sub/things.yaml}\n  \
                     - {name: old, manifest: old.yaml, kubernetesVersion: <1.30.0}\n"
                }
                _ => "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
            };
            files.insert(name.clone(), text.to_owned());
            asked.push(name);
        }
    }
    assert_eq!(asked, ["own.yaml", "s3://b/list.yaml", "s3://b/old.yaml", "s3://b/sub/things.yaml"]);
    let addons = addons_with(&spec, &files).unwrap();
    let users: Vec<(&str, &str)> = addons
        .iter()
        .filter(|addon| addon.wave == crate::Wave::User)
        .map(|addon| (addon.name.as_str(), addon.version.as_str()))
        .collect();
    assert_eq!(users.len(), 2);
    assert_eq!((users[0].0, users[1]), ("own", ("things", "1.2.3")));
    files.insert("own.yaml".to_owned(), "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n".to_owned());
    let problem = addons_with(&spec, &files).unwrap_err().remove(0).to_string();
    assert!(problem.contains("in the clear"), "{problem}");
}

#[test]
fn a_manifest_as_it_is_stored() {
    let classes = addon(&spec(""), "storage-classes");
    assert_data_eq!(classes.to_yaml(), file!["../../testdata/storage-classes.yaml"]);
    assert_data_eq!(
        addon(&spec(ROLES), "aws-node-termination-handler").to_yaml(),
        file!["../../testdata/termination-handler.yaml"]
    );
    assert_data_eq!(
        addon(&spec(ROLES), "aws-cloud-controller-manager").to_yaml(),
        file!["../../testdata/cloud-controller.yaml"]
    );
    assert_data_eq!(addon(&spec(ROLES), "aws-ebs-csi-driver").to_yaml(), file!["../../testdata/ebs-csi-driver.yaml"]);
}

/// What follows the version of Kubernetes waits for control planes that have it.
#[test]
fn what_follows_kubernetes_says_which_control_planes_it_needs() {
    let needs = |version: &str| {
        let spec = spec_of(&[("kubernetesVersion: 1.34.1", version)]);
        let made = addons_with(&spec, &BTreeMap::new()).unwrap();
        let named = made.into_iter().filter_map(|addon| Some((addon.name, addon.kubernetes?)));
        named.collect::<BTreeMap<String, String>>()
    };
    let of = |proxy: &str, others: &str| {
        let all = [("aws-cloud-controller-manager", others), ("coredns", others), ("kube-proxy", proxy)];
        all.map(|(name, version)| (name.to_owned(), version.to_owned())).into()
    };
    assert_eq!(needs("kubernetesVersion: 1.34.1"), of("1.34.1", "1.34.0"));
    assert_eq!(needs("kubernetesVersion: 1.35.2"), of("1.35.2", "1.35.0"));
    // Of the oldest that the table has there is nothing before.
    assert_eq!(needs("kubernetesVersion: 1.32.4"), [("kube-proxy".to_owned(), "1.32.4".to_owned())].into());
}

/// Where nodes are tainted for most pods, those that must not share one still find a place.
#[test]
fn pods_that_share_no_node_count_the_nodes_that_they_may_use() {
    let mut found = 0;
    for addon in addons(&spec("  metricsServer: {enabled: true}\n  certManager: {enabled: true}\n")) {
        for object in &addon.objects {
            let pointer = "/spec/template/spec/topologySpreadConstraints";
            for constraint in object.pointer(pointer).and_then(Value::as_array).into_iter().flatten() {
                let strict = constraint["whenUnsatisfiable"] == "DoNotSchedule";
                assert_eq!(
                    constraint.get("nodeTaintsPolicy"),
                    strict.then(|| json!("Honor")).as_ref(),
                    "{}",
                    addon.name
                );
                found += usize::from(strict);
            }
        }
    }
    assert!(found > 2, "{found}");
}

/// The registry of the manifest also has the image that cert-manager is told of by a flag.
#[test]
fn images_in_flags_come_from_the_registry_as_well() {
    let solver = |assets: &str| {
        let addon = addon(&spec(&format!("  certManager: {{enabled: true}}\n{assets}")), "cert-manager");
        let args =
            object(&addon, "Deployment", "cert-manager").pointer("/spec/template/spec/containers/0/args").cloned();
        let args: Vec<String> = serde_json::from_value(args.unwrap()).unwrap();
        args.iter().find_map(|arg| arg.strip_prefix("--acme-http01-solver-image=").map(str::to_owned)).unwrap()
    };
    assert!(solver("").starts_with("quay.io/jetstack/cert-manager-acmesolver:"));
    let proxied = solver("  assets: {containerProxy: proxy.example.com}\n");
    assert!(proxied.starts_with("proxy.example.com/jetstack/cert-manager-acmesolver:"), "{proxied}");
    let mirrored = solver("  assets: {containerRegistry: mirror.example.com}\n");
    assert!(mirrored.starts_with("mirror.example.com/quay.io-jetstack-cert-manager-acmesolver:"), "{mirrored}");
}
