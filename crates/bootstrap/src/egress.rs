//! The proxy by which instances reach the internet, and what they reach without it.

use ipnet::IpNet;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::Vpc;
use serde::{Deserialize, Serialize};

use crate::endpoint::{ApiEndpoint, internal_name};
use crate::files::File;
use crate::ranges::Ranges;

/// The instance itself and what only it reaches, what is in its cluster, and names that AWS gives instances.
const DIRECT: [&str; 7] = ["127.0.0.1", "localhost", "::1", "169.254.169.254", "fd00:ec2::254", ".svc", ".internal"];

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// Its URL.
    pub url: String,
    /// Names, addresses and ranges that are reached without it.
    pub direct: Vec<String>,
}

impl Proxy {
    /// The proxy of a cluster, if it has one. What kops reaches without it is reached without it, and everything in the VPC:
    /// kubelets and control planes have to find each other whether the proxy is there or not.
    pub fn of(spec: &ResolvedSpec, endpoint: &ApiEndpoint, ranges: &Ranges) -> Option<Self> {
        let cluster = &spec.cluster;
        let settings = cluster.settings.block("egressProxy");
        let proxy = settings.block("httpProxy");
        let host = proxy.text("host")?;
        let host = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
        let url = proxy.integer("port").map_or(host.clone(), |port| format!("{host}:{port}"));
        let network = &cluster.network;
        let vpc = match &network.vpc {
            Vpc::Own { cidr } => Some(*cidr),
            Vpc::Shared { cidr, .. } => *cidr,
        };
        let domain = cluster.settings.text("clusterDNSDomain").unwrap_or("cluster.local");
        let names = [domain, cluster.name.as_str(), &cluster.api.public_name, &internal_name(spec), &endpoint.host];
        let of_subnets = network.subnets.iter().filter_map(|subnet| subnet.cidr);
        let vpc = vpc.into_iter().chain(network.additional_cidrs.iter().copied()).chain(of_subnets);
        // An IPv6 range of a whole cluster is every address that there is.
        let pods = Some(network.non_masquerade_cidr).filter(|range| matches!(range, IpNet::V4(_)));
        let pods =
            pods.map(|range| range.to_string()).into_iter().chain([&ranges.services, &ranges.pods].map(Clone::clone));
        let pods = pods.flat_map(|ranges| ranges.split(',').map(str::to_owned).collect::<Vec<_>>());
        let written = settings.text("excludes").unwrap_or_default().split(',').map(|name| name.trim().to_owned());
        let all = DIRECT.into_iter().chain(names).map(str::to_owned);
        let mut direct: Vec<String> = Vec::new();
        for one in all.chain(pods).chain(vpc.map(|range| range.to_string())).chain(written) {
            if !one.is_empty() && one != "::/0" && !direct.contains(&one) {
                direct.push(one);
            }
        }
        Some(Self { url, direct })
    }

    /// Whether its URL holds a name and a password, which not everybody may see.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.url.contains('@')
    }

    /// The same, of which it is not known that something is reached without it.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.direct.retain(|known| known != name);
        self
    }

    /// Variables by which programs know it. Some read the one way of writing, some the other.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 6] {
        let direct = self.direct.join(",");
        [
            ("HTTP_PROXY", self.url.clone()),
            ("http_proxy", self.url.clone()),
            ("HTTPS_PROXY", self.url.clone()),
            ("https_proxy", self.url.clone()),
            ("NO_PROXY", direct.clone()),
            ("no_proxy", direct),
        ]
    }

    /// What tells it to containerd and to kubelets.
    pub(crate) fn files(&self) -> [File; 2] {
        let lines =
            self.variables().map(|(name, value)| format!("Environment=\"{name}={}\"\n", value.replace('%', "%%")));
        let text = format!("[Service]\n{}", lines.concat());
        ["containerd", "kubelet"]
            .map(|unit| File::text(format!("/etc/systemd/system/{unit}.service.d/egress-proxy.conf"), &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    fn proxy(changes: &[(&str, &str)]) -> Proxy {
        let spec = spec(changes);
        let ranges = Ranges::of(&spec, &mut Vec::new());
        Proxy::of(&spec, &ApiEndpoint::of(&spec, None).unwrap(), &ranges).unwrap()
    }

    #[test]
    fn what_is_of_the_cluster_is_reached_without_it() {
        let written = "spec:\n  egressProxy: {httpProxy: {host: proxy.example.com, port: 3128}, excludes: \"a.example.com, 10.0.0.0/8\"}\n";
        let proxy = proxy(&[("spec:\n", written)]);
        assert_eq!(proxy.url, "http://proxy.example.com:3128");
        let wanted = [
            "127.0.0.1",
            "localhost",
            "::1",
            "169.254.169.254",
            "fd00:ec2::254",
            ".svc",
            ".internal",
            "cluster.local",
            "c.example.com",
            "api.c.example.com",
            "api.internal.c.example.com",
            "100.64.0.0/10",
            "100.64.0.0/13",
            "100.96.0.0/11",
            "172.20.0.0/16",
            "172.20.32.0/19",
            "a.example.com",
            "10.0.0.0/8",
        ];
        assert_eq!(proxy.direct, wanted);
        assert!(!proxy.is_secret());
    }

    #[test]
    fn not_everything_is_direct_where_pods_have_ipv6_addresses() {
        let proxy = proxy(&[
            ("nonMasqueradeCIDR: 100.64.0.0/10", "nonMasqueradeCIDR: '::/0'"),
            ("cidr: 172.20.32.0/19}", "cidr: 172.20.32.0/19, ipv6CIDR: '/64#0'}"),
            ("spec:\n", "spec:\n  egressProxy: {httpProxy: {host: 'https://user:word@proxy.example.com'}}\n"),
        ]);
        assert!(!proxy.direct.iter().any(|one| one.ends_with("/0")), "{proxy:?}");
        assert!(proxy.is_secret());
    }
}
