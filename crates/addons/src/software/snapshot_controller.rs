//! The controller of volume snapshots, if `snapshotController` asks for it; upstream's definitions, a deployment of its own.

use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, disruption_budget, object, role, rule, service_account,
};
use crate::problem::Problem;

const NAME: &str = "snapshot-controller";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    if !context.spec.cluster.addons.snapshot_controller {
        return None;
    }
    let container = Container::new(NAME, context.release(NAME).image(NAME))
        .args(["--v=2", "--leader-election=true", "--http-endpoint=:8080"])
        .port("http", 8080)
        .alive("/healthz/leader-election", "http", "HTTP")
        .with("resources", json!({ "requests": { "cpu": "10m", "memory": "32Mi" } }));
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL).user(65534).container(container);
    let mut addon = context.addon(NAME, Wave::System);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role("snapshot-controller-runner", (SYSTEM, NAME), &rules()));
    let leases = [rule("coordination.k8s.io", "leases", "get list watch create delete update")];
    addon.objects.extend(role(SYSTEM, "snapshot-controller-leaderelection", (SYSTEM, NAME), &leases));
    addon.objects.push(pods.deployment(context.replicas()));
    addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    if context.settings("snapshotController").boolean("installDefaultClass") == Some(true) {
        let fields = json!({
            "metadata": { "annotations": { "snapshot.storage.kubernetes.io/is-default-class": "true" } },
            "driver": "ebs.csi.aws.com",
            "deletionPolicy": "Delete",
        });
        addon.objects.push(object("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "", "csi-aws-vsc", fields));
    }
    Some(addon)
}

fn rules() -> Vec<Value> {
    let (read, own) = ("get list watch", "create get list watch update delete patch");
    let mut rules = vec![
        rule("core", "persistentvolumes", read),
        rule("core", "persistentvolumeclaims", "get list watch update"),
        rule("core", "events", "list watch create update patch"),
    ];
    for (group, prefix) in
        [("snapshot.storage.k8s.io", "volumesnapshot"), ("groupsnapshot.storage.k8s.io", "volumegroupsnapshot")]
    {
        rules.push(rule(group, &format!("{prefix}classes"), read));
        rules.push(rule(group, &format!("{prefix}contents"), own));
        rules.push(rule(group, &format!("{prefix}contents/status"), "patch update"));
        rules.push(rule(group, &format!("{prefix}s"), own));
        rules.push(rule(group, &format!("{prefix}s/status"), "patch update"));
    }
    rules
}
