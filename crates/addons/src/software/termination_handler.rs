//! The node termination handler: drains nodes that AWS is about to stop.
//!
//! With a queue it hears of everything that happens to instances, and one pod serves the cluster. Without, each node asks its
//! metadata service about itself.

use kedge_resource::names::queue_name;
use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, NODE_CRITICAL, Pods, SYSTEM, cluster_role, disruption_budget, rule, service_account,
};
use crate::problem::Problem;

const NAME: &str = "aws-node-termination-handler";
/// Port of its probes: on the host network of control planes others have the usual 8080.
const PROBES: u16 = 8391;

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let handler = &context.spec.cluster.termination_handler;
    if !handler.enabled {
        return None;
    }
    let settings = context.settings("nodeTerminationHandler");
    let switch = |name: &str, usual: bool| settings.boolean(name).unwrap_or(usual).to_string();
    let release = context.release(NAME);
    let image = release.image(NAME);
    let image = settings.text("version").map_or_else(
        || image.to_owned(),
        |version| format!("{}:{version}", image.rsplit_once(':').map_or(image, |(path, _)| path)),
    );
    let mut container = Container::new(NAME, &image)
        .env_field("NODE_NAME", "spec.nodeName")
        .env_field("POD_NAME", "metadata.name")
        .env_field("NAMESPACE", "metadata.namespace")
        .env("JSON_LOGGING", "true")
        .env("LOG_FORMAT_VERSION", "2")
        .env("LOG_LEVEL", "info")
        .env("ENABLE_PROMETHEUS_SERVER", switch("prometheusEnable", false))
        .env("PROMETHEUS_SERVER_PORT", "9092")
        .env("CORDON_ONLY", "false")
        .env("DRY_RUN", "false")
        .env("DELETE_LOCAL_DATA", "true")
        .env("IGNORE_DAEMON_SETS", "true")
        .env("EMIT_KUBERNETES_EVENTS", "true")
        .env("EXCLUDE_FROM_LOAD_BALANCERS", switch("excludeFromLoadBalancers", true))
        .env("ENABLE_OUT_OF_SERVICE_TAINT", switch("enableOutOfServiceTaint", false))
        .env("NODE_TERMINATION_GRACE_PERIOD", "120")
        .env("POD_TERMINATION_GRACE_PERIOD", settings.integer("podTerminationGracePeriod").unwrap_or(-1).to_string())
        .env("TAINT_NODE", switch("taintNode", false))
        .env("ENABLE_SQS_TERMINATION_DRAINING", handler.queue.to_string())
        .env("ENABLE_PROBES_SERVER", "true")
        .env("PROBES_SERVER_ENDPOINT", "/healthz")
        .env("PROBES_SERVER_PORT", PROBES.to_string())
        .port("metrics", 9092)
        .port("probes", PROBES)
        .alive("/healthz", "probes", "HTTP")
        .resources(&settings, "50m", "64Mi");
    for (setting, variable) in [("webhookURL", "WEBHOOK_URL"), ("webhookTemplate", "WEBHOOK_TEMPLATE")] {
        if let Some(text) = settings.text(setting) {
            container = container.env(variable, text);
        }
    }
    let mut addon = context.addon(NAME, Wave::Extension);
    if let Some(version) = settings.text("version") {
        version.clone_into(&mut addon.version);
    }
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role(NAME, (SYSTEM, NAME), &rules()));
    if handler.queue {
        container = container
            .env("AWS_REGION", context.surroundings.region)
            .env("CHECK_TAG_BEFORE_DRAINING", "true")
            .env("COMPLETE_LIFECYCLE_ACTION_DELAY_SECONDS", "-1")
            .env("DELETE_SQS_MSG_IF_NODE_NOT_FOUND", switch("deleteSQSMsgIfNodeNotFound", false))
            .env("ENABLE_REBALANCE_DRAINING", handler.rebalance_draining.to_string())
            .env("ENABLE_REBALANCE_MONITORING", switch("enableRebalanceMonitoring", false))
            .env("ENABLE_SCHEDULED_EVENT_DRAINING", switch("enableScheduledEventDraining", true))
            .env("ENABLE_SPOT_INTERRUPTION_DRAINING", switch("enableSpotInterruptionDraining", true))
            .env("MANAGED_TAG", handler.managed_asg_tag.clone())
            .env("QUEUE_URL", queue_url(context))
            .env("USE_PROVIDER_ID", "true")
            .env("WORKERS", "10");
        let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL).user(1000);
        addon.objects.push(context.calling_aws(pods, NAME, container).deployment(context.replicas()));
        addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    } else {
        container = container
            .env("ENABLE_REBALANCE_DRAINING", handler.rebalance_draining.to_string())
            .env("ENABLE_REBALANCE_MONITORING", switch("enableRebalanceMonitoring", false))
            .env("ENABLE_SCHEDULED_EVENT_DRAINING", switch("enableScheduledEventDraining", true))
            .env("ENABLE_SPOT_INTERRUPTION_DRAINING", switch("enableSpotInterruptionDraining", true))
            .env("METADATA_TRIES", "3")
            .env("UPTIME_FROM_FILE", "/proc/uptime")
            .mount_read_only("uptime", "/proc/uptime");
        let pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
            .user(1000)
            .host_network()
            .with("dnsPolicy", "ClusterFirstWithHostNet")
            .tolerate_everything()
            .container(container)
            .volume("uptime", json!({ "hostPath": { "path": "/proc/uptime" } }));
        addon.objects.push(pods.daemon_set("25%"));
    }
    Some(addon)
}

/// Where the queue of the model is.
fn queue_url(context: &Context<'_>) -> String {
    let crate::context::Surroundings { region, partition, account_id, .. } = context.surroundings;
    let suffix = if *partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://sqs.{region}.{suffix}/{account_id}/{}", queue_name(&context.spec.cluster.name))
}

fn rules() -> Vec<Value> {
    vec![
        rule("core", "nodes", "get list patch update"),
        rule("core", "pods", "get list"),
        rule("core", "pods/eviction", "create"),
        rule("apps", "daemonsets", "get"),
        rule("core", "events", "create patch"),
    ]
}
