//! What the account offers, as far as a manifest needs to know it.
//!
//! Every question names what it is about through a filter instead of an id: AWS fails a whole call for one id that does not
//! exist, and a thing that is missing has to be missing from the answer and nothing else. All questions are asked at the same
//! time; only an image that a Systems Manager parameter names takes two in a row.

mod images;
mod instance_types;
mod network;

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use futures_util::future::try_join_all;
use kedge_cloud::CloudError;
use kedge_resource::facts::ExistingInstanceProfile;
use kedge_resource::{Facts, FactsQuery};

use crate::client::Aws;
use crate::{dns, iam, identity};

/// Answers `query`.
pub(crate) async fn read(aws: &Aws, query: &FactsQuery) -> Result<Facts, CloudError> {
    let (identity, availability_zones, hosted_zones, network, addresses, nat_gateways, profiles, images, types) = tokio::try_join!(
        Box::pin(identity::identity(aws)),
        Box::pin(availability_zones(aws)),
        Box::pin(hosted_zones(aws, query)),
        Box::pin(network::read(aws, query.vpc.as_deref())),
        Box::pin(network::addresses(aws, &query.addresses)),
        Box::pin(network::nat_gateways(aws, &query.nat_gateways)),
        Box::pin(instance_profiles(aws, &query.instance_profiles)),
        Box::pin(images::read(aws, &query.images)),
        Box::pin(instance_types::read(aws, &query.instance_types)),
    )?;
    Ok(Facts {
        region: identity.region,
        partition: identity.partition,
        account_id: identity.account_id,
        availability_zones,
        hosted_zones,
        vpcs: network.vpcs,
        subnets: network.subnets,
        route_tables: network.route_tables,
        addresses,
        nat_gateways,
        target_groups: Vec::new(),
        instance_profiles: profiles,
        images: images.images,
        image_parameters: images.parameters,
        instance_types: types,
        store: None,
    })
}

/// The zones that are open to the account: without asking for all, AWS leaves out those that one has to opt into.
async fn availability_zones(aws: &Aws) -> Result<Vec<String>, CloudError> {
    let answer = aws
        .read("ec2:DescribeAvailabilityZones", || {
            aws.ec2().describe_availability_zones().filters(filter("state", ["available"])).send()
        })
        .await?;
    let mut zones: Vec<_> =
        answer.availability_zones.unwrap_or_default().into_iter().filter_map(|zone| zone.zone_name).collect();
    zones.sort();
    Ok(zones)
}

async fn hosted_zones(aws: &Aws, query: &FactsQuery) -> Result<Vec<kedge_resource::facts::HostedZone>, CloudError> {
    if query.hosted_zones { dns::facts(aws, query.vpc.as_deref()).await } else { Ok(Vec::new()) }
}

async fn instance_profiles(aws: &Aws, names: &BTreeSet<String>) -> Result<Vec<ExistingInstanceProfile>, CloudError> {
    let profiles = try_join_all(names.iter().map(|name| Box::pin(iam::existing_profile(aws, name)))).await?;
    Ok(profiles.into_iter().flatten().collect())
}

/// A filter of an EC2 call.
fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}
