//! Flags of the API server, the controller manager, the scheduler and etcd.

use kedge_spec::{ResolvedSpec, Settings};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Arg, Args};
use crate::authentication::{self, Authentication};
use crate::endpoint::internal_name;
use crate::files::File;
use crate::problem::BootProblem;

/// What kubeadm takes of a component of the control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Component {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra_volumes: Vec<Mount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra_envs: Vec<Arg>,
}

/// A file or directory of the host that a component sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mount {
    name: String,
    host_path: String,
    mount_path: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
    path_type: &'static str,
}

const API_SERVER: [(&str, &str); 64] = [
    ("additionalServiceAccountIssuers", "service-account-issuer"),
    ("admissionControlConfigFile", "admission-control-config-file"),
    ("advertiseAddress", "advertise-address"),
    ("allowPrivileged", "allow-privileged"),
    ("apiAudiences", "api-audiences"),
    ("auditLogFormat", "audit-log-format"),
    ("auditLogMaxAge", "audit-log-maxage"),
    ("auditLogMaxBackups", "audit-log-maxbackup"),
    ("auditLogMaxSize", "audit-log-maxsize"),
    ("auditLogPath", "audit-log-path"),
    ("auditPolicyFile", "audit-policy-file"),
    ("auditWebhookBatchBufferSize", "audit-webhook-batch-buffer-size"),
    ("auditWebhookBatchMaxSize", "audit-webhook-batch-max-size"),
    ("auditWebhookBatchMaxWait", "audit-webhook-batch-max-wait"),
    ("auditWebhookBatchThrottleBurst", "audit-webhook-batch-throttle-burst"),
    ("auditWebhookBatchThrottleEnable", "audit-webhook-batch-throttle-enable"),
    ("auditWebhookBatchThrottleQps", "audit-webhook-batch-throttle-qps"),
    ("auditWebhookConfigFile", "audit-webhook-config-file"),
    ("auditWebhookInitialBackoff", "audit-webhook-initial-backoff"),
    ("auditWebhookMode", "audit-webhook-mode"),
    ("authenticationConfigFile", "authentication-config"),
    ("authenticationTokenWebhookCacheTtl", "authentication-token-webhook-cache-ttl"),
    ("authenticationTokenWebhookConfigFile", "authentication-token-webhook-config-file"),
    ("authorizationMode", "authorization-mode"),
    ("authorizationWebhookCacheAuthorizedTtl", "authorization-webhook-cache-authorized-ttl"),
    ("authorizationWebhookCacheUnauthorizedTtl", "authorization-webhook-cache-unauthorized-ttl"),
    ("authorizationWebhookConfigFile", "authorization-webhook-config-file"),
    ("bindAddress", "bind-address"),
    ("compactionInterval", "etcd-compaction-interval"),
    ("corsAllowedOrigins", "cors-allowed-origins"),
    ("defaultNotReadyTolerationSeconds", "default-not-ready-toleration-seconds"),
    ("defaultUnreachableTolerationSeconds", "default-unreachable-toleration-seconds"),
    ("deleteCollectionWorkers", "delete-collection-workers"),
    ("disableAdmissionPlugins", "disable-admission-plugins"),
    ("enableAggregatorRouting", "enable-aggregator-routing"),
    ("enableBootstrapTokenAuth", "enable-bootstrap-token-auth"),
    ("enableContentionProfiling", "contention-profiling"),
    ("enableProfiling", "profiling"),
    ("etcdServersOverrides", "etcd-servers-overrides"),
    ("eventTTL", "event-ttl"),
    ("featureGates", "feature-gates"),
    ("goawayChance", "goaway-chance"),
    ("http2MaxStreamsPerConnection", "http2-max-streams-per-connection"),
    ("kubeletPreferredAddressTypes", "kubelet-preferred-address-types"),
    ("logFormat", "logging-format"),
    ("logLevel", "v"),
    ("maxMutatingRequestsInflight", "max-mutating-requests-inflight"),
    ("maxRequestsInflight", "max-requests-inflight"),
    ("minRequestTimeout", "min-request-timeout"),
    ("requestTimeout", "request-timeout"),
    ("requestheaderAllowedNames", "requestheader-allowed-names"),
    ("requestheaderExtraHeaderPrefixes", "requestheader-extra-headers-prefix"),
    ("requestheaderGroupHeaders", "requestheader-group-headers"),
    ("requestheaderUsernameHeaders", "requestheader-username-headers"),
    ("runtimeConfig", "runtime-config"),
    ("serviceNodePortRange", "service-node-port-range"),
    ("storageBackend", "storage-backend"),
    ("storageInitializationTimeout", "storage-initialization-timeout"),
    ("strictTransportSecurityDirectives", "strict-transport-security-directives"),
    ("tlsCipherSuites", "tls-cipher-suites"),
    ("tlsMinVersion", "tls-min-version"),
    ("tokenAuthFile", "token-auth-file"),
    ("watchCache", "watch-cache"),
    ("watchCacheSizes", "watch-cache-sizes"),
];

