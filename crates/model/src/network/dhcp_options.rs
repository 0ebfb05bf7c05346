//! DHCP options of an own VPC, which give instances their search domain.

use kedge_resource::Ref;
use kedge_resource::kind::{DhcpOptions, DhcpOptionsAssociation};
use kedge_spec::resolved::Vpc;

use crate::lowering::Lowering;
use crate::tags;

/// Makes the options and tells the VPC to use them.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    if !matches!(lowering.cluster.network.vpc, Vpc::Own { .. }) {
        return;
    }
    let name = lowering.name().as_str();
    lowering.add(
        name,
        DhcpOptions {
            domain_name: domain_name(&lowering.facts.region),
            domain_name_servers: vec!["AmazonProvidedDNS".to_owned()],
            tags: tags::standard(lowering.cluster, name),
        },
    );
    lowering.add(name, DhcpOptionsAssociation { vpc: lowering.vpc(), dhcp_options: Ref::managed(name) });
}

/// The domain of instances; the oldest region has a name of its own.
fn domain_name(region: &str) -> String {
    match region {
        "us-east-1" => "ec2.internal".to_owned(),
        _ => format!("{region}.compute.internal"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_oldest_region_has_its_own_domain() {
        assert_eq!(super::domain_name("us-east-1"), "ec2.internal");
        assert_eq!(super::domain_name("eu-west-1"), "eu-west-1.compute.internal");
    }
}
