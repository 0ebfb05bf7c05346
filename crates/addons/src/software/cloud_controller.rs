//! The cloud controller manager: gives nodes their addresses and zones, and makes load balancers for services.

use kedge_spec::resolved::NetworkPlugin;
use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, bind, cluster_role, config_map, rule, rule_for, service_account,
};
use crate::problem::Problem;

const NAME: &str = "aws-cloud-controller-manager";

/// Settings that are flags.
const FLAGS: [(&str, &str); 16] = [
    ("allocateNodeCIDRs", "allocate-node-cidrs"),
    ("allowUntaggedCloud", "allow-untagged-cloud"),
    ("cidrAllocatorType", "cidr-allocator-type"),
    ("clusterCIDR", "cluster-cidr"),
    ("clusterName", "cluster-name"),
    ("concurrentNodeSyncs", "concurrent-node-syncs"),
    ("configureCloudRoutes", "configure-cloud-routes"),
    ("controllers", "controllers"),
    ("enableLeaderMigration", "enable-leader-migration"),
    ("logLevel", "v"),
    ("master", "master"),
    ("nodeStatusUpdateFrequency", "node-status-update-frequency"),
    ("useServiceAccountCredentials", "use-service-account-credentials"),
    ("cloudProvider", "cloud-provider"),
    ("leaderElection.leaderElect", "leader-elect"),
    ("leaderElection.leaderElectResourceName", "leader-elect-resource-name"),
];
/// Settings of the election of a leader that are durations and places.
const ELECTION: [(&str, &str); 5] = [
    ("leaderElectLeaseDuration", "leader-elect-lease-duration"),
    ("leaderElectRenewDeadlineDuration", "leader-elect-renew-deadline"),
    ("leaderElectResourceLock", "leader-elect-resource-lock"),
    ("leaderElectResourceNamespace", "leader-elect-resource-namespace"),
    ("leaderElectRetryPeriod", "leader-elect-retry-period"),
];

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("cloudControllerManager");
    let kubenet = context.spec.cluster.network.plugin == NetworkPlugin::Kubenet;
    let mut flags = vec![
        ("allocate-node-cidrs", (!context.ranges.ipv6).to_string()),
        ("cloud-config", "/etc/kubernetes/cloud/cloud.config".to_owned()),
        ("cloud-provider", "aws".to_owned()),
        ("cluster-cidr", context.ranges.pods.clone()),
        ("cluster-name", context.cluster().to_owned()),
        ("configure-cloud-routes", kubenet.to_string()),
        ("leader-elect", "true".to_owned()),
        ("use-service-account-credentials", "true".to_owned()),
        ("v", "2".to_owned()),
    ];
    let election = settings.block("leaderElection");
    let written = FLAGS.iter().map(|(setting, flag)| {
        let value =
            setting.strip_prefix("leaderElection.").map_or_else(|| settings.get(setting), |name| election.get(name));
        (*flag, value)
    });
    let written = written.chain(ELECTION.iter().map(|(setting, flag)| (*flag, election.get(setting))));
    for (flag, value) in written {
        if let Some(value) = value.and_then(text) {
            flags.retain(|(known, _)| *known != flag);
            flags.push((flag, value));
        }
    }
    flags.sort();
    let args = flags.into_iter().map(|(flag, value)| format!("--{flag}={value}"));
    let release = context.release(NAME);
    let image = settings.text("image").unwrap_or(release.image("cloud-controller-manager"));
    // No account name of kops's own role fits the objects of upstream, so that these are named as the role is.
    let container = Container::new(NAME, image)
        .args(args)
        .port("healthz", 10258)
        .alive("/healthz", "healthz", "HTTPS")
        .resources(&settings, "200m", "128Mi")
        .mount_read_only("config", "/etc/kubernetes/cloud");
    let container = container.env("AWS_REGION", context.surroundings.region);
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL)
        .user(1000)
        .host_network()
        .volume("config", json!({ "configMap": { "name": NAME } }));
    // Nodes have no addresses for pods before this runs, so that it stays on the host network of control planes in any case.
    let pods = if context.has_roles() { context.with_role(pods, NAME, container) } else { pods.container(container) };
    let pods = pods.on_control_planes().with(
        "tolerations",
        json!([
            { "key": "node.cloudprovider.kubernetes.io/uninitialized", "operator": "Exists", "effect": "NoSchedule" },
            { "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" },
            { "key": "node.kubernetes.io/not-ready", "operator": "Exists" },
        ]),
    );
    let reader = ("Role", "extension-apiserver-authentication-reader");
    let mut addon = context.addon(NAME, Wave::Foundation);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(config_map(SYSTEM, NAME, [("cloud.config", configuration(context))]));
    addon.objects.extend(cluster_role("system:aws-cloud-controller-manager", (SYSTEM, NAME), &rules()));
    addon.objects.push(bind(
        "RoleBinding",
        SYSTEM,
        &format!("{NAME}:apiserver-authentication-reader"),
        reader,
        (SYSTEM, NAME),
    ));
    addon.objects.push(pods.daemon_set(1));
    Some(addon)
}

/// A value as the text of a flag.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) if !items.is_empty() => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        }
        _ => None,
    }
}

/// The file that the flag `cloud-config` names.
fn configuration(context: &Context<'_>) -> String {
    let cloud = context.settings("cloudConfig");
    let mut lines = vec!["[global]".to_owned()];
    let mut set = |key: &str, value: String| lines.push(format!("{key}={value}"));
    let kubernetes_tag = context.cluster();
    set("KubernetesClusterID", kubernetes_tag.to_owned());
    if cloud.boolean("disableSecurityGroupIngress") == Some(true) {
        set("DisableSecurityGroupIngress", "true".to_owned());
    }
    if let Some(group) = cloud.text("elbSecurityGroup") {
        set("ElbSecurityGroup", group.to_owned());
    }
    if context.spec.cluster.addons.nlb_security_group_managed {
        set("NLBSecurityGroupMode", "Managed".to_owned());
    }
    let families = cloud.texts("nodeIPFamilies");
    if families.is_empty() && context.ranges.ipv6 {
        set("NodeIPFamilies", "ipv6".to_owned());
        set("NodeIPFamilies", "ipv4".to_owned());
    }
    for family in families {
        set("NodeIPFamilies", family.to_owned());
    }
    lines.join("\n") + "\n"
}

fn rules() -> Vec<Value> {
    vec![
        rule("core", "events", "create patch update"),
        rule("core", "nodes", "*"),
        rule("core", "nodes/status", "patch"),
        rule("core", "services", "get list patch update watch"),
        rule("core", "services/status", "list patch update watch"),
        rule("core", "serviceaccounts", "create get list watch"),
        rule_for(
            "core",
            "serviceaccounts/token",
            &["node-controller", "route-controller", "service-controller", "tagging-controller"],
            "create",
        ),
        rule("core", "persistentvolumes", "get list update watch"),
        rule("core", "endpoints", "create get list watch update"),
        rule("discovery.k8s.io", "endpointslices", "get list watch"),
        rule("coordination.k8s.io", "leases", "create get list watch update"),
    ]
}
