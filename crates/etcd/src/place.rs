//! Where a member lives: everything that the procedures of this crate have to know of an instance.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::backups::Backups;
use crate::client::EtcdClient;
use crate::data::Volume;
use crate::error::EtcdError;
use crate::id::MemberId;
use crate::identity::Identity;
use crate::look::{self, Look};
use crate::tls::ClientTls;

/// Port of clients.
const CLIENT_PORT: u16 = 2379;
/// Port of peers.
pub(crate) const PEER_PORT: u16 = 2380;

/// Where clients reach the member at an address, as kubeadm writes it.
#[must_use]
pub fn client_url(address: IpAddr) -> String {
    url(address, CLIENT_PORT)
}

/// Where other members reach the member at an address, as kubeadm writes it.
#[must_use]
pub fn peer_url(address: IpAddr) -> String {
    url(address, PEER_PORT)
}

fn url(address: IpAddr, port: u16) -> String {
    format!("https://{}", std::net::SocketAddr::new(address, port))
}

/// The member of an etcd cluster that an instance is to run.
#[derive(Clone, Debug)]
pub struct Place {
    /// The Kubernetes cluster.
    pub cluster: String,
    /// The member of the manifest whose volume is attached: `a`.
    pub place: String,
    /// The node, which is the name of the member of etcd too.
    pub node: String,
    /// Address of the instance.
    pub address: IpAddr,
    /// How many members the manifest has.
    pub expected: usize,
    /// The volume.
    pub volume: Volume,
    /// What the store keeps; it names the etcd cluster.
    pub backups: Backups,
    /// What etcd is asked with.
    pub tls: ClientTls,
    /// Addresses of the cluster's other control planes, if somebody could say which ones run.
    pub instances: Option<BTreeSet<IpAddr>>,
    /// Whether the cluster has been initialised.
    pub initialised: bool,
}

impl Place {
    /// Who we are, as the volume and the store name it.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(&self.cluster, self.backups.etcd_cluster(), &self.place)
    }

    /// Where others reach us.
    #[must_use]
    pub fn peer_url(&self) -> String {
        peer_url(self.address)
    }

    /// Where clients reach us.
    #[must_use]
    pub fn client_url(&self) -> String {
        client_url(self.address)
    }

    /// Asks our own member.
    #[must_use]
    pub fn own(&self) -> EtcdClient {
        EtcdClient::new(&self.tls, [self.client_url()])
    }

    /// What all members that can be found say.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn look(&self) -> Result<(Look, Records), EtcdError> {
        let records = Records::of(self).await?;
        let mut endpoints: BTreeSet<String> =
            records.all.iter().filter_map(|record| Some(record.member.as_ref()?.client_url.clone())).collect();
        endpoints.extend(self.instances.iter().flatten().map(|address| client_url(*address)));
        endpoints.insert(self.client_url());
        let look = look::look(&EtcdClient::new(&self.tls, []), endpoints, |address| self.instance(address)).await;
        Ok((look, records))
    }

    /// Whether an instance is at an address.
    fn instance(&self, address: Option<IpAddr>) -> crate::decide::Instance {
        use crate::decide::Instance;
        match (&self.instances, address) {
            (Some(instances), Some(address)) if instances.contains(&address) => Instance::Runs,
            (Some(_), Some(_)) => Instance::Gone,
            _ => Instance::Unknown,
        }
    }
}

/// What the store says of who lives where.
#[derive(Clone, Debug)]
pub struct Records {
    all: Vec<Identity>,
    place: String,
}

impl Records {
    async fn of(place: &Place) -> Result<Self, EtcdError> {
        Ok(Self { all: place.backups.records().await?, place: place.place.clone() })
    }

    /// The member that lived here last.
    #[must_use]
    pub fn ours(&self) -> Option<MemberId> {
        let ours = self.all.iter().find(|record| record.place == self.place)?;
        ours.member.as_ref().map(|member| member.id)
    }

    /// The members that live at other places.
    #[must_use]
    pub fn others(&self) -> Vec<MemberId> {
        let others = self.all.iter().filter(|record| record.place != self.place);
        others.filter_map(|record| record.member.as_ref().map(|member| member.id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_kubeadm() {
        assert_eq!(client_url("10.0.0.1".parse().unwrap()), "https://10.0.0.1:2379");
        assert_eq!(peer_url("fd00::1".parse().unwrap()), "https://[fd00::1]:2380");
    }
}
