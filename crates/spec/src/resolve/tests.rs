//! Defaults and notations.

use std::collections::BTreeSet;

use crate::ResolveOptions;
use crate::resolved::*;
use crate::testing::{CLEAN, lines, problems, read, resolved};

/// The clean example with something below `spec` of the cluster.
fn cluster(addition: &str) -> ResolvedSpec {
    resolved(&CLEAN.replacen("spec:\n", &format!("spec:\n{addition}\n"), 1))
}

/// The node group of the clean example with something below `spec`.
fn nodes(addition: &str) -> InstanceGroup {
    let text = CLEAN.replacen("  maxSize: 3\n", &format!("  maxSize: 3\n{addition}\n"), 1);
    resolved(&text).groups.into_iter().find(|group| group.name == "nodes").unwrap()
}

#[test]
fn what_is_not_said_has_kops_defaults() {
    let spec = resolved(CLEAN);
    let ResolvedSpec { cluster, groups, .. } = &spec;
    assert_eq!(cluster.api.public_name, "api.test.example.com");
    assert_eq!(cluster.dns, Dns { dns_type: DnsType::Public, zone: None });
    assert_eq!(cluster.node_port_range, (30000, 32767));
    assert_eq!(cluster.ssh_key, SshKey::FromPublicKey);
    assert_eq!(
        cluster.config_base,
        Some(StorePath { bucket: "state".to_owned(), path: "test.example.com".to_owned() })
    );
    assert!(cluster.network.tag_subnets);
    assert_eq!(cluster.network.plugin, NetworkPlugin::Cilium { etcd_managed: false, eni: false });
    let handler = &cluster.termination_handler;
    assert!(handler.enabled && handler.queue && !handler.rebalance_draining);
    assert_eq!(handler.managed_asg_tag, "aws-node-termination-handler/managed");
    let member = &cluster.etcd_clusters[0].members[0];
    assert_eq!((member.volume_type.as_str(), member.volume_size, member.encrypted), ("gp3", 20, false));
    assert_eq!(cluster.issuer, None);
    let sizes: Vec<_> = groups.iter().map(|g| (g.name.as_str(), g.root_volume.size, g.min_size, g.max_size)).collect();
    assert_eq!(sizes, [("control-plane-a", 64, 1, 1), ("nodes", 128, 1, 3)]);
    assert_eq!(groups[1].instance_metadata, InstanceMetadata { http_tokens: "required".to_owned(), hop_limit: 1 });
    assert!(!groups[1].prevent_destroy);
}

#[test]
fn sizes_follow_the_role() {
    let text = CLEAN.replace("  minSize: 1\n", "").replace("  maxSize: 3\n", "").replace("  maxSize: 1\n", "");
    let sizes: Vec<_> = resolved(&text).groups.iter().map(|group| (group.min_size, group.max_size)).collect();
    assert_eq!(sizes, [(1, 1), (2, 2)]);
}

#[test]
fn the_load_balancer_follows_from_subnets_when_nothing_is_said() {
    let quiet = CLEAN.replacen("  api:\n    loadBalancer:\n      class: Network\n      type: Public\n", "", 1);
    assert!(resolved(&quiet).cluster.api.load_balancer.is_some());
    let public = quiet.replacen("  subnets:\n  - private-a", "  subnets:\n  - utility-a", 1);
    assert!(resolved(&public).cluster.api.load_balancer.is_none());
    let dns = CLEAN.replacen("    loadBalancer:\n      class: Network\n      type: Public\n", "    dns: {}\n", 1);
    assert!(resolved(&dns).cluster.api.load_balancer.is_none());
    assert!(!cluster("").cluster.api.load_balancer.unwrap().internal);
}

#[test]
fn api_servers_decide_about_the_load_balancer_where_there_are_any() {
    let quiet = CLEAN.replacen("  api:\n    loadBalancer:\n      class: Network\n      type: Public\n", "", 1);
    let with = |control_planes: &str, api_servers: &str| {
        let text = quiet
            .replacen("  subnets:\n  - private-a", &format!("  subnets:\n  - {control_planes}"), 1)
            .replacen("role: Node", "role: APIServer", 1);
        let (head, tail) = text.rsplit_once("- private-a").unwrap();
        resolved(&format!("{head}- {api_servers}{tail}")).cluster.api.load_balancer
    };
    assert_eq!(with("private-a", "utility-a"), None);
    let load_balancer = with("utility-a", "private-a").unwrap();
    assert!(!load_balancer.internal, "a load balancer of which nothing is said is public");
}

#[test]
fn karpenter_turns_the_termination_handler_off_unless_told() {
    let roles = "  iam: {useServiceAccountExternalPermissions: true}\n  \
                 serviceAccountIssuerDiscovery: {discoveryStore: \"s3://keys/a\"}\n";
    let quiet = cluster(&format!("{roles}  karpenter: {{enabled: true}}"));
    assert!(!quiet.cluster.termination_handler.enabled);
    let told = cluster(&format!(
        "{roles}  karpenter: {{enabled: true}}\n  nodeTerminationHandler: {{enabled: true, enableSQSTerminationDraining: false}}"
    ));
    assert!(told.cluster.termination_handler.enabled && !told.cluster.termination_handler.queue);
}

