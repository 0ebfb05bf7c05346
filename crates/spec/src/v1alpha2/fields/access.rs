//! Fields of the topology, of the API and of its load balancer.
//!
//! Names and types are those of kops `v1alpha2`; what each field does here is the first word of its line.

use crate::field::Shape::{Boolean, Integer, List, Object, Text};
use crate::field::{Block, acts, block, idle};

pub(crate) static TOPOLOGY_SPEC: Block = block(
    "TopologySpec",
    &[
        idle("masters", Text, "the types of subnets decide"),
        idle("nodes", Text, "the types of subnets decide"),
        acts("bastion", Object(&BASTION_SPEC)),
        acts("dns", Object(&DNS_SPEC)),
    ],
);

pub(crate) static DNS_SPEC: Block = block("DNSSpec", &[acts("type", Text)]);

pub(crate) static BASTION_SPEC: Block = block(
    "BastionSpec",
    &[
        acts("bastionPublicName", Text),
        idle("idleTimeoutSeconds", Integer, "only classic load balancers have it"),
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
        idle("idleTimeoutSeconds", Integer, "only classic load balancers have it"),
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

pub(crate) static ACCESS_LOG_SPEC: Block = block(
    "AccessLogSpec",
    &[
        idle("interval", Integer, "only classic load balancers have it"),
        acts("bucket", Text),
        acts("bucketPrefix", Text),
    ],
);
