//! cert-manager, if `certManager` asks for it. It stands in `kube-system`, where kops has it and where its role in AWS is for.

use serde_json::{Value, json};

use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, bind, cluster_role, disruption_budget, object, put, role, rule,
    rule_for, service, service_account,
};
use crate::problem::Problem;

const NAME: &str = "cert-manager";
const INJECTOR: &str = "cert-manager-cainjector";
const WEBHOOK: &str = "cert-manager-webhook";
const SECRET: &str = "cert-manager-webhook-tls";
/// The groups of its kinds.
const GROUP: &str = "cert-manager.io";
const ACME: &str = "acme.cert-manager.io";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("certManager");
    if settings.boolean("enabled") != Some(true) || settings.boolean("managed") == Some(false) {
        return None;
    }
    let mut addon = context.addon(NAME, Wave::Extension);
    controller(context, &mut addon);
    injector(context, &mut addon);
    webhook(context, &mut addon);
    Some(addon)
}

fn controller(context: &Context<'_>, addon: &mut Addon) {
    let settings = context.settings("certManager");
    let release = context.release(NAME);
    // Pods that the controller makes have an image that only a flag names.
    let solver = release.image("acmesolver");
    let solver = context.registry().map_or_else(|| solver.to_owned(), |registry| registry.image(solver));
    let mut args = vec![
        "--v=2".to_owned(),
        format!("--acme-http01-solver-image={solver}"),
        format!("--cluster-resource-namespace={SYSTEM}"),
        "--enable-certificate-owner-ref=true".to_owned(),
        format!("--leader-election-namespace={SYSTEM}"),
        "--max-concurrent-challenges=60".to_owned(),
    ];
    if let Some(issuer) = settings.text("defaultIssuer") {
        args.push(format!("--default-issuer-name={issuer}"));
        args.push("--default-issuer-kind=ClusterIssuer".to_owned());
    }
    let servers = settings.texts("nameservers");
    if !servers.is_empty() {
        args.push(format!("--dns01-recursive-nameservers={}", servers.join(",")));
        args.push("--dns01-recursive-nameservers-only".to_owned());
    }
    let gates: Vec<String> = settings
        .get("featureGates")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(gate, on)| Some(format!("{gate}={}", on.as_bool().or_else(|| on.as_str()?.parse().ok())?)))
        .collect();
    if !gates.is_empty() {
        args.push(format!("--feature-gates={}", gates.join(",")));
    }
    let container =
        Container::new("cert-manager-controller", settings.text("image").unwrap_or(release.image("controller")))
            .args(args)
            .env_field("POD_NAMESPACE", "metadata.namespace")
            .port("http-metrics", 9402)
            .port("http-healthz", 9403)
            .alive("/livez", "http-healthz", "HTTP")
            .resources(&settings, "50m", "128Mi");
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL).user(1000);
    // Its role exists only for the zones that it may write to.
    let zones = !context.spec.cluster.addons.cert_manager_zones.is_empty();
    let pods = if zones {
        context.with_role(pods, NAME, container.env("AWS_REGION", context.surroundings.region))
    } else {
        pods.container(container)
    };
    addon.objects.push(service_account(SYSTEM, NAME));
    for (part, rules) in controller_rules() {
        addon.objects.extend(cluster_role(&format!("cert-manager-controller-{part}"), (SYSTEM, NAME), &rules));
    }
    for (name, roles, rules) in aggregated() {
        let mut role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "", name, json!({ "rules": rules }));
        for to in roles {
            put(
                &mut role,
                &["metadata", "labels", &format!("rbac.authorization.k8s.io/aggregate-to-{to}")],
                "true".into(),
            );
        }
        addon.objects.push(role);
    }
    addon.objects.extend(role(
        SYSTEM,
        "cert-manager:leaderelection",
        (SYSTEM, NAME),
        &leader("cert-manager-controller"),
    ));
    addon.objects.push(pods.deployment(1));
}

