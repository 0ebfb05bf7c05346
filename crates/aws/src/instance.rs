//! What instances ask AWS for themselves, with the roles that the model gives them: their volumes, each other, and the
//! records of the API.

use std::net::IpAddr;

use aws_sdk_ec2::types::{
    Filter, Instance as AwsInstance, InstanceTypeInfo, NetworkInterface, Volume as AwsVolume, VolumeAttachmentState,
};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::{ClusterName, Tags};

use crate::client::Aws;
use crate::ec2::common::{filter, of_cluster, pages, tags};

/// Tag that says which group an instance is of.
const GROUP: &str = "kops.k8s.io/instancegroup";
/// Tags that say that an instance is a control plane; kops has had both.
const CONTROL_PLANE: [&str; 2] = ["k8s.io/role/control-plane", "k8s.io/role/master"];
/// Seconds for which answers about records may be kept: control planes come and go.
const TTL: i64 = 60;

/// A volume of a member of etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberVolume {
    /// Its id.
    pub id: String,
    /// What its tag says: the member, a slash, and all members with commas.
    pub members: String,
    /// Instance and device that it is attached to, and whether that is complete.
    pub attached: Option<(String, String, bool)>,
}

/// An instance that runs or begins to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningInstance {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// Private DNS name.
    pub private_dns: String,
    /// Addresses within the VPC.
    pub private: Vec<IpAddr>,
    /// Addresses on the internet.
    pub public: Vec<IpAddr>,
}

impl Aws {
    /// The volumes of the members of an etcd cluster in a zone.
    ///
    /// # Errors
    /// EC2 does not answer.
    pub async fn member_volumes(
        &self,
        cluster: &ClusterName,
        etcd: &str,
        zone: &str,
    ) -> Result<Vec<MemberVolume>, CloudError> {
        let tag = format!("k8s.io/etcd/{etcd}");
        // The tag of the member is looked for in the answer: two filters of one name are not both heeded everywhere.
        let filters: [Filter; 2] = [of_cluster(cluster), filter("availability-zone", [zone])];
        let request = self.ec2().describe_volumes().set_filters(Some(filters.into()));
        let volumes: Vec<AwsVolume> = pages!(self, "ec2:DescribeVolumes", request, volumes).await?;
        Ok(volumes.iter().filter_map(|volume| member_volume(cluster, volume, &tag)).collect())
    }

    /// Attaches a volume.
    ///
    /// # Errors
    /// EC2 refuses it.
    pub async fn attach_volume(&self, volume: &str, instance: &str, device: &str) -> Result<(), CloudError> {
        let request = self.ec2().attach_volume().volume_id(volume).instance_id(instance).device(device);
        self.write("ec2:AttachVolume", || request.clone().send()).await.map(drop)
    }

    /// The instances of the cluster that run or begin to.
    ///
    /// # Errors
    /// EC2 does not answer.
    pub async fn running_instances(&self, cluster: &ClusterName) -> Result<Vec<RunningInstance>, CloudError> {
        let state = filter("instance-state-name", ["pending", "running"]);
        let request = self.ec2().describe_instances().filters(of_cluster(cluster)).filters(state);
        let reservations = pages!(self, "ec2:DescribeInstances", request, reservations).await?;
        let instances = reservations.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
        Ok(instances.filter_map(|instance| running(cluster, &instance)).collect())
    }

    /// How many network interfaces a type of machine takes, and how many IPv4 addresses each.
    ///
    /// # Errors
    /// EC2 does not answer, or does not say it.
    pub async fn interfaces_of(&self, machine: &str) -> Result<(u32, u32), CloudError> {
        let call = "ec2:DescribeInstanceTypes";
        let request = self.ec2().describe_instance_types().filters(filter("instance-type", [machine]));
        let types = self.read(call, || request.clone().send()).await?.instance_types.unwrap_or_default();
        interfaces(&types, machine)
            .ok_or_else(|| CloudError::new(ErrorClass::NotFound, call, format!("{machine} has no network interfaces")))
    }

