//! external-dns, if `externalDns.provider` asks for it. API records are kept by control planes, so that there is no
//! dns-controller.

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, rule, service_account};
use crate::problem::Problem;

const NAME: &str = "external-dns";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("externalDns");
    if !context.spec.cluster.addons.external_dns || settings.boolean("disable") == Some(true) {
        return None;
    }
    let Some(zone) = context.surroundings.hosted_zone else {
        problems.push(Problem::new(
            "spec.externalDns.provider",
            "external-dns has no hosted zone to write to",
            "set `spec.dnsZone`, or remove the provider",
        ));
        return None;
    };
    let mut args = vec![
        "--events".to_owned(),
        "--provider=aws".to_owned(),
        "--registry=txt".to_owned(),
        format!("--txt-owner-id=kops-{}", context.cluster()),
        "--txt-prefix=kops-".to_owned(),
        format!("--zone-id-filter={zone}"),
        "--source=service".to_owned(),
        // Records of people are left alone: what is not owned by the text records is not touched.
        "--policy=sync".to_owned(),
    ];
    if settings.boolean("watchIngress").unwrap_or(true) {
        args.push("--source=ingress".to_owned());
    }
    if let Some(namespace) = settings.text("watchNamespace") {
        args.push(format!("--namespace={namespace}"));
    }
    let release = context.release(NAME);
    let container = Container::new(NAME, release.image(NAME))
        .args(args)
        .env("AWS_REGION", context.surroundings.region)
        .port("http", 7979)
        .alive("/healthz", "http", "HTTP")
        .ready("/healthz", "http", "HTTP")
        .resources(&settings, "50m", "64Mi");
    let priority = settings.text("priorityClassName").unwrap_or(CLUSTER_CRITICAL);
    let pods = Pods::new(SYSTEM, NAME, NAME, priority).user(65534);
    let rules = [
        rule("core", "services pods", "get list watch"),
        rule("discovery.k8s.io", "endpointslices", "get list watch"),
        rule("networking.k8s.io", "ingresses", "get list watch"),
        rule("core", "nodes", "list watch"),
    ];
    let mut addon = context.addon(NAME, Wave::Extension);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role("kedge:external-dns", (SYSTEM, NAME), &rules));
    addon.objects.push(context.calling_aws(pods, NAME, container).deployment(1));
    Some(addon)
}
