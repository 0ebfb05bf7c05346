//! The driver of EBS volumes, by its own manifests.

use serde_json::{Value, json};

use super::network::container;
use crate::addon::{Addon, Wave};
use crate::context::{Context, token_volume_named};
use crate::objects::{SYSTEM, put};
use crate::patch::{Change, Container, Patch};
use crate::problem::Problem;

const CONTROLLER: &str = "ebs-csi-controller";
const NODE: &str = "ebs-csi-node";
/// Account of the controller.
const ACCOUNT: &str = "ebs-csi-controller-sa";
/// Sidecars of the controller.
const SIDECARS: [&str; 4] = ["csi-provisioner", "csi-attacher", "csi-snapshotter", "csi-resizer"];

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("cloudConfig").block("awsEBSCSIDriver");
    if settings.boolean("managed") == Some(false) {
        return None;
    }
    let mut addon = context.addon("aws-ebs-csi-driver", Wave::System);
    addon.namespace = Some(SYSTEM.to_owned());
    let image = settings.text("version").map(|version| {
        let image = context.release("aws-ebs-csi-driver").image("driver");
        format!("{}:{version}", image.rsplit_once(':').map_or(image, |(path, _)| path))
    });
    if let Some(version) = settings.text("version") {
        version.clone_into(&mut addon.version);
    }
    let cluster = context.cluster();
    let mut tags = vec![format!("KubernetesCluster={cluster}"), format!("kubernetes.io/cluster/{cluster}=owned")];
    tags.extend(context.spec.cluster.cloud_labels.0.iter().map(|(key, value)| format!("{key}={value}")));
    let mut controller = Container {
        image: image.clone(),
        flags: vec![format!("--extra-tags={}", tags.join(",")), format!("--k8s-tag-cluster-id={cluster}")],
        ..Container::named("ebs-plugin")
    };
    controller.env.insert("AWS_REGION".to_owned(), context.surroundings.region.into());
    // No keys of users: the driver has a role.
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        controller.env.insert(variable.to_owned(), Value::Null);
    }
    let mut pods = json!({});
    if context.has_roles() {
        let role = context.role_change("ebs-plugin", ACCOUNT);
        controller.env.extend(role.env);
        controller.mounts.extend(role.mounts);
        addon.patches.push(Patch::new(
            "Deployment",
            CONTROLLER,
            Change::Volumes { add: vec![token_volume_named()], remove: Vec::new() },
        ));
    } else {
        // Only the host network of a control plane reaches the role.
        pods = json!({
            "affinity": { "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": null,
                "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
                    { "matchExpressions": [{ "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" }] },
                ] },
            } },
            "hostNetwork": true,
            "tolerations": [
                { "key": "CriticalAddonsOnly", "operator": "Exists" },
                { "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" },
            ],
        });
    }
    let mut template = json!({ "spec": pods });
    let annotations = settings.map("podAnnotations");
    if !annotations.is_empty() {
        put(
            &mut template,
            &["metadata", "annotations"],
            annotations
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).into()))
                .collect::<serde_json::Map<_, Value>>()
                .into(),
        );
    }
    let merge = json!({ "spec": { "replicas": context.replicas(), "template": template } });
    addon.patches.push(Patch::new("Deployment", CONTROLLER, Change::Merge(merge)));
    let mut flags = Vec::new();
    if let Some(qps) = settings.get("kubeAPIQPS").and_then(number) {
        flags.push(format!("--kube-api-qps={qps}"));
    }
    if let Some(burst) = settings.integer("kubeAPIBurst") {
        flags.push(format!("--kube-api-burst={burst}"));
    }
    if !flags.is_empty() {
        for name in SIDECARS {
            addon.patches.push(container(
                "Deployment",
                CONTROLLER,
                Container { flags: flags.clone(), ..Container::named(name) },
            ));
        }
    }
    let mut node = Container { image, ..Container::named("ebs-plugin") };
    if let Some(limit) = settings.integer("volumeAttachLimit") {
        node.flags.push(format!("--volume-attach-limit={limit}"));
    }
    if settings.boolean("hostNetwork") == Some(true) {
        // On the hosts of control planes the controller has the port that upstream gives both.
        node.ports.insert("healthz".to_owned(), 9810);
        let probe = Container { flags: vec!["--http-endpoint=:9810".to_owned()], ..Container::named("liveness-probe") };
        addon.patches.push(container("DaemonSet", NODE, probe));
        let merge = json!({ "spec": { "template": { "spec": { "hostNetwork": true } } } });
        addon.patches.push(Patch::new("DaemonSet", NODE, Change::Merge(merge)));
    }
    addon.patches.push(container("Deployment", CONTROLLER, controller));
    addon.patches.push(container("DaemonSet", NODE, node));
    if !context.spec.cluster.addons.snapshot_controller {
        // Without the definitions of snapshots it would only complain.
        addon.patches.push(Patch::new(
            "Deployment",
            CONTROLLER,
            Change::WithoutContainer("csi-snapshotter".to_owned()),
        ));
    }
    Some(addon)
}

/// A number, written as one or as a quantity.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
