//! What Cilium may do in the cluster.

use serde_json::Value;

use crate::objects::{rule, rule_for};

const GROUP: &str = "cilium.io";
const READ: &str = "get list watch";

/// Kinds that the operator defines.
const KINDS: [&str; 22] = [
    "ciliumbgpadvertisements",
    "ciliumbgpclusterconfigs",
    "ciliumbgpnodeconfigoverrides",
    "ciliumbgpnodeconfigs",
    "ciliumbgppeerconfigs",
    "ciliumbgppeeringpolicies",
    "ciliumcidrgroups",
    "ciliumclusterwideenvoyconfigs",
    "ciliumclusterwidenetworkpolicies",
    "ciliumegressgatewaypolicies",
    "ciliumendpoints",
    "ciliumendpointslices",
    "ciliumenvoyconfigs",
    "ciliumgatewayclassconfigs",
    "ciliumidentities",
    "ciliuml2announcementpolicies",
    "ciliumloadbalancerippools",
    "ciliumlocalredirectpolicies",
    "ciliumnetworkpolicies",
    "ciliumnodeconfigs",
    "ciliumnodes",
    "ciliumpodippools",
];

/// Of agents.
pub(super) fn agent() -> Vec<Value> {
    vec![
        rule("networking.k8s.io", "networkpolicies", READ),
        rule("discovery.k8s.io", "endpointslices", READ),
        rule("core", "endpoints namespaces nodes pods services", READ),
        rule("apiextensions.k8s.io", "customresourcedefinitions", READ),
        rule(GROUP, &KINDS.join(" "), "list watch"),
        rule(GROUP, "ciliumendpoints ciliumidentities ciliumnodes", "create"),
        rule(GROUP, "ciliumidentities", "update"),
        rule(GROUP, "ciliumendpoints", "delete get patch"),
        rule(GROUP, "ciliumnodes ciliumnodes/status", "get patch update"),
        rule(
            GROUP,
            "ciliumclusterwidenetworkpolicies/status ciliumendpoints/status ciliuml2announcementpolicies/status \
             ciliumnetworkpolicies/status",
            "patch",
        ),
    ]
}

/// Of operators; those with ingresses make services for them.
pub(super) fn operator(ingress: bool) -> Vec<Value> {
    let definitions: Vec<String> = KINDS.iter().map(|kind| format!("{kind}.{GROUP}")).collect();
    let definitions: Vec<&str> = definitions.iter().map(String::as_str).collect();
    let everything = "create delete get list patch update watch";
    let mut rules = vec![
        // Pods of DNS that started before the agents have to start anew.
        rule("core", "pods", "delete get list watch"),
        rule_for("core", "configmaps", &["cilium-config"], "patch"),
        rule("core", "nodes", "list patch watch"),
        rule("core", "nodes/status", "patch"),
        rule("discovery.k8s.io", "endpointslices", READ),
        rule("core", "services/status", "patch update"),
        rule("core", "endpoints namespaces services", READ),
        rule(
            GROUP,
            "ciliumclusterwidenetworkpolicies ciliumnetworkpolicies",
            "create deletecollection get list patch update watch",
        ),
        rule(GROUP, "ciliumclusterwidenetworkpolicies/status ciliumnetworkpolicies/status", "patch update"),
        rule(GROUP, "ciliumendpoints", "delete list watch"),
        rule(GROUP, "ciliumidentities", "create delete list update watch"),
        rule(GROUP, "ciliumnodes", "create delete get list update watch"),
        rule(GROUP, "ciliumnodes/status", "update"),
        rule(
            GROUP,
            "ciliumbgpadvertisements ciliumbgpnodeconfigs ciliumbgppeerconfigs ciliumendpointslices ciliumenvoyconfigs",
            everything,
        ),
        rule(GROUP, "ciliumbgpclusterconfigs/status ciliumbgppeerconfigs/status", "update"),
        rule("apiextensions.k8s.io", "customresourcedefinitions", "create get list watch"),
        rule_for("apiextensions.k8s.io", "customresourcedefinitions", &definitions, "update"),
        rule(
            GROUP,
            "ciliumbgpclusterconfigs ciliumbgpnodeconfigoverrides ciliumcidrgroups ciliumloadbalancerippools ciliumpodippools",
            READ,
        ),
        rule(GROUP, "ciliumpodippools", "create"),
        rule(GROUP, "ciliumloadbalancerippools/status", "patch"),
        rule("coordination.k8s.io", "leases", "create get update"),
    ];
    if ingress {
        rules.extend([
            rule("core", "secrets", READ),
            rule("core", "services endpoints", "create delete get list patch update watch"),
            rule("discovery.k8s.io", "endpointslices", "create delete get list patch update watch"),
            rule("networking.k8s.io", "ingressclasses ingresses", READ),
            rule("networking.k8s.io", "ingresses/status", "update"),
        ]);
    }
    rules
}
