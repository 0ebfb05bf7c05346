//! Fields of the topology, of the API and of its load balancer.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Integer, List, Object, Text};
use crate::field::{Block, acts, block, quiet};

pub(crate) static TOPOLOGY_SPEC: Block = block(
    "TopologySpec",
    &[
        quiet("masters", Text),
        quiet("nodes", Text),
        acts("bastion", Object(&BASTION_SPEC)),
        acts("dns", Object(&DNS_SPEC)),
    ],
);

pub(crate) static DNS_SPEC: Block = block("DNSSpec", &[acts("type", Text)]);

pub(crate) static BASTION_SPEC: Block = block(
    "BastionSpec",
    &[
        acts("bastionPublicName", Text),
        quiet("idleTimeoutSeconds", Integer),
        acts("loadBalancer", Object(&BASTION_LOAD_BALANCER_SPEC)),
    ],
);

pub(crate) static BASTION_LOAD_BALANCER_SPEC: Block =
    block("BastionLoadBalancerSpec", &[acts("additionalSecurityGroups", List(&Text)), acts("type", Text)]);

pub(crate) static API_SPEC: Block = block(
    "APISpec",
    &[acts("dns", Object(&DNS_ACCESS_SPEC)), acts("loadBalancer", Object(&LOAD_BALANCER_ACCESS_SPEC))],
);

pub(crate) static DNS_ACCESS_SPEC: Block = block("DNSAccessSpec", &[]);

pub(crate) static LOAD_BALANCER_ACCESS_SPEC: Block = block(
    "LoadBalancerAccessSpec",
    &[
        acts("class", Text),
        acts("type", Text),
        quiet("idleTimeoutSeconds", Integer),
        acts("securityGroupOverride", Text),
        acts("additionalSecurityGroups", List(&Text)),
        acts("useForInternalApi", Boolean),
        acts("sslCertificate", Text),
        acts("sslPolicy", Text),
        acts("crossZoneLoadBalancing", Boolean),
        acts("subnets", List(&Object(&LOAD_BALANCER_SUBNET_SPEC))),
        acts("accessLog", Object(&ACCESS_LOG_SPEC)),
    ],
);

pub(crate) static LOAD_BALANCER_SUBNET_SPEC: Block = block(
    "LoadBalancerSubnetSpec",
    &[acts("name", Text), acts("privateIPv4Address", Text), acts("allocationId", Text)],
);

pub(crate) static ACCESS_LOG_SPEC: Block =
    block("AccessLogSpec", &[quiet("interval", Integer), acts("bucket", Text), acts("bucketPrefix", Text)]);
