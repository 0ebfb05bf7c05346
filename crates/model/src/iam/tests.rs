//! Who may do what, against expectations written by hand.

use std::collections::BTreeMap;

use kedge_resource::kind::{InstanceProfile, Kind, OidcProvider, PolicyAttachment, Role, RolePolicy};
use kedge_resource::policy::Statement;
use kedge_resource::{Desired, PolicyDocument};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{
    Issuer, LoadBalancerController, NetworkPlugin, PolicyRole, Role as GroupRole, ServiceAccount, WarmPool,
};

use crate::testing;

mod optional;
mod private_keys;

/// Each single permission of a role's own policy: action, resource, condition.
fn permissions(desired: &Desired, role: &str) -> Vec<String> {
    let policy: &RolePolicy =
        testing::get(desired, &format!("role-policy/{role}.test.example.com {role}.test.example.com"));
    let mut result = Vec::new();
    for statement in &policy.policy_document.statement {
        let condition = if statement.condition.is_empty() {
            String::new()
        } else {
            format!(" if {}", serde_json::to_string(&statement.condition).unwrap().replace('"', ""))
        };
        for action in &statement.action {
            for resource in &statement.resource {
                result.push(format!("{action} on {resource}{condition}"));
            }
        }
    }
    result.sort();
    result
}

fn has(permissions: &[String], wanted: &str) -> bool {
    permissions.iter().any(|permission| permission == wanted)
}

fn with_service_account_roles() -> ResolvedSpec {
    let mut spec = testing::minimal();
    spec.cluster.iam.service_account_roles = true;
    spec.cluster.issuer = Some(Issuer {
        discovery_store: None,
        url: "https://discovery.example.com/test".to_owned(),
        aws_oidc_provider: true,
        additional_audiences: vec!["sts.amazonaws.com".to_owned()],
    });
    spec
}

#[test]
fn a_control_plane_whose_addons_have_their_own_roles_may_do_little() {
    let desired = testing::lower(&with_service_account_roles());
    let kms = "if {StringLike:{kms:ViaService:[ec2.us-test-1.amazonaws.com,s3.*.amazonaws.com]}}";
    let backups = "arn:aws-test:s3:::store/test.example.com/backups/etcd/main/*";
    let mut expected = vec![
        "ec2:AttachVolume on * if {StringEquals:{aws:ResourceTag/KubernetesCluster:[test.example.com],\
         aws:ResourceTag/k8s.io/role/master:[1]}}"
            .to_owned(),
        "ec2:DescribeInstances on *".to_owned(),
        "ec2:DescribeVolumes on *".to_owned(),
        "kms:CreateGrant on * if {Bool:{kms:GrantIsForAWSResource:[true]}}".to_owned(),
        format!("kms:Decrypt on * {kms}"),
        format!("kms:DescribeKey on * {kms}"),
        format!("kms:Encrypt on * {kms}"),
        format!("kms:GenerateDataKey* on * {kms}"),
        format!("kms:ReEncrypt* on * {kms}"),
        format!("s3:DeleteObject on {backups}"),
        format!("s3:DeleteObjectVersion on {backups}"),
        "s3:Get* on arn:aws-test:s3:::store/test.example.com/*".to_owned(),
        "s3:GetBucketLocation on arn:aws-test:s3:::store".to_owned(),
        "s3:GetEncryptionConfiguration on arn:aws-test:s3:::store".to_owned(),
        format!("s3:GetObject on {backups}"),
        "s3:ListBucket on arn:aws-test:s3:::store".to_owned(),
        "s3:ListBucketVersions on arn:aws-test:s3:::store".to_owned(),
        format!("s3:PutObject on {backups}"),
    ];
    expected.sort();
    assert_eq!(permissions(&desired, "masters"), expected);
}