#[test]
fn issuers_are_https_urls() {
    let url = |discovery: &str| {
        cluster(&format!("  serviceAccountIssuerDiscovery: {discovery}")).cluster.issuer.map(|issuer| issuer.url)
    };
    assert_eq!(url("{discoveryStore: \"memfs://keys/a\"}").as_deref(), Some("https://keys/a"));
    assert_eq!(
        url("{discoveryStore: \"s3://keys/a/b/\"}").as_deref(),
        Some("https://keys.s3.us-east-1.amazonaws.com/a/b")
    );
    assert_eq!(
        url("{discoveryService: {url: \"https://keys.example.com\"}}").as_deref(),
        Some("https://keys.example.com")
    );
    assert_eq!(url("{}"), None);
}

#[test]
fn subnets_know_their_way_out() {
    let egress = |text: &str| {
        let text = CLEAN.replacen("type: Private\n", &format!("type: Private\n    egress: {text}\n"), 1);
        resolved(&text).cluster.network.subnets[0].egress.clone()
    };
    assert_eq!(egress("\"\""), Egress::Default);
    assert_eq!(egress("External"), Egress::External);
    assert_eq!(egress("nat-1"), Egress::NatGateway("nat-1".to_owned()));
    assert_eq!(egress("eipalloc-1"), Egress::ElasticIp("eipalloc-1".to_owned()));
    assert_eq!(egress("tgw-1"), Egress::TransitGateway("tgw-1".to_owned()));
    assert_eq!(egress("i-1"), Egress::Instance("i-1".to_owned()));
}

#[test]
fn switches_of_the_cluster_are_read() {
    let spec = cluster(
        "  DisableSubnetTags: true\n  sshKeyName: \"\"\n  awsLoadBalancerController: {enabled: true, enableShield: true}\n  \
         certManager: {enabled: true, hostedZoneIDs: [Z1]}\n  externalDns: {provider: external-dns}\n  masterKubelet: {nodeLabels: {a: b}}",
    );
    let cluster = spec.cluster;
    assert!(!cluster.network.tag_subnets && !cluster.network.ipv6_only());
    let ipv6 = resolved(&CLEAN.replace("100.64.0.0/10", "\"::/0\""));
    assert!(ipv6.cluster.network.ipv6_only());
    assert_eq!(cluster.ssh_key, SshKey::None);
    let controller = LoadBalancerController { shield: true, ..LoadBalancerController::default() };
    assert_eq!(cluster.addons.load_balancer_controller, Some(controller));
    assert_eq!(cluster.addons.cert_manager_zones, ["Z1"]);
    assert!(cluster.addons.external_dns && !cluster.addons.karpenter);
    assert_eq!(cluster.control_plane_kubelet_node_labels.get("a").map(String::as_str), Some("b"));
}

#[test]
fn policies_are_read_by_role() {
    let spec = cluster(
        "  externalPolicies: {master: [\"arn:aws:iam::123456789012:policy/p\"], node: [\"arn:aws:iam::123456789012:policy/q\"]}\n  \
         additionalPolicies:\n    node: |\n      [{\"Effect\": \"Allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}]\n  \
         iam:\n    serviceAccountExternalPermissions:\n    - {name: a, namespace: b, aws: {policyARNs: [\"arn:aws:iam::123456789012:policy/r\"]}}",
    );
    let iam = spec.cluster.iam;
    assert_eq!(iam.external_policies.keys().copied().collect::<Vec<_>>(), [PolicyRole::ControlPlane, PolicyRole::Node]);
    assert!(iam.additional_policies[&PolicyRole::Node][0].action.contains("s3:Get*"));
    assert_eq!(iam.service_accounts[0].namespace, "b");
}

#[test]
fn warm_pools_of_groups_inherit_from_the_cluster() {
    let text = CLEAN
        .replacen(
            "spec:\n",
            "spec:\n  warmPool: {minSize: 2, maxSize: 5, enableLifecycleHook: true, lifecycleHookTimeout: 900}\n",
            1,
        )
        .replacen("  maxSize: 3\n", "  maxSize: 3\n  warmPool: {maxSize: 4}\n", 1);
    let spec = resolved(&text);
    let pool = |min_size, lifecycle_hook, lifecycle_hook_timeout| {
        Some(WarmPool { min_size, max_size: Some(4), lifecycle_hook, lifecycle_hook_timeout })
    };
    assert_eq!(spec.groups[1].warm_pool, pool(2, true, 900));
    assert_eq!(spec.groups[0].warm_pool, None);
    assert_eq!(spec.cluster.warm_pool.unwrap().lifecycle_hook_timeout, 900);
}

