//! Doing one step of a plan: the calls that the AWS executor makes, in its order.

use std::collections::BTreeMap;

use kedge_cloud::{CloudError, ErrorClass, Handles, Progress, Realize, Step, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{KindOf, Properties};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref, ResourceKey, Tags};

use crate::sandbox::Sandbox;

mod auto_scaling_group;
mod classic_load_balancer;
mod dhcp_options;
mod egress_only_internet_gateway;
mod elastic_ip;
mod event_rule;
mod event_target;
mod hosted_zone_association;
mod instance;
mod instance_profile;
mod internet_gateway;
mod key_pair;
mod launch_template;
mod lifecycle_hook;
mod listener;
mod load_balancer;
mod nat_gateway;
mod network_interface;
mod oidc_provider;
mod policy_attachment;
mod queue;
mod record_set;
mod role;
mod role_policy;
mod route;
mod route_table;
mod route_table_association;
mod security_group;
mod security_group_rule;
mod subnet;
mod target_group;
mod volume;
mod vpc;
mod vpc_cidr_block;
mod warm_pool;

pub(crate) use record_set::{address, was_ours};

/// A step and everything that doing it needs.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    /// The account.
    pub(crate) sandbox: &'a Sandbox,
    /// The cluster.
    pub(crate) cluster: &'a ClusterName,
    /// What to do.
    pub(crate) step: &'a Step,
    /// Ids that are known.
    pub(crate) handles: &'a Handles,
    /// Where to say what the step waits for.
    pub(crate) progress: Progress<'a>,
}

