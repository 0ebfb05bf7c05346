//! Values for the fields of manifests, and what has to be there so that they can act on instances.
//!
//! The tests of several crates set every field of the tables, one at a time.

use kedge_spec::FieldEntry;
use serde_json::{Value, json};

/// Values for fields of which not every value will do.
fn sample(kind: &str, path: &str) -> Option<Value> {
    let end = path.rsplit("spec.").next().unwrap_or(path);
    let name = end.rsplit('.').next().unwrap_or(end);
    Some(match name {
        "evictionHard" | "evictionSoft" => json!("memory.available<100Mi"),
        "evictionSoftGracePeriod" => json!("memory.available=1m"),
        "evictionMinimumReclaim" => json!("memory.available=1Mi"),
        "taints[]" => json!(["a=b:NoSchedule"]),
        "oidcUsernamePrefix" => json!("x:"),
        "oidcIssuerURL" => json!("https://idp.example.com"),
        "serviceAccountJWKSURI" => json!("https://issuer.example.com/keys"),
        "advertiseAddress" => json!("10.0.0.1"),
        "bindAddress" => json!("0.0.0.0"),
        "metricsBindAddress" => json!("0.0.0.0:10249"),
        "proxyMode" => json!("nftables"),
        "disableAdmissionPlugins[]" => json!(["DefaultTolerationSeconds"]),
        "etcdServersOverrides[]" => json!(["/events#https://127.0.0.1:2379"]),
        "backupInterval" => json!("30m"),
        "heartbeatInterval" => json!("150ms"),
        "leaderElectionTimeout" => json!("2s"),
        "storageBackend" => json!("etcd3"),
        "minResyncPeriod" => json!("17h"),
        "auditLogFormat" => json!("legacy"),
        "auditWebhookMode" => json!("blocking"),
        "tlsMinVersion" => json!("VersionTLS13"),
        "tlsCipherSuites[]" => json!(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]),
        "watchCacheSizes[]" => json!(["services#100"]),
        "goawayChance" => json!("0.001"),
        "corsAllowedOrigins[]" => json!(["//example\\.com$"]),
        "strictTransportSecurityDirectives[]" => json!(["includeSubDomains"]),
        "clusterCIDR" | "podCIDR" => json!("100.80.0.0/12"),
        "cidrAllocatorType" => json!("RangeAllocator"),
        "controllers[]" => json!(["*", "-ttl"]),
        "leaderElectRenewDeadlineDuration" => json!("12s"),
        "leaderElectRetryPeriod" => json!("3s"),
        "leaderElectResourceLock" => json!("leases"),
        "clusterDNS" => json!("100.64.0.11"),
        "clusterDomain" => json!("c.local"),
        "podManifestPath" => json!("/etc/kubernetes/manifests"),
        "hairpinMode" => json!("hairpin-veth"),
        "enforceNodeAllocatable" => json!("pods"),
        "cgroupDriver" => json!("cgroupfs"),
        "cpuManagerPolicy" => json!("static"),
        "cpuCFSQuotaPeriod" => json!("50ms"),
        "memorySwapBehavior" => json!("LimitedSwap"),
        "imageMaximumGCAge" => json!("17h"),
        "imageGCHighThresholdPercent" => json!(97),
        "containerLogMaxSize" => json!("10Mi"),
        "ipvsExcludeCidrs[]" => json!(["10.0.0.0/8"]),
        "admissionControl[]" | "enableAdmissionPlugins[]" | "appendAdmissionPlugins[]" => json!(["AlwaysPullImages"]),
        _ if end.contains("featureGates.") && !end.contains("certManager") => json!({ "NodeLogQuery": "true" }),
        _ if end.contains("runtimeConfig.") => json!({ "api/all": "true" }),
        "oidcCAFile" => json!("/srv/ca"),
        "serviceClusterIPRange" => json!("10.96.0.0/16"),
        "oidcRequiredClaim[]" => json!(["a=b"]),
        "auditLogPath" => json!("/var/log/a"),
        "authorizationMode" if path.contains("ubeAPIServer") => json!("Node,RBAC,AlwaysDeny"),
        "authorizationMode" => json!("AlwaysAllow"),
        "image" if path.starts_with("spec.etcd") => json!("example.com/x/etcd:v3.6.9"),
        "name" if path.contains("manager.env") => json!("ETCD_SAMPLE"),
        "sysctlParameters[]" => json!(["vm.max_map_count=262144"]),
        "env[]" => json!([{ "name": "A", "value": "b" }]),
        "serviceNodePortRange" => json!("28000-30000"),
        "roles[]" => json!(["Bastion"]),
        "mode" => json!("0600"),
        "device" => json!("/dev/sdc"),
        "isBase64" => json!(true),
        "path" => json!("/etc/other"),
        _ if name.ends_with("ConfigFile") || ["auditPolicyFile", "tokenAuthFile"].contains(&name) => json!("/srv/file"),
        _ if end.contains("featureGates.") => json!({ "A": "true" }),
        _ if end.contains("registryMirrors.") => json!({ "docker.io": ["https://mirror"] }),
        _ if end.contains("configAdditions.") => json!({ "a.b": "1" }),
        "serviceAccountIssuer" if kind == "Cluster" => json!("https://issuer.example.com"),
        _ => return None,
    })
}