#[test]
fn the_dns_controller_may_change_one_zone() {
    let desired = testing::lower(&with_service_account_roles());
    let expected = [
        "route53:ChangeResourceRecordSets on arn:aws-test:route53:::hostedzone/Z1",
        "route53:GetChange on arn:aws-test:route53:::change/*",
        "route53:GetHostedZone on arn:aws-test:route53:::hostedzone/Z1",
        "route53:ListHostedZones on *",
        "route53:ListResourceRecordSets on arn:aws-test:route53:::hostedzone/Z1",
        "route53:ListTagsForResource on *",
    ];
    assert_eq!(permissions(&desired, "dns-controller.kube-system.sa"), expected);
    let role: &Role = testing::get(&desired, "iam-role/dns-controller.kube-system.sa.test.example.com");
    let trust = PolicyDocument::parse(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": "arn:aws-test:iam::123456789012:oidc-provider/discovery.example.com/test"},
            "Condition": {"StringEquals": {
                "discovery.example.com/test:sub": "system:serviceaccount:kube-system:dns-controller"}}}}"#,
    );
    assert_eq!(role.assume_role_policy_document, trust.unwrap());
    assert_eq!(role.tags.get("service-account.kops.k8s.io/name"), Some("dns-controller"));
    let provider: &OidcProvider = testing::get(&desired, "oidc-provider/test.example.com");
    assert_eq!(provider.client_id_list, ["amazonaws.com", "sts.amazonaws.com"]);
}

#[test]
fn addons_without_roles_work_with_the_control_planes() {
    let desired = testing::lower(&testing::minimal());
    let control_plane = permissions(&desired, "masters");
    let tagged = "if {StringEquals:{aws:ResourceTag/KubernetesCluster:[test.example.com]}}";
    let created = "if {StringEquals:{aws:RequestTag/KubernetesCluster:[test.example.com]}}";
    for wanted in [
        format!("autoscaling:SetDesiredCapacity on * {tagged}"),
        format!("ec2:CreateVolume on * {created}"),
        "ec2:CreateSecurityGroup on arn:aws-test:ec2:*:*:vpc/*".to_owned(),
        "sqs:ReceiveMessage on *".to_owned(),
        "route53:ListHostedZones on *".to_owned(),
        "ec2:CreateTags on arn:aws-test:ec2:*:*:volume/* if {StringEquals:\
         {aws:RequestTag/KubernetesCluster:[test.example.com],ec2:CreateAction:[CopyVolumes,CreateVolume]}}"
            .to_owned(),
    ] {
        assert!(has(&control_plane, &wanted), "{wanted}");
    }
    assert_eq!(testing::names(&desired, Kind::Role), ["masters.test.example.com", "nodes.test.example.com"]);
    assert_eq!(testing::names(&desired, Kind::RolePolicy).len(), 1, "nodes need no permissions");
    let profile: &InstanceProfile = testing::get(&desired, "instance-profile/nodes.test.example.com");
    assert_eq!(profile.role.as_ref().unwrap().bare(), "nodes.test.example.com");
}

#[test]
fn addons_that_are_on_have_roles() {
    let mut spec = with_service_account_roles();
    spec.cluster.addons.cluster_autoscaler = true;
    spec.cluster.addons.load_balancer_controller = Some(LoadBalancerController::default());
    spec.cluster.addons.karpenter = true;
    spec.cluster.addons.external_dns = true;
    spec.cluster.addons.cert_manager_zones = vec!["Z9".to_owned()];
    spec.cluster.network.plugin = NetworkPlugin::KubeRouter;
    let desired = testing::lower(&spec);
    let accounts: Vec<String> = testing::names(&desired, Kind::Role)
        .into_iter()
        .filter_map(|name| name.strip_suffix(".kube-system.sa.test.example.com").map(str::to_owned))
        .collect();
    let expected = [
        "aws-cloud-controller-manager",
        "aws-load-balancer-controller",
        "aws-node-termination-handler",
        "cert-manager",
        "cluster-autoscaler",
        "ebs-csi-controller-sa",
        "external-dns",
        "karpenter",
        "kube-router",
    ];
    assert_eq!(accounts, expected);
    let karpenter = permissions(&desired, "karpenter.kube-system.sa");
    assert!(has(
        &karpenter,
        "iam:PassRole on arn:aws-test:iam::*:role/nodes.test.example.com if \
         {StringEquals:{iam:PassedToService:[ec2.amazonaws.com]}}"
    ));
}

