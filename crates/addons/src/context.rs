//! What the manifests of add-ons are made from: the specification, and what it does not say.

use std::collections::BTreeMap;

use kedge_bootstrap::{ApiEndpoint, Ranges};
use kedge_resource::names::service_account_role_name;
use kedge_spec::resolved::Role;
use kedge_spec::{ResolvedSpec, Settings};
use serde_json::{Value, json};

use crate::objects::{Container, Pods, SYSTEM};
use crate::problem::Problem;
use crate::releases::{NEWEST, OLDEST, Release, release};

/// Volume with the token that AWS trusts.
const TOKEN: &str = "token-amazonaws-com";
const TOKEN_FOLDER: &str = "/var/run/secrets/amazonaws.com/";

/// What a specification does not say of its surroundings.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// Region.
    pub region: &'a str,
    /// Partition: `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// Account.
    pub account_id: &'a str,
    /// Id of the hosted zone, if there is one.
    pub hosted_zone: Option<&'a str>,
    /// Whether there are nodes with GPUs.
    pub gpus: bool,
    /// Where nodes find the API.
    pub endpoint: &'a ApiEndpoint,
    /// Files of user add-ons: texts under the names by which the manifest calls them.
    pub files: &'a BTreeMap<String, String>,
}

/// What all add-ons are made from.
pub(crate) struct Context<'a> {
    pub(crate) spec: &'a ResolvedSpec,
    pub(crate) surroundings: &'a Surroundings<'a>,
    pub(crate) ranges: Ranges,
    /// Minor version of Kubernetes 1.
    pub(crate) minor: u32,
}

impl<'a> Context<'a> {
    /// Reads what is the same for all add-ons.
    pub(crate) fn new(spec: &'a ResolvedSpec, surroundings: &'a Surroundings<'a>, problems: &mut Vec<Problem>) -> Self {
        let version = &spec.cluster.kubernetes_version;
        let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default();
        if !(OLDEST..=NEWEST).contains(&minor) {
            problems.push(Problem::new(
                "spec.kubernetesVersion",
                format!("kedge has no add-ons for Kubernetes {version}"),
                format!("use a version from 1.{OLDEST} to 1.{NEWEST}"),
            ));
        }
        let mut found = Vec::new();
        let ranges = Ranges::of(spec, &mut found);
        let of_boot = |problem: kedge_bootstrap::BootProblem| {
            Problem::new(format!("spec.{}", problem.field), problem.why, problem.hint)
        };
        problems.extend(found.into_iter().map(of_boot));
        Self { spec, surroundings, ranges, minor }
    }

    /// A block of settings of the cluster.
    pub(crate) fn settings(&self, name: &str) -> Settings {
        self.spec.cluster.settings.block(name)
    }

    /// The release of an add-on that fits the cluster's Kubernetes.
    pub(crate) fn release(&self, addon: &str) -> &'static Release {
        release(addon, self.minor)
    }

    /// Name of the cluster.
    pub(crate) fn cluster(&self) -> &str {
        self.spec.cluster.name.as_str()
    }

    /// Domain of services.
    pub(crate) fn domain(&self) -> &str {
        let settings = &self.spec.cluster.settings;
        settings.text("clusterDNSDomain").unwrap_or("cluster.local")
    }

    /// How many pods a controller has: two where there are several control planes.
    pub(crate) fn replicas(&self) -> u32 {
        let of = |group: &kedge_spec::resolved::InstanceGroup| i64::from(group.min_size);
        let planes = self.spec.groups.iter().filter(|group| group.role == Role::ControlPlane);
        if planes.map(of).sum::<i64>() > 1 { 2 } else { 1 }
    }

    /// Whether pods of add-ons have roles of their own in AWS.
    pub(crate) fn has_roles(&self) -> bool {
        self.spec.cluster.iam.service_account_roles
    }

    /// ARN of the role of a service account.
    pub(crate) fn role_arn(&self, account: &str, namespace: &str) -> String {
        let name = service_account_role_name(account, namespace, &self.spec.cluster.name);
        let Surroundings { partition, account_id, .. } = self.surroundings;
        format!("arn:{partition}:iam::{account_id}:role/{name}")
    }

    /// Pods of a controller that calls AWS. With roles of service accounts they run anywhere and show AWS a token; without
    /// them they have the role of control planes, which only the host network of a control plane reaches.
    pub(crate) fn calling_aws(&self, pods: Pods, account: &str, container: Container) -> Pods {
        if self.has_roles() {
            self.with_role(pods, account, container)
        } else {
            pods.on_control_planes().host_network().container(container)
        }
    }

    /// Pods that show AWS the token of their service account.
    pub(crate) fn with_role(&self, pods: Pods, account: &str, container: Container) -> Pods {
        let container = container
            .env("AWS_ROLE_ARN", self.role_arn(account, SYSTEM))
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", format!("{TOKEN_FOLDER}token"))
            .env("AWS_STS_REGIONAL_ENDPOINTS", "regional")
            .mount_read_only(TOKEN, TOKEN_FOLDER);
        pods.container(container).volume(TOKEN, token_volume())
    }

    /// Changes of a container of upstream that show AWS the token of its service account; the volume comes with
    /// [`token_volume_named`].
    pub(crate) fn role_change(&self, container: &str, account: &str) -> crate::patch::Container {
        let text = |text: String| Value::String(text);
        let env = [
            ("AWS_REGION", text(self.surroundings.region.to_owned())),
            ("AWS_ROLE_ARN", text(self.role_arn(account, SYSTEM))),
            ("AWS_STS_REGIONAL_ENDPOINTS", text("regional".to_owned())),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", text(format!("{TOKEN_FOLDER}token"))),
        ];
        crate::patch::Container {
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            mounts: vec![json!({ "name": TOKEN, "mountPath": TOKEN_FOLDER, "readOnly": true })],
            ..crate::patch::Container::named(container)
        }
    }
}

/// Source of the volume with the token. `amazonaws.com` is the audience that the OIDC provider of the model admits.
fn token_volume() -> Value {
    json!({ "projected": { "defaultMode": 420, "sources": [
        { "serviceAccountToken": { "audience": "amazonaws.com", "expirationSeconds": 86400, "path": "token" } },
    ] } })
}

/// The volume with the token, for pods of upstream whose volumes are given.
pub(crate) fn token_volume_named() -> Value {
    let mut volume = json!({ "name": TOKEN });
    crate::patch::merge(&mut volume, &token_volume());
    volume
}
