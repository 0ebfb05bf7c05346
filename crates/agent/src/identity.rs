//! What an instance knows of itself.

use std::net::IpAddr;

use kedge_bootstrap::{GroupConfig, NodeName};

use crate::error::{PortError, StepError};
use crate::ports::Metadata;

/// What an instance knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub instance: String,
    /// Region that it is in.
    pub region: String,
    /// Availability zone that it is in.
    pub zone: String,
    /// Private DNS name, without a domain that DHCP may have added.
    pub private_dns: String,
    /// Addresses: that of IPv4 first, if it has one.
    pub addresses: Vec<IpAddr>,
}

impl Identity {
    /// Asks the metadata service.
    ///
    /// # Errors
    /// It does not answer, or answers with what cannot be.
    pub(crate) async fn read(metadata: &dyn Metadata) -> Result<Self, StepError> {
        let needed = async |path: &str| {
            let answer = metadata.get(path).await?;
            answer.ok_or_else(|| PortError(format!("the metadata service has no {path}")))
        };
        let mut addresses = Vec::new();
        for path in ["local-ipv4", "ipv6"] {
            if let Some(text) = metadata.get(path).await? {
                let address = text.trim().parse::<IpAddr>();
                addresses.push(address.map_err(|_| StepError::wait(format!("{path} of the metadata is {text:?}")))?);
            }
        }
        if addresses.is_empty() {
            return Err(StepError::wait("the metadata service has no address of the instance"));
        }
        let name = needed("local-hostname").await?;
        Ok(Self {
            instance: needed("instance-id").await?,
            region: needed("placement/region").await?,
            zone: needed("placement/availability-zone").await?,
            private_dns: name.split_whitespace().next().unwrap_or_default().to_owned(),
            addresses,
        })
    }

    /// How the node is called.
    #[must_use]
    pub fn node_name(&self, config: &GroupConfig) -> String {
        match config.node_name {
            NodeName::InstanceId => self.instance.clone(),
            NodeName::PrivateDnsName => self.private_dns.to_lowercase(),
        }
    }

    /// The address that its API server and etcd are found at: of the family that services have.
    #[must_use]
    pub fn address(&self, ipv6: bool) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|address| address.is_ipv6() == ipv6)
    }
}
