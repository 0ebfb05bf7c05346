//! Which security groups there are, and which of them are the cluster's own.

use kedge_resource::kind::SecurityGroup;
use kedge_resource::{ClusterName, Ref};
use kedge_spec::resolved::Role;

use crate::lowering::Lowering;
use crate::{names, tags};

/// A security group that rules speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// What refers to it.
    pub(crate) reference: Ref<SecurityGroup>,
    /// What it is called in the `Name` tags of rules.
    pub(crate) label: String,
}

impl Group {
    fn own(name: String) -> Self {
        Self { reference: Ref::managed(name.clone()), label: name }
    }

    /// Name of an own group, id of an existing one.
    pub(crate) fn key(&self) -> &str {
        self.reference.bare()
    }
}

/// The groups of each role of instances.
pub(super) struct Roles {
    pub(super) control_plane: Vec<Group>,
    pub(super) nodes: Vec<Group>,
    pub(super) bastions: Vec<Group>,
}

impl Roles {
    pub(super) fn new(lowering: &Lowering<'_>) -> Self {
        Self {
            control_plane: role_groups(lowering, Role::ControlPlane),
            nodes: role_groups(lowering, Role::Node),
            bastions: role_groups(lowering, Role::Bastion),
        }
    }
}

/// Each override of a group of this role, and the role's own group if some group has no override.
fn role_groups(lowering: &Lowering<'_>, role: Role) -> Vec<Group> {
    let mut result: Vec<Group> = Vec::new();
    let word = match role {
        Role::ControlPlane => "ControlPlane",
        Role::ApiServer => "APIServer",
        Role::Node => "Node",
        Role::Bastion => "Bastion",
    };
    for id in lowering.groups(role).filter_map(|group| group.security_group_override.as_deref()) {
        let group = Group { reference: Ref::existing(id), label: format!("{id}-{word}") };
        if !result.contains(&group) {
            result.push(group);
        }
    }
    if lowering.groups(role).any(|group| group.security_group_override.is_none()) {
        result.push(Group::own(names::security_group(role, lowering.name())));
    }
    result
}

/// The group of a load balancer: `api` or `bastion`, or an existing one.
pub(crate) fn load_balancer_group(prefix: &str, cluster: &ClusterName, existing: Option<&str>) -> Group {
    let own = Group::own(names::load_balancer_security_group(prefix, cluster));
    match existing {
        Some(id) => Group { reference: Ref::existing(id), ..own },
        None => own,
    }
}

/// Makes the cluster's own groups.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    for (role, description) in [
        (Role::ControlPlane, "Security group for masters"),
        (Role::Node, "Security group for nodes"),
        (Role::Bastion, "Security group for bastion"),
    ] {
        if lowering.groups(role).any(|group| group.security_group_override.is_none()) {
            add(lowering, names::security_group(role, lowering.name()), description);
        }
    }
    let name = |prefix| names::load_balancer_security_group(prefix, lowering.name());
    let (api, bastion) = (name("api"), name("bastion"));
    if lowering.cluster.api.load_balancer.as_ref().is_some_and(|lb| lb.security_group_override.is_none()) {
        add(lowering, api, "Security group for api ELB");
    }
    if lowering.has(Role::Bastion) {
        add(lowering, bastion, "Security group for bastion ELB");
    }
}

fn add(lowering: &mut Lowering<'_>, name: String, description: &str) {
    let group = SecurityGroup {
        vpc: lowering.vpc(),
        group_description: description.to_owned(),
        tags: tags::standard(lowering.cluster, &name),
    };
    lowering.add(name, group);
}