/// Flags of the API server that name a file of the host.
const API_SERVER_FILES: [&str; 7] = [
    "admission-control-config-file",
    "audit-policy-file",
    "audit-webhook-config-file",
    "authentication-config",
    "authentication-token-webhook-config-file",
    "authorization-webhook-config-file",
    "token-auth-file",
];

const CONTROLLER_MANAGER: [(&str, &str); 48] = [
    ("ClusterSigningDuration", "cluster-signing-duration"),
    ("allocateNodeCIDRs", "allocate-node-cidrs"),
    ("attachDetachReconcileSyncPeriod", "attach-detach-reconcile-sync-period"),
    ("authorizationAlwaysAllowPaths", "authorization-always-allow-paths"),
    ("cidrAllocatorType", "cidr-allocator-type"),
    ("clusterCIDR", "cluster-cidr"),
    ("clusterName", "cluster-name"),
    ("concurrentDeploymentSyncs", "concurrent-deployment-syncs"),
    ("concurrentEndpointSyncs", "concurrent-endpoint-syncs"),
    ("concurrentHorizontalPodAustoscalerSyncs", "concurrent-horizontal-pod-autoscaler-syncs"),
    ("concurrentJobSyncs", "concurrent-job-syncs"),
    ("concurrentNamespaceSyncs", "concurrent-namespace-syncs"),
    ("concurrentRcSyncs", "concurrent-rc-syncs"),
    ("concurrentReplicasetSyncs", "concurrent-replicaset-syncs"),
    ("concurrentResourceQuotaSyncs", "concurrent-resource-quota-syncs"),
    ("concurrentServiceSyncs", "concurrent-service-syncs"),
    ("concurrentServiceaccountTokenSyncs", "concurrent-serviceaccount-token-syncs"),
    ("configureCloudRoutes", "configure-cloud-routes"),
    ("controllers", "controllers"),
    ("disableAttachDetachReconcileSync", "disable-attach-detach-reconcile-sync"),
    ("enableContentionProfiling", "contention-profiling"),
    ("enableLeaderMigration", "enable-leader-migration"),
    ("enableProfiling", "profiling"),
    ("endpointSliceUpdatesBatchPeriod", "endpointslice-updates-batch-period"),
    ("endpointUpdatesBatchPeriod", "endpoint-updates-batch-period"),
    ("experimentalClusterSigningDuration", "cluster-signing-duration"),
    ("externalCloudVolumePlugin", "external-cloud-volume-plugin"),
    ("featureGates", "feature-gates"),
    ("horizontalPodAutoscalerCpuInitializationPeriod", "horizontal-pod-autoscaler-cpu-initialization-period"),
    ("horizontalPodAutoscalerDownscaleDelay", "horizontal-pod-autoscaler-downscale-delay"),
    ("horizontalPodAutoscalerDownscaleStabilization", "horizontal-pod-autoscaler-downscale-stabilization"),
    ("horizontalPodAutoscalerInitialReadinessDelay", "horizontal-pod-autoscaler-initial-readiness-delay"),
    ("horizontalPodAutoscalerSyncPeriod", "horizontal-pod-autoscaler-sync-period"),
    ("horizontalPodAutoscalerTolerance", "horizontal-pod-autoscaler-tolerance"),
    ("horizontalPodAutoscalerUpscaleDelay", "horizontal-pod-autoscaler-upscale-delay"),
    ("kubeAPIBurst", "kube-api-burst"),
    ("kubeAPIQPS", "kube-api-qps"),
    ("logFormat", "logging-format"),
    ("logLevel", "v"),
    ("minResyncPeriod", "min-resync-period"),
    ("nodeCIDRMaskSize", "node-cidr-mask-size"),
    ("nodeMonitorGracePeriod", "node-monitor-grace-period"),
    ("nodeMonitorPeriod", "node-monitor-period"),
    ("podEvictionTimeout", "pod-eviction-timeout"),
    ("terminatedPodGCThreshold", "terminated-pod-gc-threshold"),
    ("tlsCipherSuites", "tls-cipher-suites"),
    ("tlsMinVersion", "tls-min-version"),
    ("useServiceAccountCredentials", "use-service-account-credentials"),
];

