//! CoreDNS at the version and with the settings of the cluster, and as many as its size asks for. kubeadm, which would install it
//! once and then leave it alone, is told to leave it out.

use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, config_map, disruption_budget, object, put, role, rule,
    rule_for, service_account, spread,
};
use crate::problem::Problem;

const NAME: &str = "coredns";
/// Label of the pods: that of the first DNS server of Kubernetes, which every client expects.
const APP: &str = "kube-dns";
const AUTOSCALER: &str = "coredns-autoscaler";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("kubeDNS");
    match settings.text("provider") {
        None | Some("CoreDNS") => {}
        Some("None") => return None,
        Some(other) => {
            problems.push(Problem::new(
                "spec.kubeDNS.provider",
                format!("`{other}` is no DNS server that kedge runs"),
                "write `CoreDNS`, or `None` where you bring your own",
            ));
            return None;
        }
    }
    let release = context.release(NAME);
    let image = settings.text("coreDNSImage").or_else(|| settings.text("image")).unwrap_or(release.image(NAME));
    let probe = |path: &str, port: &str| {
        let get = json!({ "path": path, "port": port, "scheme": "HTTP" });
        json!({ "httpGet": get, "initialDelaySeconds": 10, "timeoutSeconds": 5 })
    };
    let limit = settings.text("memoryLimit").unwrap_or("170Mi");
    let resources = json!({
        "limits": { "memory": limit },
        "requests": {
            "cpu": settings.text("cpuRequest").unwrap_or("100m"),
            "memory": settings.text("memoryRequest").unwrap_or("70Mi"),
        },
    });
    let container = Container::new(NAME, image)
        .args(["-conf", "/etc/coredns/Corefile"])
        .udp_port("dns", 53)
        .port("dns-tcp", 53)
        .port("metrics", 9153)
        .port("liveness-probe", 8080)
        .port("readiness-probe", 8181)
        .with("livenessProbe", probe("/health", "liveness-probe"))
        .with("readinessProbe", probe("/ready", "readiness-probe"))
        .with("resources", resources)
        .mount_read_only("config-volume", "/etc/coredns")
        .security(json!({
            "allowPrivilegeEscalation": false,
            "capabilities": { "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
        }));
    let spread = |key: &str| spread(APP, key, "ScheduleAnyway");
    let mut pods = Pods::new(SYSTEM, APP, NAME, CLUSTER_CRITICAL)
        .with("dnsPolicy", "Default")
        .with("tolerations", tolerations(context))
        // Never refused, as there may be more of them than nodes.
        .with(
            "topologySpreadConstraints",
            vec![spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
        )
        .annotations(settings.map("podAnnotations"))
        .container(container)
        .volume(
            "config-volume",
            json!({ "configMap": { "name": NAME, "items": [{ "key": "Corefile", "path": "Corefile" }] } }),
        );
    if let Some(affinity) = settings.get("affinity") {
        pods = pods.with("affinity", affinity.clone());
    }
    let mut deployment = pods.deployment(2);
    put(&mut deployment, &["metadata", "name"], NAME.into());
    let replicas = settings.integer("replicas");
    match replicas {
        Some(replicas) => put(&mut deployment, &["spec", "replicas"], replicas.into()),
        // The autoscaler decides, and whoever applies must not take that back.
        None => crate::patch::merge(&mut deployment, &json!({ "spec": { "replicas": null } })),
    }
    let mut addon = context.addon(NAME, Wave::System);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(config_map(SYSTEM, NAME, [("Corefile", corefile(context))]));
    let rules = [
        rule("core", "endpoints services pods namespaces", "list watch"),
        rule("discovery.k8s.io", "endpointslices", "list watch"),
    ];
    addon.objects.extend(cluster_role("system:coredns", (SYSTEM, NAME), &rules));
    addon.objects.push(service(&context.ranges.dns));
    addon.objects.push(deployment);
    addon.objects.push(disruption_budget(SYSTEM, APP, APP));
    if replicas.is_none() {
        addon.objects.extend(autoscaler(context, settings.text("cpaImage").unwrap_or(release.image("autoscaler"))));
    }
    Some(addon)
}

fn tolerations(context: &Context<'_>) -> Value {
    let usual = json!([
        { "key": "CriticalAddonsOnly", "operator": "Exists" },
        { "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" },
    ]);
    let written = context.settings("kubeDNS").get("tolerations").cloned();
    written.filter(|list| list.as_array().is_some_and(|items| !items.is_empty())).unwrap_or(usual)
}

/// The configuration of CoreDNS.
pub(super) fn corefile(context: &Context<'_>) -> String {
    let settings = context.settings("kubeDNS");
    if let Some(file) = settings.text("externalCoreFile") {
        return file.to_owned();
    }
    let domain = settings.text("domain").unwrap_or(context.domain()).trim_end_matches('.');
    let upstream = settings.texts("upstreamNameservers");
    let upstream = if upstream.is_empty() { "/etc/resolv.conf".to_owned() } else { upstream.join(" ") };
    let most = settings.integer("cacheMaxConcurrent").unwrap_or(1000);
    let cache = settings.integer("cacheMaxSize").map_or_else(
        || "    cache 30\n".to_owned(),
        |size| format!("    cache 30 {{\n        success {size}\n        denial {size}\n    }}\n"),
    );
    let dns64 = if context.ranges.ipv6 { "    dns64\n" } else { "" };
    let mut file = format!(
        ".:53 {{\n    errors\n    health {{\n        lameduck 5s\n    }}\n    ready\n    kubernetes {domain} in-addr.arpa ip6.arpa {{\n        \
         pods insecure\n        fallthrough in-addr.arpa ip6.arpa\n        ttl 30\n    }}\n    prometheus :9153\n    \
         forward . {upstream} {{\n        max_concurrent {most}\n    }}\n{cache}{dns64}    loop\n    reload\n    loadbalance\n}}\n"
    );
    let stubs = settings.get("stubDomains").and_then(Value::as_object).into_iter().flatten();
    for (stub, servers) in stubs {
        let servers: Vec<&str> = servers.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        file += &zone(stub, &servers.join(" "));
    }
    file
}

/// A zone whose names other servers know.
fn zone(name: &str, servers: &str) -> String {
    format!("{name}:53 {{\n    errors\n    cache 30\n    forward . {servers}\n}}\n")
}

/// The service with the address that kubelets give pods.
fn service(address: &str) -> Value {
    let port = |name: &str, port: u16, protocol: &str| json!({ "name": name, "port": port, "protocol": protocol, "targetPort": name });
    let fields = json!({
        "metadata": {
            "labels": { "k8s-app": APP, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
            "annotations": { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
        },
        "spec": {
            "clusterIP": address,
            "selector": { "k8s-app": APP },
            "ports": [port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"), port("metrics", 9153, "TCP")],
        },
    });
    object("v1", "Service", SYSTEM, APP, fields)
}

/// What makes more of them as the cluster grows.
fn autoscaler(context: &Context<'_>, image: &str) -> Vec<Value> {
    let container = Container::new("autoscaler", image)
        .command(&[
            "/cluster-proportional-autoscaler",
            "--namespace=kube-system",
            "--configmap=coredns-autoscaler",
            "--target=Deployment/coredns",
            "--default-params={\"linear\":{\"coresPerReplica\":256,\"nodesPerReplica\":16,\"preventSinglePointFailure\":true}}",
            "--logtostderr=true",
            "--v=2",
        ])
        .with("resources", json!({ "requests": { "cpu": "20m", "memory": "10Mi" } }));
    let pods = Pods::new(SYSTEM, AUTOSCALER, AUTOSCALER, CLUSTER_CRITICAL)
        .user(65534)
        .with("tolerations", tolerations(context))
        .container(container);
    let mut objects = vec![service_account(SYSTEM, AUTOSCALER), pods.deployment(1)];
    objects.extend(cluster_role(AUTOSCALER, (SYSTEM, AUTOSCALER), &[rule("core", "nodes", "list watch")]));
    let rules = [
        rule_for("apps", "deployments/scale", &[NAME], "get update"),
        rule("core", "configmaps", "create"),
        rule_for("core", "configmaps", &[AUTOSCALER], "get"),
    ];
    objects.extend(role(SYSTEM, AUTOSCALER, (SYSTEM, AUTOSCALER), &rules));
    objects
}
