//! How much of each thing the account may hold. The numbers are AWS's defaults; the account file may have others.

use serde::{Deserialize, Serialize};

use super::api_error::{ApiError, ApiResult, require};

/// Quotas of the account. Edit them in the account file, or with `Sandbox::set_quotas`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Quotas {
    /// VPCs in the region.
    pub vpcs: usize,
    /// IPv4 ranges of a VPC.
    pub cidr_blocks_per_vpc: usize,
    /// Internet gateways in the region.
    pub internet_gateways: usize,
    /// Egress-only internet gateways in the region.
    pub egress_only_internet_gateways: usize,
    /// Subnets of a VPC.
    pub subnets_per_vpc: usize,
    /// Route tables of a VPC.
    pub route_tables_per_vpc: usize,
    /// Routes of a table.
    pub routes_per_table: usize,
    /// Elastic IP addresses in the region.
    pub elastic_ips: usize,
    /// NAT gateways in a zone.
    pub nat_gateways_per_zone: usize,
    /// Security groups in the region.
    pub security_groups: usize,
    /// Rules of a security group, for each direction.
    pub rules_per_security_group: usize,
    /// Security groups of a network interface.
    pub security_groups_per_interface: usize,
    /// Launch templates in the region.
    pub launch_templates: usize,
    /// Auto scaling groups in the region.
    pub auto_scaling_groups: usize,
    /// Virtual CPUs of running instances.
    pub vcpus: i64,
    /// Network load balancers in the region.
    pub load_balancers: usize,
    /// Target groups in the region.
    pub target_groups: usize,
    /// Listeners of a load balancer.
    pub listeners_per_load_balancer: usize,
    /// Roles in the account.
    pub roles: usize,
    /// Instance profiles in the account.
    pub instance_profiles: usize,
    /// Managed policies of a role.
    pub managed_policies_per_role: usize,
    /// Characters of all inline policies of a role.
    pub inline_policy_characters: usize,
    /// OpenID Connect providers in the account.
    pub oidc_providers: usize,
    /// Rules of the default event bus.
    pub event_rules: usize,
    /// Targets of a rule.
    pub targets_per_rule: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            vpcs: 5,
            cidr_blocks_per_vpc: 5,
            internet_gateways: 5,
            egress_only_internet_gateways: 5,
            subnets_per_vpc: 200,
            route_tables_per_vpc: 200,
            routes_per_table: 500,
            elastic_ips: 5,
            nat_gateways_per_zone: 5,
            security_groups: 2500,
            rules_per_security_group: 60,
            security_groups_per_interface: 5,
            launch_templates: 5000,
            auto_scaling_groups: 500,
            vcpus: 1152,
            load_balancers: 50,
            target_groups: 3000,
            listeners_per_load_balancer: 50,
            roles: 1000,
            instance_profiles: 1000,
            managed_policies_per_role: 10,
            inline_policy_characters: 10_240,
            oidc_providers: 100,
            event_rules: 300,
            targets_per_rule: 5,
        }
    }
}

/// Refuses one more of something of which there are `have` and may be `limit`.
pub(crate) fn room(have: usize, limit: usize, code: &str, what: &str) -> ApiResult<()> {
    require(have < limit, || ApiError::new(code, format!("The maximum number of {what} has been reached ({limit}).")))
}