#[test]
fn plugins_and_settings_give_nodes_permissions() {
    let allowed = |change: &dyn Fn(&mut ResolvedSpec)| {
        let mut spec = testing::minimal();
        change(&mut spec);
        permissions(&testing::lower(&spec), "nodes")
    };
    let tagged = "if {StringEquals:{aws:ResourceTag/KubernetesCluster:[test.example.com]}}";
    let kindnet = allowed(&|spec| spec.cluster.network.plugin = NetworkPlugin::Kindnet);
    assert_eq!(kindnet, [format!("ec2:ModifyInstanceAttribute on * {tagged}")]);
    let calico = allowed(&|spec| {
        spec.cluster.network.plugin = NetworkPlugin::Calico { leaves_source_destination_check: false };
    });
    assert_eq!(calico, ["ec2:DescribeInstances on *", "ec2:ModifyNetworkInterfaceAttribute on *"]);
    let eni = allowed(&|spec| spec.cluster.network.plugin = NetworkPlugin::Cilium { etcd_managed: false, eni: true });
    assert_eq!(eni, ["ec2:DescribeInstanceTypes on *"]);
    let gpu = allowed(&|spec| spec.groups[1].nvidia_gpu = Some(true));
    assert_eq!(gpu, ["ec2:DescribeInstanceTypes on *"]);
    let registry = allowed(&|spec| spec.cluster.iam.allow_container_registry = true);
    assert_eq!(registry.len(), 7);
    let mirrors = allowed(&|spec| spec.cluster.ecr_credentials_for_mirrors = true);
    assert!(has(&mirrors, "ecr:TagResource on *"));
    let hook = allowed(&|spec| {
        spec.cluster.warm_pool =
            Some(WarmPool { min_size: 0, max_size: None, lifecycle_hook: true, lifecycle_hook_timeout: 600 });
    });
    let expected = [
        format!("autoscaling:CompleteLifecycleAction on * {tagged}"),
        "autoscaling:DescribeLifecycleHooks on *".to_owned(),
    ];
    assert_eq!(hook, expected);
}

#[test]
fn roles_follow_the_groups_and_their_profiles() {
    let mut spec = testing::minimal();
    spec.groups[1].instance_profile = Some("mine".to_owned());
    spec.groups.push(testing::group("bastion", GroupRole::Bastion));
    spec.groups.push(testing::group("apiserver", GroupRole::ApiServer));
    let desired = testing::lower(&spec);
    let expected = ["apiservers.test.example.com", "bastions.test.example.com", "masters.test.example.com"];
    assert_eq!(testing::names(&desired, Kind::Role), expected);
    assert_eq!(testing::names(&desired, Kind::InstanceProfile), expected);
    assert_eq!(testing::names(&desired, Kind::RolePolicy).len(), 2, "bastions may do nothing");
    assert!(has(&permissions(&desired, "apiservers"), "s3:Get* on arn:aws-test:s3:::store/test.example.com/*"));
}

#[test]
fn policies_of_the_user_join_in() {
    let mut spec = testing::minimal();
    let own = vec![Statement {
        action: ["s3:GetObject".to_owned()].into(),
        resource: ["*".to_owned()].into(),
        ..Statement::allow()
    }];
    let iam = &mut spec.cluster.iam;
    iam.permissions_boundary = Some("arn:boundary".to_owned());
    iam.additional_policies = BTreeMap::from([(PolicyRole::Node, own.clone())]);
    iam.external_policies = BTreeMap::from([
        (PolicyRole::Node, vec!["arn:a".to_owned(), "arn:b".to_owned()]),
        (PolicyRole::Bastion, vec!["arn:c".to_owned()]),
    ]);
    iam.service_accounts = vec![ServiceAccount {
        name: "reader".to_owned(),
        namespace: "test-*".to_owned(),
        policy_arns: vec!["arn:d".to_owned()],
        inline_policy: own,
    }];
    let desired = testing::lower(&spec);
    testing::find(&desired, "role-policy/nodes.test.example.com additional.nodes.test.example.com");
    let reader = "reader.test-wildcard.sa.test.example.com";
    testing::find(&desired, &format!("role-policy/{reader} {reader}"));
    let attached: Vec<String> = testing::names(&desired, Kind::PolicyAttachment)
        .iter()
        .map(|name| {
            let key = format!("policy-attachment/{name}");
            let attachment: &PolicyAttachment = testing::get(&desired, &key);
            format!("{} {}", attachment.role.bare(), attachment.policy_arn)
        })
        .collect();
    let nodes = "nodes.test.example.com";
    assert_eq!(attached, [format!("{nodes} arn:a"), format!("{nodes} arn:b"), format!("{reader} arn:d")]);
    let role: &Role = testing::get(&desired, &format!("iam-role/{reader}"));
    assert_eq!(role.permissions_boundary.as_deref(), Some("arn:boundary"));
    assert!(role.assume_role_policy_document.to_json().contains("StringLike"));
    assert_eq!(role.tags.get("service-account.kops.k8s.io/namespace"), Some("test-wildcard"));
    assert!(desired.notes.iter().any(|note| note.code == "no-service-account-issuer"));
}