/// What the controller may do, part by part as upstream divides it.
fn controller_rules() -> Vec<(&'static str, Vec<Value>)> {
    let read = "get list watch";
    let keep = "get list watch create update delete";
    let issuers = |kind: &str| {
        vec![
            rule(GROUP, &format!("{kind} {kind}/status"), "update patch"),
            rule(GROUP, kind, read),
            rule("core", "secrets", keep),
            rule("core", "events", "create patch"),
        ]
    };
    vec![
        ("issuers", issuers("issuers")),
        ("clusterissuers", issuers("clusterissuers")),
        (
            "certificates",
            vec![
                rule(
                    GROUP,
                    "certificates certificates/status certificaterequests certificaterequests/status",
                    "update patch",
                ),
                rule(GROUP, "certificates certificaterequests clusterissuers issuers", read),
                rule(GROUP, "certificates/finalizers certificaterequests/finalizers", "update"),
                rule(ACME, "orders", "create delete get list watch"),
                rule("core", "secrets", "get list watch create update delete patch"),
                rule("core", "events", "create patch"),
            ],
        ),
        (
            "orders",
            vec![
                rule(ACME, "orders orders/status", "update patch"),
                rule(ACME, "orders challenges", read),
                rule(GROUP, "clusterissuers issuers", read),
                rule(ACME, "challenges", "create delete"),
                rule(ACME, "orders/finalizers", "update"),
                rule(GROUP, "clusterissuers/finalizers issuers/finalizers", "update"),
                rule("core", "secrets", read),
                rule("core", "events", "create patch"),
            ],
        ),
        (
            "challenges",
            vec![
                rule(ACME, "challenges challenges/status challenges/finalizers", "update patch"),
                rule(ACME, "challenges", read),
                rule(GROUP, "issuers clusterissuers", read),
                rule("core", "secrets", read),
                rule("core", "events", "create patch"),
                rule("core", "pods services", "get list watch create delete"),
                rule("networking.k8s.io", "ingresses", keep),
                rule("gateway.networking.k8s.io", "httproutes", keep),
            ],
        ),
        (
            "ingress-shim",
            vec![
                rule(GROUP, "certificates certificaterequests", "create update delete"),
                rule(GROUP, "certificates certificaterequests issuers clusterissuers", read),
                rule("networking.k8s.io", "ingresses", read),
                rule("networking.k8s.io", "ingresses/finalizers", "update"),
                rule("core", "events", "create patch"),
            ],
        ),
        (
            "approve:cert-manager-io",
            vec![rule_for(
                GROUP,
                "signers",
                &["issuers.cert-manager.io/*", "clusterissuers.cert-manager.io/*"],
                "approve",
            )],
        ),
        (
            "certificatesigningrequests",
            vec![
                rule("certificates.k8s.io", "certificatesigningrequests", "get list watch update"),
                rule("certificates.k8s.io", "certificatesigningrequests/status", "update patch"),
                rule_for(
                    "certificates.k8s.io",
                    "signers",
                    &["issuers.cert-manager.io/*", "clusterissuers.cert-manager.io/*"],
                    "sign",
                ),
                rule("authorization.k8s.io", "subjectaccessreviews", "create"),
            ],
        ),
    ]
}

