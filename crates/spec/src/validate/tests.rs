//! One clean example, one field broken, the exact report: severity, code, line and column.

use crate::testing::{CLEAN, problems};

/// What is reported when `from` is replaced by `to` in the clean example.
fn broken(from: &str, to: &str) -> Vec<String> {
    assert!(CLEAN.contains(from), "{from:?} is not in the example");
    problems(&CLEAN.replacen(from, to, 1))
}

#[test]
fn the_example_is_clean() {
    assert_eq!(problems(CLEAN), [""; 0]);
}

#[test]
fn single_fields() {
    for (from, to, expected) in CASES {
        let found = broken(from, to);
        assert_eq!(found, *expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn names_that_aws_would_refuse() {
    // A cluster name of 101 characters, with launch templates of more than 128.
    let long = ["a".repeat(44), "b".repeat(44), "example.com".to_owned()].join(".");
    let text =
        CLEAN.replace("test.example.com", &long).replace("name: control-plane-a", "name: control-plane-in-zone-a");
    let text = text.replace("instanceGroup: control-plane-a", "instanceGroup: control-plane-in-zone-a");
    assert_eq!(problems(&text), ["error name-too-long 44:9"]);
    // One of 107: the key of the ownership tag has 129.
    let longer = ["a".repeat(47), "b".repeat(47), "example.com".to_owned()].join(".");
    assert_eq!(
        problems(&CLEAN.replace("test.example.com", &longer)),
        ["error name-too-long 4:9", "error name-too-long 44:9"]
    );
}

#[test]
fn ranges_of_the_internet_are_a_warning() {
    let text = CLEAN.replace("10.0.", "50.0.");
    assert_eq!(problems(&text), ["warning vpc-public-range 24:16"]);
}

#[test]
fn a_shared_vpc_without_range_leaves_containment_to_the_account() {
    let text =
        CLEAN.replace("networkCIDR: 10.0.0.0/16", "networkID: vpc-12345678").replace("10.0.16.0/20", "172.31.0.0/20");
    assert_eq!(problems(&text), [""; 0]);
}

#[test]
fn private_subnets_of_a_zone_go_one_way() {
    let other = "  subnets:\n  - name: private-b\n    type: Private\n    zone: us-east-1a\n    cidr: 10.0.32.0/20\n    egress: nat-1\n";
    assert_eq!(broken("  subnets:\n", other), ["error zone-egress 37:11"]);
}

#[test]
fn a_control_plane_group_stands_in_one_zone() {
    let subnet = "  subnets:\n  - name: private-b\n    type: Private\n    zone: us-east-1b\n    cidr: 10.0.32.0/20\n    egress: nat-1\n";
    let text = CLEAN.replacen("  subnets:\n", subnet, 1).replacen(
        "  subnets:\n  - private-a",
        "  subnets:\n  - private-a\n  - private-b",
        1,
    );
    assert_eq!(problems(&text), ["error etcd-zones 16:22", "error etcd-zones 20:22"]);
}

#[test]
fn everything_is_reported_at_once() {
    let text = CLEAN
        .replacen("cloudProvider: aws", "cloudProvidr: aws", 1)
        .replacen("cidr: 10.0.16.0/20", "cidr: 10.9.16.0/20", 1)
        .replacen("minSize: 1", "minSize: one", 1)
        .replacen("maxSize: 3", "maxSize: 0", 1);
    assert_eq!(
        problems(&text),
        [
            "error cloud-provider 5:1",
            "error unknown-field 10:3",
            "error subnet-outside-vpc 39:11",
            "error wrong-type 51:12",
            "error group-size 67:12"
        ]
    );
}

#[test]
fn an_existing_subnet_needs_its_vpc() {
    let text =
        CLEAN.replace("networkCIDR:", "networkID: vpc-1\n  networkCIDR:").replace("cidr: 10.0.16.0/20", "id: subnet-1");
    assert_eq!(problems(&text), [""; 0]);
}

#[test]
fn fields_without_which_others_mean_nothing() {
    for (from, to, expected) in IDLE {
        assert_eq!(broken(from, to), *expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn ipv6_clusters_have_rules_of_their_own() {
    let ipv6 = CLEAN.replace("nonMasqueradeCIDR: 100.64.0.0/10", "nonMasqueradeCIDR: \"::/0\"");
    assert_eq!(problems(&ipv6), ["warning ipv6-range-missing 32:11"]);
    let ipv6 = ipv6.replace("type: Private\n", "type: Private\n    ipv6CIDR: /64#1\n");
    assert_eq!(problems(&ipv6), [""; 0]);
    let broken = |from: &str, to: &str| {
        assert!(ipv6.contains(from), "{from}");
        problems(&ipv6.replacen(from, to, 1))
    };
    assert_eq!(broken("::/0", "fd00::/8"), ["error ipv6-pods 27:22"]);
    for plugin in ["kubenet", "kopeio", "flannel", "amazonvpc", "kuberouter"] {
        assert_eq!(broken("cilium: {}", &format!("{plugin}: {{}}")), ["error ipv6-plugin 26:5"], "{plugin}");
    }
    assert_eq!(broken("cilium: {}", "cilium: {ipam: eni}"), ["error ipv6-plugin 26:20"]);
    assert_eq!(broken("cilium: {}", "calico: {awsSrcDstCheck: Disable}"), ["error ipv6-plugin 26:30"]);
    assert_eq!(broken("cilium: {}", "calico: {awsSrcDstCheck: DoNothing}"), [""; 0]);
    assert_eq!(broken("cilium: {}", "calico: {}"), [""; 0]);
    assert_eq!(
        broken("  sshAccess:", "  cloudConfig: {useIPBasedNodeNames: true}\n  sshAccess:"),
        ["error ipv6-node-names 28:38"]
    );
    assert_eq!(broken("ipv6CIDR: /64#1", "ipv6CIDR: \"2001:db8::/64\""), ["warning ipv6-range-unknown 34:15"]);
    assert_eq!(broken("ipv6CIDR: /64#1", "ipv6CIDR: /64#100"), ["error ipv6-range 34:15"]);
    // A public subnet of such a cluster has a way out for IPv4.
    let public = "ipv6CIDR: /64#2\n    egress: nat-1\n    type: Public";
    assert_eq!(broken("type: Utility", public), ["error zone-egress 39:13"]);
}

/// Warnings about what is written and changes nothing.
const IDLE: &[(&str, &str, &[&str])] = &[
    (
        "  kubernetesApiAccess:",
        "  topology: {bastion: {bastionPublicName: b.example.com, loadBalancer: {type: Internal, additionalSecurityGroups: [sg-1]}}}\n  kubernetesApiAccess:",
        &["warning idle-field 21:43", "warning idle-field 21:79", "warning idle-field 21:89"],
    ),
    ("  sshAccess:", "  certManager: {hostedZoneIDs: [Z1]}\n  sshAccess:", &["warning idle-field 28:17"]),
    (
        "  sshAccess:",
        "  awsLoadBalancerController: {enableWAF: true, enableWAFv2: true, enableShield: true}\n  sshAccess:",
        &["warning idle-field 28:42", "warning idle-field 28:61", "warning idle-field 28:81"],
    ),
    (
        "  sshAccess:",
        "  externalPolicies: {bastion: [\"arn:aws:iam::123456789012:policy/p\"]}\n  sshAccess:",
        &["warning idle-field 28:22"],
    ),
    ("  sshAccess:", "  additionalPolicies: {bastion: \"[]\"}\n  sshAccess:", &["warning idle-field 28:33"]),
    (
        "maxSize: 3",
        "maxSize: 3\n  rootVolumeEncryptionKey: arn:aws:kms:us-east-1:123456789012:key/1",
        &["warning idle-field 68:28"],
    ),
    ("maxSize: 3", "maxSize: 3\n  rootVolumeEncryptionKey: key\n  rootVolumeEncryption: true", &[]),
    (
        "maxSize: 3",
        "maxSize: 3\n  rootVolumeType: gp2\n  rootVolumeIops: 300\n  rootVolumeThroughput: 200",
        &["warning idle-field 69:19", "warning idle-field 70:25"],
    ),
    ("maxSize: 3", "maxSize: 3\n  rootVolumeType: io1\n  rootVolumeIops: 300", &[]),
    (
        "maxSize: 3",
        "maxSize: 3\n  volumes: [{device: /dev/xvdd, size: 5, type: gp2, iops: 300}]",
        &["warning idle-field 68:59"],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  spotDurationInMinutes: 60\n  instanceInterruptionBehavior: stop",
        &["warning idle-field 68:26", "warning idle-field 69:33"],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  maxPrice: \"0.1\"\n  spotDurationInMinutes: 60\n  instanceInterruptionBehavior: stop",
        &[],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  maxPrice: \"0.1\"\n  spotDurationInMinutes: 60\n  mixedInstancesPolicy: {instances: [t3.large]}",
        &["warning idle-field 69:26"],
    ),
    ("maxSize: 3", "maxSize: 3\n  associatePublicIp: true", &["note idle-field 68:22"]),
    ("maxSize: 3", "maxSize: 3\n  associatePublicIp: false", &[]),
    ("machineType: t3.large", "machineType: \"t3.large,t3.xlarge\"", &["warning idle-field 64:16"]),
];

const CASES: &[(&str, &str, &[&str])] = &[
    // What kops refuses as well.
    ("  sshAccess:", "  gossipConfig: {listen: \"1\"}\n  sshAccess:", &["error field-refused 28:3"]),
    ("  sshAccess:", "  docker: {logLevel: info}\n  sshAccess:", &["error field-refused 28:3"]),
    ("  sshAccess:", "  karpenter: {enabled: true}\n  sshAccess:", &["error karpenter-role 28:24"]),
    (
        "  sshAccess:",
        "  cloudConfig: {awsEBSCSIDriver: {enabled: false}}\n  sshAccess:",
        &["error ebs-csi-driver 28:44"],
    ),
    ("type: Private", "type: DualStack", &["error dual-stack-subnet 33:11"]),
    ("type: Utility", "type: Utility\n    egress: nat-1", &["error egress-of-public 38:13"]),
    (
        "type: Utility",
        "type: Utility\n    additionalRoutes: [{cidr: 10.9.0.0/16, target: tgw-1}]",
        &["error routes-nowhere 38:5"],
    ),
    (
        "type: Private",
        "type: Private\n    additionalRoutes: [{cidr: 10.9.0.0/16, target: tgw-1}, {cidr: 10.9.0.0/16, target: pcx-1}]",
        &["error duplicate-route 34:67"],
    ),
    (
        "type: Private",
        "type: Private\n    additionalRoutes: [{cidr: 10.0.9.0/24, target: pcx-1}, {cidr: 10.0.8.0/24, target: i-1}]",
        &["error route-within-vpc 34:31"],
    ),
    ("      type: Public", "      type: Internal\n      useForInternalApi: true", &["error internal-api 10:26"]),
    ("      type: Public", "      sslPolicy: ELBSecurityPolicy-2016-08", &["error ssl-policy 9:18"]),
    (
        "role: Node",
        "role: APIServer\n  manager: Karpenter",
        &["warning no-nodes 4:9", "error karpenter-group 64:12", "warning karpenter-off 64:12"],
    ),
    ("role: Master", "role: Master\n  warmPool: {minSize: 1}", &["error warm-pool-role 49:3"]),
    ("role: Master", "role: Master\n  warmPool: {maxSize: 0}", &[]),
    (
        "role: Node",
        "role: Master",
        &[
            "warning no-nodes 4:9",
            "error etcd-no-member 59:9",
            "error etcd-no-member 59:9",
            "warning control-plane-size 67:12",
        ],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  volumes: [{device: /dev/xvdd, size: 5}, {device: /dev/xvdd, size: 6}]",
        &["error duplicate-device 68:52"],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  taints: [\"a=b:NoSchedule\", \"a=c:NoExecute\", \"a=c:NoSchedule\"]",
        &["error duplicate-taint 68:47"],
    ),
    ("maxSize: 3", "maxSize: 3\n  nodeLabels: {a/b/c: x}", &["error node-label 68:3"]),
    ("maxSize: 3", "maxSize: 3\n  cloudLabels: {kops.k8s.io/instancegroup: other}", &["error group-tag 68:44"]),
    // Words of which there are few, in fields of resources and of add-ons.
    ("cilium: {}", "cilium: {ipam: enii}", &["error unknown-value 26:20"]),
    ("cilium: {}", "cilium: {ipam: \"\"}", &[]),
    ("cilium: {}", "calico: {awsSrcDstCheck: Never}", &["error unknown-value 26:30"]),
    ("cilium: {}", "cilium: {ingress: {defaultLoadBalancerMode: privat}}", &["error unknown-value 26:49"]),
    (
        "  sshAccess:",
        "  clusterAutoscaler: {enabled: true, expander: least-wast}\n  sshAccess:",
        &["error unknown-value 28:48"],
    ),
    ("  sshAccess:", "  externalDns: {provider: exernal-dns}\n  sshAccess:", &["error unknown-value 28:27"]),
    ("maxSize: 3", "maxSize: 3\n  rootVolumeType: gp4", &["error unknown-value 68:19"]),
    (
        "maxSize: 3",
        "maxSize: 3\n  additionalUserData: [{name: a, type: text/shell, content: a}]",
        &["error unknown-value 68:40"],
    ),
    (
        "name: test.example.com",
        "name: test",
        &["error cluster-name 4:9", "error unknown-cluster 46:26", "error unknown-cluster 61:26"],
    ),
    (
        "name: test.example.com",
        "name: Test.example.com",
        &["error cluster-name 4:9", "error unknown-cluster 46:26", "error unknown-cluster 61:26"],
    ),
    ("cloudProvider: aws", "cloudProvider: gce", &["error cloud-provider 10:18"]),
    ("cloudProvider: aws", "cloudProvider: {aws: {}}", &["error wrong-type 10:3"]),
    ("  cloudProvider: aws\n", "", &["error cloud-provider 5:1"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: latest", &["error kubernetes-version 23:22"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: 1.34", &["error kubernetes-version 23:22"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: 1.31.9", &["warning kubernetes-version-range 23:22"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: v1.36.0-rc.1", &[]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: 1.37.0", &["warning kubernetes-version-range 23:22"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: 1.20.3", &["warning kubernetes-version-range 23:22"]),
    ("kubernetesVersion: 1.34.0", "kubernetesVersion: v1.99.0", &["warning kubernetes-version-range 23:22"]),
    ("  kubernetesVersion: 1.34.0\n", "", &["error kubernetes-version 5:1"]),
    ("configBase: s3://state/test.example.com", "configBase: state", &["error config-base 11:15"]),
    ("networkCIDR: 10.0.0.0/16", "networkCIDR: 10.0.0.0/15", &["error vpc-size 24:16"]),
    ("networkCIDR: 10.0.0.0/16", "networkCIDR: 10.0.0.1/16", &["error address-range 24:16"]),
    ("networkCIDR: 10.0.0.0/16", "networkCIDR: 10.0.0.0", &["error address-range 24:16"]),
    ("networkCIDR: 10.0.0.0/16", "networkCIDR: fd00::/64", &["error address-range 24:16"]),
    (
        "networkCIDR: 10.0.0.0/16",
        "networkCIDR: 10.1.0.0/16",
        &["error subnet-outside-vpc 35:11", "error subnet-outside-vpc 39:11"],
    ),
    (
        "networkCIDR: 10.0.0.0/16",
        "networkCIDR: 10.0.0.0/16\n  additionalNetworkCIDRs: [10.0.128.0/17]",
        &["error vpc-overlap 25:28"],
    ),
    (
        "networkCIDR: 10.0.0.0/16",
        "networkID: vpc-1\n  additionalNetworkCIDRs: [10.1.0.0/16]",
        &["warning foreign-vpc 25:3"],
    ),
    ("networkCIDR: 10.0.0.0/16", "networkID: prod", &["error vpc-id 24:14"]),
    ("nonMasqueradeCIDR: 100.64.0.0/10", "nonMasqueradeCIDR: 10.0.0.0/8", &["warning range-overlap 27:22"]),
    ("cilium: {}", "cilium: {}\n    calico: {}", &["error network-plugin 25:3"]),
    ("cilium: {}", "cilium:", &["error network-plugin 25:3"]),
    ("cilium: {}", "weave: {}", &["error field-refused 26:5"]),
    ("cilium: {}", "cillium: {}", &["error unknown-field 26:5"]),
    ("cilium: {}", "cilium: {etcdManaged: true}", &["error etcd-missing 12:3"]),
    ("class: Network", "class: Classic", &["error classic-load-balancer 8:14"]),
    ("type: Public", "type: Pubic", &["error unknown-value 9:13"]),
    ("      type: Public", "      securityGroupOverride: default", &["error security-group-id 9:30"]),
    ("      type: Public", "      additionalSecurityGroups: [sg-1, web]", &["error security-group-id 9:40"]),
    ("      type: Public", "      sslCertificate: mine", &["error certificate-arn 9:23"]),
    ("      type: Public", "      subnets: [{name: utility-b}]", &["error unknown-subnet 9:24"]),
    (
        "      type: Public",
        "      subnets: [{name: utility-a, privateIPv4Address: 10.0.16.9}]",
        &["error load-balancer-address 9:55"],
    ),
    (
        "      type: Public",
        "      accessLog: {interval: 5}",
        &["error access-log 9:7", "note field-without-effect 9:19"],
    ),
    ("    loadBalancer:", "    dns: {}\n    loadBalancer:", &["error api-access 6:3"]),
    (
        "  kubernetesApiAccess:",
        "  topology: {dns: {type: Nobody}}\n  kubernetesApiAccess:",
        &["error unknown-value 21:26"],
    ),
    ("- 0.0.0.0/0", "- 0.0.0.0", &["error address-range 22:5"]),
    ("- 192.0.2.0/24", "- 192.0.2.1/24", &["error address-range 29:5"]),
    ("- pl-0123abcd", "- pl_0123abcd", &["error address-range 30:5"]),
    ("- pl-0123abcd", "- pl-", &["error prefix-list 30:5"]),
    ("  sshAccess:", "  kubeAPIServer: {serviceNodePortRange: 40000-30000}\n  sshAccess:", &["error port-range 28:41"]),
    ("cidr: 10.0.16.0/20", "cidr: 10.1.16.0/20", &["error subnet-outside-vpc 39:11"]),
    ("cidr: 10.0.16.0/20", "cidr: 10.0.8.0/21", &["error subnet-overlap 39:11"]),
    ("cidr: 10.0.16.0/20", "cidr: 10.0.16.0/29", &["error subnet-size 39:11"]),
    ("cidr: 10.0.16.0/20", "id: subnet-1", &["error subnet-of-another-vpc 39:9"]),
    ("    cidr: 10.0.16.0/20\n", "", &["error subnet-range 36:11"]),
    ("    zone: us-east-1a\n    cidr: 10.0.16.0/20", "    cidr: 10.0.16.0/20", &["error subnet-zone 36:11"]),
    ("name: utility-a", "name: private-a", &["error duplicate-subnet 36:11"]),
    ("- name: utility-a\n    type", "- type", &["error subnet-name 36:5"]),
    ("type: Utility", "type: Utilty", &["error unknown-value 37:11"]),
    ("    type: Utility\n", "", &["error subnet-type 36:11"]),
    ("type: Utility", "type: Public", &["error no-utility-subnet 32:11"]),
    ("type: Private", "type: Private\n    egress: nowhere", &["error egress 34:13"]),
    ("type: Private", "type: Private\n    ipv6CIDR: 2001:db8::/56", &["error ipv6-range 34:15"]),
    (
        "type: Private",
        "type: Private\n    additionalRoutes: [{cidr: 10.9.0.0, target: vgw-1}]",
        &["error address-range 34:31", "error route-target 34:49"],
    ),
    ("- name: main", "- name: mian", &["error etcd-missing 12:3", "error etcd-name 13:11"]),
    ("- name: events", "- name: main", &["error etcd-missing 12:3", "error duplicate-etcd 17:11"]),
    (
        "    - name: a\n",
        "    - name: a\n      instanceGroup: control-plane-a\n    - name: b\n",
        &["error etcd-even 14:5", "error etcd-shared-group 18:22"],
    ),
    (
        "    - name: a\n",
        "    - name: a\n      instanceGroup: control-plane-a\n    - name: a\n      instanceGroup: nodes\n    - name: c\n",
        &["error duplicate-etcd-member 17:13", "error etcd-group-role 18:22", "error etcd-shared-group 20:22"],
    ),
    ("instanceGroup: control-plane-a", "instanceGroup: control-plane-b", &["error etcd-unknown-group 16:22"]),
    ("instanceGroup: control-plane-a", "instanceGroup: nodes", &["error etcd-group-role 16:22"]),
    ("      instanceGroup: control-plane-a\n", "", &["error etcd-member 15:13"]),
    (
        "role: Master",
        "role: Node",
        &["error no-control-plane 4:9", "error etcd-group-role 16:22", "error etcd-group-role 20:22"],
    ),
    ("role: Master", "role: Masters", &["error unknown-value 48:9"]),
    ("  role: Master\n", "", &["error group-role 47:1"]),
    ("role: Node", "role: Bastion", &["warning no-nodes 4:9"]),
    ("name: nodes", "name: control-plane-a", &["error duplicate-group 59:9"]),
    ("name: nodes", "name: nodes!", &["error group-name 59:9"]),
    ("name: nodes", "name: noooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo", &[]),
    ("machineType: t3.large", "machineType: \"\"", &["error machine-type 64:16"]),
    ("  image: ami-0123456789abcdef0\n  minSize: 1\n  maxSize: 3", "  minSize: 1\n  maxSize: 3", &["error image 62:1"]),
    ("minSize: 1\n  maxSize: 3", "minSize: 4\n  maxSize: 3", &["error group-size 67:12"]),
    ("minSize: 1\n  maxSize: 3", "minSize: -1\n  maxSize: 3", &["error group-size 66:12"]),
    ("maxSize: 1", "maxSize: 3", &["warning control-plane-size 52:12"]),
    ("  maxSize: 3\n  subnets:\n  - private-a", "  maxSize: 3", &["error group-subnets 62:1"]),
    (
        "  maxSize: 3\n  subnets:\n  - private-a",
        "  maxSize: 3\n  subnets:\n  - private-b",
        &["error unknown-subnet 69:5"],
    ),
    (
        "  maxSize: 3\n  subnets:\n  - private-a",
        "  maxSize: 3\n  subnets:\n  - private-a\n  - private-a",
        &["error group-subnets 70:5"],
    ),
    ("maxSize: 3", "maxSize: 3\n  maxPrice: cheap", &["error max-price 68:13"]),
    ("maxSize: 3", "maxSize: 3\n  maxPrice: \"1\"\n  spotDurationInMinutes: 61", &["error spot-duration 69:26"]),
    ("maxSize: 3", "maxSize: 3\n  maxInstanceLifetime: 1h", &["error instance-lifetime 68:24"]),
    ("maxSize: 3", "maxSize: 3\n  maxInstanceLifetime: soon", &["error wrong-type 68:24"]),
    ("maxSize: 3", "maxSize: 3\n  taints: [\"a=b:NoSchedule\", \"a=b\"]", &["error taint 68:30"]),
    ("maxSize: 3", "maxSize: 3\n  cpuCredits: endless", &["error unknown-value 68:15"]),
    ("maxSize: 3", "maxSize: 3\n  instanceMetadata: {httpPutResponseHopLimit: 65}", &["error hop-limit 68:47"]),
    ("maxSize: 3", "maxSize: 3\n  iam: {profile: nodes}", &["error instance-profile 68:18"]),
    ("maxSize: 3", "maxSize: 3\n  externalLoadBalancers: [{}]", &["error external-load-balancer 68:27"]),
    ("maxSize: 3", "maxSize: 3\n  externalLoadBalancers: [{targetGroupArn: tg}]", &["error target-group-arn 68:44"]),
    ("maxSize: 3", "maxSize: 3\n  volumes: [{device: /dev/xvdd}]", &["error volume 68:14"]),
    (
        "maxSize: 3",
        "maxSize: 3\n  mixedInstancesPolicy: {instances: [m5.large], onDemandBase: 4, onDemandAboveBase: 101, spotInstancePools: 0}",
        &["error mixed-instances 68:63", "error mixed-instances 68:85", "error mixed-instances 68:109"],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  mixedInstancesPolicy: {instances: [m5.large]}\n  warmPool: {minSize: 2, maxSize: 1}",
        &["error warm-pool-size 69:3", "error warm-pool-spot 69:3"],
    ),
    (
        "maxSize: 3",
        "maxSize: 3\n  securityGroupOverride: default\n  additionalSecurityGroups: [sg-1, sg-1, x]",
        &["error security-group-id 68:26", "error duplicate-security-group 69:36", "error security-group-id 69:42"],
    ),
    (
        "  sshAccess:",
        "  iam: {legacy: true, permissionsBoundary: none}\n  sshAccess:",
        &["error legacy-iam 28:17", "error policy-arn 28:44"],
    ),
    (
        "  sshAccess:",
        "  externalPolicies: {worker: [a], node: [a]}\n  sshAccess:",
        &["error unknown-value 28:22", "error policy-arn 28:42"],
    ),
    ("  sshAccess:", "  additionalPolicies: {node: \"{}\"}\n  sshAccess:", &["error policy-statements 28:30"]),
    (
        "  sshAccess:",
        "  iam: {serviceAccountExternalPermissions: [{name: a}]}\n  sshAccess:",
        &["error service-account 28:52", "error service-account 28:52"],
    ),
    ("  sshAccess:", "  iam: {useServiceAccountExternalPermissions: true}\n  sshAccess:", &["error issuer 28:47"]),
    (
        "  sshAccess:",
        "  serviceAccountIssuerDiscovery: {enableAWSOIDCProvider: true}\n  sshAccess:",
        &["error issuer 28:58"],
    ),
    (
        "  sshAccess:",
        "  serviceAccountIssuerDiscovery: {discoveryStore: \"gs://keys\"}\n  sshAccess:",
        &["error issuer 28:51"],
    ),
];
