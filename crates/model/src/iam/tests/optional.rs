//! Permissions that only some clusters need: rarer plugins, add-ons, groups of API servers.

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{LoadBalancerController, NetworkPlugin, Role as GroupRole, WarmPool};

use super::{has, permissions, with_service_account_roles};
use crate::testing;

const TAGGED: &str = "if {StringEquals:{aws:ResourceTag/KubernetesCluster:[test.example.com]}}";

/// What a role may do after a change and could not do before.
fn more(role: &str, before: &ResolvedSpec, change: impl FnOnce(&mut ResolvedSpec)) -> Vec<String> {
    let mut after = before.clone();
    change(&mut after);
    let before = permissions(&testing::lower(before), role);
    permissions(&testing::lower(&after), role).into_iter().filter(|one| !before.contains(one)).collect()
}

fn with_api_servers() -> ResolvedSpec {
    let mut spec = testing::minimal();
    spec.groups.push(testing::group("apiserver", GroupRole::ApiServer));
    spec
}

#[test]
fn api_servers_read_the_store_and_use_keys_and_nothing_else() {
    let kms = "if {StringLike:{kms:ViaService:[ec2.us-test-1.amazonaws.com,s3.*.amazonaws.com]}}";
    let bucket = "arn:aws-test:s3:::store";
    let mut expected = vec![
        "kms:CreateGrant on * if {Bool:{kms:GrantIsForAWSResource:[true]}}".to_owned(),
        format!("s3:Get* on {bucket}/test.example.com/*"),
        format!("s3:GetBucketLocation on {bucket}"),
        format!("s3:GetEncryptionConfiguration on {bucket}"),
        format!("s3:ListBucket on {bucket}"),
        format!("s3:ListBucketVersions on {bucket}"),
    ];
    expected.extend(
        ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*"]
            .map(|action| format!("kms:{action} on * {kms}")),
    );
    expected.sort();
    assert_eq!(permissions(&testing::lower(&with_api_servers()), "apiservers"), expected);
}

#[test]
fn api_servers_have_what_nodes_have_for_their_plugin_and_images() {
    let spec = with_api_servers();
    let with = |change: fn(&mut ResolvedSpec)| more("apiservers", &spec, change);
    let gpu = with(|spec| spec.cluster.nvidia_gpu = true);
    assert_eq!(gpu, ["ec2:DescribeInstanceTypes on *"]);
    let registry = with(|spec| spec.cluster.iam.allow_container_registry = true);
    assert_eq!(registry.len(), 7);
    let mirrors = with(|spec| spec.cluster.ecr_credentials_for_mirrors = true);
    assert!(has(&mirrors, "ecr:CreateRepository on *"));
    let hook = with(|spec| {
        spec.cluster.warm_pool =
            Some(WarmPool { min_size: 0, max_size: None, lifecycle_hook: true, lifecycle_hook_timeout: 600 });
    });
    let expected = [
        format!("autoscaling:CompleteLifecycleAction on * {TAGGED}"),
        "autoscaling:DescribeLifecycleHooks on *".to_owned(),
    ];
    assert_eq!(hook, expected);
    let amazon = with(|spec| spec.cluster.network.plugin = NetworkPlugin::AmazonVpc);
    assert!(has(&amazon, "ec2:CreateTags on arn:aws-test:ec2:*:*:network-interface/*"));
    assert!(has(&amazon, "ec2:DescribeInstanceTypes on *"));
    let eni = with(|spec| spec.cluster.network.plugin = NetworkPlugin::Cilium { etcd_managed: false, eni: true });
    assert!(has(&eni, "ec2:CreateTags on *") && has(&eni, "ec2:DescribeInstanceTypes on *"));
    let calico = with(|spec| {
        spec.cluster.network.plugin = NetworkPlugin::Calico { leaves_source_destination_check: false };
    });
    assert_eq!(calico, ["ec2:DescribeInstances on *", "ec2:ModifyNetworkInterfaceAttribute on *"]);
    let kindnet = with(|spec| spec.cluster.network.plugin = NetworkPlugin::Kindnet);
    assert_eq!(kindnet, [format!("ec2:ModifyInstanceAttribute on * {TAGGED}")]);
    let ipv6 = with(|spec| spec.cluster.network.non_masquerade_cidr = "::/0".parse().unwrap());
    assert_eq!(ipv6, ["ec2:AssignIpv6Addresses on *"]);
}

#[test]
fn the_warm_pool_hook_is_no_business_of_control_planes() {
    let hook = more("masters", &testing::minimal(), |spec| {
        let pool = WarmPool { min_size: 0, max_size: None, lifecycle_hook: true, lifecycle_hook_timeout: 600 };
        for group in &mut spec.groups {
            group.warm_pool = Some(pool.clone());
        }
    });
    assert_eq!(hook, [""; 0]);
}

