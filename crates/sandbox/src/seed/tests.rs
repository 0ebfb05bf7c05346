use super::*;
use crate::account::testing::code;

/// Facts with an existing VPC and what can be in one.
fn facts() -> Facts {
    serde_json::from_value(serde_json::json!({
        "region": "us-test-1", "partition": "aws-test", "accountId": "123456789012",
        "availabilityZones": ["us-test-1a", "us-test-1b"],
        "hostedZones": [{"id": "Z1", "name": "example.com", "private": false}],
        "vpcs": [{"id": "vpc-1", "cidr": "172.20.0.0/16", "internetGateway": "igw-1"}],
        "subnets": [{"id": "subnet-1", "vpc": "vpc-1", "zone": "us-test-1a", "cidr": "172.20.4.0/22", "routeTable": "rtb-1"}],
        "routeTables": [{"id": "rtb-1", "vpc": "vpc-1"}],
        "addresses": [{"allocationId": "eipalloc-1", "publicIp": "2.2.2.2"}],
        "natGateways": [{"id": "nat-1", "subnet": "subnet-1", "allocationId": "eipalloc-1"}],
        "targetGroups": ["external"],
        "instanceProfiles": [{"name": "custom", "role": "custom"}],
        "instanceTypes": {"default": {"vcpus": 2, "memoryMiB": 1024, "maxNetworkInterfaces": 1, "ipv4PerInterface": 1}}
    }))
    .unwrap()
}

#[test]
fn what_facts_name_exists_and_counts() {
    let mut account = account_of(&facts()).unwrap();
    assert_eq!(code(account.delete_subnet("subnet-1")), "DependencyViolation");
    assert_eq!(code(account.release_address("eipalloc-1")), "InvalidIPAddress.InUse");
    assert_eq!(code(account.delete_role("custom")), "DeleteConflict");
    assert!(account.target_group_key("arn:aws-test:elasticloadbalancing:x:y:targetgroup/external/123").is_some());
    let overlapping =
        account.create_subnet("vpc-1", "us-test-1b", Some("172.20.6.0/24"), None, false, &Tags::default());
    assert_eq!(code(overlapping), "InvalidSubnet.Conflict");
}

#[test]
fn facts_that_do_not_fit_together_are_refused() {
    let mut facts = facts();
    facts.vpcs.clear();
    let error = account_of(&facts).unwrap_err().to_string();
    assert!(error.contains("rtb-1 is in the VPC vpc-1, which is not listed"), "{error}");
}

#[test]
fn the_default_account_has_what_clusters_need() {
    let facts = default_account();
    let account = account_of(&facts).unwrap();
    let amd64 = facts.images.iter().find(|image| image.name.contains("noble-24.04-amd64")).unwrap();
    let arm64 = facts.images.iter().find(|image| image.name.contains("noble-24.04-arm64")).unwrap();
    assert_ne!(amd64.id, arm64.id);
    assert_eq!((amd64.architecture.as_str(), arm64.architecture.as_str()), ("x86_64", "arm64"));
    assert!(facts.image_parameters.values().all(|id| facts.images.iter().any(|image| image.id == *id)));
    assert!(account.instance_types.get("m5.large").is_some() && account.instance_types.get("m5.huge").is_none());
    assert!(account.instance_types.types.len() >= 60);
}
