//! Cilium: objects of kedge's own, as upstream has only a chart. Its custom resources the operator defines itself.

use kedge_spec::Settings;
use kedge_spec::resolved::NetworkPlugin;
use kedge_spec::text;
use serde_json::{Value, json};

use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, NODE_CRITICAL, Pods, SYSTEM, cluster_role, config_map, disruption_budget, object,
    role, rule, service_account,
};
use crate::problem::Problem;

mod configuration;
mod permissions;

const NAME: &str = "cilium";
const OPERATOR: &str = "cilium-operator";
const RELAY: &str = "hubble-relay";
/// Config map with the options of agents and operators.
const CONFIG: &str = "cilium-config";
/// Secret with the certificate by which agents and the relay know each other.
const HUBBLE: &str = "hubble-tls";
/// Ports of the health of agents and operators.
const AGENT_HEALTH: u16 = 9879;
const OPERATOR_HEALTH: u16 = 9234;
/// Place of the certificates of Cilium's own etcd on control planes.
const ETCD_SECRETS: &str = "/etc/kubernetes/pki/cilium";

/// How long the name of a cluster may be.
const LONGEST_NAME: usize = 32;

/// What parts of Cilium share.
struct Cilium<'a> {
    context: &'a Context<'a>,
    settings: Settings,
    etcd: bool,
    eni: bool,
}

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Addon {
    let settings = context.settings("networking").block("cilium");
    let (etcd, eni) = match context.spec.cluster.network.plugin {
        NetworkPlugin::Cilium { etcd_managed, eni } => (etcd_managed, eni),
        _ => (false, false),
    };
    let cilium = Cilium { context, settings, etcd, eni };
    let encrypted = cilium.on("enableEncryption") == Some(true);
    if encrypted && cilium.settings.text("encryptionType").unwrap_or("ipsec") == "ipsec" {
        problems.push(Problem::new(
            "spec.networking.cilium.encryptionType",
            "IPsec needs a key in a secret of the cluster, which kedge does not make",
            "write `wireguard`, whose keys Cilium makes itself",
        ));
    }
    if cilium.settings.block("gatewayAPI").boolean("enabled") == Some(true) {
        problems.push(Problem::new(
            "spec.networking.cilium.gatewayAPI.enabled",
            "the definitions of the Gateway API are not part of kedge",
            "remove it, or bring Cilium yourself: `cni: {}` and `spec.addons`",
        ));
    }
    let named = cilium.settings.text("clusterName").is_some();
    if cilium.name().len() > LONGEST_NAME {
        problems.push(Problem::new(
            "spec.networking.cilium.clusterName",
            format!("Cilium takes names of {LONGEST_NAME} letters at the most"),
            "write a shorter one, with small letters, digits and dashes",
        ));
    } else if !named && cilium.settings.integer("clusterID").is_some_and(|id| id != 0) {
        problems.push(Problem::new(
            "spec.networking.cilium.clusterID",
            "a cluster with an id needs a name of its own too",
            "write `clusterName`",
        ));
    }
    cilium.addon()
}

