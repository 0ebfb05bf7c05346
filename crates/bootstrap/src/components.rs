//! Flags of the API server, the controller manager and the scheduler.

mod rules;
mod tables;

use kedge_spec::{ResolvedSpec, Settings};
use serde::Serialize;
use serde_json::Value;

use crate::args::{Arg, Args};
use crate::authentication::{self, Authentication, minor};
use crate::endpoint::internal_name;
use crate::files::File;
use crate::gates::gates;
use crate::problem::BootProblem;
use tables::{API_SERVER, API_SERVER_FILES, CONTROLLER_MANAGER, FRACTIONS, LEADER_ELECTION, SCHEDULER};

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

/// Where the configuration of encryption at rest is; the instance gets it from the secrets of the cluster.
pub(crate) const ENCRYPTION: &str = "/etc/kubernetes/encryption-config.yaml";

/// The certificate that controller managers issue others with, alone. `ca.crt` has those that are trusted beside it as well,
/// while an authority is replaced, and a controller manager that issues ends over a second one. Who writes `ca.crt` writes this.
pub const SIGNING_CA: &str = "/etc/kubernetes/pki/ca-signing.crt";

/// The API server, with the files that it needs beside those of the manifest. `assets` are the latter.
pub(crate) fn api_server(
    spec: &ResolvedSpec,
    assets: &[File],
    problems: &mut Vec<BootProblem>,
) -> (Component, Vec<File>) {
    let settings = spec.cluster.settings.block("kubeAPIServer");
    let mut args = Args::of(&settings, &API_SERVER);
    args.plain_numbers(&FRACTIONS);
    args.remove("service-account-issuer");
    let issuer = spec.cluster.issuer.as_ref().map(|issuer| issuer.url.clone());
    let issuer = issuer.unwrap_or_else(|| format!("https://{}", internal_name(spec)));
    args.push("service-account-issuer", &issuer);
    for further in settings.texts("additionalServiceAccountIssuers") {
        args.push("service-account-issuer", further);
    }
    let keys = settings.text("serviceAccountJWKSURI").map(str::to_owned);
    args.push("service-account-jwks-uri", keys.unwrap_or_else(|| format!("{issuer}/openid/v1/jwks")));
    let authorization = spec.cluster.settings.block("authorization");
    let always = authorization.get("alwaysAllow").is_some();
    if always && authorization.get("rbac").is_some() {
        problems.push(BootProblem::new(
            "authorization",
            "`alwaysAllow` and `rbac` exclude each other",
            "leave `alwaysAllow` out: with it everybody may do everything",
        ));
    }
    args.usual("authorization-mode", if always { "AlwaysAllow" } else { "Node,RBAC" });
    // kops and kubeadm write it with the node's own plugin; without it kubelets may change each other's nodes.
    let disabled = settings.texts("disableAdmissionPlugins");
    let mut plugins = vec!["NodeRestriction"];
    plugins.retain(|plugin| !disabled.contains(plugin));
    for field in ["admissionControl", "enableAdmissionPlugins", "appendAdmissionPlugins"] {
        for plugin in settings.texts(field) {
            if !plugins.contains(&plugin) {
                plugins.push(plugin);
            }
        }
    }
    if !plugins.is_empty() {
        args.push("enable-admission-plugins", plugins.join(","));
    }
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
    rules::api_server(&args, problems);
    gates("kubeAPIServer.featureGates", &settings, minor(&spec.cluster.kubernetes_version), problems);
    (Component { extra_args: args.0, extra_volumes: mounts, extra_envs: envs(&settings) }, files)
}

/// The controller manager.
pub(crate) fn controller_manager(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Component {
    let settings = spec.cluster.settings.block("kubeControllerManager");
    let mut args = with_election(&settings, &CONTROLLER_MANAGER);
    rules::controller_manager(&settings, &args, problems);
    gates("kubeControllerManager.featureGates", &settings, minor(&spec.cluster.kubernetes_version), problems);
    // What the manifest names takes the place of kubeadm's list, which has these two for its bootstrap tokens.
    let mut controllers = settings.texts("controllers");
    if !controllers.is_empty() {
        for own in ["bootstrapsigner", "tokencleaner"] {
            if !controllers.iter().any(|named| named.trim_start_matches('-') == own) {
                controllers.push(own);
            }
        }
        let controllers = controllers.join(",");
        args.remove("controllers");
        args.push("controllers", controllers);
    }
    args.push("cloud-provider", "external");
    args.push("cluster-signing-cert-file", SIGNING_CA);
    args.usual("cluster-name", spec.cluster.name.to_string());
    Component { extra_args: args.0, ..Component::default() }
}

/// The scheduler.
pub(crate) fn scheduler(spec: &ResolvedSpec, problems: &mut Vec<BootProblem>) -> Component {
    let settings = spec.cluster.settings.block("kubeScheduler");
    let args = with_election(&settings, &SCHEDULER);
    rules::scheduler(&args, problems);
    gates("kubeScheduler.featureGates", &settings, minor(&spec.cluster.kubernetes_version), problems);
    let volumes = settings.integer("maxPersistentVolumes");
    let extra_envs =
        volumes.map(|most| Arg { name: "KUBE_MAX_PD_VOLS".to_owned(), value: most.to_string() }).into_iter().collect();
    Component { extra_args: args.0, extra_envs, ..Component::default() }
}

fn with_election(settings: &Settings, table: &[(&str, &str)]) -> Args {
    let mut args = Args::of(settings, table);
    args.0.extend(Args::of(&settings.block("leaderElection"), &LEADER_ELECTION).0);
    args.plain_numbers(&FRACTIONS);
    args
}

/// Variables of the environment, as the manifest has them.
pub(crate) fn envs(settings: &Settings) -> Vec<Arg> {
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
