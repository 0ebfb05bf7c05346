//! The neutral resource list: desired resources as other planners print them too, for comparison.
//!
//! Properties keep their CloudFormation names. What refers to another resource is a name and its property ends in `Name`
//! or `Names`; resources carry their own name as a property; security group rules are ingress or egress.

use kedge_resource::Desired;
use kedge_resource::kind::{Kind, SecurityGroupRule};
use kedge_resource::reference::parse_managed;
use serde_json::{Map, Value, json};

/// Properties that refer to one resource.
const REFERENCES: [&str; 17] = [
    "AutoScalingGroup",
    "DhcpOptions",
    "EgressOnlyInternetGateway",
    "Eip",
    "Gateway",
    "InstanceProfile",
    "Key",
    "LaunchTemplate",
    "LoadBalancer",
    "NatGateway",
    "Queue",
    "Role",
    "RouteTable",
    "Rule",
    "Subnet",
    "TargetGroup",
    "Vpc",
];

/// Properties that refer to several resources, and what they are called in the list.
const PLURAL_REFERENCES: [(&str, &str); 3] =
    [("SecurityGroups", "SecurityGroupNames"), ("Subnets", "SubnetNames"), ("TargetGroups", "TargetGroupNames")];

/// Properties whose keys are data, or whose text is nobody's reference.
const OPAQUE: [&str; 7] = [
    "AssumeRolePolicyDocument",
    "EventPattern",
    "LoadBalancerAttributes",
    "PolicyDocument",
    "Tags",
    "TargetGroupAttributes",
    "UserData",
];

/// The list, by type and name.
#[must_use]
pub fn neutral(desired: &Desired) -> Value {
    let mut list: Vec<(String, String, Value)> = desired
        .resources
        .iter()
        .map(|resource| {
            let name = resource.key.name.clone();
            match <&SecurityGroupRule>::try_from(&resource.properties) {
                Ok(rule) => (rule_type(rule).to_owned(), name, rule_properties(rule)),
                Err(kind) => {
                    (kind.cloudformation().to_owned(), name, properties(kind, &resource.key.name, &resource.properties))
                }
            }
        })
        .collect();
    list.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    list.into_iter()
        .map(|(kind, name, properties)| json!({"type": kind, "name": name, "properties": properties}))
        .collect()
}

/// The property that holds a resource's own name, where CloudFormation has one.
fn own_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::SecurityGroup => Some("GroupName"),
        Kind::KeyPair => Some("KeyName"),
        Kind::LaunchTemplate => Some("LaunchTemplateName"),
        Kind::AutoScalingGroup => Some("AutoScalingGroupName"),
        Kind::Role => Some("RoleName"),
        Kind::InstanceProfile => Some("InstanceProfileName"),
        Kind::Queue => Some("QueueName"),
        Kind::TargetGroup | Kind::EventRule => Some("Name"),
        _ => None,
    }
}

fn properties(kind: Kind, name: &str, properties: &kedge_resource::Properties) -> Value {
    let mut value = rename(properties.to_value());
    let Some(object) = value.as_object_mut() else {
        return value;
    };
    if let Some(property) = own_name(kind) {
        object.insert(property.to_owned(), name.into());
    }
    match kind {
        Kind::Listener => {
            if let Some(target) = object.remove("TargetGroupName") {
                object.insert("DefaultActions".to_owned(), json!([{"Type": "forward", "TargetGroupName": target}]));
            }
            if let Some(arn) = object.remove("CertificateArn") {
                object.insert("Certificates".to_owned(), json!([{"CertificateArn": arn}]));
            }
        }
        // Only AWS computes it.
        Kind::KeyPair => {
            object.remove("Fingerprint");
        }
        _ => {}
    }
    value
}

/// Names references as the list does, at every depth.
fn rename(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let renamed: Map<String, Value> =
                object.into_iter().map(|(key, value)| rename_property(key, value)).collect();
            renamed.into()
        }
        Value::Array(items) => items.into_iter().map(rename).collect(),
        Value::String(text) => bare(&text).into(),
        other => other,
    }
}

