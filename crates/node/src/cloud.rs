//! AWS behind the ports of the agent.

use std::net::IpAddr;

use async_trait::async_trait;
use kedge_agent::{AttachedTo, EtcdVolume, Identity, Instance, Instances, Interfaces, PortError, Records, Volumes};
use kedge_aws::Aws;
use kedge_cloud::CloudError;
use kedge_resource::ClusterName;
use kedge_store::{OuterKey, Secret, Wrapped};

/// The account that the instance is in.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) aws: Aws,
}

impl Account {
    /// In the region of the instance, which need not be that of the store.
    fn at(&self, identity: &Identity) -> Aws {
        if self.aws.region() == identity.region { self.aws.clone() } else { self.aws.in_region(&identity.region) }
    }
}

fn failed(error: CloudError) -> PortError {
    PortError(match &error.hint {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}

fn name(cluster: &str) -> Result<ClusterName, PortError> {
    ClusterName::parse(cluster).map_err(|error| PortError(error.to_string()))
}

#[async_trait]
impl Volumes for Account {
    async fn of_etcd(&self, identity: &Identity, cluster: &str, etcd: &str) -> Result<Vec<EtcdVolume>, PortError> {
        let found = self.at(identity).member_volumes(&name(cluster)?, etcd, &identity.zone).await.map_err(failed)?;
        let volumes = found.into_iter().filter_map(|volume| {
            let (member, members) = volume.members.split_once('/')?;
            let attached = volume.attached;
            let attached = attached.map(|(instance, device, complete)| AttachedTo { instance, device, complete });
            let members = members.split(',').map(str::to_owned).collect();
            Some(EtcdVolume { id: volume.id, member: member.to_owned(), members, attached })
        });
        Ok(volumes.collect())
    }

    async fn attach(&self, identity: &Identity, volume: &str, device: &str) -> Result<(), PortError> {
        self.at(identity).attach_volume(volume, &identity.instance, device).await.map_err(failed)
    }
}

#[async_trait]
impl Instances for Account {
    async fn running(&self, identity: &Identity, cluster: &str) -> Result<Vec<Instance>, PortError> {
        let found = self.at(identity).running_instances(&name(cluster)?).await.map_err(failed)?;
        let instances = found.into_iter().map(|one| Instance {
            id: one.id,
            group: one.group,
            control_plane: one.control_plane,
            private_dns: one.private_dns,
            private: one.private,
            public: one.public,
        });
        Ok(instances.collect())
    }

    async fn interfaces(&self, identity: &Identity, machine: &str) -> Result<Interfaces, PortError> {
        let (most, addresses) = self.at(identity).interfaces_of(machine).await.map_err(failed)?;
        Ok(Interfaces { most, addresses })
    }

    async fn pod_range(&self, identity: &Identity, instance: &str) -> Result<String, PortError> {
        self.at(identity).prefix_of(instance).await.map_err(failed)
    }
}

#[async_trait]
impl Records for Account {
    async fn point(&self, name: &str, private_zone: bool, addresses: &[IpAddr]) -> Result<bool, PortError> {
        self.aws.point_name(name, private_zone, addresses).await.map_err(failed)
    }
}

/// The keys of KMS that wrap those of the store: each is asked for in the region that its ARN names.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) aws: Aws,
}

#[async_trait]
impl OuterKey for Keys {
    async fn wrap(&self, _key: &Secret, _context: &str) -> Result<Wrapped, String> {
        Err("instances make no keys of the store".to_owned())
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<Secret, String> {
        let Wrapped::Kms { key, .. } = wrapped else {
            return Err(
                "the keys of the store are wrapped by a passphrase, which instances do not have: `kedge secret rekey \
                        --kms-key …` gives them a key of AWS KMS"
                    .to_owned(),
            );
        };
        // arn:aws:kms:<region>:<account>:key/<id>
        let region =
            key.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2)).filter(|region| !region.is_empty());
        let aws = region.map_or_else(|| self.aws.clone(), |region| self.aws.in_region(region));
        aws.kms_key(key).unwrap(wrapped, context).await
    }
}