impl Realize for Sandbox {
    async fn realize(
        &self,
        cluster: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> Result<StepOutcome, CloudError> {
        let task = Task { sandbox: self, cluster, step, handles, progress };
        let outcome = Box::pin(dispatch(&task)).await?;
        for change in &step.changes {
            self.finish(&change.key);
        }
        Ok(outcome)
    }
}

async fn dispatch(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    let first = task.step.changes.first().ok_or_else(|| bug("a step has no changes"))?;
    // These kinds have calls that take many of them.
    match first.key.kind {
        Kind::SecurityGroupRule => return security_group_rule::realize(task).await,
        Kind::RecordSet => return record_set::realize(task).await,
        Kind::Instance => return instance::realize(task).await,
        _ => {}
    }
    if task.step.verb == Verb::Delete {
        // What else is in the step goes with its container.
        delete(task, first).await?;
        return Ok(StepOutcome::default());
    }
    let mut outcome = StepOutcome::default();
    for change in &task.step.changes {
        let with_group = change.key.kind == Kind::LifecycleHook && first.key.kind == Kind::AutoScalingGroup;
        let handle = match task.step.verb {
            Verb::Create if with_group => Handle::new(&change.key.name),
            Verb::Create => create(task, change).await?,
            _ => update(task, change).await?,
        };
        outcome.handles.push((change.key.clone(), handle));
    }
    Ok(outcome)
}

macro_rules! per_kind {
    ($task:expr, $change:expr, $verb:ident, [$($kind:ident = $module:ident,)*], $($others:pat => $other:expr,)*) => {
        match $change.key.kind {
            $(Kind::$kind => $module::$verb($task, $change).await,)*
            $($others => $other,)*
        }
    };
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    per_kind!(task, change, create, [
        Vpc = vpc, VpcCidrBlock = vpc_cidr_block, DhcpOptions = dhcp_options, InternetGateway = internet_gateway,
        EgressOnlyInternetGateway = egress_only_internet_gateway, Subnet = subnet, RouteTable = route_table,
        RouteTableAssociation = route_table_association, Route = route, ElasticIp = elastic_ip,
        NatGateway = nat_gateway, SecurityGroup = security_group, KeyPair = key_pair, Volume = volume,
        LaunchTemplate = launch_template, AutoScalingGroup = auto_scaling_group, LifecycleHook = lifecycle_hook,
        WarmPool = warm_pool, LoadBalancer = load_balancer, TargetGroup = target_group, Listener = listener,
        HostedZoneAssociation = hosted_zone_association, Role = role, InstanceProfile = instance_profile,
        RolePolicy = role_policy, PolicyAttachment = policy_attachment, OidcProvider = oidc_provider, Queue = queue,
        EventRule = event_rule, EventTarget = event_target,
    ],
        Kind::DhcpOptionsAssociation => dhcp_options::associate(task, change).await,
        Kind::SecurityGroupRule | Kind::RecordSet | Kind::Instance | Kind::NetworkInterface
            | Kind::ClassicLoadBalancer | Kind::StoreObject => Err(unsupported(task, change)),
    )
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    per_kind!(task, change, update, [
        Vpc = vpc, InternetGateway = internet_gateway, Subnet = subnet,
        RouteTableAssociation = route_table_association, Route = route, Volume = volume,
        LaunchTemplate = launch_template, AutoScalingGroup = auto_scaling_group, LifecycleHook = lifecycle_hook,
        WarmPool = warm_pool, LoadBalancer = load_balancer, TargetGroup = target_group, Listener = listener,
        Role = role, InstanceProfile = instance_profile, RolePolicy = role_policy, OidcProvider = oidc_provider,
        Queue = queue, EventRule = event_rule,
    ],
        Kind::DhcpOptionsAssociation => dhcp_options::associate(task, change).await,
        Kind::DhcpOptions | Kind::EgressOnlyInternetGateway | Kind::RouteTable | Kind::ElasticIp | Kind::NatGateway
            | Kind::SecurityGroup | Kind::KeyPair => retag(task, change).await,
        Kind::VpcCidrBlock | Kind::SecurityGroupRule | Kind::RecordSet | Kind::HostedZoneAssociation
            | Kind::PolicyAttachment | Kind::EventTarget | Kind::Instance | Kind::NetworkInterface
            | Kind::ClassicLoadBalancer | Kind::StoreObject => Err(unsupported(task, change)),
    )
}

async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    per_kind!(task, change, delete, [
        Vpc = vpc, VpcCidrBlock = vpc_cidr_block, DhcpOptions = dhcp_options, InternetGateway = internet_gateway,
        EgressOnlyInternetGateway = egress_only_internet_gateway, Subnet = subnet, RouteTable = route_table,
        RouteTableAssociation = route_table_association, Route = route, ElasticIp = elastic_ip,
        NatGateway = nat_gateway, SecurityGroup = security_group, KeyPair = key_pair, Volume = volume,
        LaunchTemplate = launch_template, AutoScalingGroup = auto_scaling_group, LifecycleHook = lifecycle_hook,
        WarmPool = warm_pool, LoadBalancer = load_balancer, TargetGroup = target_group, Listener = listener,
        HostedZoneAssociation = hosted_zone_association, Role = role, InstanceProfile = instance_profile,
        RolePolicy = role_policy, PolicyAttachment = policy_attachment, OidcProvider = oidc_provider, Queue = queue,
        EventRule = event_rule, EventTarget = event_target, NetworkInterface = network_interface,
        ClassicLoadBalancer = classic_load_balancer,
    ],
        Kind::DhcpOptionsAssociation => dhcp_options::disassociate(task, change).await,
        Kind::SecurityGroupRule | Kind::RecordSet | Kind::Instance | Kind::StoreObject => Err(unsupported(task, change)),
    )
}

/// Something that a plan cannot hold.
pub(crate) fn bug(message: impl Into<String>) -> CloudError {
    CloudError::new(ErrorClass::Other, "kedge", message)
        .with_hint("this is a bug in kedge: please report it with the plan")
}

fn unsupported(task: &Task<'_>, change: &StepChange) -> CloudError {
    bug(format!("{:?} of {} is not possible", task.step.verb, change.key))
}

/// What a resource shall be; present for creations and updates.
pub(crate) fn after<K: KindOf>(change: &StepChange) -> Result<&K, CloudError>
where
    for<'a> &'a K: TryFrom<&'a Properties, Error = Kind>,
{
    let properties = change.after.as_ref().ok_or_else(|| bug(format!("{} has no target state", change.key)))?;
    properties.try_into().map_err(|kind| bug(format!("{} holds properties of {kind}", change.key)))
}

