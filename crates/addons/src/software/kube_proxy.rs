//! kube-proxy: what kubeadm installs once, kedge keeps at the version and the settings of the cluster.
//!
//! kubeadm writes its add-ons when the first control plane is made and never again, as instances are replaced and not
//! upgraded. The objects here have the same names, so that the first apply takes them over.

use kedge_bootstrap::{ApiEndpoint, proxy};
use kedge_spec::text;
use serde_json::{Value, json};

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, NODE_CRITICAL, Pods, SYSTEM, bind, config_map, put, service_account};
use crate::problem::Problem;

const NAME: &str = "kube-proxy";
const FOLDER: &str = "/var/lib/kube-proxy";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    if !proxy::runs(context.spec) {
        return None;
    }
    let settings = context.settings("kubeProxy");
    let mut found = Vec::new();
    let mut document = proxy::document(context.spec, &context.ranges.pods, &mut found);
    problems.extend(
        found.into_iter().map(|problem| Problem::new(format!("spec.{}", problem.field), problem.why, problem.hint)),
    );
    put(&mut document, &["clientConnection", "kubeconfig"], format!("{FOLDER}/kubeconfig.conf").into());
    let version = &context.spec.cluster.kubernetes_version;
    let image = settings.text("image").map_or_else(|| format!("registry.k8s.io/kube-proxy:v{version}"), str::to_owned);
    let container = Container::new(NAME, &image)
        .command(&[
            "/usr/local/bin/kube-proxy",
            &format!("--config={FOLDER}/config.conf"),
            "--hostname-override=$(NODE_NAME)",
        ])
        .env_field("NODE_NAME", "spec.nodeName")
        .resources(&settings, "100m", "64Mi")
        .mount(NAME, FOLDER)
        .mount("xtables-lock", "/run/xtables.lock")
        .mount_read_only("lib-modules", "/lib/modules")
        .privileged();
    let pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
        .host_network()
        .tolerate_everything()
        .container(container)
        .volume(NAME, json!({ "configMap": { "name": NAME } }))
        .host_path("xtables-lock", "/run/xtables.lock", "FileOrCreate")
        .host_path("lib-modules", "/lib/modules", "");
    let configuration = [
        ("config.conf", text::write(&[document])),
        ("kubeconfig.conf", text::write(&[kubeconfig(context.surroundings.endpoint)])),
    ];
    let mut addon = context.addon(NAME, Wave::Foundation);
    addon.version = format!("v{version}");
    // It must not be newer than any API server.
    addon.kubernetes = Some(version.clone());
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(config_map(SYSTEM, NAME, configuration));
    addon.objects.push(bind(
        "ClusterRoleBinding",
        "",
        "kubeadm:node-proxier",
        ("ClusterRole", "system:node-proxier"),
        (SYSTEM, NAME),
    ));
    addon.objects.push(pods.daemon_set("10%"));
    Some(addon)
}

/// How kube-proxy finds the API: not by its service, which only kube-proxy makes reachable.
fn kubeconfig(endpoint: &ApiEndpoint) -> Value {
    let account = "/var/run/secrets/kubernetes.io/serviceaccount";
    let server = format!("https://{}:443", endpoint.host);
    let cluster = json!({ "certificate-authority": format!("{account}/ca.crt"), "server": server });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "default", "cluster": cluster }],
        "contexts": [{ "name": "default", "context": { "cluster": "default", "namespace": "default", "user": "default" } }],
        "current-context": "default",
        "users": [{ "name": "default", "user": { "tokenFile": format!("{account}/token") } }],
    })
}