const SCHEDULER: [(&str, &str); 9] = [
    ("authorizationAlwaysAllowPaths", "authorization-always-allow-paths"),
    ("enableContentionProfiling", "contention-profiling"),
    ("enableProfiling", "profiling"),
    ("featureGates", "feature-gates"),
    ("kubeAPIBurst", "kube-api-burst"),
    ("kubeAPIQPS", "kube-api-qps"),
    ("logFormat", "logging-format"),
    ("logLevel", "v"),
    ("qps", "kube-api-qps"),
];

const LEADER_ELECTION: [(&str, &str); 7] = [
    ("leaderElect", "leader-elect"),
    ("leaderElectLeaseDuration", "leader-elect-lease-duration"),
    ("leaderElectRenewDeadlineDuration", "leader-elect-renew-deadline"),
    ("leaderElectResourceLock", "leader-elect-resource-lock"),
    ("leaderElectResourceName", "leader-elect-resource-name"),
    ("leaderElectResourceNamespace", "leader-elect-resource-namespace"),
    ("leaderElectRetryPeriod", "leader-elect-retry-period"),
];

/// Where the configuration of encryption at rest is; the instance gets it from the secrets of the cluster.
pub(crate) const ENCRYPTION: &str = "/etc/kubernetes/encryption-config.yaml";

/// The API server, with the files that it needs beside those of the manifest. `assets` are the latter.
pub(crate) fn api_server(
    spec: &ResolvedSpec,
    assets: &[File],
    problems: &mut Vec<BootProblem>,
) -> (Component, Vec<File>) {
    let settings = spec.cluster.settings.block("kubeAPIServer");
    let mut args = Args::of(&settings, &API_SERVER);
    args.remove("service-account-issuer");
    let issuer = spec.cluster.issuer.as_ref().map(|issuer| issuer.url.clone());
    let issuer = issuer.unwrap_or_else(|| format!("https://{}", internal_name(spec)));
    args.push("service-account-issuer", &issuer);
    for further in settings.texts("additionalServiceAccountIssuers") {
        args.push("service-account-issuer", further);
    }
    let keys = settings.text("serviceAccountJWKSURI").map(str::to_owned);
    args.push("service-account-jwks-uri", keys.unwrap_or_else(|| format!("{issuer}/openid/v1/jwks")));
    let always = spec.cluster.settings.block("authorization").get("alwaysAllow").is_some();
    args.usual("authorization-mode", if always { "AlwaysAllow" } else { "Node,RBAC" });
    // kops and kubeadm write it with the node's own plugin; without it kubelets may change each other's nodes.
    let mut plugins = vec!["NodeRestriction"];
    for field in ["admissionControl", "enableAdmissionPlugins", "appendAdmissionPlugins"] {
        for plugin in settings.texts(field) {
            if !plugins.contains(&plugin) {
                plugins.push(plugin);
            }
        }
    }
    args.push("enable-admission-plugins", plugins.join(","));
    let mut files = Vec::new();
    match authentication::authentication(spec, &settings, assets, problems) {
        Authentication::AsWritten => {}
        Authentication::File(file) => {
            args.push("authentication-config", &file.path);
            files.push(file);
        }
    }
    let mut mounts = Vec::new();
    for flag in API_SERVER_FILES {
        let Some(path) = args.get(flag) else { continue };
        if !path.starts_with('/') {
            problems.push(BootProblem::new(
                "kubeAPIServer",
                format!("`{path}` for --{flag} is no absolute path"),
                "begin it with `/`; `fileAssets` bring the file to that place",
            ));
        }
        mounts.push(mount(flag, path, true, "File"));
    }
    if spec.cluster.encryption_config {
        args.push("encryption-provider-config", ENCRYPTION);
        args.push("encryption-provider-config-automatic-reload", "true");
        mounts.push(mount("encryption-provider-config", ENCRYPTION, true, "File"));
    }
    if let Some(folder) = args.get("audit-log-path").filter(|path| path.starts_with('/')).and_then(folder) {
        mounts.push(mount("audit-log", folder, false, "DirectoryOrCreate"));
    }
    (Component { extra_args: args.0, extra_volumes: mounts, extra_envs: envs(&settings) }, files)
}

/// The controller manager.
pub(crate) fn controller_manager(spec: &ResolvedSpec) -> Component {
    let settings = spec.cluster.settings.block("kubeControllerManager");
    let mut args = with_election(&settings, &CONTROLLER_MANAGER);
    args.push("cloud-provider", "external");
    args.usual("cluster-name", spec.cluster.name.to_string());
    Component { extra_args: args.0, ..Component::default() }
}