/// What a resource is; present for updates and deletions.
pub(crate) fn before(change: &StepChange) -> Result<&Observed, CloudError> {
    change.before.as_ref().ok_or_else(|| bug(format!("{} has no observed state", change.key)))
}

/// What a resource is, by its kind.
pub(crate) fn observed<K: KindOf>(change: &StepChange) -> Result<&K, CloudError>
where
    for<'a> &'a K: TryFrom<&'a Properties, Error = Kind>,
{
    let properties = &before(change)?.properties;
    properties.try_into().map_err(|kind| bug(format!("{} holds properties of {kind}", change.key)))
}

/// Whether an update touches a property.
pub(crate) fn touches(change: &StepChange, field: &str) -> bool {
    change.fields.iter().any(|touched| touched == field)
}

/// The second id of what an update or deletion is about.
pub(crate) fn secondary_id(change: &StepChange) -> Result<&str, CloudError> {
    let id = before(change)?.handle.secondary_id.as_deref();
    id.ok_or_else(|| bug(format!("{} was observed without its second id", change.key)))
}

/// The tags of properties that have tags.
fn tags_of(properties: &Properties) -> Tags {
    let value = properties.to_value();
    let tags = value.get("Tags").cloned().and_then(|tags| serde_json::from_value(tags).ok());
    tags.unwrap_or_default()
}

/// The tags that an update has to set; those that AWS has and nobody names stay.
pub(crate) fn changed_tags(change: &StepChange) -> Result<Tags, CloudError> {
    let old = tags_of(&before(change)?.properties);
    let new = change.after.as_ref().map(tags_of).unwrap_or_default();
    Ok(new.iter().filter(|(key, value)| old.get(key) != Some(value)).collect())
}

/// The attributes that an update has to set: an empty value takes one back that is no longer wanted.
pub(crate) fn changed_attributes(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), String::new()));
    changed.map(|(key, value)| (key.clone(), value.clone())).chain(gone).collect()
}

/// Updates a thing of EC2 of which only the tags can change.
pub(crate) async fn retag(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let handle = before(change)?.handle.clone();
    // Names stand for key pairs and launch templates, and tags are set by id.
    let id = match change.key.kind {
        Kind::KeyPair | Kind::LaunchTemplate => secondary_id(change)?.to_owned(),
        _ => handle.id.clone(),
    };
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("ec2:CreateTags", &id, |account| account.create_tags(&id, &tags)).await?;
    }
    Ok(handle)
}

impl Task<'_> {
    /// Ids that references stand for.
    pub(crate) fn ids<K: KindOf>(&self, references: &[Ref<K>]) -> Result<Vec<String>, CloudError> {
        references.iter().map(|reference| self.handles.resolve(reference)).collect()
    }

    /// A reference by id instead of by name.
    pub(crate) fn settled<K: KindOf>(&self, reference: &Ref<K>) -> Result<Ref<K>, CloudError> {
        Ok(Ref::existing(self.handles.resolve(reference)?))
    }

    /// Whether a thing with these tags and this id can be what a lost creation of `key` made: it has the name and the
    /// owner, and is none that was known before.
    pub(crate) fn is_new(&self, key: &ResourceKey, id: &str, tags: &Tags) -> bool {
        let known = self.handles.get(key).is_some_and(|handle| handle.id == id);
        !known && tags.name() == Some(&key.name) && tags.owned_by(self.cluster)
    }

    /// The error for a thing that has the name of ours and is not.
    pub(crate) fn in_the_way(&self, call: &str, key: &ResourceKey) -> CloudError {
        let message = format!("{key} exists and does not carry the ownership tag of {}", self.cluster);
        CloudError::new(ErrorClass::AlreadyExists, call, message)
            .with_hint("remove it, or give the cluster another name; it is not touched")
    }
}
