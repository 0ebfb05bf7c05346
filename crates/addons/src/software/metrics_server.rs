//! The metrics server, if `metricsServer` asks for it.

use serde_json::json;

use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, bind, cluster_role, disruption_budget, object, put, rule, service,
    service_account,
};
use crate::problem::Problem;

const NAME: &str = "metrics-server";
const SECRET: &str = "metrics-server-tls";
const API: &str = "v1beta1.metrics.k8s.io";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("metricsServer");
    if settings.boolean("enabled") != Some(true) {
        return None;
    }
    let insecure = settings.boolean("insecure") == Some(true);
    let mut args = vec![
        "--secure-port=4443",
        // kubelets of kubeadm sign their serving certificates themselves.
        "--kubelet-insecure-tls",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--kubelet-use-node-status-port",
        "--metric-resolution=15s",
    ];
    args.extend(if insecure {
        vec!["--cert-dir=/scratch"]
    } else {
        vec!["--tls-cert-file=/srv/tls.crt", "--tls-private-key-file=/srv/tls.key"]
    });
    let release = context.release(NAME);
    let mut container = Container::new(NAME, settings.text("image").unwrap_or(release.image(NAME)))
        .args(args)
        .port("https", 4443)
        .alive("/livez", "https", "HTTPS")
        .ready("/readyz", "https", "HTTPS")
        .resources(&settings, "100m", "200Mi")
        .mount("scratch", "/scratch");
    let mut pods =
        Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL).user(1000).volume("scratch", json!({ "emptyDir": {} }));
    if !insecure {
        container = container.mount_read_only("certificate", "/srv");
        pods = pods.volume("certificate", json!({ "secret": { "secretName": SECRET } }));
    }
    let mut api = object(
        "apiregistration.k8s.io/v1",
        "APIService",
        "",
        API,
        json!({ "spec": {
        "group": "metrics.k8s.io",
        "groupPriorityMinimum": 100,
        "service": { "name": NAME, "namespace": SYSTEM },
        "version": "v1beta1",
        "versionPriority": 100,
    } }),
    );
    let mut addon = context.addon(NAME, Wave::System);
    if insecure {
        put(&mut api, &["spec", "insecureSkipTLSVerify"], true.into());
    } else {
        addon.certificates.push(ServingCertificate::of_service(SECRET, SYSTEM, NAME, &[("APIService", API)]));
    }
    let mut reader = object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        "",
        "system:aggregated-metrics-reader",
        json!({
            "rules": [rule("metrics.k8s.io", "pods nodes", "get list watch")],
        }),
    );
    for role in ["view", "edit", "admin"] {
        put(
            &mut reader,
            &["metadata", "labels", &format!("rbac.authorization.k8s.io/aggregate-to-{role}")],
            "true".into(),
        );
    }
    let rules = [rule("core", "nodes/metrics", "get"), rule("core", "pods nodes", "get list watch")];
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(reader);
    addon.objects.extend(cluster_role("system:metrics-server", (SYSTEM, NAME), &rules));
    addon.objects.push(bind(
        "RoleBinding",
        SYSTEM,
        "metrics-server-auth-reader",
        ("Role", "extension-apiserver-authentication-reader"),
        (SYSTEM, NAME),
    ));
    addon.objects.push(bind(
        "ClusterRoleBinding",
        "",
        "metrics-server:system:auth-delegator",
        ("ClusterRole", "system:auth-delegator"),
        (SYSTEM, NAME),
    ));
    addon.objects.push(service(SYSTEM, NAME, NAME, &[("https", 443, "https")]));
    addon.objects.push(pods.container(container).deployment(context.replicas()));
    addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    addon.objects.push(api);
    Some(addon)
}
