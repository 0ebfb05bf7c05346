//! Prometheus with Grafana, if an annotation of the cluster asks for them: kops has no field for them.
//!
//! They are reached from within the cluster only, or by `kubectl port-forward`. Whoever reaches Grafana may look and change
//! nothing, so that there is no password.

use kedge_spec::{Settings, text};
use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, Pods, cluster_role, config_map, object, rule, service, service_account};
use crate::problem::Problem;

/// The annotation: `enabled`, or for how long samples are kept, such as `15d`.
pub(crate) const ANNOTATION: &str = "addons.kedge.dev/monitoring";

const NAME: &str = "monitoring";
/// Namespace of all of them.
const SPACE: &str = "monitoring";
/// What kube-state-metrics tells of.
const WATCHED: [&str; 24] = [
    "cronjobs",
    "daemonsets",
    "deployments",
    "endpoints",
    "endpointslices",
    "horizontalpodautoscalers",
    "ingresses",
    "jobs",
    "leases",
    "limitranges",
    "namespaces",
    "networkpolicies",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "resourcequotas",
    "services",
    "statefulsets",
    "storageclasses",
    "volumeattachments",
];
/// Volume for samples.
const VOLUME: &str = "50Gi";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let word = context.spec.cluster.annotations.get(ANNOTATION)?;
    let retention = match word.as_str() {
        "none" => return None,
        "enabled" => "15d",
        days if is_retention(days) => days,
        other => {
            problems.push(Problem::new(
                format!("metadata.annotations.{ANNOTATION}"),
                format!("`{other}` is no time for which samples can be kept"),
                "write `enabled`, `none`, or a time such as `15d`",
            ));
            return None;
        }
    };
    let mut addon = context.addon(NAME, Wave::Extension);
    let labels = json!({ "metadata": { "labels": {
        // Node exporters look at their hosts.
        "pod-security.kubernetes.io/enforce": "privileged",
    } } });
    addon.objects.push(object("v1", "Namespace", "", SPACE, labels));
    prometheus(context, retention, &mut addon);
    state_metrics(context, &mut addon);
    node_exporter(context, &mut addon);
    grafana(context, &mut addon);
    Some(addon)
}

fn is_retention(text: &str) -> bool {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    ["h", "d", "w", "y"].contains(&unit) && number.parse::<u32>().is_ok_and(|number| number > 0)
}

fn prometheus(context: &Context<'_>, retention: &str, addon: &mut Addon) {
    let name = "prometheus";
    let container = Container::new(name, context.release(NAME).image(name))
        .args([
            "--config.file=/etc/prometheus/prometheus.yml".to_owned(),
            "--storage.tsdb.path=/prometheus".to_owned(),
            format!("--storage.tsdb.retention.time={retention}"),
            "--storage.tsdb.retention.size=45GB".to_owned(),
        ])
        .port("http", 9090)
        .alive("/-/healthy", "http", "HTTP")
        .ready("/-/ready", "http", "HTTP")
        .resources(&Settings::default(), "200m", "1Gi")
        .mount_read_only("config", "/etc/prometheus")
        .mount("data", "/prometheus");
    let pods = Pods::new(SPACE, name, name, "")
        .user(65534)
        .container(container)
        .volume("config", json!({ "configMap": { "name": name } }));
    let rules = [
        rule("core", "nodes nodes/metrics services endpoints pods", "get list watch"),
        rule("discovery.k8s.io", "endpointslices", "get list watch"),
        json!({ "nonResourceURLs": ["/metrics", "/metrics/cadvisor"], "verbs": ["get"] }),
    ];
    addon.objects.push(service_account(SPACE, name));
    addon.objects.extend(cluster_role("monitoring:prometheus", (SPACE, name), &rules));
    addon.objects.push(config_map(
        SPACE,
        name,
        [("prometheus.yml", text::write(&[scraping()])), ("rules.yml", text::write(&[alerts()]))],
    ));
    addon.objects.push(service(SPACE, name, name, &[("http", 9090, "http")]));
    addon.objects.push(pods.stateful_set(&[("data", VOLUME)]));
}

