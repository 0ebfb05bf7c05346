//! A cache of DNS on every node, if `kubeDNS.nodeLocalDNS` asks for it.

use kedge_bootstrap::DnsCache;
use serde_json::json;

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{Container, NODE_CRITICAL, Pods, SYSTEM, config_map, object, service_account};
use crate::problem::Problem;

const NAME: &str = "node-local-dns";
/// Where the cache tells of its health: a port of the host that nothing else of a cluster uses.
const HEALTH: u16 = 3989;

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let cache = DnsCache::of(context.spec, &context.ranges)?;
    let settings = context.settings("kubeDNS").block("nodeLocalDNS");
    if context.settings("kubeDNS").text("provider") == Some("None") {
        problems.push(Problem::new(
            "spec.kubeDNS.nodeLocalDNS",
            "the cache asks CoreDNS, which `provider: None` leaves out",
            "remove one of the two",
        ));
    }
    let address = cache.address.as_str();
    let listens = if cache.takes_service { format!("{address},{}", context.ranges.dns) } else { address.to_owned() };
    let release = context.release(NAME);
    let get = json!({ "host": address, "path": "/health", "port": HEALTH });
    let probe = json!({ "httpGet": get, "initialDelaySeconds": 60, "timeoutSeconds": 5 });
    let container = Container::new("node-cache", settings.text("image").unwrap_or(release.image("node-cache")))
        .args(["-localip", &listens, "-conf", "/etc/Corefile", "-upstreamsvc", "kube-dns-upstream"])
        .udp_port("dns", 53)
        .port("dns-tcp", 53)
        .port("metrics", 9253)
        .with("livenessProbe", probe)
        .resources(&settings, "25m", "5Mi")
        .mount("xtables-lock", "/run/xtables.lock")
        .mount("config-volume", "/etc/coredns")
        .mount("kube-dns-config", "/etc/kube-dns")
        .capabilities(&["NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW"]);
    let pods = Pods::new(SYSTEM, NAME, NAME, NODE_CRITICAL)
        .host_network()
        .tolerate_everything()
        .with("dnsPolicy", "Default")
        .annotations([("prometheus.io/port", "9253"), ("prometheus.io/scrape", "true")])
        .annotations(settings.map("podAnnotations"))
        .container(container)
        .host_path("xtables-lock", "/run/xtables.lock", "FileOrCreate")
        .volume("kube-dns-config", json!({ "configMap": { "name": "kube-dns", "optional": true } }))
        .volume(
            "config-volume",
            json!({ "configMap": { "name": NAME, "items": [{ "key": "Corefile", "path": "Corefile.base" }] } }),
        );
    let upstream = json!({
        "metadata": { "labels": { "k8s-app": "kube-dns" } },
        "spec": { "selector": { "k8s-app": "kube-dns" }, "ports": [
            { "name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns" },
            { "name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": "dns-tcp" },
        ] },
    });
    let mut addon = context.addon(NAME, Wave::System);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.push(object("v1", "Service", SYSTEM, "kube-dns-upstream", upstream));
    addon.objects.push(config_map(
        SYSTEM,
        NAME,
        [("Corefile", corefile(context, &listens.replace(',', " "), address))],
    ));
    addon.objects.push(pods.daemon_set("10%"));
    Some(addon)
}

/// The configuration of the cache. What stands in capitals the cache itself fills in.
fn corefile(context: &Context<'_>, listens: &str, address: &str) -> String {
    let settings = context.settings("kubeDNS").block("nodeLocalDNS");
    if let Some(file) = settings.text("externalCoreFile") {
        return file.to_owned();
    }
    let health = if address.contains(':') { format!("[{address}]:{HEALTH}") } else { format!("{address}:{HEALTH}") };
    let zone = |name: &str, cache: &str, forward: &str, more: &str| {
        format!(
            "{name}:53 {{\n    errors\n    {cache}\n    reload\n    loop\n    bind {listens}\n    {forward}\n    prometheus :9253\n{more}}}\n"
        )
    };
    let cluster = "forward . __PILLAR__CLUSTER__DNS__ {\n        force_tcp\n    }";
    let forwards = settings.boolean("forwardToKubeDNS") == Some(true);
    let others = if forwards { cluster } else { "forward . __PILLAR__UPSTREAM__SERVERS__" };
    let mut file = zone(
        context.domain(),
        "cache {\n        success 9984 30\n        denial 9984 5\n    }",
        cluster,
        &format!("    health {health}\n"),
    );
    for (name, forward) in [("in-addr.arpa", cluster), ("ip6.arpa", cluster), (".", others)] {
        file.push_str(&zone(name, "cache 30", forward, ""));
    }
    if let Some(more) = settings.text("additionalConfig") {
        file.push_str(more.trim_end());
        file.push('\n');
    }
    file
}