fn rename_property(key: String, value: Value) -> (String, Value) {
    if OPAQUE.contains(&key.as_str()) {
        return (key, value);
    }
    if value.is_string() && REFERENCES.contains(&key.as_str()) {
        return (format!("{key}Name"), rename(value));
    }
    if let Some((_, plural)) = PLURAL_REFERENCES.iter().find(|(singular, _)| *singular == key) {
        return ((*plural).to_owned(), rename(value));
    }
    (key, rename(value))
}

/// The name or id of a reference; an existing target group is known by its ARN, and the list wants its name.
fn bare(text: &str) -> String {
    if let Some(key) = parse_managed(text) {
        return key.name;
    }
    let target_group = text.split_once(":targetgroup/").filter(|(prefix, _)| prefix.starts_with("arn:"));
    match target_group {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest).to_owned(),
        None => text.to_owned(),
    }
}

fn rule_type(rule: &SecurityGroupRule) -> &'static str {
    if ingress(rule) { "AWS::EC2::SecurityGroupIngress" } else { "AWS::EC2::SecurityGroupEgress" }
}

fn ingress(rule: &SecurityGroupRule) -> bool {
    rule.direction == kedge_resource::kind::Direction::Ingress
}

fn rule_properties(rule: &SecurityGroupRule) -> Value {
    let side = if ingress(rule) { "Source" } else { "Destination" };
    let mut object = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    set("GroupName", Some(rule.group.bare().into()));
    set("IpProtocol", Some(rule.ip_protocol.clone().into()));
    set("FromPort", rule.from_port.map(Value::from));
    set("ToPort", rule.to_port.map(Value::from));
    set("CidrIp", rule.cidr_ip.clone().map(Value::from));
    set("CidrIpv6", rule.cidr_ipv6.clone().map(Value::from));
    set(&format!("{side}PrefixListId"), rule.prefix_list_id.clone().map(Value::from));
    set(&format!("{side}SecurityGroupName"), rule.peer_group.as_ref().map(|group| group.bare().into()));
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn entry<'a>(list: &'a Value, kind: &str, name: &str) -> &'a Value {
        let found = list.as_array().unwrap().iter().find(|entry| entry["type"] == kind && entry["name"] == name);
        &found.unwrap_or_else(|| panic!("no {kind} {name} in {list}"))["properties"]
    }

    #[test]
    fn references_are_bare_names_under_properties_that_say_so() {
        let list = neutral(&testing::lower(&testing::minimal()));
        let group = entry(&list, "AWS::AutoScaling::AutoScalingGroup", "nodes.test.example.com");
        assert_eq!(group["AutoScalingGroupName"], "nodes.test.example.com");
        assert_eq!(group["LaunchTemplateName"], "nodes.test.example.com");
        assert_eq!(group["SubnetNames"], json!(["us-test-1a.test.example.com"]));
        let template = entry(&list, "AWS::EC2::LaunchTemplate", "nodes.test.example.com");
        assert_eq!(template["NetworkInterfaces"][0]["SecurityGroupNames"], json!(["nodes.test.example.com"]));
        let association = entry(&list, "AWS::EC2::VPCDHCPOptionsAssociation", "test.example.com");
        assert_eq!(association, &json!({"VpcName": "test.example.com", "DhcpOptionsName": "test.example.com"}));
        assert!(!list.to_string().contains("${"), "a reference was left");
    }

    #[test]
    fn rules_are_split_by_direction_and_lose_their_tags() {
        let list = neutral(&testing::lower(&testing::minimal()));
        let rule = entry(
            &list,
            "AWS::EC2::SecurityGroupIngress",
            "masters.test.example.com tcp 1-2379 from nodes.test.example.com",
        );
        let expected = json!({
            "GroupName": "masters.test.example.com", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2379,
            "SourceSecurityGroupName": "nodes.test.example.com"
        });
        assert_eq!(rule, &expected);
        entry(&list, "AWS::EC2::SecurityGroupEgress", "nodes.test.example.com -1 all to ::/0");
    }

    #[test]
    fn target_groups_of_others_are_known_by_name() {
        assert_eq!(bare("arn:aws:elasticloadbalancing:us-test-1:1:targetgroup/mine/0123"), "mine");
        assert_eq!(bare("arn:aws:kms:us-test-1:1:key/0123"), "arn:aws:kms:us-test-1:1:key/0123");
        assert_eq!(bare("${queue/a-nth}"), "a-nth");
    }
}