#[test]
fn fields_of_groups_are_read() {
    let group = nodes(
        "  maxInstanceLifetime: 48h20m\n  taints: [\"a=b:NoSchedule\", \"c:NoExecute\"]\n  kubelet: {nodeLabels: {x: \"1\", y: \"1\"}}\n  nodeLabels: {y: \"2\"}\n  \
         iam: {profile: \"arn:aws:iam::123456789012:instance-profile/team/workers\"}\n  volumes: [{device: /dev/xvdd, size: 5, deleteOnTermination: false}]\n  \
         mixedInstancesPolicy:\n    instanceRequirements: {cpu: {min: 2, max: \"8\"}, memory: {min: 4Gi}, excludedInstanceTypes: [t2.*, a1.large]}\n  \
         externalLoadBalancers: [{loadBalancerName: lb}]\n  containerd: {nvidiaGPU: {enabled: true}}",
    );
    assert_eq!(group.max_instance_lifetime, 174_000);
    let taint =
        |key: &str, value: &str, effect: &str| Taint { key: key.into(), value: value.into(), effect: effect.into() };
    assert_eq!(group.taints, [taint("a", "b", "NoSchedule"), taint("c", "", "NoExecute")]);
    assert_eq!((group.node_labels["x"].as_str(), group.node_labels["y"].as_str()), ("1", "2"));
    assert_eq!(group.instance_profile.as_deref(), Some("workers"));
    assert_eq!((group.volumes[0].encrypted, group.volumes[0].delete_on_termination), (true, false));
    assert_eq!(group.volumes[0].volume_type, "gp3");
    let requirements = group.mixed_instances_policy.unwrap().instance_requirements.unwrap();
    assert_eq!((requirements.min_vcpus, requirements.max_vcpus), (2, Some(8)));
    // Millions of bytes, rounded up, as kops hands them to AWS.
    assert_eq!((requirements.min_memory_mib, requirements.max_memory_mib), (4295, None));
    assert_eq!(requirements.excluded_types, ["a1.large", "t2.*"]);
    assert_eq!(group.external_load_balancers, [ExternalLoadBalancer::Classic("lb".to_owned())]);
    assert_eq!(group.nvidia_gpu, Some(true));
}

#[test]
fn groups_may_be_protected() {
    for place in
        ["annotations: {kedge.dev/prevent-destroy: \"true\"}", "annotations: {kedge.dev/prevent-destroy: true}"]
    {
        let text = CLEAN.replacen("  name: nodes\n", &format!("  name: nodes\n  {place}\n"), 1);
        let protected: Vec<bool> = resolved(&text).groups.iter().map(|group| group.prevent_destroy).collect();
        assert_eq!(protected, [false, true], "{place}");
    }
    let label = CLEAN
        .replace("  name: nodes\n  labels:\n", "  name: nodes\n  labels:\n    kedge.dev/prevent-destroy: \"true\"\n");
    assert!(resolved(&label).groups[1].prevent_destroy);
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f somebody@example.com";

/// The clean example with a credential that has this key.
fn with_credential(key: &str) -> String {
    format!(
        "{CLEAN}---\napiVersion: kops.k8s.io/v1alpha2\nkind: SSHCredential\nmetadata:\n  name: admin\n  labels:\n    kops.k8s.io/cluster: test.example.com\nspec:\n  publicKey: {key}\n"
    )
}

#[test]
fn the_key_of_the_command_line_wins() {
    let (manifests, _) = read(&with_credential(KEY));
    let key = |given: Option<&str>| {
        let options = ResolveOptions { ssh_public_key: given.map(str::to_owned), ..ResolveOptions::default() };
        manifests.resolve(&options).0.unwrap().ssh_public_key
    };
    assert_eq!(key(None).as_deref(), Some(KEY));
    let other = KEY.replace("somebody", "other");
    assert_eq!(key(Some(&format!("{other}\n"))), Some(other));
    assert_eq!(resolved(CLEAN).ssh_public_key, None);
}

#[test]
fn keys_that_aws_would_refuse() {
    for key in ["ssh-dss AAAA", "ssh-ed25519", "ssh-ed25519 !!!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAB", "\"\""] {
        assert_eq!(problems(&with_credential(key)), ["error ssh-key 78:14"], "{key}");
    }
    let options = ResolveOptions { ssh_public_key: Some("nonsense".to_owned()), ..ResolveOptions::default() };
    assert_eq!(lines(&read(CLEAN).0.resolve(&options).1), ["error ssh-key -"]);
    let twice = format!("{}{}", with_credential(KEY), with_credential(KEY).strip_prefix(CLEAN).unwrap());
    assert_eq!(problems(&twice), ["error several-ssh-keys 83:9"]);
}

#[test]
fn features_are_handed_on() {
    let features = BTreeSet::from([Feature::ApiServerNodes]);
    let options = ResolveOptions { features: features.clone(), ..ResolveOptions::default() };
    assert_eq!(read(CLEAN).0.resolve(&options).0.unwrap().features, features);
}
