//! The cluster autoscaler, if `clusterAutoscaler` asks for it.

use kedge_spec::resolved::{InstanceGroup, Role};
use kedge_spec::text;
use serde_json::{Map, Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, config_map, disruption_budget, role, rule, rule_for,
    service_account,
};
use crate::problem::Problem;

const NAME: &str = "cluster-autoscaler";
const EXPANDER: &str = "cluster-autoscaler-priority-expander";

/// Settings that are flags, with what they are where nothing is written.
const FLAGS: [(&str, &str, &str); 14] = [
    ("awsUseStaticInstanceList", "aws-use-static-instance-list", "false"),
    ("balanceSimilarNodeGroups", "balance-similar-node-groups", "false"),
    ("cordonNodeBeforeTerminating", "cordon-node-before-terminating", "true"),
    ("emitPerNodegroupMetrics", "emit-per-nodegroup-metrics", "false"),
    ("expander", "expander", "random"),
    ("ignoreDaemonSetsUtilization", "ignore-daemonsets-utilization", "false"),
    ("maxNodeProvisionTime", "max-node-provision-time", "15m0s"),
    ("newPodScaleUpDelay", "new-pod-scale-up-delay", "0s"),
    ("scaleDownDelayAfterAdd", "scale-down-delay-after-add", "10m0s"),
    ("scaleDownUnneededTime", "scale-down-unneeded-time", "10m0s"),
    ("scaleDownUnreadyTime", "scale-down-unready-time", "20m0s"),
    ("scaleDownUtilizationThreshold", "scale-down-utilization-threshold", "0.5"),
    ("skipNodesWithLocalStorage", "skip-nodes-with-local-storage", "true"),
    ("skipNodesWithSystemPods", "skip-nodes-with-system-pods", "true"),
];

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    if !context.spec.cluster.addons.cluster_autoscaler {
        return None;
    }
    let settings = context.settings("clusterAutoscaler");
    let expander = settings.text("expander").unwrap_or("random");
    if expander == "price" {
        problems.push(Problem::new(
            "spec.clusterAutoscaler.expander",
            "the autoscaler knows no prices of AWS",
            "choose `least-waste`, `most-pods`, `priority` or `random`",
        ));
    }
    let mut args = vec!["--cloud-provider=aws".to_owned()];
    for (setting, flag, usual) in FLAGS {
        let value = match settings.get(setting) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
            _ => usual.to_owned(),
        };
        args.push(format!("--{flag}={value}"));
    }
    if let Some(skip) = settings.boolean("skipNodesWithCustomControllerPods") {
        args.push(format!("--skip-nodes-with-custom-controller-pods={skip}"));
    }
    // Groups are named with their sizes. Discovery by tags would scale every group of the cluster, also those that
    // `autoscale: false` leaves out, as all of them have the tags of the cluster.
    args.extend(
        scaled(context)
            .map(|group| format!("--nodes={}:{}:{}.{}", group.min_size, group.max_size, group.name, context.cluster())),
    );
    args.extend(["--logtostderr=true".to_owned(), "--stderrthreshold=info".to_owned(), "--v=4".to_owned()]);
    let release = context.release(NAME);
    let container = Container::new(NAME, settings.text("image").unwrap_or(release.image(NAME)))
        .command(&["./cluster-autoscaler"])
        .args(args)
        .env("AWS_REGION", context.surroundings.region)
        .port("http", 8085)
        .alive("/health-check", "http", "HTTP")
        .resources(&settings, "100m", "300Mi");
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL)
        .user(65534)
        .annotations([("prometheus.io/port", "8085"), ("prometheus.io/scrape", "true")])
        .annotations(settings.map("podAnnotations"));
    let mut addon = context.addon(NAME, Wave::Extension);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role(NAME, (SYSTEM, NAME), &rules()));
    let local = [
        rule("core", "configmaps", "create list watch"),
        rule_for("core", "configmaps", &["cluster-autoscaler-status", EXPANDER], "delete get update watch"),
    ];
    addon.objects.extend(role(SYSTEM, NAME, (SYSTEM, NAME), &local));
    if expander == "priority" && settings.boolean("createPriorityExpanderConfig") != Some(false) {
        addon.objects.push(config_map(SYSTEM, EXPANDER, [("priorities", priorities(context))]));
    }
    addon.objects.push(context.calling_aws(pods, NAME, container).deployment(context.replicas()));
    addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    Some(addon)
}

/// The groups that it may change.
fn scaled<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a InstanceGroup> {
    let groups = context.spec.groups.iter().filter(|group| group.role == Role::Node && !group.karpenter);
    groups.filter(|group| group.settings.boolean("autoscale") != Some(false))
}

/// Which groups are preferred: what the manifest says, or the priorities of the groups.
fn priorities(context: &Context<'_>) -> String {
    let settings = context.settings("clusterAutoscaler");
    let written = settings.get("customPriorityExpanderConfig").and_then(Value::as_object).filter(|map| !map.is_empty());
    let priorities = written.cloned().unwrap_or_else(|| {
        let mut by_priority: Map<String, Value> = Map::new();
        for group in scaled(context) {
            let priority = group.settings.integer("autoscalePriority").unwrap_or(0).to_string();
            let name = format!("{}.{}", group.name, context.cluster()).replace('.', "\\.");
            if let Some(list) = by_priority.entry(priority).or_insert_with(|| json!([])).as_array_mut() {
                list.push(format!("^{name}$").into());
            }
        }
        by_priority
    });
    // The keys have to be numbers there.
    let mut numbers: Vec<(i64, &Value)> =
        priorities.iter().filter_map(|(key, list)| Some((key.parse().ok()?, list))).collect();
    numbers.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
    let one = |(priority, list): (i64, &Value)| format!("{priority}:\n{}", text::write(std::slice::from_ref(list)));
    numbers.into_iter().map(one).collect()
}

fn rules() -> Vec<Value> {
    let read = "get list watch";
    vec![
        rule("core", "events endpoints", "create patch"),
        rule("core", "pods/eviction", "create"),
        rule("core", "pods/status", "update"),
        rule_for("core", "endpoints", &[NAME], "get update"),
        rule("core", "nodes", "get list watch update"),
        rule("core", "namespaces persistentvolumeclaims persistentvolumes pods replicationcontrollers services", read),
        rule("apps", "daemonsets replicasets statefulsets", read),
        rule("policy", "poddisruptionbudgets", "list watch"),
        rule("resource.k8s.io", "deviceclasses resourceclaims resourceslices", read),
        rule("storage.k8s.io", "csidrivers csinodes csistoragecapacities storageclasses volumeattachments", read),
        rule("batch", "cronjobs jobs", "get list patch watch"),
        rule("coordination.k8s.io", "leases", "create"),
        rule_for("coordination.k8s.io", "leases", &[NAME], "get update"),
    ]
}
