//! How much an account holds, whoever's it is: what a test compares that wants to know whether something was left behind or
//! made twice.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::error::SandboxError;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// How many things of each kind the account holds, in all clusters and in none. Things that AWS still shows after their
    /// end do not count.
    ///
    /// # Errors
    /// The account cannot be read.
    pub fn holdings(&self) -> Result<BTreeMap<&'static str, usize>, SandboxError> {
        self.look(holdings)
    }
}

fn holdings(account: &Account) -> BTreeMap<&'static str, usize> {
    let Account {
        format_version: _,
        region: _,
        partition: _,
        account_id: _,
        availability_zones: _,
        images: _,
        image_parameters: _,
        instance_types: _,
        quotas: _,
        id_seed: _,
        counters: _,
        now_ms: _,
        timers: _,
        tokens: _,
        vpcs,
        dhcp_options,
        internet_gateways,
        egress_only_gateways,
        subnets,
        route_tables,
        addresses,
        nat_gateways,
        network_interfaces,
        security_groups,
        key_pairs,
        volumes,
        launch_templates,
        instances,
        scaling_groups,
        load_balancers,
        classic_load_balancers,
        target_groups,
        listeners,
        hosted_zones,
        roles,
        instance_profiles,
        oidc_providers,
        queues,
        deleted_queues: _,
        event_rules,
    } = account;
    BTreeMap::from([
        ("VPC", vpcs.len()),
        ("range of a VPC", vpcs.values().map(|vpc| vpc.blocks.len() + usize::from(vpc.ipv6.is_some())).sum()),
        ("DHCP options", dhcp_options.len()),
        ("internet gateway", internet_gateways.len()),
        ("egress-only internet gateway", egress_only_gateways.len()),
        ("subnet", subnets.len()),
        ("route table", route_tables.len()),
        ("route", route_tables.values().map(|table| table.routes.len()).sum()),
        ("route table association", route_tables.values().map(|table| table.associations.len()).sum()),
        ("address", addresses.len()),
        ("NAT gateway", nat_gateways.values().filter(|gateway| gateway.state != "deleted").count()),
        ("network interface", network_interfaces.len()),
        ("security group", security_groups.len()),
        ("security group rule", security_groups.values().map(|group| group.rules.len()).sum()),
        ("key pair", key_pairs.len()),
        ("volume", volumes.len()),
        ("launch template", launch_templates.len()),
        ("launch template version", launch_templates.values().map(|template| template.versions.len()).sum()),
        ("instance", instances.values().filter(|instance| instance.state != "terminated").count()),
        ("auto scaling group", scaling_groups.len()),
        ("lifecycle hook", scaling_groups.values().map(|group| group.hooks.len()).sum()),
        ("warm pool", scaling_groups.values().filter(|group| group.warm_pool.is_some()).count()),
        ("load balancer", load_balancers.len()),
        ("classic load balancer", classic_load_balancers.len()),
        ("target group", target_groups.len()),
        ("listener", listeners.len()),
        ("hosted zone", hosted_zones.len()),
        ("record", hosted_zones.values().map(|zone| zone.records.len()).sum()),
        ("role", roles.len()),
        ("role policy", roles.values().map(|role| role.policies.len() + role.attached.len()).sum()),
        ("instance profile", instance_profiles.len()),
        ("OIDC provider", oidc_providers.len()),
        ("queue", queues.len()),
        ("event rule", event_rules.len()),
        ("event target", event_rules.values().map(|rule| rule.targets.len()).sum()),
    ])
}

#[cfg(test)]
mod tests {
    use kedge_resource::Tags;

    use super::*;

    #[test]
    fn what_nobody_owns_counts_too() {
        let sandbox = Sandbox::in_memory(None, None).unwrap();
        let before = sandbox.holdings().unwrap();
        let vpc = sandbox.by_hand().put_foreign_vpc("10.1.0.0/16", &Tags::default()).unwrap();
        let mut expected = before.clone();
        // a VPC comes with its main route table, and with its default security group and the rule of that
        for kind in ["VPC", "route table", "security group", "security group rule"] {
            *expected.get_mut(kind).unwrap() += 1;
        }
        assert_eq!(sandbox.holdings().unwrap(), expected);
        sandbox.by_hand().delete(&vpc).unwrap();
        assert_eq!(sandbox.holdings().unwrap(), before);
    }
}