/// What people may do with its objects, by the roles of Kubernetes. Orders and challenges are its own business.
fn aggregated() -> [(&'static str, &'static [&'static str], Vec<Value>); 2] {
    let read = "get list watch";
    let change = "create delete deletecollection patch update";
    [
        (
            "cert-manager-view",
            &["view", "edit", "admin"],
            vec![rule(GROUP, "certificates certificaterequests issuers", read), rule(ACME, "challenges orders", read)],
        ),
        (
            "cert-manager-edit",
            &["edit", "admin"],
            vec![
                rule(GROUP, "certificates certificaterequests issuers", change),
                rule(GROUP, "certificates/status", "update"),
            ],
        ),
    ]
}

/// Rules of whoever elects a leader.
fn leader(lease: &str) -> [Value; 2] {
    [
        rule_for("coordination.k8s.io", "leases", &[lease], "get update patch"),
        rule("coordination.k8s.io", "leases", "create"),
    ]
}

fn injector(context: &Context<'_>, addon: &mut Addon) {
    let container = Container::new(INJECTOR, context.release(NAME).image("cainjector"))
        .args(["--v=2".to_owned(), format!("--leader-election-namespace={SYSTEM}")])
        .env_field("POD_NAMESPACE", "metadata.namespace")
        .port("http-metrics", 9402)
        .with("resources", json!({ "requests": { "cpu": "20m", "memory": "128Mi" } }));
    let read = "get list watch";
    let rules = [
        rule(GROUP, "certificates", read),
        rule("core", "secrets", read),
        rule("core", "events", "get create update patch"),
        rule(
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations mutatingwebhookconfigurations",
            "get list watch update patch",
        ),
        rule("apiregistration.k8s.io", "apiservices", "get list watch update patch"),
        rule("apiextensions.k8s.io", "customresourcedefinitions", "get list watch update patch"),
    ];
    addon.objects.push(service_account(SYSTEM, INJECTOR));
    addon.objects.extend(cluster_role(INJECTOR, (SYSTEM, INJECTOR), &rules));
    let leases = "cert-manager-cainjector-leader-election";
    let mut local = leader(leases).to_vec();
    local.push(rule_for(
        "coordination.k8s.io",
        "leases",
        &["cert-manager-cainjector-leader-election-core"],
        "get update patch",
    ));
    addon.objects.extend(role(SYSTEM, "cert-manager-cainjector:leaderelection", (SYSTEM, INJECTOR), &local));
    addon
        .objects
        .push(Pods::new(SYSTEM, INJECTOR, INJECTOR, CLUSTER_CRITICAL).user(1000).container(container).deployment(1));
}

fn webhook(context: &Context<'_>, addon: &mut Addon) {
    let container = Container::new(WEBHOOK, context.release(NAME).image("webhook"))
        .args([
            "--v=2",
            "--secure-port=10250",
            "--healthz-port=6080",
            "--tls-cert-file=/certificate/tls.crt",
            "--tls-private-key-file=/certificate/tls.key",
        ])
        .env_field("POD_NAMESPACE", "metadata.namespace")
        .port("https", 10250)
        .port("healthcheck", 6080)
        .alive("/livez", "healthcheck", "HTTP")
        .ready("/healthz", "healthcheck", "HTTP")
        .with("resources", json!({ "requests": { "cpu": "20m", "memory": "64Mi" } }))
        .mount_read_only("certificate", "/certificate");
    let pods = Pods::new(SYSTEM, WEBHOOK, WEBHOOK, CLUSTER_CRITICAL)
        .user(1000)
        .container(container)
        .volume("certificate", json!({ "secret": { "secretName": SECRET } }));
    let hook = |kind: &str, path: &str, rules: Value, selector: Value| {
        let fields = json!({ "webhooks": [{
            "name": "webhook.cert-manager.io",
            "admissionReviewVersions": ["v1"],
            "clientConfig": { "service": { "name": WEBHOOK, "namespace": SYSTEM, "path": path, "port": 443 } },
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "namespaceSelector": selector,
            "rules": rules,
            "sideEffects": "None",
            "timeoutSeconds": 30,
        }] });
        object("admissionregistration.k8s.io/v1", kind, "", WEBHOOK, fields)
    };
    let (mutating, validating) = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration");
    addon.objects.push(service_account(SYSTEM, WEBHOOK));
    let review = [rule("authorization.k8s.io", "subjectaccessreviews", "create")];
    addon.objects.extend(cluster_role("cert-manager-webhook:subjectaccessreviews", (SYSTEM, WEBHOOK), &review));
    let reader = ("Role", "extension-apiserver-authentication-reader");
    addon.objects.push(bind("RoleBinding", SYSTEM, "cert-manager-webhook:auth-reader", reader, (SYSTEM, WEBHOOK)));
    addon.objects.push(service(SYSTEM, WEBHOOK, WEBHOOK, &[("https", 443, "https")]));
    addon.objects.push(pods.deployment(context.replicas()));
    addon.objects.push(disruption_budget(SYSTEM, WEBHOOK, WEBHOOK));
    addon.objects.push(hook(mutating, "/mutate", json!([
        { "apiGroups": [GROUP], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["certificaterequests"] },
    ]), json!({})));
    addon.objects.push(hook(validating, "/validate", json!([
        { "apiGroups": [GROUP, ACME], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["*/*"] },
    ]), json!({ "matchExpressions": [{ "key": "cert-manager.io/disable-validation", "operator": "NotIn", "values": ["true"] }] })));
    addon.certificates.push(ServingCertificate::of_service(
        SECRET,
        SYSTEM,
        WEBHOOK,
        &[(mutating, WEBHOOK), (validating, WEBHOOK)],
    ));
}
