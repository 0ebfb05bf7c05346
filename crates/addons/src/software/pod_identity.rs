//! The webhook that gives pods of the user's service accounts their roles, if `podIdentityWebhook` asks for it. Add-ons do not
//! need it: their pods name their roles themselves.

use serde_json::{Map, Value, json};

use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, config_map, disruption_budget, object, role, rule,
    rule_for, service, service_account,
};
use crate::problem::Problem;

const NAME: &str = "pod-identity-webhook";
const SECRET: &str = "pod-identity-webhook-tls";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let settings = context.settings("podIdentityWebhook");
    if settings.boolean("enabled") != Some(true) {
        return None;
    }
    let mut accounts = Map::new();
    for account in &context.spec.cluster.iam.service_accounts {
        if account.namespace.contains('*') {
            // The webhook reads annotations as well, which is the way for namespaces that are not known.
            continue;
        }
        let role = json!({
            "RoleARN": context.role_arn(&account.name, &account.namespace),
            "Audience": "amazonaws.com",
            "UseRegionalSTS": true,
            "TokenExpiration": 0,
        });
        accounts.insert(format!("{}/{}", account.namespace, account.name), role);
    }
    if context.spec.cluster.issuer.is_none() {
        problems.push(Problem::new(
            "spec.podIdentityWebhook.enabled",
            "AWS cannot check tokens of service accounts: the cluster publishes no keys",
            "set `spec.serviceAccountIssuerDiscovery.discoveryStore` and `enableAWSOIDCProvider`",
        ));
    }
    let release = context.release(NAME);
    let container = Container::new(NAME, release.image("webhook"))
        .command(&["/webhook"])
        .args([
            "--annotation-prefix=eks.amazonaws.com".to_owned(),
            format!("--aws-default-region={}", context.surroundings.region),
            "--in-cluster=false".to_owned(),
            "--logtostderr".to_owned(),
            format!("--namespace={SYSTEM}"),
            "--port=8443".to_owned(),
            format!("--service-name={NAME}"),
            "--sts-regional-endpoint=true".to_owned(),
            "--tls-cert=/certificate/tls.crt".to_owned(),
            "--tls-key=/certificate/tls.key".to_owned(),
            "--token-audience=amazonaws.com".to_owned(),
            "--watch-config-map=true".to_owned(),
        ])
        .port("https", 8443)
        .with(
            "readinessProbe",
            json!({ "httpGet": { "path": "/healthz", "port": "https", "scheme": "HTTPS" }, "periodSeconds": 10 }),
        )
        .resources(&settings, "20m", "64Mi")
        .mount_read_only("certificate", "/certificate");
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL)
        .user(65534)
        .container(container)
        .volume("certificate", json!({ "secret": { "secretName": SECRET } }));
    let hook = "MutatingWebhookConfiguration";
    let mut addon = context.addon(NAME, Wave::Extension);
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role(NAME, (SYSTEM, NAME), &[rule("core", "serviceaccounts", "get list watch")]));
    let local = [rule("core", "configmaps", "list watch"), rule_for("core", "configmaps", &[NAME], "get")];
    addon.objects.extend(role(SYSTEM, NAME, (SYSTEM, NAME), &local));
    addon.objects.push(config_map(SYSTEM, NAME, [("config", Value::Object(accounts).to_string())]));
    addon.objects.push(service(SYSTEM, NAME, NAME, &[("https", 443, "https")]));
    let replicas = settings.integer("replicas").and_then(|replicas| u32::try_from(replicas).ok());
    addon.objects.push(pods.deployment(replicas.unwrap_or_else(|| context.replicas())));
    addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    addon.objects.push(object(
        "admissionregistration.k8s.io/v1",
        hook,
        "",
        NAME,
        json!({ "webhooks": [{
        "name": "pod-identity-webhook.amazonaws.com",
        "admissionReviewVersions": ["v1", "v1beta1"],
        "clientConfig": { "service": { "name": NAME, "namespace": SYSTEM, "path": "/mutate", "port": 443 } },
        // Pods have to start while it does not run, itself among them.
        "failurePolicy": "Ignore",
        "objectSelector": { "matchExpressions": [{ "key": "k8s-app", "operator": "NotIn", "values": [NAME] }] },
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
        "sideEffects": "None",
        "timeoutSeconds": 5,
    }] }),
    ));
    addon.certificates.push(ServingCertificate::of_service(SECRET, SYSTEM, NAME, &[(hook, NAME)]));
    Some(addon)
}