    /// The IPv6 prefix of the first network interface of an instance, which is assigned if there is none yet. EC2 assigns one
    /// more each time that it is asked: nobody else may do the same at the same time.
    ///
    /// # Errors
    /// The instance has no interface, or EC2 has no prefix for it.
    pub async fn prefix_of(&self, instance: &str) -> Result<String, CloudError> {
        let filters = [filter("attachment.instance-id", [instance]), filter("attachment.device-index", ["0"])];
        let request = self.ec2().describe_network_interfaces().set_filters(Some(filters.into()));
        let interfaces: Vec<NetworkInterface> =
            pages!(self, "ec2:DescribeNetworkInterfaces", request, network_interfaces).await?;
        let Some(id) = interfaces.iter().find_map(|interface| first_of(interface, instance)) else {
            let why = format!("{instance} has no network interface");
            return Err(CloudError::new(ErrorClass::NotFound, "ec2:DescribeNetworkInterfaces", why));
        };
        let known = interfaces.iter().filter(|interface| first_of(interface, instance).is_some());
        let mut known: Vec<&str> =
            known.flat_map(|one| one.ipv6_prefixes()).filter_map(|one| one.ipv6_prefix()).collect();
        // Should there be several, everybody takes the same.
        known.sort_unstable();
        if let Some(first) = known.first() {
            return Ok((*first).to_owned());
        }
        let call = "ec2:AssignIpv6Addresses";
        let request = self.ec2().assign_ipv6_addresses().network_interface_id(id).ipv6_prefix_count(1);
        let assigned = self.write(call, || request.clone().send()).await?.assigned_ipv6_prefixes.unwrap_or_default();
        assigned.into_iter().next().ok_or_else(|| {
            CloudError::new(ErrorClass::Unreadable, call, format!("EC2 does not say which prefix {instance} has got"))
        })
    }

    /// Makes a name lead to addresses in the closest zone. Says whether something had to be changed. An alias is somebody
    /// else's, and left alone.
    ///
    /// # Errors
    /// There is no zone for the name, or Route 53 refuses it.
    pub async fn point_name(&self, name: &str, private_zone: bool, to: &[IpAddr]) -> Result<bool, CloudError> {
        let zone = self.zone_of(name, private_zone).await?;
        let there = self.records_of(&zone, name).await?;
        if there.iter().any(|record| record.alias_target.is_some() || record.set_identifier.is_some()) {
            return Ok(false);
        }
        let mut changes = Vec::new();
        for (kind, wanted) in [
            (RrType::A, to.iter().filter(|address| address.is_ipv4()).map(ToString::to_string).collect::<Vec<_>>()),
            (RrType::Aaaa, to.iter().filter(|address| address.is_ipv6()).map(ToString::to_string).collect()),
        ] {
            let known = there.iter().find(|record| record.r#type == kind);
            if values(known) == wanted {
                continue;
            }
            let (action, record) = match (known, wanted.is_empty()) {
                (Some(known), true) => (ChangeAction::Delete, known.clone()),
                _ => (ChangeAction::Upsert, record(name, kind, &wanted)?),
            };
            let change = Change::builder().action(action).resource_record_set(record).build();
            changes.push(change.map_err(|error| broken(&error))?);
        }
        if changes.is_empty() {
            return Ok(false);
        }
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(|error| broken(&error))?;
        let request = self.route53().change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch);
        self.write_idempotent("route53:ChangeResourceRecordSets", || request.clone().send()).await?;
        Ok(true)
    }

    /// Id of the closest zone above a name.
    async fn zone_of(&self, name: &str, private: bool) -> Result<String, CloudError> {
        let mut best: Option<(usize, String)> = None;
        let mut marker: Option<String> = None;
        loop {
            let request = self.route53().list_hosted_zones().set_marker(marker.clone());
            let page = self.read("route53:ListHostedZones", || request.clone().send()).await?;
            for zone in page.hosted_zones {
                let above = plain(&zone.name);
                let holds = name.strip_suffix(&above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                let fits = zone.config.is_some_and(|config| config.private_zone) == private;
                if holds && fits && best.as_ref().is_none_or(|(length, _)| *length < above.len()) {
                    best = Some((above.len(), zone.id.trim_start_matches("/hostedzone/").to_owned()));
                }
            }
            marker = page.next_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                break;
            }
        }
        best.map(|(_, id)| id).ok_or_else(|| {
            let kind = if private { "private" } else { "public" };
            CloudError::new(ErrorClass::NotFound, "route53:ListHostedZones", format!("no {kind} zone holds {name}"))
                .with_hint("make the hosted zone, or name another one as `dnsZone` in the manifest")
        })
    }