/// The scheduler.
pub(crate) fn scheduler(spec: &ResolvedSpec) -> Component {
    let settings = spec.cluster.settings.block("kubeScheduler");
    let args = with_election(&settings, &SCHEDULER);
    let volumes = settings.integer("maxPersistentVolumes");
    let extra_envs =
        volumes.map(|most| Arg { name: "KUBE_MAX_PD_VOLS".to_owned(), value: most.to_string() }).into_iter().collect();
    Component { extra_args: args.0, extra_envs, ..Component::default() }
}

fn with_election(settings: &Settings, table: &[(&str, &str)]) -> Args {
    let mut args = Args::of(settings, table);
    args.0.extend(Args::of(&settings.block("leaderElection"), &LEADER_ELECTION).0);
    args
}

/// etcd on control planes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Etcd {
    #[serde(skip_serializing_if = "Option::is_none")]
    image_repository: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
    data_dir: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_args: Vec<Arg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_envs: Vec<Arg>,
}

/// The settings of the etcd cluster `main`, which holds everything.
fn main_etcd(spec: &ResolvedSpec) -> Settings {
    let clusters = spec.cluster.settings.blocks("etcdClusters");
    clusters.into_iter().find(|cluster| cluster.text("name") == Some("main")).unwrap_or_default()
}

/// For how many days snapshots of etcd are kept, where that is written.
pub(crate) fn retention_days(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Option<u32> {
    let written = main_etcd(spec).block("manager").integer("backupRetentionDays")?;
    let days = u32::try_from(written).ok().filter(|days| (1..=3650).contains(days));
    if days.is_none() {
        problems.push(BootProblem::new(
            "etcdClusters[main].manager.backupRetentionDays",
            format!("snapshots of etcd cannot be kept for {written} days"),
            "write a number of days from 1 to 3650, or leave it out: then it is 90",
        ));
    }
    days
}

/// What kubeadm is told of etcd.
pub(crate) fn etcd(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Etcd {
    let main = main_etcd(spec);
    let mut args = Args::default();
    for (setting, flag) in [("heartbeatInterval", "heartbeat-interval"), ("leaderElectionTimeout", "election-timeout")]
    {
        if let Some(written) = main.text(setting) {
            match milliseconds(written) {
                Some(time) => args.push(flag, time.to_string()),
                None => problems.push(BootProblem::new(
                    format!("etcdClusters[main].{setting}"),
                    format!("`{written}` is no time that etcd knows"),
                    "write a time such as `100ms` or `1s`",
                )),
            }
        }
    }
    let manager = main.block("manager");
    let metrics = manager.texts("listenMetricsURLs");
    if !metrics.is_empty() {
        args.push("listen-metrics-urls", metrics.join(","));
    }
    // Variables of kops's manager mean nothing to etcd.
    let etcd_only = |env: &Arg| env.name.starts_with("ETCD_") && !env.name.starts_with("ETCD_MANAGER_");
    let (image_repository, tag_of_image) = main.text("image").map_or((None, None), image);
    Etcd {
        image_repository,
        image_tag: tag_of_image.or_else(|| main.text("version").map(|version| format!("{version}-0"))),
        data_dir: "/var/lib/etcd",
        extra_args: args.0,
        extra_envs: envs(&manager).into_iter().filter(etcd_only).collect(),
    }
}

/// Repository and tag of an image; kubeadm adds the name `etcd` itself.
fn image(image: &str) -> (Option<String>, Option<String>) {
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
        _ => (image, None),
    };
    (name.strip_suffix("/etcd").map(str::to_owned), tag)
}

/// A Go duration in milliseconds.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)? {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        _ => return None,
    };
    let time = digits.parse::<f64>().ok()? * factor;
    let whole = format!("{time:.0}").parse::<u64>().ok()?;
    (whole > 0).then_some(whole)
}

fn envs(settings: &Settings) -> Vec<Arg> {
    let list = settings.get("env").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|env| {
        let name = env.get("name")?.as_str()?.to_owned();
        Some(Arg { name, value: env.get("value").and_then(crate::args::text).unwrap_or_default() })
    })
    .collect()
}

fn mount(name: &str, path: &str, read_only: bool, path_type: &'static str) -> Mount {
    let (host_path, mount_path) = (path.to_owned(), path.to_owned());
    Mount { name: name.to_owned(), host_path, mount_path, read_only, path_type }
}

fn folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(folder, _)| folder).filter(|folder| !folder.is_empty())
}

#[cfg(test)]
mod tests;
