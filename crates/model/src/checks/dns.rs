//! The hosted zone of the cluster's records.

use kedge_diag::Diagnostic;
use kedge_spec::resolved::DnsType;

use crate::lowering::Lowering;

/// Reports a missing zone.
pub(super) fn check(lowering: &mut Lowering<'_>) {
    let dns = &lowering.cluster.dns;
    let kind = match dns.dns_type {
        DnsType::None => return,
        DnsType::Public => "public",
        DnsType::Private => "private",
    };
    if lowering.hosted_zone.is_some() {
        return;
    }
    let known: Vec<&str> = lowering
        .facts
        .hosted_zones
        .iter()
        .filter(|zone| zone.private == (dns.dns_type == DnsType::Private))
        .map(|zone| zone.name.as_str())
        .collect();
    let wanted = match &dns.zone {
        Some(zone) => format!("no {kind} hosted zone {zone}"),
        None => format!("no {kind} hosted zone above {}", lowering.name()),
    };
    let there_are = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
    let detail = format!("the account has {wanted}; its {kind} zones: {there_are}");
    let path = if dns.zone.is_some() { "spec.dnsZone" } else { "spec.topology.dns.type" };
    let diagnostic = Diagnostic::error("no-hosted-zone", "there is no hosted zone for the cluster's records", detail)
        .hint("create the hosted zone in Route 53, or set spec.topology.dns.type to None to do without DNS records");
    lowering.report_cluster(path, diagnostic);
}
