//! Doing one step: the match over kinds.

use kedge_cloud::{CloudError, ErrorClass, Handles, Progress, Realize, Step, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{KindOf, Properties};
use kedge_resource::{ClusterName, Handle, Kind, Observed, ResourceKey};

use crate::client::Aws;
use crate::{autoscaling, dns, ec2, elb, events, iam};

/// A step and everything that doing it needs.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    /// The account.
    pub(crate) aws: &'a Aws,
    /// The cluster.
    pub(crate) cluster: &'a ClusterName,
    /// What to do.
    pub(crate) step: &'a Step,
    /// Ids that are known.
    pub(crate) handles: &'a Handles,
    /// Where to say what the step waits for.
    pub(crate) progress: Progress<'a>,
}

impl<'a> Task<'a> {
    /// The first change: the only one, or the container of what else goes with it.
    pub(crate) fn first(&self) -> Result<&'a StepChange, CloudError> {
        self.step.changes.first().ok_or_else(|| bug("a step has no changes"))
    }

    /// The changes of one kind.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a StepChange> + use<'a> {
        self.step.changes.iter().filter(move |change| change.key.kind == kind)
    }
}

impl Realize for Aws {
    async fn realize(
        &self,
        cluster: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> Result<StepOutcome, CloudError> {
        let task = Task { aws: self, cluster, step, handles, progress };
        let outcome = Box::pin(dispatch(&task)).await?;
        for change in &step.changes {
            self.finish(&change.key);
        }
        Ok(outcome)
    }
}

async fn dispatch(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    match task.first()?.key.kind {
        Kind::Vpc
        | Kind::VpcCidrBlock
        | Kind::DhcpOptions
        | Kind::DhcpOptionsAssociation
        | Kind::InternetGateway
        | Kind::EgressOnlyInternetGateway
        | Kind::Subnet
        | Kind::RouteTable
        | Kind::RouteTableAssociation
        | Kind::Route
        | Kind::ElasticIp
        | Kind::NatGateway
        | Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::KeyPair
        | Kind::Volume
        | Kind::LaunchTemplate
        | Kind::Instance
        | Kind::NetworkInterface => ec2::realize(task).await,
        Kind::AutoScalingGroup | Kind::LifecycleHook | Kind::WarmPool => autoscaling::realize(task).await,
        Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener | Kind::ClassicLoadBalancer => elb::realize(task).await,
        Kind::RecordSet | Kind::HostedZoneAssociation => dns::realize(task).await,
        Kind::Role | Kind::InstanceProfile | Kind::RolePolicy | Kind::PolicyAttachment | Kind::OidcProvider => {
            iam::realize(task).await
        }
        Kind::Queue | Kind::EventRule | Kind::EventTarget => events::realize(task).await,
        Kind::StoreObject => Err(bug("AWS is asked for an object of the state store")),
    }
}

/// Something that a plan cannot hold.
pub(crate) fn bug(message: impl Into<String>) -> CloudError {
    CloudError::new(ErrorClass::Other, "kedge", message)
        .with_hint("this is a bug in kedge: please report it with the plan")
}

/// The step cannot be done with this verb.
pub(crate) fn unsupported(verb: Verb, key: &ResourceKey) -> CloudError {
    bug(format!("{verb:?} of {key} is not possible"))
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

/// A step that made or changed one resource.
pub(crate) fn done(change: &StepChange, handle: Handle) -> StepOutcome {
    StepOutcome { handles: vec![(change.key.clone(), handle)] }
}

/// Success also when the thing is gone already.
pub(crate) fn gone<T>(answer: Result<T, CloudError>) -> Result<(), CloudError> {
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.class == ErrorClass::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
