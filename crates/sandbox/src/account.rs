//! The account: what it holds, and one function for each API call.
//!
//! A function checks first and changes then, so that a refused call changes nothing. It knows nothing of callers, faults,
//! files or waiting: those are in `call.rs` and `sandbox.rs`.

use std::collections::BTreeMap;

use kedge_resource::facts::{Image, InstanceTypes};
use serde::{Deserialize, Serialize};

pub(crate) mod address;
pub(crate) mod anything;
pub(crate) mod api_error;
pub(crate) mod cidr;
pub(crate) mod dhcp_options;
pub(crate) mod egress_only_gateway;
pub(crate) mod event_rule;
pub(crate) mod group_capacity;
pub(crate) mod hosted_zone;
pub(crate) mod ids;
pub(crate) mod instance;
pub(crate) mod instance_profile;
pub(crate) mod internet_gateway;
pub(crate) mod key_fingerprint;
pub(crate) mod key_pair;
pub(crate) mod launch_template;
pub(crate) mod lifecycle_hook;
pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod nat_gateway;
pub(crate) mod network_interface;
pub(crate) mod oidc_provider;
pub(crate) mod queue;
pub(crate) mod quota;
pub(crate) mod role;
pub(crate) mod role_policy;
pub(crate) mod route;
pub(crate) mod route_table;
pub(crate) mod scaling_group;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod tagging;
pub(crate) mod target_group;
pub(crate) mod timer;
pub(crate) mod volume;
pub(crate) mod vpc;
pub(crate) mod warm_pool;

use quota::Quotas;

/// Version of the account file that this code writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Everything that the account holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) format_version: u32,
    pub(crate) region: String,
    pub(crate) partition: String,
    pub(crate) account_id: String,
    pub(crate) availability_zones: Vec<String>,
    pub(crate) images: Vec<Image>,
    /// Public parameters of Systems Manager that name images.
    #[serde(default)]
    pub(crate) image_parameters: BTreeMap<String, String>,
    pub(crate) instance_types: InstanceTypes,
    #[serde(default)]
    pub(crate) quotas: Quotas,
    /// What ids are made from, besides names.
    pub(crate) id_seed: String,
    /// How many things of a kind and name were made.
    #[serde(default)]
    pub(crate) counters: BTreeMap<String, u64>,
    /// Simulated milliseconds since the account was opened.
    pub(crate) now_ms: u64,
    /// What happens by itself later.
    #[serde(default)]
    pub(crate) timers: Vec<timer::Timer>,
    /// What was made under a client token: call and token to id.
    #[serde(default)]
    pub(crate) tokens: BTreeMap<String, String>,

    pub(crate) vpcs: BTreeMap<String, vpc::Vpc>,
    pub(crate) dhcp_options: BTreeMap<String, dhcp_options::DhcpOptions>,
    pub(crate) internet_gateways: BTreeMap<String, internet_gateway::InternetGateway>,
    pub(crate) egress_only_gateways: BTreeMap<String, egress_only_gateway::EgressOnlyGateway>,
    pub(crate) subnets: BTreeMap<String, subnet::Subnet>,
    pub(crate) route_tables: BTreeMap<String, route_table::RouteTable>,
    pub(crate) addresses: BTreeMap<String, address::Address>,
    pub(crate) nat_gateways: BTreeMap<String, nat_gateway::NatGateway>,
    pub(crate) network_interfaces: BTreeMap<String, network_interface::NetworkInterface>,
    pub(crate) security_groups: BTreeMap<String, security_group::SecurityGroup>,
    /// By name.
    pub(crate) key_pairs: BTreeMap<String, key_pair::KeyPair>,
    pub(crate) volumes: BTreeMap<String, volume::Volume>,
    /// By name.
    pub(crate) launch_templates: BTreeMap<String, launch_template::LaunchTemplate>,
    pub(crate) instances: BTreeMap<String, instance::Instance>,
    /// By name.
    pub(crate) scaling_groups: BTreeMap<String, scaling_group::ScalingGroup>,
    /// By ARN.
    pub(crate) load_balancers: BTreeMap<String, load_balancer::LoadBalancer>,
    /// By name.
    pub(crate) classic_load_balancers: BTreeMap<String, load_balancer::ClassicLoadBalancer>,
    /// By ARN.
    pub(crate) target_groups: BTreeMap<String, target_group::TargetGroup>,
    /// By ARN.
    pub(crate) listeners: BTreeMap<String, listener::Listener>,
    pub(crate) hosted_zones: BTreeMap<String, hosted_zone::HostedZone>,
    /// By name.
    pub(crate) roles: BTreeMap<String, role::Role>,
    /// By name.
    pub(crate) instance_profiles: BTreeMap<String, instance_profile::InstanceProfile>,
    /// By ARN.
    pub(crate) oidc_providers: BTreeMap<String, oidc_provider::OidcProvider>,
    /// By name.
    pub(crate) queues: BTreeMap<String, queue::Queue>,
    /// Names of deleted queues, and until when they are taken.
    #[serde(default)]
    pub(crate) deleted_queues: BTreeMap<String, u64>,
    /// By name, on the default bus.
    pub(crate) event_rules: BTreeMap<String, event_rule::EventRule>,
}

impl Account {
    /// An account of `region` that holds nothing.
    pub(crate) fn new(region: &str, partition: &str, account_id: &str) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            region: region.to_owned(),
            partition: partition.to_owned(),
            account_id: account_id.to_owned(),
            availability_zones: Vec::new(),
            images: Vec::new(),
            image_parameters: BTreeMap::new(),
            instance_types: InstanceTypes::default(),
            quotas: Quotas::default(),
            id_seed: format!("{account_id} {region}"),
            counters: BTreeMap::new(),
            now_ms: 0,
            timers: Vec::new(),
            tokens: BTreeMap::new(),
            vpcs: BTreeMap::new(),
            dhcp_options: BTreeMap::new(),
            internet_gateways: BTreeMap::new(),
            egress_only_gateways: BTreeMap::new(),
            subnets: BTreeMap::new(),
            route_tables: BTreeMap::new(),
            addresses: BTreeMap::new(),
            nat_gateways: BTreeMap::new(),
            network_interfaces: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            key_pairs: BTreeMap::new(),
            volumes: BTreeMap::new(),
            launch_templates: BTreeMap::new(),
            instances: BTreeMap::new(),
            scaling_groups: BTreeMap::new(),
            load_balancers: BTreeMap::new(),
            classic_load_balancers: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            listeners: BTreeMap::new(),
            hosted_zones: BTreeMap::new(),
            roles: BTreeMap::new(),
            instance_profiles: BTreeMap::new(),
            oidc_providers: BTreeMap::new(),
            queues: BTreeMap::new(),
            deleted_queues: BTreeMap::new(),
            event_rules: BTreeMap::new(),
        }
    }

    /// What an earlier call with the same client token made, if it still knows the token.
    pub(crate) fn by_token(&self, action: &str, token: &str) -> Option<String> {
        self.tokens.get(&format!("{action} {token}")).cloned()
    }

    /// Remembers what a call with a client token made.
    pub(crate) fn remember_token(&mut self, action: &str, token: &str, id: &str) {
        self.tokens.insert(format!("{action} {token}"), id.to_owned());
    }
}

#[cfg(test)]
pub(crate) mod testing;