#[test]
fn ipv6_control_planes_hand_out_ranges() {
    let ipv6 = more("masters", &testing::minimal(), |spec| {
        spec.cluster.network.non_masquerade_cidr = "::/0".parse().unwrap();
    });
    assert_eq!(ipv6, ["ec2:AssignIpv6Addresses on *", "ec2:DescribeNetworkInterfaces on *"]);
}

#[test]
fn calico_needs_nothing_where_it_changes_no_check() {
    let calico = |leaves_source_destination_check, ipv6: bool| {
        more("masters", &testing::minimal(), |spec| {
            spec.cluster.network.plugin = NetworkPlugin::Calico { leaves_source_destination_check };
            if ipv6 {
                spec.cluster.network.non_masquerade_cidr = "::/0".parse().unwrap();
            }
        })
    };
    let changes = "ec2:ModifyNetworkInterfaceAttribute on *";
    assert!(has(&calico(false, false), changes));
    assert_eq!(calico(true, false), [""; 0], "awsSrcDstCheck: DoNothing");
    assert!(!has(&calico(false, true), changes), "IPv6 pods have addresses of their own");
}

#[test]
fn kube_router_works_with_the_permissions_of_nodes() {
    let change = |spec: &mut ResolvedSpec| spec.cluster.network.plugin = NetworkPlugin::KubeRouter;
    let wanted = format!("ec2:ModifyInstanceAttribute on * {TAGGED}");
    let mut spec = testing::minimal();
    change(&mut spec);
    assert_eq!(permissions(&testing::lower(&spec), "nodes"), [wanted]);
    // The cloud controller brings the same action to the control plane.
    assert_eq!(more("masters", &with_service_account_roles(), change), [""; 0]);
    assert_eq!(more("apiservers", &with_api_servers(), change), [""; 0]);
}

#[test]
fn kubenet_lets_the_cloud_controller_make_routes() {
    let change = |spec: &mut ResolvedSpec| spec.cluster.network.plugin = NetworkPlugin::Kubenet;
    let expected = ["CreateRoute", "DeleteRoute"].map(|action| format!("ec2:{action} on * {TAGGED}"));
    assert_eq!(more("masters", &testing::minimal(), change), expected);
    let account = "aws-cloud-controller-manager.kube-system.sa";
    assert_eq!(more(account, &with_service_account_roles(), change), expected);
}

#[test]
fn the_cloud_controller_may_set_security_groups_where_it_manages_them() {
    let more = more("masters", &testing::minimal(), |spec| spec.cluster.addons.nlb_security_group_managed = true);
    assert_eq!(more, [format!("elasticloadbalancing:SetSecurityGroups on * {TAGGED}")]);
}

#[test]
fn firewalls_are_each_switched_on() {
    let mut spec = testing::minimal();
    spec.cluster.addons.load_balancer_controller = Some(LoadBalancerController::default());
    let with = |settings: LoadBalancerController| {
        more("masters", &spec, |spec| spec.cluster.addons.load_balancer_controller = Some(settings))
    };
    let off = LoadBalancerController::default();
    let acl = |service: &str| {
        let mut expected: Vec<String> = ["AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource"]
            .map(|action| format!("{service}:{action} on *"))
            .to_vec();
        expected.insert(0, "elasticloadbalancing:SetWebACL on *".to_owned());
        expected
    };
    assert_eq!(with(LoadBalancerController { waf: true, ..off }), acl("waf-regional"));
    assert_eq!(with(LoadBalancerController { wafv2: true, ..off }), acl("wafv2"));
    let expected = ["CreateProtection", "DeleteProtection", "DescribeProtection", "GetSubscriptionState"];
    assert_eq!(with(LoadBalancerController { shield: true, ..off }), expected.map(|a| format!("shield:{a} on *")));
}

#[test]
fn a_static_list_of_machine_types_asks_aws_for_none() {
    let asks = |fixed| {
        let mut spec = with_service_account_roles();
        spec.cluster.addons.cluster_autoscaler = true;
        spec.cluster.addons.autoscaler_static_instance_list = fixed;
        let permissions = permissions(&testing::lower(&spec), "cluster-autoscaler.kube-system.sa");
        has(&permissions, "ec2:DescribeInstanceTypes on *")
    };
    assert!(asks(false) && !asks(true));
}

#[test]
fn encrypted_api_objects_need_keys_without_a_service_between() {
    for role in ["masters", "apiservers"] {
        let mut spec = with_api_servers();
        spec.cluster.iam.service_account_roles = true;
        spec.cluster.issuer = with_service_account_roles().cluster.issuer;
        let more = more(role, &spec, |spec| spec.cluster.encryption_config = true);
        let expected = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*"];
        assert_eq!(more, expected.map(|action| format!("kms:{action} on *")), "{role}");
    }
}

