//! The telling properties of what is made, in a few words.

use kedge_resource::kind::{KindOf, LaunchTemplate, Properties, Route, SecurityGroupRule};
use kedge_resource::reference::Target;
use kedge_resource::{PolicyDocument, Ref};

use crate::view::described;

/// What a reader wants to know of a resource that is made.
pub(crate) fn of(properties: &Properties) -> Vec<String> {
    match properties {
        Properties::Vpc(vpc) => words([
            vpc.cidr_block.clone(),
            some_if(vpc.amazon_provided_ipv6_cidr_block, "with an IPv6 range of Amazon"),
        ]),
        // Their names say it all.
        Properties::VpcCidrBlock(_)
        | Properties::PolicyAttachment(_)
        | Properties::EventTarget(_)
        | Properties::ClassicLoadBalancer(_) => Vec::new(),
        Properties::DhcpOptions(options) => words([options.domain_name.clone(), options.domain_name_servers.join(" ")]),
        Properties::DhcpOptionsAssociation(association) => vec![shown(&association.dhcp_options)],
        Properties::StoreObject(object) => object.version.iter().map(|version| format!("version {version}")).collect(),
        Properties::InternetGateway(gateway) => gateway.vpc.iter().map(|vpc| format!("of {}", shown(vpc))).collect(),
        Properties::EgressOnlyInternetGateway(gateway) => vec![format!("of {}", shown(&gateway.vpc))],
        Properties::Subnet(subnet) => words([
            subnet.availability_zone.clone(),
            subnet.cidr_block.clone().unwrap_or_default(),
            subnet.ipv6_cidr_block.clone().unwrap_or_default(),
        ]),
        Properties::RouteTable(_) => Vec::new(),
        Properties::RouteTableAssociation(association) => vec![shown(&association.route_table)],
        Properties::Route(route) => vec![format!("via {}", route_target(route))],
        Properties::ElasticIp(_) => Vec::new(),
        Properties::NatGateway(gateway) => vec![format!("in {}", shown(&gateway.subnet))],
        Properties::SecurityGroup(group) => vec![group.group_description.clone()],
        Properties::SecurityGroupRule(rule) => open_to_all(rule).into_iter().collect(),
        Properties::KeyPair(pair) => pair.fingerprint.clone().into_iter().collect(),
        Properties::Volume(volume) => words([
            volume.availability_zone.clone(),
            format!("{} GiB {}", volume.size, volume.volume_type),
            if volume.encrypted { "encrypted".to_owned() } else { "not encrypted".to_owned() },
        ]),
        Properties::LaunchTemplate(template) => launch_template(template),
        Properties::AutoScalingGroup(group) => words([
            sizes(group.min_size, group.max_size),
            count(group.subnets.len(), "subnet"),
            count(group.target_groups.len() + group.load_balancers.len(), "load balancer target"),
        ]),
        Properties::LifecycleHook(hook) => {
            words([format!("{} after {} s", hook.default_result.to_lowercase(), hook.heartbeat_timeout)])
        }
        Properties::WarmPool(pool) => vec![match pool.max_group_prepared_capacity {
            Some(most) => format!("{} to {most} stopped instances", pool.min_size),
            None => format!("at least {} stopped instances", pool.min_size),
        }],
        Properties::LoadBalancer(balancer) => {
            words([balancer.type_.clone(), balancer.scheme.clone(), count(balancer.subnet_mappings.len(), "subnet")])
        }
        Properties::TargetGroup(group) => vec![format!("{} {}", group.protocol, group.port)],
        Properties::Listener(listener) => {
            words([listener.protocol.clone(), format!("to {}", shown(&listener.target_group))])
        }
        Properties::RecordSet(record) => {
            record.alias_target.iter().map(|alias| format!("alias of {}", shown(&alias.load_balancer))).collect()
        }
        Properties::HostedZoneAssociation(association) => vec![format!("seen by {}", shown(&association.vpc))],
        Properties::Role(role) => principals(&role.assume_role_policy_document),
        Properties::InstanceProfile(profile) => profile.role.iter().map(shown).collect(),
        Properties::RolePolicy(policy) => vec![count(policy.policy_document.statement.len(), "statement")],
        Properties::OidcProvider(provider) => vec![provider.url.clone()],
        Properties::Queue(queue) => vec![format!("messages kept for {} s", queue.message_retention_period)],
        Properties::EventRule(rule) => detail_types(&rule.event_pattern),
        Properties::Instance(instance) => words([instance.instance_type.clone(), instance.state.clone()]),
        Properties::NetworkInterface(interface) => words([interface.description.clone(), interface.status.clone()]),
    }
}

