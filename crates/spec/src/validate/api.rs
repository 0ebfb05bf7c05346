//! The API, its load balancer, and security groups.

use std::net::Ipv4Addr;

use kedge_diag::Diagnostic;
use kedge_resource::ClusterName;

use super::Checker;
use crate::resolved::{ApiLoadBalancer, DnsType};

pub(super) fn check(checker: &mut Checker<'_>) {
    let cluster = &checker.draft.spec.cluster;
    if cluster.dns.dns_type != DnsType::None
        && let Err(error) = ClusterName::parse(&cluster.api.public_name)
    {
        checker.cluster(
            "spec.masterPublicName",
            Diagnostic::error("api-name", "API name is no DNS name", format!("`{}`: {error}", cluster.api.public_name))
                .hint(format!("the default is `api.{}`", cluster.name)),
        );
    }
    for (at, group) in cluster.bastion.additional_security_groups.iter().enumerate() {
        let path = format!("spec.topology.bastion.loadBalancer.additionalSecurityGroups[{at}]");
        if let Some(diagnostic) = security_group(group) {
            checker.cluster(&path, diagnostic);
        }
    }
    if let Some(load_balancer) = &cluster.api.load_balancer {
        check_load_balancer(checker, load_balancer);
    } else if cluster.dns.dns_type == DnsType::None {
        checker.cluster(
            "spec.api",
            Diagnostic::error(
                "api-unreachable",
                "API cannot be found",
                "without DNS records and without a load balancer nodes have no address of the API",
            )
            .hint("set `api: {loadBalancer: {type: Public}}`"),
        );
    }
}

fn check_load_balancer(checker: &mut Checker<'_>, load_balancer: &ApiLoadBalancer) {
    let path = "spec.api.loadBalancer";
    if let Some(diagnostic) = load_balancer.security_group_override.as_deref().and_then(security_group) {
        checker.cluster(&format!("{path}.securityGroupOverride"), diagnostic);
    }
    for (at, group) in load_balancer.additional_security_groups.iter().enumerate() {
        if let Some(diagnostic) = security_group(group) {
            checker.cluster(&format!("{path}.additionalSecurityGroups[{at}]"), diagnostic);
        }
    }
    if let Some(arn) = &load_balancer.certificate
        && !arn.starts_with("arn:")
    {
        checker.cluster(
            &format!("{path}.sslCertificate"),
            Diagnostic::error(
                "certificate-arn",
                "certificate is no ARN",
                format!("`{arn}` is no ARN of a certificate"),
            ),
        );
    }
    if load_balancer.internal && load_balancer.use_for_internal_api {
        let detail = "a control plane cannot reach itself through an internal load balancer of this class";
        checker.cluster(
            &format!("{path}.useForInternalApi"),
            Diagnostic::error("internal-api", "load balancer cannot serve the control plane", detail)
                .hint("remove `useForInternalApi`, or set `type: Public`"),
        );
    }
    if load_balancer.ssl_policy.is_some() && load_balancer.certificate.is_none() {
        checker.cluster(
            &format!("{path}.sslPolicy"),
            Diagnostic::error("ssl-policy", "policy has no certificate", "TLS ends at the API server, not here")
                .hint("add `sslCertificate`, or remove `sslPolicy`"),
        );
    }
    for (at, mapping) in load_balancer.subnets.iter().enumerate() {
        let path = format!("{path}.subnets[{at}]");
        let subnet = checker.draft.spec.cluster.network.subnet(&mapping.name);
        if subnet.is_none() {
            checker.cluster(&format!("{path}.name"), unknown_subnet(checker, &mapping.name));
        }
        if mapping.allocation_id.is_some() && load_balancer.internal {
            checker.cluster(
                &format!("{path}.allocationId"),
                Diagnostic::error(
                    "load-balancer-address",
                    "address does not fit the load balancer",
                    "an internal load balancer has no public addresses",
                )
                .hint("remove `allocationId`, or set `type: Public`"),
            );
        }
        if let Some(address) = &mapping.private_ipv4_address {
            let inside = address
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| subnet.and_then(|subnet| subnet.cidr).is_none_or(|cidr| cidr.contains(&address)));
            let why = if !load_balancer.internal {
                "only internal load balancers have fixed private addresses"
            } else if !inside {
                "it is no IPv4 address of the subnet"
            } else {
                continue;
            };
            checker.cluster(
                &format!("{path}.privateIPv4Address"),
                Diagnostic::error(
                    "load-balancer-address",
                    "address does not fit the load balancer",
                    format!("`{address}`: {why}"),
                ),
            );
        }
    }
}

/// Says that a subnet is not there.
pub(super) fn unknown_subnet(checker: &Checker<'_>, name: &str) -> Diagnostic {
    let names: Vec<&str> =
        checker.draft.spec.cluster.network.subnets.iter().map(|subnet| subnet.name.as_str()).collect();
    let diagnostic = Diagnostic::error(
        "unknown-subnet",
        "subnet is not in the cluster",
        format!("`{name}` is the name of no subnet of the cluster"),
    );
    match crate::decode::nearest(name, names.iter().copied()) {
        Some((near, _)) => diagnostic.hint(format!("did you mean `{near}`?")),
        None if names.is_empty() => diagnostic,
        None => diagnostic.hint(format!("the cluster has `{}`", names.join("`, `"))),
    }
}

/// Says that a text is no id of a security group.
pub(super) fn security_group(id: &str) -> Option<Diagnostic> {
    (!id.starts_with("sg-")).then(|| {
        Diagnostic::error(
            "security-group-id",
            "security group is no id",
            format!("`{id}` is no id such as `sg-0123abcd`"),
        )
    })
}