/// What is scraped: API servers, kubelets and their containers, and pods that ask for it by annotations.
fn scraping() -> Value {
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    let relabel = |source: &str, regex: &str, target: &str, replacement: &str| {
        json!({
            "source_labels": [source], "regex": regex, "target_label": target, "replacement": replacement, "action": "replace",
        })
    };
    let kubelet = |job: &str, path: &str| {
        json!({
            "job_name": job,
            "scheme": "https",
            "metrics_path": path,
            "authorization": { "credentials_file": format!("{account}/token") },
            // kubelets of kubeadm sign their serving certificates themselves.
            "tls_config": { "insecure_skip_verify": true },
            "kubernetes_sd_configs": [{ "role": "node" }],
            "relabel_configs": [{ "action": "labelmap", "regex": "__meta_kubernetes_node_label_(topology_kubernetes_io_zone|kops_k8s_io_instancegroup)" }],
        })
    };
    json!({
        "global": { "scrape_interval": "30s", "evaluation_interval": "30s" },
        "rule_files": ["/etc/prometheus/rules.yml"],
        "scrape_configs": [
            {
                "job_name": "apiserver",
                "scheme": "https",
                "authorization": { "credentials_file": format!("{account}/token") },
                "tls_config": { "ca_file": format!("{account}/ca.crt"), "server_name": "kubernetes.default.svc" },
                "kubernetes_sd_configs": [{ "role": "endpointslice", "namespaces": { "names": ["default"] } }],
                "relabel_configs": [{
                    "source_labels": ["__meta_kubernetes_service_name", "__meta_kubernetes_endpointslice_port_name"],
                    "regex": "kubernetes;https",
                    "action": "keep",
                }],
            },
            kubelet("kubelet", "/metrics"),
            kubelet("cadvisor", "/metrics/cadvisor"),
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [{ "role": "pod" }],
                "relabel_configs": [
                    { "source_labels": ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], "regex": "true", "action": "keep" },
                    { "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Pending|Succeeded|Failed|Completed", "action": "drop" },
                    relabel("__meta_kubernetes_pod_annotation_prometheus_io_scheme", "(https?)", "__scheme__", "$1"),
                    relabel("__meta_kubernetes_pod_annotation_prometheus_io_path", "(.+)", "__metrics_path__", "$1"),
                    {
                        "source_labels": ["__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_annotation_prometheus_io_port"],
                        "regex": "([0-9.]+);([0-9]+)", "target_label": "__address__", "replacement": "$1:$2", "action": "replace",
                    },
                    {
                        "source_labels": ["__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_annotation_prometheus_io_port"],
                        "regex": "([0-9a-f:]+:[0-9a-f:]*);([0-9]+)", "target_label": "__address__", "replacement": "[$1]:$2", "action": "replace",
                    },
                    relabel("__meta_kubernetes_namespace", "(.+)", "namespace", "$1"),
                    relabel("__meta_kubernetes_pod_name", "(.+)", "pod", "$1"),
                    relabel("__meta_kubernetes_pod_node_name", "(.+)", "node", "$1"),
                    relabel("__meta_kubernetes_pod_label_k8s_app", "(.+)", "app", "$1"),
                ],
            },
        ],
    })
}