    async fn records_of(&self, zone: &str, name: &str) -> Result<Vec<ResourceRecordSet>, CloudError> {
        let request =
            self.route53().list_resource_record_sets().hosted_zone_id(zone).start_record_name(name).max_items(20);
        let page = self.read("route53:ListResourceRecordSets", || request.clone().send()).await?;
        let mut records = page.resource_record_sets;
        records.retain(|raw| plain(&raw.name) == name && matches!(raw.r#type, RrType::A | RrType::Aaaa));
        Ok(records)
    }
}

/// Whether tags say that something is the cluster's. EC2 was asked for nothing else; all the same nobody attaches a volume of
/// another cluster because of an answer to more than was asked.
fn is_of(cluster: &ClusterName, tags: &Tags) -> bool {
    tags.get(&format!("kubernetes.io/cluster/{cluster}")).is_some()
}

fn member_volume(cluster: &ClusterName, volume: &AwsVolume, tag: &str) -> Option<MemberVolume> {
    let tags = tags(volume.tags());
    if !is_of(cluster, &tags) {
        return None;
    }
    let attached = volume.attachments().iter().find(|one| one.state() != Some(&VolumeAttachmentState::Detached));
    Some(MemberVolume {
        id: volume.volume_id()?.to_owned(),
        members: tags.get(tag)?.to_owned(),
        attached: attached.and_then(|one| {
            let complete = one.state() == Some(&VolumeAttachmentState::Attached);
            Some((one.instance_id()?.to_owned(), one.device().unwrap_or_default().to_owned(), complete))
        }),
    })
}

/// The id of an interface, if it is the first of an instance: not everybody heeds every filter.
fn first_of<'a>(interface: &'a NetworkInterface, instance: &str) -> Option<&'a str> {
    let attachment = interface.attachment()?;
    let is_first = attachment.device_index() == Some(0) && attachment.instance_id() == Some(instance);
    interface.network_interface_id().filter(|_| is_first)
}

/// A filter takes patterns, so that the name is compared again.
fn interfaces(types: &[InstanceTypeInfo], machine: &str) -> Option<(u32, u32)> {
    let found = types.iter().find(|found| found.instance_type().is_some_and(|name| name.as_str() == machine))?;
    let network = found.network_info()?;
    let number = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    Some((number(network.maximum_network_interfaces())?, number(network.ipv4_addresses_per_interface())?))
}

fn running(cluster: &ClusterName, instance: &AwsInstance) -> Option<RunningInstance> {
    let tags = tags(instance.tags());
    if !is_of(cluster, &tags) {
        return None;
    }
    let addresses =
        |texts: Vec<Option<&str>>| texts.into_iter().flatten().filter_map(|text| text.parse().ok()).collect();
    Some(RunningInstance {
        id: instance.instance_id()?.to_owned(),
        group: tags.get(GROUP).unwrap_or_default().to_owned(),
        control_plane: CONTROL_PLANE.iter().any(|tag| tags.get(tag).is_some()),
        private_dns: instance.private_dns_name().unwrap_or_default().to_owned(),
        private: addresses(vec![instance.private_ip_address(), instance.ipv6_address()]),
        // Addresses of IPv6 are the same on both sides.
        public: addresses(vec![instance.public_ip_address(), instance.ipv6_address()]),
    })
}

fn values(record: Option<&ResourceRecordSet>) -> Vec<String> {
    let records = record.map(|record| record.resource_records()).unwrap_or_default();
    let mut values: Vec<String> = records.iter().map(|one| one.value().to_owned()).collect();
    values.sort_by_key(|value| value.parse::<IpAddr>().ok());
    values
}