/// What has to be there so that a field can do something.
pub(crate) fn setup(path: &str) -> Vec<(&'static str, Value)> {
    let issuer = || ("spec.kubeAPIServer", json!({ "oidcIssuerURL": "https://idp", "oidcClientID": "a" }));
    let digest = "a".repeat(64);
    let kubelet = |name: &str| path.ends_with(&format!("ubelet.{name}"));
    let kubelet_has = |name: &str, value: Value| {
        let block = if path.starts_with("spec.master") { "spec.masterKubelet" } else { "spec.kubelet" };
        (block, json!({ name: value }))
    };
    match path {
        "spec.kubeAPIServer.oidcGroupsPrefix" => {
            let settings = json!({ "oidcIssuerURL": "https://idp", "oidcClientID": "a", "oidcGroupsClaim": "groups" });
            vec![("spec.kubeAPIServer", settings)]
        }
        "spec.kubeAPIServer.oidcCAFile" => {
            vec![issuer(), ("spec.fileAssets", json!([{ "name": "a", "path": "/srv/ca" }]))]
        }
        _ if path.starts_with("spec.kubeAPIServer.oidc") => vec![issuer()],
        "spec.kubeAPIServer.authorizationWebhookConfigFile" => {
            vec![("spec.kubeAPIServer", json!({ "authorizationMode": "Node,RBAC,Webhook" }))]
        }
        _ if kubelet("systemCgroups") => vec![kubelet_has("cgroupRoot", json!("/"))],
        _ if kubelet("maxParallelImagePulls") => vec![kubelet_has("serializeImagePulls", json!(false))],
        _ if kubelet("crashLoopBackOffMaxContainerRestartPeriod") => {
            vec![kubelet_has("featureGates", json!({ "KubeletCrashLoopBackOffMax": "true" }))]
        }
        _ if kubelet("cpuCFSQuotaPeriod") => {
            vec![kubelet_has("featureGates", json!({ "CustomCPUCFSQuotaPeriod": "true" }))]
        }
        _ if path.starts_with("spec.hooks[].execContainer") => {
            vec![("spec.hooks", json!([{ "name": "a", "execContainer": { "image": "x", "command": ["y"] } }]))]
        }
        _ if path.starts_with("spec.hooks") => vec![("spec.hooks", json!([{ "name": "a", "manifest": "x" }]))],
        _ if path.starts_with("spec.fileAssets") => {
            vec![("spec.fileAssets", json!([{ "name": "a", "content": "aaaa" }]))]
        }
        _ if path.starts_with("spec.egressProxy") => {
            vec![("spec.egressProxy", json!({ "httpProxy": { "host": "proxy.example.com" } }))]
        }
        _ if path.starts_with("spec.volumeMounts") => {
            vec![("spec.volumeMounts", json!([{ "device": "/dev/sdb", "path": "/data" }]))]
        }
        _ if path.contains("ackages.") => {
            let packages =
                json!({ "urlAmd64": "https://x", "hashAmd64": digest, "urlArm64": "https://x", "hashArm64": digest });
            vec![("spec.containerd", json!({ "packages": packages, "runc": { "packages": packages } }))]
        }
        "spec.authorization.rbac" => vec![("spec.authorization", json!({ "alwaysAllow": {} }))],
        _ if path.contains("manager.env") => {
            vec![("spec.etcdClusters[].manager", json!({ "env": [{ "name": "ETCD_A", "value": "a" }] }))]
        }
        _ if path.contains("amazonvpc.env") => {
            vec![("spec.networking", json!({ "amazonvpc": { "env": [{ "name": "A", "value": "a" }] } }))]
        }
        _ if path.contains("gvisor.") => vec![("spec.containerd", json!({ "gvisor": { "enabled": true } }))],
        _ if path.contains("nri.") => vec![("spec.containerd", json!({ "nri": { "enabled": true } }))],
        _ => Vec::new(),
    }
}

/// A value within the lists and mappings that the end of a field's path stands for.
pub(crate) fn wrapped(field: &FieldEntry, value: Value) -> Value {
    let path = field.path.as_str();
    let at = path.rfind(|c: char| c == '.' && !path.is_empty()).map_or(0, |at| at + 1);
    let at = if path[at..].starts_with("<key>") { path[..at - 1].rfind('.').map_or(0, |at| at + 1) } else { at };
    let mut wrappers = &path[at..];
    wrappers = wrappers.find(['[', '.']).map_or("", |at| &wrappers[at..]);
    wrap(wrappers, value)
}

fn wrap(wrappers: &str, value: Value) -> Value {
    if let Some(rest) = wrappers.strip_prefix("[]") {
        return json!([wrap(rest, value)]);
    }
    match wrappers.strip_prefix(".<key>") {
        Some(rest) => json!({"example": wrap(rest, value)}),
        None => value,
    }
}

/// Values to try: a field acts if one of them changes something.
pub(crate) fn values(field: &FieldEntry) -> Vec<Value> {
    if let Some(value) = sample(field.kind, &field.path) {
        return vec![value];
    }
    let plain: Vec<Value> = match (field.words, field.shape.as_str()) {
        (words, _) if !words.is_empty() => words.iter().map(|word| json!(word)).collect(),
        (_, "boolean") => vec![json!(true), json!(false)],
        (_, "integer") => vec![json!(7)],
        (_, "quantity") => vec![json!("500m")],
        (_, "duration") => vec![json!("17s")],
        _ if field.path.contains("hash") => vec![json!("b".repeat(64))],
        _ => vec![json!("something")],
    };
    plain.into_iter().map(|value| wrapped(field, value)).collect()
}