/// A reference for people: `kind/name`, or the id of what exists.
fn shown<K: KindOf>(reference: &Ref<K>) -> String {
    match reference.target() {
        Target::Managed(name) => format!("{}/{name}", K::KIND),
        Target::Existing(id) => id.clone(),
    }
}

fn words<const N: usize>(words: [String; N]) -> Vec<String> {
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn some_if(condition: bool, text: &str) -> String {
    if condition { text.to_owned() } else { String::new() }
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => String::new(),
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

fn sizes(min: i32, max: i32) -> String {
    match (min, max) {
        (1, 1) => "1 instance".to_owned(),
        (min, max) if min == max => format!("{min} instances"),
        (min, max) => format!("{min} to {max} instances"),
    }
}

fn route_target(route: &Route) -> String {
    let Route {
        route_table: _,
        destination_cidr_block: _,
        destination_ipv6_cidr_block: _,
        gateway,
        nat_gateway,
        egress_only_internet_gateway,
        transit_gateway_id,
        instance_id,
        vpc_peering_connection_id,
    } = route;
    gateway
        .as_ref()
        .map(shown)
        .or_else(|| nat_gateway.as_ref().map(shown))
        .or_else(|| egress_only_internet_gateway.as_ref().map(shown))
        .or_else(|| transit_gateway_id.clone())
        .or_else(|| instance_id.clone())
        .or_else(|| vpc_peering_connection_id.clone())
        .unwrap_or_else(|| "nothing".to_owned())
}

/// The peer is in the rule's name; that it is everybody deserves a word.
fn open_to_all(rule: &SecurityGroupRule) -> Option<String> {
    let everybody = rule.cidr_ip.as_deref() == Some("0.0.0.0/0") || rule.cidr_ipv6.as_deref() == Some("::/0");
    (everybody && rule.direction == kedge_resource::kind::Direction::Ingress).then(|| "open to everybody".to_owned())
}

fn launch_template(template: &LaunchTemplate) -> Vec<String> {
    let disk = template
        .block_device_mappings
        .first()
        .and_then(|mapping| mapping.ebs.as_ref())
        .and_then(|disk| disk.volume_size.map(|size| format!("{size} GiB {}", disk.volume_type)));
    let spot = template.instance_market_options.as_ref().map(|options| options.market_type.clone());
    let user_data = template.user_data.as_ref().map(|data| match described(data) {
        Some(description) => format!("user data of {description}"),
        None => count(data.lines().count(), "line") + " of user data",
    });
    words([
        template.instance_type.clone(),
        template.image_id.clone(),
        disk.unwrap_or_default(),
        spot.unwrap_or_default(),
        user_data.unwrap_or_default(),
    ])
}

fn principals(document: &PolicyDocument) -> Vec<String> {
    let mut names: Vec<&str> = document
        .statement
        .iter()
        .flat_map(|statement| statement.principal.values())
        .flatten()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { Vec::new() } else { vec![format!("for {}", names.join(", "))] }
}

fn detail_types(pattern: &serde_json::Value) -> Vec<String> {
    pattern
        .get("detail-type")
        .and_then(serde_json::Value::as_array)
        .map(|types| types.iter().filter_map(serde_json::Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}
