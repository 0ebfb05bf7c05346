//! Who may read what of a cluster, where its store lies in the place that its policies name.

use kedge_resource::kind::Properties;
use kedge_spec::resolved::{NetworkPlugin, Role as GroupRole, WarmPool};

use super::{Desired, PolicyDocument, ResolvedSpec, RolePolicy, Statement, testing, with_service_account_roles};
use crate::testing::group;

const KEY: &str = "arn:aws-test:s3:::store/test.example.com/pki/private/kubernetes-ca/7712692764146829574.json";

/// Whether `*` and `?` in a pattern of IAM make it fit.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            fits(&pattern[1..], text) || text.chars().next().is_some_and(|c| fits(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => fits(&pattern[1..], &text[c.len_utf8()..]),
        (Some(a), Some(b)) if a.eq_ignore_ascii_case(&b) => fits(&pattern[a.len_utf8()..], &text[b.len_utf8()..]),
        _ => false,
    }
}

/// Whether a policy allows something if all of its conditions are met.
fn allows(policy: &PolicyDocument, action: &str, resource: &str) -> bool {
    let has = |effect: &str| {
        policy.statement.iter().filter(|statement| statement.effect == effect).any(|statement| {
            let acts = statement.action.iter().any(|pattern| fits(pattern, action)) || !statement.not_action.is_empty();
            let about = statement.resource.iter().any(|pattern| fits(pattern, resource));
            acts && (about || !statement.not_resource.is_empty())
        })
    };
    has("Allow") && !has("Deny")
}

/// The roles whose own policy lets them do something with an object.
fn able(desired: &Desired, actions: &[&str], object: &str) -> Vec<String> {
    let policies = desired.resources.iter().filter_map(|resource| match &resource.properties {
        Properties::RolePolicy(policy) => Some((&resource.key.name, &policy.policy_document)),
        _ => None,
    });
    let able = policies.filter(|(_, policy)| actions.iter().any(|action| allows(policy, action, object)));
    able.map(|(name, _)| name.split('.').next().unwrap_or_default().to_owned()).collect()
}

/// The roles whose own policy lets them read a private key.
fn readers(desired: &Desired) -> Vec<String> {
    able(desired, &["s3:GetObject", "s3:GetObjectVersion"], KEY)
}

/// A cluster in which nodes have every permission that they can have.
fn generous(plugin: NetworkPlugin) -> ResolvedSpec {
    let mut spec = with_service_account_roles();
    let cluster = &mut spec.cluster;
    cluster.network.plugin = plugin;
    cluster.iam.allow_container_registry = true;
    cluster.ecr_credentials_for_mirrors = true;
    cluster.nvidia_gpu = true;
    cluster.addons.cluster_autoscaler = true;
    cluster.addons.snapshot_controller = true;
    cluster.addons.external_dns = true;
    cluster.warm_pool =
        Some(WarmPool { min_size: 0, max_size: None, lifecycle_hook: true, lifecycle_hook_timeout: 600 });
    spec.groups.push(group("bastions", GroupRole::Bastion));
    spec
}

#[test]
fn only_control_planes_can_read_private_keys() {
    for plugin in [
        NetworkPlugin::Cni,
        NetworkPlugin::AmazonVpc,
        NetworkPlugin::Cilium { etcd_managed: true, eni: true },
        NetworkPlugin::Calico { leaves_source_destination_check: false },
        NetworkPlugin::Kindnet,
    ] {
        for roles in [true, false] {
            let mut spec = generous(plugin.clone());
            spec.cluster.iam.service_account_roles = roles;
            let desired = testing::lower(&spec);
            assert_eq!(readers(&desired), ["masters"], "{plugin:?}, {roles}");
            let nodes = desired.resources.iter().any(|resource| resource.key.name.starts_with("nodes.test"));
            assert!(nodes, "nodes have a role");
        }
    }
}

#[test]
fn a_policy_that_is_too_wide_is_found() {
    let policy = |action: &str, resource: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}}}"#
        );
        allows(&PolicyDocument::parse(&text).unwrap(), "s3:GetObject", KEY)
    };
    assert!(policy("s3:Get*", "arn:aws-test:s3:::store/test.example.com/*"));
    assert!(policy("*", "*"));
    assert!(!policy("s3:Get*", "arn:aws-test:s3:::store/test.example.com/nodes/*"));
    assert!(!policy("s3:Put*", "*"));
}

