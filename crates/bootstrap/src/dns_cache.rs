//! The cache of DNS on every node (`kubeDNS.nodeLocalDNS`): at which address pods find it.

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::NetworkPlugin;

use crate::ranges::Ranges;

/// The cache of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsCache {
    /// Its own address, which is the same on every node.
    pub address: String,
    /// Whether it takes the address of the DNS service as well, so that pods find it there. It cannot where Cilium or ipvs leads
    /// that address elsewhere before: then kubelets have to name its own.
    pub takes_service: bool,
}

impl DnsCache {
    /// That of a cluster, if it has one.
    #[must_use]
    pub fn of(spec: &ResolvedSpec, ranges: &Ranges) -> Option<Self> {
        let settings = &spec.cluster.settings;
        let cache = settings.block("kubeDNS").block("nodeLocalDNS");
        if cache.boolean("enabled") != Some(true) {
            return None;
        }
        let usual = if ranges.ipv6 { "fd00:90de:d95::1" } else { "169.254.20.10" };
        let address = cache.text("localIP").unwrap_or(usual).to_owned();
        let cilium = matches!(spec.cluster.network.plugin, NetworkPlugin::Cilium { .. });
        let ipvs = settings.block("kubeProxy").text("proxyMode") == Some("ipvs");
        Some(Self { address, takes_service: !cilium && !ipvs })
    }
}
