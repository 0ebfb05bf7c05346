//! The device plugin of NVIDIA, if `containerd.nvidiaGPU` asks for GPUs.

use kedge_spec::resolved::Role;
use serde_json::json;

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, NODE_CRITICAL, Pods, SYSTEM, service_account};
use crate::problem::Problem;

const NAME: &str = "nvidia-device-plugin";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let cluster = &context.spec.cluster;
    let nodes = context.spec.groups.iter().filter(|group| group.role == Role::Node);
    if !nodes.into_iter().any(|group| group.nvidia_gpu.unwrap_or(cluster.nvidia_gpu)) {
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
