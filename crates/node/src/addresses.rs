//! Addresses that members of etcd have left, which this instance answers at until they are known elsewhere.

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use kedge_agent::{Command, Host};
use kedge_etcd::{Addresses, EtcdError};

/// The interface that has them, and nothing else: so they are gone when it is. A bridge without ports: every node has the module
/// of those, which container networks need; that of dummies is not everywhere.
const INTERFACE: &str = "kedge-etcd";

/// The old addresses on an interface of this instance.
#[derive(Debug)]
pub(crate) struct OldAddresses<'a> {
    /// The machine.
    pub(crate) host: &'a dyn Host,
}

impl OldAddresses<'_> {
    async fn ip(&self, arguments: &[&str]) -> Result<(), EtcdError> {
        let command = Command::new("ip", arguments.iter().copied());
        let failed = |why: String| EtcdError::Program { program: format!("`{command}`"), why };
        let output = self.host.run(&command).await.map_err(|error| failed(error.to_string()))?;
        if output.is_ok() { Ok(()) } else { Err(failed(output.last_line())) }
    }
}

#[async_trait]
impl Addresses for OldAddresses<'_> {
    async fn answer_at(&self, addresses: &BTreeSet<IpAddr>) -> Result<(), EtcdError> {
        // What an earlier life has left is none of ours.
        if self.ip(&["link", "show", "dev", INTERFACE]).await.is_ok() {
            self.ip(&["link", "delete", "dev", INTERFACE]).await?;
        }
        if addresses.is_empty() {
            return Ok(());
        }
        self.ip(&["link", "add", "name", INTERFACE, "type", "bridge"]).await?;
        for address in addresses {
            // Nobody else in the network is asked, and nobody is told.
            let whole = format!("{address}/{}", if address.is_ipv6() { 128 } else { 32 });
            let quiet = address.is_ipv6().then_some("nodad");
            let arguments = ["address", "add", whole.as_str(), "dev", INTERFACE].into_iter().chain(quiet);
            self.ip(&arguments.collect::<Vec<_>>()).await?;
        }
        self.ip(&["link", "set", "dev", INTERFACE, "up", "arp", "off"]).await
    }
}
