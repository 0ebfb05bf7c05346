//! DHCP options and which VPC uses them.

use aws_sdk_ec2::types::{DhcpOptions as AwsDhcpOptions, NewDhcpConfiguration, ResourceType};
use kedge_cloud::{CloudError, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{DhcpOptions, DhcpOptionsAssociation};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{named, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed};
use crate::shared::entry;

const DOMAIN_NAME: &str = "domain-name";
const DOMAIN_NAME_SERVERS: &str = "domain-name-servers";

/// The option sets of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsDhcpOptions>, CloudError> {
    let request = aws.ec2().describe_dhcp_options().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeDhcpOptions", request, dhcp_options).await
}

/// An option set.
pub(super) fn entry_of(cluster: &ClusterName, options: &AwsDhcpOptions) -> Option<Observed> {
    let values = |key: &str| -> Vec<String> {
        let configurations = options.dhcp_configurations().iter().filter(|one| one.key() == Some(key));
        configurations.flat_map(|one| one.values()).filter_map(|value| value.value().map(ToOwned::to_owned)).collect()
    };
    let tags = tags(options.tags());
    let properties = DhcpOptions {
        domain_name: values(DOMAIN_NAME).join(" "),
        domain_name_servers: values(DOMAIN_NAME_SERVERS),
        tags: tags.clone(),
    };
    tagged(cluster, Kind::DhcpOptions, Handle::new(options.dhcp_options_id()?), &tags, properties)
}

/// The association of a VPC, if it uses one of the option sets of the cluster. Any other set counts as none: those that AWS
/// made with the account cannot be told from those of others, and associating ours replaces either.
pub(super) fn association(vpc: &Observed, used: Option<&str>, options: &[Observed]) -> Option<Observed> {
    let used = options.iter().find(|options| Some(options.handle.id.as_str()) == used)?;
    let properties =
        DhcpOptionsAssociation { vpc: Ref::existing(&vpc.handle.id), dhcp_options: Ref::existing(&used.handle.id) };
    let name = vpc.key.name.clone();
    Some(entry(Kind::DhcpOptionsAssociation, name.clone(), Handle::new(name), vpc.ownership, properties))
}

/// Makes, tags or removes an option set.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => {
            let (desired, current): (&DhcpOptions, &DhcpOptions) = (after(change)?, observed(change)?);
            let handle = before(change)?.handle.clone();
            retag(task, &handle.id, &current.tags, &desired.tags).await?;
            Ok(done(change, handle))
        }
        Verb::Delete => {
            let request = task.aws.ec2().delete_dhcp_options().dhcp_options_id(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteDhcpOptions", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateDhcpOptions";
    let desired: &DhcpOptions = after(change)?;
    let configuration =
        |key: &str, values: Vec<String>| NewDhcpConfiguration::builder().key(key).set_values(Some(values)).build();
    let mut configurations = vec![configuration(DOMAIN_NAME, vec![desired.domain_name.clone()])];
    if !desired.domain_name_servers.is_empty() {
        configurations.push(configuration(DOMAIN_NAME_SERVERS, desired.domain_name_servers.clone()));
    }
    let request = task
        .aws
        .ec2()
        .create_dhcp_options()
        .set_dhcp_configurations(Some(configurations))
        .set_tag_specifications(specification(ResourceType::DhcpOptions, &desired.tags));
    let look = || async {
        let filters = named(task.cluster, &change.key.name);
        let request = task.aws.ec2().describe_dhcp_options().set_filters(Some(filters));
        let found = pages!(task.aws, "ec2:DescribeDhcpOptions", request, dhcp_options).await?;
        let found = found.into_iter().filter_map(|options| Some((options.dhcp_options_id()?.to_owned(), options)));
        only_new(task, change, CALL, found.collect())
    };
    let options =
        task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.dhcp_options, look).await?;
    Ok(done(change, Handle::new(options.dhcp_options_id().ok_or_else(|| incomplete(CALL))?)))
}

/// Lets a VPC use an option set, or AWS's own again.
pub(super) async fn realize_association(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (vpc, options) = match task.step.verb {
        Verb::Create | Verb::Update => {
            let desired: &DhcpOptionsAssociation = after(change)?;
            (task.handles.resolve(&desired.vpc)?, task.handles.resolve(&desired.dhcp_options)?)
        }
        Verb::Delete => {
            let current: &DhcpOptionsAssociation = observed(change)?;
            (task.handles.resolve(&current.vpc)?, "default".to_owned())
        }
    };
    let request = task.aws.ec2().associate_dhcp_options().vpc_id(vpc).dhcp_options_id(options);
    let call = "ec2:AssociateDhcpOptions";
    if task.step.verb == Verb::Delete {
        gone(task.aws.write_idempotent(call, || request.clone().send()).await)?;
        return Ok(StepOutcome::default());
    }
    task.aws.write_settling(call, task.progress, || request.clone().send()).await?;
    Ok(done(change, Handle::new(&change.key.name)))
}