#[test]
fn instances_that_boot_from_the_store_read_what_is_theirs() {
    let mut spec = generous(NetworkPlugin::Cni);
    spec.groups.push(group("more", GroupRole::Node));
    let desired = testing::lower_booting(&spec);
    let key = |below: &str| format!("arn:aws-test:s3:::boot/p/test.example.com/{below}");
    let read = |below: &str| able(&desired, &["s3:GetObject", "s3:GetObjectVersion"], &key(below));
    let write = |below: &str| able(&desired, &["s3:PutObject"], &key(below));
    let control_plane = &spec.groups.iter().find(|group| group.role == GroupRole::ControlPlane).unwrap().name;

    for everybodys in
        ["nodes/endpoint.json", "nodes/kedge-node/amd64/1a", "nodes/more/config/1a.json", "nodes/more/join.json"]
    {
        assert_eq!(read(everybodys), ["masters", "nodes"], "{everybodys}");
        assert!(!write(everybodys).contains(&"nodes".to_owned()), "{everybodys}");
    }
    let of_control_planes =
        [format!("nodes/{control_plane}/join.json"), format!("nodes/{control_plane}/config/1a.json")];
    for theirs in of_control_planes.iter().map(String::as_str).chain([
        "pki/private/kubernetes-ca/1.json",
        "pki/private/service-account/1.json",
        "pki/keysets.json",
        "secrets/keyring.json",
        "secrets/encryptionconfig.json",
        "nodes/init.json",
        "addons/index.json",
        "backups/etcd/main/1/snapshot.db",
        "head.json",
        "manifests/000001.yaml",
        "operations/000001/record.json",
    ]) {
        assert_eq!(read(theirs), ["masters"], "{theirs}");
        assert!(!write(theirs).contains(&"nodes".to_owned()), "{theirs}");
    }
    assert_eq!(write("nodes/more/status/i-1.json"), ["masters", "nodes"]);
    assert_eq!(write("nodes/more/join.json"), ["masters"]);
    for no_instances in ["head.json", "manifests/000001.yaml", "pki/keysets.json", "addons/index.json"] {
        assert!(write(no_instances).is_empty(), "{no_instances}");
    }
    // The cluster of another name in the same bucket.
    assert!(able(&desired, &["s3:GetObject"], "arn:aws-test:s3:::boot/p/other.example.com/head.json").is_empty());
    assert!(able(&desired, &["s3:GetObject"], "arn:aws-test:s3:::boot/p/test.example.com.org/head.json").is_empty());
}

#[test]
fn control_planes_that_boot_from_the_store_keep_records() {
    for (booting, keeps) in [(true, true), (false, false)] {
        let mut spec = generous(NetworkPlugin::Cni);
        spec.cluster.iam.service_account_roles = true;
        let desired = if booting { testing::lower_booting(&spec) } else { testing::lower(&spec) };
        let zone = &testing::facts().hosted_zones[0].id;
        let able =
            able(&desired, &["route53:ChangeResourceRecordSets"], &format!("arn:aws-test:route53:::hostedzone/{zone}"));
        assert_eq!(able.contains(&"masters".to_owned()), keeps, "{able:?}");
        assert!(!able.contains(&"nodes".to_owned()), "{able:?}");
    }
}

#[test]
fn only_control_planes_open_the_keys_of_their_cluster() {
    let desired = testing::lower_booting(&generous(NetworkPlugin::Cni));
    let mut found = Vec::new();
    for resource in &desired.resources {
        let Properties::RolePolicy(policy) = &resource.properties else { continue };
        for statement in &policy.policy_document.statement {
            let decrypts = statement.action.iter().any(|action| fits(action, "kms:Decrypt"));
            let context = statement.condition.values().find_map(|keys| keys.get("kms:EncryptionContext:kedge:key"));
            if decrypts && let Some(context) = context {
                found.push((resource.key.name.split('.').next().unwrap_or_default(), context.clone()));
            }
        }
    }
    assert_eq!(found, [("masters", ["test.example.com/*".to_owned()].into())]);
}

#[test]
fn nodes_use_kms_for_encrypted_objects_of_theirs_alone() {
    let desired = testing::lower_booting(&generous(NetworkPlugin::Cni));
    let policy: &RolePolicy = testing::get(&desired, "role-policy/nodes.test.example.com nodes.test.example.com");
    let kms = |statement: &&Statement| statement.action.iter().any(|action| action.starts_with("kms:"));
    let found: Vec<&Statement> = policy.policy_document.statement.iter().filter(kms).collect();
    let [statement] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(statement.action, ["kms:Decrypt", "kms:GenerateDataKey"].map(str::to_owned).into());
    let keys = &statement.condition["StringLike"];
    // Never directly, which is how the keys of the cluster are opened.
    assert_eq!(keys["kms:ViaService"], ["s3.*.amazonaws.com".to_owned()].into());
    let opens = |arn: &str| keys["kms:EncryptionContext:aws:s3:arn"].iter().any(|pattern| fits(pattern, arn));
    let store = "arn:aws-test:s3:::boot";
    assert!(opens(store), "bucket keys");
    for theirs in ["kedge-node/amd64/1a", "nodes/config/1a.json", "nodes/join.json", "nodes/status/i-1.json"] {
        assert!(opens(&format!("{store}/p/test.example.com/nodes/{theirs}")), "{theirs}");
    }
    for others in ["pki/private/kubernetes-ca/1.json", "secrets/keyring.json", "nodes/init.json"] {
        assert!(!opens(&format!("{store}/p/test.example.com/{others}")), "{others}");
    }
    assert!(!opens("arn:aws-test:s3:::boot2"));
}
