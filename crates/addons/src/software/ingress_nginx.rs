//! ingress-nginx, if an annotation of the cluster asks for it: kops has no field for it.

use serde_json::json;

use super::network::container;
use crate::addon::{Addon, ServingCertificate, Wave};
use crate::context::Context;
use crate::objects::{disruption_budget, put};
use crate::patch::{Change, Container, Patch};
use crate::problem::Problem;

/// The annotation: `internal` or `public` says where its load balancer is.
pub(crate) const ANNOTATION: &str = "addons.kedge.dev/ingress-nginx";

const NAME: &str = "ingress-nginx";
const CONTROLLER: &str = "ingress-nginx-controller";
const ADMISSION: &str = "ingress-nginx-admission";
/// What the load balancer is told by.
const PREFIX: &str = "service.beta.kubernetes.io/aws-load-balancer";

pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<Addon> {
    let word = context.spec.cluster.annotations.get(ANNOTATION)?;
    let internal = match word.as_str() {
        "internal" => true,
        "public" => false,
        "none" => return None,
        other => {
            problems.push(Problem::new(
                format!("metadata.annotations.{ANNOTATION}"),
                format!("`{other}` says not where its load balancer shall be"),
                "write `internal`, `public` or `none`",
            ));
            return None;
        }
    };
    let mut addon = context.addon(NAME, Wave::Extension);
    // Jobs of upstream make the certificate of the webhook; it is made where the add-on is applied.
    for (kind, name) in [
        ("Job", "ingress-nginx-admission-create"),
        ("Job", "ingress-nginx-admission-patch"),
        ("ServiceAccount", ADMISSION),
        ("ClusterRole", ADMISSION),
        ("ClusterRoleBinding", ADMISSION),
        ("Role", ADMISSION),
        ("RoleBinding", ADMISSION),
    ] {
        addon.patches.push(Patch::new(kind, name, Change::Omit));
    }
    let controller = Container {
        image: Some(context.release(NAME).image("controller").to_owned()),
        flags: vec![
            "--validating-webhook-certificate=/usr/local/certificates/tls.crt".to_owned(),
            "--validating-webhook-key=/usr/local/certificates/tls.key".to_owned(),
        ],
        ..Container::named("controller")
    };
    addon.patches.push(container("Deployment", CONTROLLER, controller));
    let mut annotations = json!({
        format!("{PREFIX}-type"): "nlb",
        format!("{PREFIX}-cross-zone-load-balancing-enabled"): "true",
    });
    if internal {
        put(&mut annotations, &[&format!("{PREFIX}-internal")], "true".into());
    }
    addon.patches.push(Patch::new(
        "Service",
        CONTROLLER,
        Change::Merge(json!({ "metadata": { "annotations": annotations } })),
    ));
    if context.ranges.ipv6 {
        let families = json!({ "spec": { "ipFamilies": ["IPv6"] } });
        addon.patches.push(Patch::new("Service", CONTROLLER, Change::Merge(families)));
    }
    let spread = |key: &str| {
        json!({
            "maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": { "matchLabels": { "app.kubernetes.io/component": "controller", "app.kubernetes.io/name": NAME } },
        })
    };
    let pods = json!({ "spec": { "replicas": 2, "template": { "spec": {
        "priorityClassName": "system-cluster-critical",
        "topologySpreadConstraints": [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
    } } } });
    addon.patches.push(Patch::new("Deployment", CONTROLLER, Change::Merge(pods)));
    let mut budget = disruption_budget(NAME, CONTROLLER, CONTROLLER);
    put(
        &mut budget,
        &["spec", "selector", "matchLabels"],
        json!({ "app.kubernetes.io/component": "controller", "app.kubernetes.io/name": NAME }),
    );
    addon.objects.push(budget);
    let webhook = [("ValidatingWebhookConfiguration", ADMISSION)];
    addon.certificates.push(ServingCertificate::of_service(
        ADMISSION,
        NAME,
        "ingress-nginx-controller-admission",
        &webhook,
    ));
    Some(addon)
}