/// What somebody should look at. Nobody is told of it: that takes an Alertmanager of one's own.
fn alerts() -> Value {
    let alert = |name: &str, expression: &str, summary: &str| {
        json!({
            "alert": name, "expr": expression, "for": "10m", "labels": { "severity": "warning" }, "annotations": { "summary": summary },
        })
    };
    json!({ "groups": [{ "name": "cluster", "rules": [
        alert("TargetDown", "up == 0", "{{ $labels.job }} {{ $labels.instance }} cannot be scraped"),
        alert("NodeNotReady", "kube_node_status_condition{condition=\"Ready\",status=\"true\"} == 0", "{{ $labels.node }} is not ready"),
        alert("PodCrashLooping", "increase(kube_pod_container_status_restarts_total[30m]) > 5", "{{ $labels.namespace }}/{{ $labels.pod }} keeps restarting"),
        alert("PodNotReady", "sum by (namespace, pod) (kube_pod_status_phase{phase=~\"Pending|Unknown\"}) > 0", "{{ $labels.namespace }}/{{ $labels.pod }} does not start"),
        alert("NodeDiskFull", "node_filesystem_avail_bytes{mountpoint=\"/\"} / node_filesystem_size_bytes{mountpoint=\"/\"} < 0.1", "the disk of {{ $labels.node }} is full to 90 per cent"),
        alert("VolumeFull", "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.1", "volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full to 90 per cent"),
    ] }] })
}

fn state_metrics(context: &Context<'_>, addon: &mut Addon) {
    let name = "kube-state-metrics";
    let container = Container::new(name, context.release(NAME).image(name))
        // Secrets and config maps are nobody's business here.
        .args([format!("--resources={}", WATCHED.join(","))])
        .port("metrics", 8080)
        .port("telemetry", 8081)
        .alive("/livez", "metrics", "HTTP")
        .ready("/readyz", "telemetry", "HTTP")
        .resources(&Settings::default(), "20m", "128Mi");
    let pods = Pods::new(SPACE, name, name, "")
        .user(65534)
        .annotations([("prometheus.io/port", "8080"), ("prometheus.io/scrape", "true")])
        .container(container);
    let watch = "list watch";
    let rules = [
        rule(
            "core",
            "endpoints limitranges namespaces nodes persistentvolumeclaims persistentvolumes pods replicationcontrollers \
             resourcequotas services",
            watch,
        ),
        rule("apps", "daemonsets deployments replicasets statefulsets", watch),
        rule("batch", "cronjobs jobs", watch),
        rule("autoscaling", "horizontalpodautoscalers", watch),
        rule("policy", "poddisruptionbudgets", watch),
        rule("discovery.k8s.io", "endpointslices", watch),
        rule("storage.k8s.io", "storageclasses volumeattachments", watch),
        rule("networking.k8s.io", "ingresses networkpolicies", watch),
        rule("coordination.k8s.io", "leases", watch),
    ];
    addon.objects.push(service_account(SPACE, name));
    addon.objects.extend(cluster_role("monitoring:kube-state-metrics", (SPACE, name), &rules));
    addon.objects.push(pods.deployment(1));
}

fn node_exporter(context: &Context<'_>, addon: &mut Addon) {
    let name = "node-exporter";
    let container = Container::new(name, context.release(NAME).image(name))
        .args([
            "--path.procfs=/host/root/proc",
            "--path.sysfs=/host/root/sys",
            "--path.rootfs=/host/root",
            "--no-collector.wifi",
            "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run/k3s/containerd/.+|var/lib/docker/.+|var/lib/kubelet/pods/.+)($|/)",
            "--web.listen-address=:9100",
        ])
        .port("metrics", 9100)
        .alive("/", "metrics", "HTTP")
        .resources(&Settings::default(), "20m", "32Mi")
        .mount_as(json!({ "name": "root", "mountPath": "/host/root", "readOnly": true, "mountPropagation": "HostToContainer" }));
    let pods = Pods::new(SPACE, name, name, "system-node-critical")
        .user(65534)
        // Only there it sees the network of its host.
        .host_network()
        .with("hostPID", true)
        .tolerate_everything()
        .annotations([("prometheus.io/port", "9100"), ("prometheus.io/scrape", "true")])
        .container(container)
        .host_path("root", "/", "");
    addon.objects.push(service_account(SPACE, name));
    addon.objects.push(pods.daemon_set("10%"));
}