fn record(name: &str, kind: RrType, values: &[String]) -> Result<ResourceRecordSet, CloudError> {
    let mut set = ResourceRecordSet::builder().name(name).r#type(kind).ttl(TTL);
    for value in values {
        set = set.resource_records(ResourceRecord::builder().value(value).build().map_err(|error| broken(&error))?);
    }
    set.build().map_err(|error| broken(&error))
}

fn broken(error: &dyn std::error::Error) -> CloudError {
    CloudError::new(ErrorClass::Invalid, "route53:ChangeResourceRecordSets", error.to_string())
}

/// A name as people write it.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceType, NetworkInfo};

    use super::*;
    use crate::testing::{Endpoint, Reply};

    fn interface(id: &str, index: u8, prefixes: &[&str]) -> String {
        let prefixes: String =
            prefixes.iter().map(|prefix| format!("<item><ipv6Prefix>{prefix}</ipv6Prefix></item>")).collect();
        format!(
            "<item><networkInterfaceId>{id}</networkInterfaceId><attachment><instanceId>i-1</instanceId>\
             <deviceIndex>{index}</deviceIndex></attachment><ipv6PrefixSet>{prefixes}</ipv6PrefixSet></item>"
        )
    }

    fn interfaces_reply(items: &[String]) -> Reply {
        let set = items.concat();
        Reply::Answer(
            200,
            format!(
                "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{set}</networkInterfaceSet>\
                 </DescribeNetworkInterfacesResponse>"
            ),
        )
    }

    #[tokio::test]
    async fn a_prefix_is_assigned_to_the_first_interface_if_it_has_none() {
        let items = [interface("eni-2", 1, &["2001:db8:0:9::/80"]), interface("eni-1", 0, &[])];
        let endpoint = Endpoint::answering(move |body| {
            if body.contains("Action=DescribeNetworkInterfaces") {
                return interfaces_reply(&items);
            }
            assert!(body.contains("Action=AssignIpv6Addresses"), "{body}");
            assert!(body.contains("NetworkInterfaceId=eni-1") && body.contains("Ipv6PrefixCount=1"), "{body}");
            let set = "<assignedIpv6PrefixSet><item>2001:db8:0:1::/80</item></assignedIpv6PrefixSet>";
            Reply::Answer(200, format!("<AssignIpv6AddressesResponse>{set}</AssignIpv6AddressesResponse>"))
        })
        .await;
        assert_eq!(Aws::at(&endpoint.url).prefix_of("i-1").await.unwrap(), "2001:db8:0:1::/80");
        assert_eq!(endpoint.requests(), 2);
    }

    #[tokio::test]
    async fn a_prefix_that_is_there_is_taken() {
        let there = [interface("eni-1", 0, &["2001:db8:0:2::/80", "2001:db8:0:1::/80"])];
        let endpoint = Endpoint::start(vec![interfaces_reply(&there), interfaces_reply(&[])]).await;
        let aws = Aws::at(&endpoint.url);
        assert_eq!(aws.prefix_of("i-1").await.unwrap(), "2001:db8:0:1::/80");
        assert_eq!(aws.prefix_of("i-1").await.unwrap_err().class, ErrorClass::NotFound);
        assert_eq!(endpoint.requests(), 2);
    }

    #[test]
    fn interfaces_are_those_of_the_very_machine() {
        let network = NetworkInfo::builder().maximum_network_interfaces(3).ipv4_addresses_per_interface(6).build();
        let known =
            InstanceTypeInfo::builder().instance_type(InstanceType::from("t3.medium")).network_info(network).build();
        let silent = InstanceTypeInfo::builder().instance_type(InstanceType::from("t3.small")).build();
        let types = [silent, known];
        assert_eq!(interfaces(&types, "t3.medium"), Some((3, 6)));
        assert_eq!(interfaces(&types, "t3.small"), None);
        assert_eq!(interfaces(&types, "t3.*"), None);
    }
}
