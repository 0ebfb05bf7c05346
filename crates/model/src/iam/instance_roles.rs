//! Roles of instances, one for each role of groups, with profiles that carry them onto instances.

use kedge_resource::Ref;
use kedge_resource::kind::InstanceProfile;
use kedge_resource::policy::Statement;
use kedge_spec::resolved::{NetworkPlugin, PolicyRole, Role};

use super::permissions::{self, addons, cloud, network, nodes, state_store};
use super::policy::Policy;
use super::role;
use crate::instance_groups::warm_pool;
use crate::lowering::Lowering;
use crate::{names, tags};

const ROLES: [(Role, PolicyRole); 4] = [
    (Role::ControlPlane, PolicyRole::ControlPlane),
    (Role::ApiServer, PolicyRole::ApiServer),
    (Role::Node, PolicyRole::Node),
    (Role::Bastion, PolicyRole::Bastion),
];

/// Makes the roles that some group needs; groups with a profile of the user's own need none.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    for (group_role, policy_role) in ROLES {
        if !lowering.groups(group_role).any(|group| group.instance_profile.is_none()) {
            continue;
        }
        let name = names::instance_role(group_role, lowering.name());
        let tags = tags::standard(lowering.cluster, &name);
        let trust = role::trust("Service", ec2_service(&lowering.facts.partition).to_owned(), "sts:AssumeRole");
        role::add_role(lowering, &name, trust, tags.clone());
        lowering.add(name.clone(), InstanceProfile { role: Some(Ref::managed(name.clone())), tags });
        let statements = permissions_of(lowering, group_role);
        role::add_policy(lowering, &name, &name, statements);
        let iam = &lowering.cluster.iam;
        if let Some(further) = iam.additional_policies.get(&policy_role) {
            role::add_policy(lowering, &name, &format!("additional.{name}"), further.clone());
        }
        if let Some(policies) = iam.external_policies.get(&policy_role) {
            role::attach(lowering, &name, policies);
        }
    }
}

/// The name by which IAM knows EC2.
pub(super) fn ec2_service(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "ec2.amazonaws.com.cn",
        _ => "ec2.amazonaws.com",
    }
}

/// What instances of a role may do.
fn permissions_of(lowering: &Lowering<'_>, role: Role) -> Vec<Statement> {
    let mut policy = Policy::new(lowering);
    match role {
        // A bastion passes connections on and asks AWS for nothing.
        Role::Bastion => {}
        Role::ControlPlane => {
            nodes::etcd(&mut policy);
            nodes::controller(&mut policy);
            if lowering.cluster.network.ipv6_only() {
                nodes::controller_ipv6(&mut policy);
            }
            state_store::read(&mut policy, lowering);
            state_store::write_backups(&mut policy, lowering);
            state_store::lead(&mut policy, lowering);
            cloud::kms(&mut policy, lowering.cluster.encryption_config);
            if !lowering.cluster.iam.service_account_roles {
                of_addons(lowering, &mut policy);
            }
            common(lowering, role, &mut policy);
        }
        Role::ApiServer => {
            state_store::read(&mut policy, lowering);
            cloud::kms(&mut policy, lowering.cluster.encryption_config);
            common(lowering, role, &mut policy);
        }
        Role::Node => {
            state_store::join(&mut policy, lowering);
            common(lowering, role, &mut policy);
        }
    }
    policy.into_statements()
}

/// What every instance needs that runs pods.
fn common(lowering: &Lowering<'_>, role: Role, policy: &mut Policy<'_>) {
    let cluster = lowering.cluster;
    let plugin = &cluster.network.plugin;
    let eni = matches!(plugin, NetworkPlugin::Cilium { eni: true, .. });
    let gpu = cluster.nvidia_gpu || lowering.groups(role).any(|group| group.nvidia_gpu == Some(true));
    if gpu || eni || *plugin == NetworkPlugin::AmazonVpc {
        nodes::instance_types(policy);
    }
    if cluster.network.ipv6_only() {
        nodes::ipv6(policy);
    }
    let holds_launches =
        lowering.groups(role).filter_map(|group| warm_pool::of(cluster, group)).any(|pool| pool.lifecycle_hook);
    if role != Role::ControlPlane && holds_launches {
        nodes::launch_hook(policy);
    }
    if cluster.iam.allow_container_registry {
        cloud::container_registry(policy);
    }
    if cluster.ecr_credentials_for_mirrors {
        cloud::container_registry_mirrors(policy);
    }
    match plugin {
        NetworkPlugin::AmazonVpc => network::amazon_vpc(policy),
        NetworkPlugin::Cilium { eni: true, .. } if role != Role::Node => network::cilium_eni(policy),
        NetworkPlugin::Calico { leaves_source_destination_check: false } if !cluster.network.ipv6_only() => {
            network::calico(policy);
        }
        NetworkPlugin::Kindnet => network::source_destination_check(policy),
        NetworkPlugin::KubeRouter if role == Role::Node => network::source_destination_check(policy),
        _ => {}
    }
}

/// What add-ons may do that run on the control plane without roles of their own.
fn of_addons(lowering: &Lowering<'_>, policy: &mut Policy<'_>) {
    let cluster = lowering.cluster;
    let enabled = &cluster.addons;
    if let Some(zone) = lowering.hosted_zone {
        addons::dns(policy, &zone.id);
    }
    addons::ebs_csi_driver(policy, enabled.snapshot_controller);
    permissions::cloud_controller::cloud_controller(policy, cluster);
    if let Some(controller) = &enabled.load_balancer_controller {
        permissions::load_balancer_controller::load_balancer_controller(policy, *controller);
    }
    // kops grants these even where the autoscaler is off.
    addons::cluster_autoscaler(policy, enabled.autoscaler_static_instance_list);
    if cluster.termination_handler.enabled && cluster.termination_handler.queue {
        addons::termination_handler(policy);
    }
}
