//! The AWS load balancer controller, if `awsLoadBalancerController` asks for it.

use kedge_spec::resolved::Vpc;
use serde_json::{Value, json};

use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{
    CLUSTER_CRITICAL, Container, Pods, SYSTEM, cluster_role, disruption_budget, object, put, role, rule, rule_for,
    service, service_account,
};
use crate::problem::Problem;

const NAME: &str = "aws-load-balancer-controller";
const SERVICE: &str = "aws-load-balancer-webhook-service";
const SECRET: &str = "aws-load-balancer-webhook-tls";
const WEBHOOKS: &str = "aws-load-balancer-webhook";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    let enabled = context.spec.cluster.addons.load_balancer_controller?;
    let settings = context.settings("awsLoadBalancerController");
    let cluster = context.cluster();
    let vpc = match &context.spec.cluster.network.vpc {
        Vpc::Shared { id, .. } => format!("--aws-vpc-id={id}"),
        Vpc::Own { .. } => format!("--aws-vpc-tags=kubernetes.io/cluster/{cluster}=owned"),
    };
    let labels = context.spec.cluster.cloud_labels.0.iter().map(|(key, value)| format!(",{key}={value}"));
    let tags = format!("KubernetesCluster={cluster}{}", labels.collect::<String>());
    let release = context.release(NAME);
    let image = release.image("controller");
    let image = settings.text("version").map_or_else(
        || image.to_owned(),
        |version| format!("{}:{version}", image.rsplit_once(':').map_or(image, |(path, _)| path)),
    );
    let container = Container::new("controller", &image)
        .args([
            format!("--cluster-name={cluster}"),
            format!("--aws-region={}", context.surroundings.region),
            vpc,
            format!("--default-tags={tags}"),
            format!("--enable-shield={}", enabled.shield),
            format!("--enable-waf={}", enabled.waf),
            format!("--enable-wafv2={}", enabled.wafv2),
            // The definitions of the Gateway API are not part of a cluster.
            "--feature-gates=ALBGatewayAPI=false,NLBGatewayAPI=false".to_owned(),
            "--ingress-class=alb".to_owned(),
            "--metrics-bind-addr=:8442".to_owned(),
            "--webhook-bind-port=9443".to_owned(),
            "--webhook-cert-dir=/certificate".to_owned(),
        ])
        .port("webhook", 9443)
        .port("metrics", 8442)
        .port("health", 61779)
        .alive("/healthz", "health", "HTTP")
        .ready("/readyz", "health", "HTTP")
        .resources(&settings, "50m", "200Mi")
        .mount_read_only("certificate", "/certificate");
    let pods = Pods::new(SYSTEM, NAME, NAME, CLUSTER_CRITICAL)
        .user(65534)
        .volume("certificate", json!({ "secret": { "secretName": SECRET } }));
    let mut addon = context.addon(NAME, Wave::Extension);
    if let Some(version) = settings.text("version") {
        version.clone_into(&mut addon.version);
    }
    addon.objects.push(service_account(SYSTEM, NAME));
    addon.objects.extend(cluster_role(NAME, (SYSTEM, NAME), &rules()));
    let leader = "aws-load-balancer-controller-leader";
    let local = [
        rule("coordination.k8s.io", "leases", "create"),
        rule_for("coordination.k8s.io", "leases", &[leader], "get patch update"),
        rule("core", "configmaps", "create"),
        rule_for("core", "configmaps", &[leader], "get patch update"),
    ];
    addon.objects.extend(role(SYSTEM, NAME, (SYSTEM, NAME), &local));
    addon.objects.push(service(SYSTEM, SERVICE, NAME, &[("webhook", 443, "webhook")]));
    addon.objects.push(context.calling_aws(pods, NAME, container).deployment(context.replicas()));
    addon.objects.push(disruption_budget(SYSTEM, NAME, NAME));
    addon.objects.push(object(
        "networking.k8s.io/v1",
        "IngressClass",
        "",
        "alb",
        json!({ "spec": { "controller": "ingress.k8s.aws/alb" } }),
    ));
    addon.objects.push(mutating());
    addon.objects.push(validating());
    let trusted = [("MutatingWebhookConfiguration", WEBHOOKS), ("ValidatingWebhookConfiguration", WEBHOOKS)];
    addon.certificates.push(ServingCertificate::of_service(SECRET, SYSTEM, SERVICE, &trusted));
    Some(addon)
}