fn grafana(context: &Context<'_>, addon: &mut Addon) {
    let name = "grafana";
    let container = Container::new(name, context.release(NAME).image(name))
        .env("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
        .env("GF_ANALYTICS_REPORTING_ENABLED", "false")
        .env("GF_AUTH_ANONYMOUS_ENABLED", "true")
        .env("GF_AUTH_ANONYMOUS_ORG_ROLE", "Viewer")
        .env("GF_AUTH_BASIC_ENABLED", "false")
        .env("GF_AUTH_DISABLE_LOGIN_FORM", "true")
        .env("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "true")
        .port("http", 3000)
        .alive("/api/health", "http", "HTTP")
        .ready("/api/health", "http", "HTTP")
        .resources(&Settings::default(), "50m", "128Mi")
        .mount("data", "/var/lib/grafana")
        .mount("scratch", "/tmp")
        .mount_read_only("sources", "/etc/grafana/provisioning/datasources")
        .mount_read_only("providers", "/etc/grafana/provisioning/dashboards")
        .mount_read_only("dashboards", "/var/lib/dashboards");
    let volume = |key: &str| json!({ "configMap": { "name": name, "items": [{ "key": key, "path": key }] } });
    let pods = Pods::new(SPACE, name, name, "")
        .user(472)
        .container(container)
        .volume("data", json!({ "emptyDir": {} }))
        .volume("scratch", json!({ "emptyDir": {} }))
        .volume("sources", volume("sources.yaml"))
        .volume("providers", volume("providers.yaml"))
        .volume("dashboards", volume("cluster.json"));
    let sources = json!({ "apiVersion": 1, "datasources": [
        { "name": "Prometheus", "type": "prometheus", "uid": "prometheus", "access": "proxy", "isDefault": true, "url": format!("http://prometheus.{SPACE}.svc:9090") },
    ] });
    let providers = json!({ "apiVersion": 1, "providers": [
        { "name": "kedge", "type": "file", "allowUiUpdates": false, "options": { "path": "/var/lib/dashboards" } },
    ] });
    let data = [
        ("sources.yaml", text::write(&[sources])),
        ("providers.yaml", text::write(&[providers])),
        ("cluster.json", format!("{:#}\n", dashboard())),
    ];
    addon.objects.push(service_account(SPACE, name));
    addon.objects.push(config_map(SPACE, name, data));
    addon.objects.push(service(SPACE, name, name, &[("http", 80, "http")]));
    addon.objects.push(pods.deployment(1));
}

/// One page about the cluster.
fn dashboard() -> Value {
    let panels = [
        ("Nodes that are ready", "sum(kube_node_status_condition{condition=\"Ready\",status=\"true\"})", "short"),
        ("Pods by phase", "sum by (phase) (kube_pod_status_phase)", "short"),
        ("CPU of nodes", "1 - avg by (node) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m]))", "percentunit"),
        ("Memory of nodes", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "percentunit"),
        (
            "CPU of namespaces",
            "sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=\"\"}[5m]))",
            "short",
        ),
        ("Memory of namespaces", "sum by (namespace) (container_memory_working_set_bytes{container!=\"\"})", "bytes"),
        ("Requests of the API", "sum by (code) (rate(apiserver_request_total[5m]))", "reqps"),
        ("Restarts in an hour", "topk(10, increase(kube_pod_container_status_restarts_total[1h]))", "short"),
    ];
    let panel = |(index, (title, expression, unit)): (usize, &(&str, &str, &str))| {
        json!({
            "id": index + 1,
            "type": "timeseries",
            "title": title,
            "datasource": { "type": "prometheus", "uid": "prometheus" },
            "fieldConfig": { "defaults": { "unit": unit }, "overrides": [] },
            "gridPos": { "h": 8, "w": 12, "x": 12 * (index % 2), "y": 8 * (index / 2) },
            "targets": [{ "refId": "A", "expr": expression }],
        })
    };
    let panels: Vec<Value> = panels.iter().enumerate().map(panel).collect();
    json!({
        "uid": "cluster", "title": "Cluster", "editable": false, "schemaVersion": 39, "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" }, "panels": panels,
    })
}