impl Cilium<'_> {
    /// A switch.
    fn on(&self, setting: &str) -> Option<bool> {
        self.settings.boolean(setting)
    }

    fn hubble(&self) -> bool {
        self.settings.block("hubble").boolean("enabled") == Some(true)
    }

    fn ingress(&self) -> bool {
        self.settings.block("ingress").boolean("enabled") == Some(true)
    }

    fn image(&self, part: &str) -> String {
        let image = self.context.release(NAME).image(part);
        let (path, tag) = image.rsplit_once(':').unwrap_or((image, ""));
        let (_, path) = path.split_once('/').unwrap_or(("", path));
        let registry = self.settings.text("registry").unwrap_or("quay.io");
        format!("{registry}/{path}:{}", self.settings.text("version").unwrap_or(tag))
    }

    fn addon(&self) -> Addon {
        let mut addon = self.context.addon(NAME, Wave::Foundation);
        if let Some(version) = self.settings.text("version") {
            version.clone_into(&mut addon.version);
        }
        addon.objects.push(service_account(SYSTEM, NAME));
        addon.objects.push(service_account(SYSTEM, OPERATOR));
        addon.objects.push(config_map(SYSTEM, CONFIG, configuration::data(self)));
        addon.objects.extend(cluster_role(NAME, (SYSTEM, NAME), &permissions::agent()));
        addon.objects.extend(cluster_role(OPERATOR, (SYSTEM, OPERATOR), &permissions::operator(self.ingress())));
        let read = [rule("core", "configmaps", "get list watch")];
        addon.objects.extend(role(SYSTEM, "cilium-config-agent", (SYSTEM, NAME), &read));
        if self.ingress() {
            addon.objects.extend(self.ingress_objects());
        }
        addon.objects.push(self.agent());
        addon.objects.push(self.operator());
        if self.hubble() {
            addon.objects.extend(self.relay());
            addon.certificates.push(ServingCertificate {
                secret: HUBBLE.to_owned(),
                namespace: SYSTEM.to_owned(),
                dns_names: vec![format!("*.{}.hubble-grpc.cilium.io", self.name())],
                trusted_by: Vec::new(),
            });
        }
        addon
    }

    /// What Cilium calls the cluster: it takes small letters, digits and dashes only, and kops's manifests have names with
    /// dots here.
    fn name(&self) -> String {
        let written = self.settings.text("clusterName").unwrap_or("default");
        let dash = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        written.chars().map(dash).collect()
    }

    /// Agents and operators find the API without its service, which agents may be the ones to make reachable.
    fn with_api(&self, container: Container) -> Container {
        container
            .env_field("K8S_NODE_NAME", "spec.nodeName")
            .env_field("CILIUM_K8S_NAMESPACE", "metadata.namespace")
            .env("KUBERNETES_SERVICE_HOST", self.context.surroundings.endpoint.host.clone())
            .env("KUBERNETES_SERVICE_PORT", "443")
    }

    fn probe(&self, port: u16, fields: Value) -> Value {
        let host = if self.context.ranges.ipv6 { "::1" } else { "127.0.0.1" };
        let mut probe = json!({ "httpGet": {
            "host": host,
            "path": "/healthz",
            "port": port,
            "scheme": "HTTP",
            "httpHeaders": [{ "name": "brief", "value": "true" }],
        } });
        crate::patch::merge(&mut probe, &fields);
        probe
    }

    fn agent(&self) -> Value {
        let image = self.image("agent");
        let init = |name: &str| {
            Container::new(name, &image).with("resources", json!({ "requests": { "cpu": "10m", "memory": "16Mi" } }))
        };
        let shared = |name: &str, path: &str, propagation: &str| json!({ "name": name, "mountPath": path, "mountPropagation": propagation });
        let mut agent = self
            .with_api(Container::new("cilium-agent", &image))
            .command(&["cilium-agent"])
            .args(["--config-dir=/tmp/cilium/config-map"])
            .env("CILIUM_CLUSTERMESH_CONFIG", "/var/lib/cilium/clustermesh/")
            .with(
                "startupProbe",
                self.probe(
                    AGENT_HEALTH,
                    json!({ "failureThreshold": 105, "periodSeconds": 2, "initialDelaySeconds": 5 }),
                ),
            )
            .with(
                "livenessProbe",
                self.probe(AGENT_HEALTH, json!({ "failureThreshold": 10, "periodSeconds": 30, "timeoutSeconds": 5 })),
            )
            .with(
                "readinessProbe",
                self.probe(AGENT_HEALTH, json!({ "failureThreshold": 3, "periodSeconds": 30, "timeoutSeconds": 5 })),
            )
            .with("lifecycle", json!({ "preStop": { "exec": { "command": ["/cni-uninstall.sh"] } } }))
            .with("terminationMessagePolicy", "FallbackToLogsOnError".into())
            .resources(&self.settings, "25m", "128Mi")
            .privileged()
            .mount_as(shared("bpf-maps", "/sys/fs/bpf", "Bidirectional"))
            .mount("cilium-cgroup", "/run/cilium/cgroupv2")
            .mount_as(shared("cilium-run", "/var/run/cilium", "Bidirectional"))
            .mount("etc-cni-netd", "/host/etc/cni/net.d")
            .mount("tmp", "/tmp")
            .mount("xtables-lock", "/run/xtables.lock")
            .mount_read_only("clustermesh-secrets", "/var/lib/cilium/clustermesh")
            .mount_read_only("lib-modules", "/lib/modules");
        let mut annotations: Vec<(&str, String)> = Vec::new();
        if self.on("enablePrometheusMetrics") == Some(true) {
            let port = configuration::prometheus_port(&self.settings);
            agent = agent.port("prometheus", port);
            annotations.extend([("prometheus.io/port", port.to_string()), ("prometheus.io/scrape", "true".to_owned())]);
        }
        if let Some(mode) = self.settings.text("enablePolicy") {
            agent = agent.env("CILIUM_ENABLE_POLICY", mode);
        }
        if self.hubble() {
            agent = agent.port("peer-service", 4244).mount_read_only("hubble-tls", "/var/lib/cilium/tls/hubble");
            if !self.settings.block("hubble").texts("metrics").is_empty() {
                agent = agent.port("hubble-metrics", configuration::HUBBLE_METRICS);
            }
        }
        if self.etcd {
            agent = agent
                .mount_read_only("etcd-config", "/var/lib/etcd-config")
                .mount_read_only("etcd-secrets", "/var/lib/etcd-secrets");
        }
        let enter = |tool: &str, namespaces: &str, argument: &str| {
            format!(
                "cp /usr/bin/{tool} /hostbin/{tool}\nnsenter {namespaces} \"/opt/cni/bin/{tool}\"{argument}\nrm /hostbin/{tool}\n"
            )
        };
        let on_host = |name: &str, script: &str| {
            init(name)
                .command(&["sh", "-ec", script])
                .privileged()
                .mount("hostproc", "/hostproc")
                .mount("cni-path", "/hostbin")
        };
        let cgroup =
            enter("cilium-mount", "--cgroup=/hostproc/1/ns/cgroup --mount=/hostproc/1/ns/mnt", " /run/cilium/cgroupv2");
        let sysctl = enter("cilium-sysctlfix", "--mount=/hostproc/1/ns/mnt", "");
        let mut pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
            .host_network()
            .tolerate_everything()
            .with("terminationGracePeriodSeconds", 1)
            .with("securityContext", json!({ "seccompProfile": { "type": "Unconfined" } }))
            .annotations(annotations.iter().map(|(key, value)| (*key, value.as_str())))
            .annotations(self.settings.map("agentPodAnnotations"))
            .init_container(self.with_api(init("config")).command(&["cilium-dbg", "build-config"]).mount("tmp", "/tmp"))
            .init_container(on_host("mount-cgroup", &cgroup))
            .init_container(on_host("apply-sysctl-overwrites", &sysctl))
            .init_container(
                self.with_api(init("clean-cilium-state"))
                    .command(&["/init-container.sh"])
                    .privileged()
                    .mount_as(shared("bpf-maps", "/sys/fs/bpf", "HostToContainer"))
                    .mount_as(shared("cilium-cgroup", "/run/cilium/cgroupv2", "HostToContainer"))
                    .mount("cilium-run", "/var/run/cilium"),
            )
            .init_container(
                init("install-cni-binaries")
                    .command(&["/install-plugin.sh"])
                    .capabilities(&[])
                    .mount("cni-path", "/host/opt/cni/bin"),
            )
            .container(agent)
            .volume("tmp", json!({ "emptyDir": {} }))
            .host_path("cilium-run", "/var/run/cilium", "DirectoryOrCreate")
            .host_path("bpf-maps", "/sys/fs/bpf", "DirectoryOrCreate")
            .host_path("hostproc", "/proc", "Directory")
            .host_path("cilium-cgroup", "/run/cilium/cgroupv2", "DirectoryOrCreate")
            .host_path("cni-path", "/opt/cni/bin", "DirectoryOrCreate")
            .host_path("etc-cni-netd", "/etc/cni/net.d", "DirectoryOrCreate")
            .host_path("lib-modules", "/lib/modules", "")
            .host_path("xtables-lock", "/run/xtables.lock", "FileOrCreate")
            .volume(
                "clustermesh-secrets",
                json!({ "secret": { "secretName": "cilium-clustermesh", "optional": true, "defaultMode": 256 } }),
            );
        if self.hubble() {
            pods = pods.volume("hubble-tls", json!({ "secret": { "secretName": HUBBLE, "defaultMode": 256 } }));
        }
        self.with_etcd(pods).daemon_set(2)
    }

    /// Volumes by which Cilium finds its own etcd.
    fn with_etcd(&self, pods: Pods) -> Pods {
        if !self.etcd {
            return pods;
        }
        pods.volume(
            "etcd-config",
            json!({ "configMap": { "name": CONFIG, "items": [{ "key": "etcd-config", "path": "etcd.config" }] } }),
        )
        .host_path("etcd-secrets", ETCD_SECRETS, "Directory")
    }

    fn operator(&self) -> Value {
        let mut operator = self
            .with_api(Container::new(OPERATOR, &self.image("operator")))
            .command(&["cilium-operator"])
            .args([
                "--config-dir=/tmp/cilium/config-map".to_owned(),
                format!("--debug={}", self.on("debug") == Some(true)),
            ])
            .with(
                "livenessProbe",
                self.probe(
                    OPERATOR_HEALTH,
                    json!({ "initialDelaySeconds": 60, "periodSeconds": 10, "timeoutSeconds": 3 }),
                ),
            )
            .with(
                "readinessProbe",
                self.probe(OPERATOR_HEALTH, json!({ "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 5 })),
            )
            .with("terminationMessagePolicy", "FallbackToLogsOnError".into())
            .resources(&self.settings, "25m", "128Mi")
            .mount_read_only("config", "/tmp/cilium/config-map");
        if self.on("enablePrometheusMetrics") == Some(true) {
            operator = operator.port("prometheus", configuration::OPERATOR_METRICS);
        }
        if self.eni {
            operator = operator.env("AWS_REGION", self.context.surroundings.region);
        }
        if self.etcd {
            operator = operator
                .mount_read_only("etcd-config", "/var/lib/etcd-config")
                .mount_read_only("etcd-secrets", "/var/lib/etcd-secrets");
        }
        let pods = Pods::new(SYSTEM, OPERATOR, OPERATOR, CLUSTER_CRITICAL)
            .on_control_planes()
            .tolerate_everything()
            .host_network()
            .annotations(self.settings.map("operatorPodAnnotations"))
            .container(operator)
            .volume("config", json!({ "configMap": { "name": CONFIG } }));
        self.with_etcd(pods).deployment(self.context.replicas())
    }

    /// What gathers the flows of all agents, and the services by which it and its clients find what they ask.
    fn relay(&self) -> Vec<Value> {
        let domain = self.context.domain();
        let configuration = json!({
            "cluster-name": self.name(),
            "peer-service": format!("hubble-peer.{SYSTEM}.svc.{domain}:443"),
            "listen-address": ":4245",
            "disable-server-tls": true,
            "tls-hubble-client-cert-file": "/var/lib/hubble-relay/tls/tls.crt",
            "tls-hubble-client-key-file": "/var/lib/hubble-relay/tls/tls.key",
            "tls-hubble-server-ca-files": "/var/lib/hubble-relay/tls/ca.crt",
        });
        let container = Container::new(RELAY, &self.image(RELAY))
            .command(&["hubble-relay"])
            .args(["serve"])
            .port("grpc", 4245)
            .with(
                "livenessProbe",
                json!({ "grpc": { "port": 4222 }, "initialDelaySeconds": 10, "failureThreshold": 12 }),
            )
            .with("readinessProbe", json!({ "grpc": { "port": 4222 }, "timeoutSeconds": 3 }))
            .with("resources", json!({ "requests": { "cpu": "10m", "memory": "64Mi" } }))
            .mount_read_only("config", "/etc/hubble-relay")
            .mount_read_only("tls", "/var/lib/hubble-relay/tls");
        let pods = Pods::new(SYSTEM, RELAY, RELAY, CLUSTER_CRITICAL)
            .user(65532)
            .with("automountServiceAccountToken", false)
            .container(container)
            .volume("config", json!({ "configMap": { "name": "hubble-relay-config" } }))
            .volume("tls", json!({ "secret": { "secretName": HUBBLE } }));
        let peer = json!({ "spec": {
            "internalTrafficPolicy": "Local",
            "selector": { "k8s-app": NAME },
            "ports": [{ "name": "peer-service", "port": 443, "protocol": "TCP", "targetPort": "peer-service" }],
        } });
        let relay = json!({ "spec": {
            "type": "ClusterIP",
            "selector": { "k8s-app": RELAY },
            "ports": [{ "name": "grpc", "port": 80, "protocol": "TCP", "targetPort": "grpc" }],
        } });
        vec![
            service_account(SYSTEM, RELAY),
            config_map(SYSTEM, "hubble-relay-config", [("config.yaml", text::write(&[configuration]))]),
            object("v1", "Service", SYSTEM, "hubble-peer", peer),
            object("v1", "Service", SYSTEM, RELAY, relay),
            pods.deployment(self.context.replicas()),
            disruption_budget(SYSTEM, RELAY, RELAY),
        ]
    }

    /// What ingresses need: a class, their certificates, and a service that all of them share unless each has its own.
    fn ingress_objects(&self) -> Vec<Value> {
        let ingress = self.settings.block("ingress");
        let read = [rule("core", "secrets", "get list watch")];
        let write = [rule("core", "secrets", "create delete update patch")];
        let class = json!({ "spec": { "controller": "cilium.io/ingress-controller" } });
        let mut objects = vec![object("networking.k8s.io/v1", "IngressClass", "", NAME, class)];
        objects.extend(role(SYSTEM, "cilium-ingress-secrets", (SYSTEM, NAME), &read));
        objects.extend(role(SYSTEM, "cilium-operator-ingress-secrets", (SYSTEM, OPERATOR), &write));
        if ingress.text("defaultLoadBalancerMode").unwrap_or("shared") == "shared" {
            let port = |name: &str, port: u16| json!({ "name": name, "port": port, "protocol": "TCP" });
            let fields = json!({
                "metadata": { "labels": { "cilium.io/ingress": "true" } },
                "spec": { "type": "LoadBalancer", "ports": [port("http", 80), port("https", 443)] },
            });
            objects.push(object("v1", "Service", SYSTEM, configuration::shared_service(&ingress), fields));
        }
        objects
    }
}