/// One webhook: what it is called, where it is, and for what.
fn webhook(name: &str, path: &str, group: &str, version: &str, resource: &str, operations: &[&str]) -> Value {
    json!({
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": { "service": { "name": SERVICE, "namespace": SYSTEM, "path": path, "port": 443 } },
        "failurePolicy": "Fail",
        "rules": [{ "apiGroups": [group], "apiVersions": [version], "operations": operations, "resources": [resource] }],
        "sideEffects": "None",
    })
}

/// Pods of namespaces that ask for it get readiness gates; what is bound to target groups gets defaults. Services are not
/// changed, so that the cloud controller keeps those that it has.
fn mutating() -> Value {
    let mut pods = webhook("mpod.elbv2.k8s.aws", "/mutate-v1-pod", "", "v1", "pods", &["CREATE"]);
    put(
        &mut pods,
        &["namespaceSelector"],
        json!({ "matchExpressions": [
        { "key": "elbv2.k8s.aws/pod-readiness-gate-inject", "operator": "In", "values": ["enabled"] },
    ] }),
    );
    put(
        &mut pods,
        &["objectSelector"],
        json!({ "matchExpressions": [{ "key": "k8s-app", "operator": "NotIn", "values": [NAME] }] }),
    );
    let (group, changes) = ("elbv2.k8s.aws", ["CREATE", "UPDATE"]);
    let path = "/mutate-elbv2-k8s-aws-v1beta1-targetgroupbinding";
    let bindings =
        webhook("mtargetgroupbinding.elbv2.k8s.aws", path, group, "v1beta1", "targetgroupbindings", &changes);
    let fields = json!({ "webhooks": [pods, bindings] });
    object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", WEBHOOKS, fields)
}

fn validating() -> Value {
    let (group, changes) = ("elbv2.k8s.aws", ["CREATE", "UPDATE"]);
    let path = |what: &str| format!("/validate-elbv2-k8s-aws-v1beta1-{what}");
    let classes = webhook(
        "vingressclassparams.elbv2.k8s.aws",
        &path("ingressclassparams"),
        group,
        "v1beta1",
        "ingressclassparams",
        &changes,
    );
    let bindings = webhook(
        "vtargetgroupbinding.elbv2.k8s.aws",
        &path("targetgroupbinding"),
        group,
        "v1beta1",
        "targetgroupbindings",
        &changes,
    );
    let mut ingresses = webhook(
        "vingress.elbv2.k8s.aws",
        "/validate-networking-v1-ingress",
        "networking.k8s.io",
        "v1",
        "ingresses",
        &changes,
    );
    // Ingresses of others must not depend on this controller.
    put(&mut ingresses, &["failurePolicy"], "Ignore".into());
    put(&mut ingresses, &["matchPolicy"], "Equivalent".into());
    let fields = json!({ "webhooks": [classes, bindings, ingresses] });
    object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", WEBHOOKS, fields)
}

fn rules() -> Vec<Value> {
    let read = "get list watch";
    vec![
        rule("core", "configmaps", "create delete get update"),
        rule("core", "endpoints namespaces nodes pods", read),
        rule("core", "events", "create patch"),
        rule("core", "pods/status services/status", "patch update"),
        rule("core", "services", "get list patch update watch"),
        rule("discovery.k8s.io", "endpointslices", read),
        rule("elbv2.k8s.aws", "albtargetcontrolconfigs", "get"),
        rule("elbv2.k8s.aws", "ingressclassparams", read),
        rule("elbv2.k8s.aws", "targetgroupbindings", "create delete get list patch update watch"),
        rule(
            "elbv2.k8s.aws",
            "targetgroupbindings/finalizers targetgroupbindings/status ingressclassparams/finalizers",
            "patch update",
        ),
        rule("extensions networking.k8s.io", "ingresses", "get list patch update watch"),
        rule("extensions networking.k8s.io", "ingresses/status ingresses/finalizers", "patch update"),
        rule("networking.k8s.io", "ingressclasses", read),
    ]
}
