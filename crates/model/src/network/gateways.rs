//! Gateways between an own VPC and the internet. An existing VPC brings its own.

use kedge_resource::kind::{EgressOnlyInternetGateway, InternetGateway};
use kedge_spec::resolved::Vpc;

use crate::lowering::Lowering;
use crate::tags;

/// Makes the gateways that some subnet needs.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    if !matches!(lowering.cluster.network.vpc, Vpc::Own { .. }) {
        return;
    }
    let name = lowering.name().as_str();
    let tags = tags::standard(lowering.cluster, name);
    if needs_internet_gateway(lowering) {
        let gateway = InternetGateway { vpc: Some(lowering.vpc()), tags: tags.clone() };
        lowering.add(name, gateway);
    }
    if needs_egress_only_gateway(lowering) {
        let gateway = EgressOnlyInternetGateway { vpc: lowering.vpc(), tags };
        lowering.add(name, gateway);
    }
}

/// Whether routes to the internet are the cluster's business at all.
pub(crate) fn needs_internet_gateway(lowering: &Lowering<'_>) -> bool {
    lowering.subnets.iter().any(|subnet| !subnet.unmanaged())
}

/// Whether instances without a public address reach IPv6 through a gateway that lets nobody in.
pub(crate) fn needs_egress_only_gateway(lowering: &Lowering<'_>) -> bool {
    lowering.cluster.network.ipv6_only()
        && lowering.subnets.iter().any(|subnet| !subnet.public() && !subnet.unmanaged())
}
