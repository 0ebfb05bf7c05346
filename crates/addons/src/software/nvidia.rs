//! The device plugin of NVIDIA, if there are nodes with GPUs.

use serde_json::json;

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, NODE_CRITICAL, Pods, SYSTEM, service_account};
use crate::problem::Problem;

const NAME: &str = "nvidia-device-plugin";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    if !context.surroundings.gpus {
        return None;
    }
    let container = Container::new(NAME, context.release(NAME).image("device-plugin"))
        .env("FAIL_ON_INIT_ERROR", "false")
        .with("resources", json!({ "requests": { "cpu": "10m", "memory": "32Mi" } }))
        .mount("device-plugin", "/var/lib/kubelet/device-plugins");
    let pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
        .with("nodeSelector", json!({ "kops.k8s.io/gpu": "1", "kubernetes.io/os": "linux" }))
        .tolerate_everything()
        .container(container)
        .host_path("device-plugin", "/var/lib/kubelet/device-plugins", "");
    let mut addon = context.addon(NAME, Wave::System);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(pods.daemon_set("25%"));
    Some(addon)
}