#[test]
fn cert_manager_has_a_role_for_its_zones_in_every_cluster() {
    let mut spec = testing::minimal();
    spec.cluster.issuer = with_service_account_roles().cluster.issuer;
    assert!(!spec.cluster.iam.service_account_roles);
    spec.cluster.addons.cert_manager_zones = vec!["Z8".to_owned(), "Z9".to_owned()];
    let zone = |zone: &str| format!("arn:aws-test:route53:::hostedzone/{zone}");
    let only = "if {ForAllValues:StringEquals:{route53:ChangeResourceRecordSetsRecordTypes:[TXT]},\
                ForAllValues:StringLike:{route53:ChangeResourceRecordSetsNormalizedRecordNames:[_acme-challenge.*]}}";
    let expected = [
        format!("route53:ChangeResourceRecordSets on {} {only}", zone("Z8")),
        format!("route53:ChangeResourceRecordSets on {} {only}", zone("Z9")),
        "route53:GetChange on arn:aws-test:route53:::change/*".to_owned(),
        "route53:ListHostedZonesByName on *".to_owned(),
        format!("route53:ListResourceRecordSets on {}", zone("Z8")),
        format!("route53:ListResourceRecordSets on {}", zone("Z9")),
    ];
    assert_eq!(permissions(&testing::lower(&spec), "cert-manager.kube-system.sa"), expected);
}

#[test]
fn karpenter_passes_any_role_where_a_group_brings_its_own_profile() {
    let mut spec = with_service_account_roles();
    spec.cluster.addons.karpenter = true;
    let mut group = testing::group("karpenter", GroupRole::Node);
    group.karpenter = true;
    spec.groups.push(group);
    let passed = |spec: &ResolvedSpec| {
        let all = permissions(&testing::lower(spec), "karpenter.kube-system.sa");
        let passed: Vec<String> = all.into_iter().filter(|one| one.starts_with("iam:PassRole")).collect();
        assert_eq!(passed.len(), 1);
        passed[0].split_whitespace().nth(2).unwrap_or_default().to_owned()
    };
    assert_eq!(passed(&spec), "arn:aws-test:iam::*:role/nodes.test.example.com");
    spec.groups[1].instance_profile = Some("mine".to_owned());
    assert_eq!(passed(&spec), "arn:aws-test:iam::*:role/nodes.test.example.com", "not a group of Karpenter");
    spec.groups[2].instance_profile = Some("mine".to_owned());
    assert_eq!(passed(&spec), "arn:aws-test:iam::*:role/*");
}

#[test]
fn karpenter_uses_keys_only_of_disks_that_are_to_be_encrypted() {
    let uses = |encryption, key: Option<&str>| {
        let mut spec = with_service_account_roles();
        spec.cluster.addons.karpenter = true;
        spec.groups[1].karpenter = true;
        spec.groups[1].root_volume.encryption = encryption;
        spec.groups[1].root_volume.kms_key = key.map(str::to_owned);
        let all = permissions(&testing::lower(&spec), "karpenter.kube-system.sa");
        all.iter().any(|one| one.starts_with("kms:"))
    };
    assert!(uses(Some(true), Some("key")));
    assert!(!uses(None, Some("key")) && !uses(Some(true), None) && !uses(Some(false), Some("key")));
}

#[test]
fn the_termination_handler_has_its_role_even_without_a_queue() {
    let mut spec = with_service_account_roles();
    spec.cluster.termination_handler.queue = false;
    let account = "aws-node-termination-handler.kube-system.sa";
    assert!(has(&permissions(&testing::lower(&spec), account), "sqs:ReceiveMessage on *"));
    spec.cluster.iam.service_account_roles = false;
    assert!(!has(&permissions(&testing::lower(&spec), "masters"), "sqs:ReceiveMessage on *"));
}

#[test]
fn snapshots_are_allowed_where_their_controller_runs() {
    let more = more("ebs-csi-controller-sa.kube-system.sa", &with_service_account_roles(), |spec| {
        spec.cluster.addons.snapshot_controller = true;
    });
    let created = "if {StringEquals:{aws:RequestTag/KubernetesCluster:[test.example.com]}}";
    for wanted in [
        "ec2:CreateSnapshot on *".to_owned(),
        format!("ec2:CreateSnapshot on * {created}"),
        format!("ec2:DeleteSnapshot on * {TAGGED}"),
        "ec2:CreateVolume on arn:aws-test:ec2:*:*:snapshot/* if \
         {StringEquals:{aws:ResourceTag/KubernetesCluster:[test.example.com]}}"
            .to_owned(),
    ] {
        assert!(has(&more, &wanted), "{wanted}");
    }
}
