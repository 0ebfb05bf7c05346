//! Ranges of addresses within the cluster: of services, of pods, and the address of DNS among the services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use kedge_spec::ResolvedSpec;

use crate::args::Args;
use crate::components::Component;
use crate::problem::BootProblem;

/// Ranges of addresses within the cluster, as kops divides them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// Of services.
    pub services: String,
    /// Of pods.
    pub pods: String,
    /// Address of DNS.
    pub dns: String,
    /// Whether pods have IPv6 addresses only.
    pub ipv6: bool,
}

impl Ranges {
    /// Those of a cluster.
    pub fn of(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Self {
        let settings = &spec.cluster.settings;
        let ipv6 = spec.cluster.network.ipv6_only();
        let (services, pods) = match spec.cluster.network.non_masquerade_cidr {
            // A first eighth is for services, the second half for pods.
            IpNet::V4(range) => {
                let (part, half) = ((range.prefix_len() + 3).min(32), (range.prefix_len() + 1).min(32));
                let upper = u32::from(range.network()) | 1_u32.checked_shl(32 - u32::from(half)).unwrap_or_default();
                (format!("{}/{part}", range.network()), format!("{}/{half}", Ipv4Addr::from(upper)))
            }
            IpNet::V6(_) => ("fd00:5e4f:ce::/108".to_owned(), "::/0".to_owned()),
        };
        let api = settings.block("kubeAPIServer");
        let written = settings.text("serviceClusterIPRange").or_else(|| api.text("serviceClusterIPRange"));
        let services = written.map_or(services, str::to_owned);
        let pods = settings.text("podCIDR").map_or(pods, str::to_owned);
        let dns_settings = settings.block("kubeDNS");
        let written = dns_settings.text("serverIP");
        let dns = match services.split(',').next().and_then(|range| range.parse::<IpNet>().ok()) {
            Some(range) => {
                if let Some(address) = written.filter(|address| !may_be_dns(address, &range)) {
                    problems.push(BootProblem::new(
                        "kubeDNS.serverIP",
                        format!("`{address}` is no address that a service can have: they are in {range}, and the first is that of the API"),
                        format!("leave it out, which makes it {}, or take another one of the range", tenth(range.network())),
                    ));
                }
                tenth(range.network())
            }
            None => {
                problems.push(BootProblem::new(
                    "serviceClusterIPRange",
                    format!("`{services}` is no range of addresses"),
                    "write a range such as `100.64.0.0/13`",
                ));
                String::new()
            }
        };
        let dns = written.map_or(dns, str::to_owned);
        Self { services, pods, dns, ipv6 }
    }

    /// Pods with IPv6 addresses get them from AWS, not from the controller manager.
    pub(crate) fn tell(&self, controller_manager: &mut Component) {
        if self.ipv6 {
            let mut args = Args(std::mem::take(&mut controller_manager.extra_args));
            args.usual("allocate-node-cidrs", "false");
            args.usual("cluster-cidr", self.pods.clone());
            controller_manager.extra_args = args.0;
        }
    }
}

/// Whether the service of DNS can have an address: the API server gives its own service the first one of the range.
fn may_be_dns(address: &str, services: &IpNet) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let first = services.hosts().next();
    let broadcast = address.is_ipv4() && address == services.broadcast();
    services.contains(&address) && address != services.network() && !broadcast && Some(address) != first
}

/// The tenth address of a range, which is that of DNS.
fn tenth(network: IpAddr) -> String {
    match network {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).saturating_add(10)).to_string(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address).saturating_add(10)).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    #[test]
    fn ranges_are_divided_as_in_kops() {
        let ranges = |changes: &[(&str, &str)]| {
            let mut problems = Vec::new();
            let ranges = Ranges::of(&spec(changes), &mut problems);
            assert_eq!(problems, []);
            (ranges.services, ranges.pods, ranges.dns)
        };
        let all = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(ranges(&[]), all("100.64.0.0/13", "100.96.0.0/11", "100.64.0.10"));
        let own = [("spec:\n", "spec:\n  serviceClusterIPRange: 10.96.0.0/16\n  podCIDR: 10.244.0.0/16\n")];
        assert_eq!(ranges(&own), all("10.96.0.0/16", "10.244.0.0/16", "10.96.0.10"));
        let dns = [("spec:\n", "spec:\n  kubeDNS: {serverIP: 100.64.0.53}\n")];
        assert_eq!(ranges(&dns), all("100.64.0.0/13", "100.96.0.0/11", "100.64.0.53"));
    }

    #[test]
    fn the_address_of_dns_is_one_that_a_service_can_have() {
        for address in ["100.64.0.0", "100.64.0.1", "100.71.255.255", "100.96.0.10", "fd00::a", "dns"] {
            let mut problems = Vec::new();
            let dns = format!("spec:\n  kubeDNS: {{serverIP: '{address}'}}\n");
            Ranges::of(&spec(&[("spec:\n", &dns)]), &mut problems);
            let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
            assert_eq!(fields, ["kubeDNS.serverIP"], "{address}");
        }
    }
}
