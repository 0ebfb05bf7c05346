//! The node problem detector, if `nodeProblemDetector` asks for it: tells of faults of the kernel as conditions of the node.

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, NODE_CRITICAL, Pods, SYSTEM, bind, service_account};
use crate::problem::Problem;

const NAME: &str = "node-problem-detector";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("nodeProblemDetector");
    if settings.boolean("enabled") != Some(true) {
        return None;
    }
    let container = Container::new(NAME, settings.text("image").unwrap_or(context.release(NAME).image(NAME)))
        .command(&[
            "/node-problem-detector",
            "--logtostderr",
            "--config.system-log-monitor=/config/kernel-monitor.json,/config/readonly-monitor.json",
        ])
        .env_field("NODE_NAME", "spec.nodeName")
        .port("prometheus", 20257)
        .resources(&settings, "10m", "80Mi")
        .mount_read_only("log", "/var/log")
        .mount_read_only("kmsg", "/dev/kmsg")
        .mount_read_only("localtime", "/etc/localtime")
        .privileged();
    let pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
        .tolerate_everything()
        .container(container)
        .host_path("log", "/var/log", "")
        .host_path("kmsg", "/dev/kmsg", "")
        .host_path("localtime", "/etc/localtime", "FileOrCreate");
    let mut addon = context.addon(NAME, Wave::Extension);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(bind(
        "ClusterRoleBinding",
        "",
        "npd-binding",
        ("ClusterRole", "system:node-problem-detector"),
        (SYSTEM, NAME),
    ));
    addon.objects.push(pods.daemon_set("25%"));
    Some(addon)
}
