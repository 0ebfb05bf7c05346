//! Address ranges, who may connect, and node ports.

use ipnet::{IpNet, Ipv4Net};
use kedge_diag::Diagnostic;

use super::Report;
use crate::resolved::AccessSource;

/// Node ports of Kubernetes.
const NODE_PORTS: (u16, u16) = (30000, 32767);

/// An address range; one that is none is reported.
pub(super) fn range(report: &mut Report<'_>, path: &str, written: &str) -> Option<IpNet> {
    let trouble = |detail: String| Diagnostic::error("address-range", "address range cannot be used", detail);
    let Ok(network) = written.parse::<IpNet>() else {
        let diagnostic = trouble(format!("`{written}` is no range such as `10.0.0.0/16`"));
        let diagnostic = match written.parse::<std::net::IpAddr>() {
            Ok(address) => {
                let length = if address.is_ipv4() { 32 } else { 128 };
                diagnostic.hint(format!("for one address write `{written}/{length}`"))
            }
            Err(_) => diagnostic,
        };
        report.push(path, diagnostic);
        return None;
    };
    if network.trunc() != network {
        let start = network.trunc();
        report.push(
            path,
            trouble(format!("`{written}` is an address within a range, not the range: bits after the prefix are set"))
                .hint(format!("the range that it lies in is `{start}`")),
        );
    }
    Some(network.trunc())
}

/// An IPv4 range; anything else is reported.
pub(super) fn ipv4_range(report: &mut Report<'_>, path: &str, written: &str) -> Option<Ipv4Net> {
    match range(report, path, written)? {
        IpNet::V4(network) => Some(network),
        IpNet::V6(_) => {
            report.push(
                path,
                Diagnostic::error(
                    "address-range",
                    "address range cannot be used",
                    format!("`{written}` is an IPv6 range, and an IPv4 range is needed here"),
                ),
            );
            None
        }
    }
}

/// Who may connect: address ranges and prefix lists. What is neither is reported and left out.
pub(super) fn sources(report: &mut Report<'_>, path: &str, written: &[String]) -> Vec<AccessSource> {
    let source = |(at, text): (usize, &String)| {
        let path = format!("{path}[{at}]");
        if let Some(id) = text.strip_prefix("pl-") {
            if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Some(AccessSource::PrefixList(text.clone()));
            }
            report.push(
                &path,
                Diagnostic::error(
                    "prefix-list",
                    "prefix list is no id",
                    format!("`{text}` is no id such as `pl-0123abcd`"),
                ),
            );
            return None;
        }
        range(report, &path, text).map(AccessSource::Cidr)
    };
    written.iter().enumerate().filter_map(source).collect()
}

/// First and last node port.
pub(super) fn port_range(report: &mut Report<'_>, written: Option<&str>) -> (u16, u16) {
    let Some(written) = written else { return NODE_PORTS };
    let parse = || {
        let (first, last) = written.split_once('-')?;
        Some((first.trim().parse::<u16>().ok()?, last.trim().parse::<u16>().ok()?))
    };
    match parse() {
        Some((first, last)) if 0 < first && first <= last => (first, last),
        _ => {
            report.push(
                "spec.kubeAPIServer.serviceNodePortRange",
                Diagnostic::error(
                    "port-range",
                    "port range cannot be used",
                    format!("`{written}` is no range of ports"),
                )
                .hint("write the first and the last port, such as `30000-32767`"),
            );
            NODE_PORTS
        }
    }
}
