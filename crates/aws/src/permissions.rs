//! What a role has to be allowed so that kedge can plan with it, or apply: policies made from the list of the calls.
//!
//! A call that is not in the list ends a test: [`assert_known`] sees every attempt at one. Changes are limited to what carries the
//! ownership tag of the cluster wherever the API knows tags, and to names and types otherwise.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/> says what each action knows.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::policy::{PolicyDocument, Statement};
use kedge_resource::tags::CLUSTER_TAG;

use crate::error::Access;

mod calls;

use calls::CALLS;

/// A call, whether it changes something, and what it can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Permission {
    call: &'static str,
    access: Access,
    scope: Scope,
}

/// What a policy can limit a call to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Everybody may.
    Nothing,
    /// The API knows no resources.
    Any,
    /// A new EC2 resource of this type that gets the cluster's tag.
    New(&'static str),
    /// Another new resource that gets the cluster's tag.
    Requested,
    /// Resources with the cluster's tag.
    Tagged,
    /// Resources to which the cluster's tag is given, or which have it.
    Tagging,
    /// Listeners, which have no tags.
    Listeners,
    /// Objects of the state store.
    Objects,
    /// The bucket of the state store.
    Bucket,
    /// The key that protects secrets of the state store.
    Key,
    /// Records of the cluster's names.
    Records,
    /// Hosted zones.
    Zones,
    /// Parameters of Systems Manager.
    Parameters,
}

/// What a policy is for. What is left out is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRequest {
    /// Reading is enough: for `plan`, `snapshot` and `get`.
    pub read_only: bool,
    /// The cluster.
    pub cluster: Option<String>,
    /// The account, twelve digits.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Bucket and prefix of the state store; without it the policy has no permissions for one.
    pub store: Option<(String, String)>,
    /// ARN of the KMS key of the store's secrets; without it the policy has no permissions for one.
    pub key: Option<String>,
}

/// Calls that only instances make: what allows them are the roles of instances in the model, and no policy of who runs kedge.
const OF_INSTANCES: [(&str, Access); 2] =
    [("ec2:AssignIpv6Addresses", Access::Write), ("ec2:AttachVolume", Access::Write)];

/// Ends a test that makes a call which the policies do not allow.
pub(crate) fn assert_known(call: &str, access: Access) {
    if OF_INSTANCES.contains(&(call, access)) {
        return;
    }
    debug_assert!(
        CALLS.iter().any(|known| known.call == call && known.access == access),
        "{call} ({access:?}) is not in crates/aws/src/permissions/calls.rs"
    );
}

/// The least policy for a request.
#[must_use]
pub fn policy(request: &PolicyRequest) -> PolicyDocument {
    let mut statements: BTreeMap<(Scope, bool), BTreeSet<&'static str>> = BTreeMap::new();
    for permission in CALLS.iter().filter(|call| !request.read_only || call.access == Access::Read) {
        // Reads of the cluster's things and changes to them are told apart by whoever reads the policy.
        let key = (permission.scope, permission.access == Access::Read);
        statements.entry(key).or_default().insert(action(permission.call));
    }
    let mut document = Vec::new();
    for ((scope, read), actions) in statements {
        document.extend(request.statements(scope, read, &actions));
    }
    if !request.read_only {
        document.extend(request.new_in_ec2());
        document.extend(request.without_calls());
    }
    PolicyDocument { version: kedge_resource::policy::POLICY_VERSION.to_owned(), statement: document }
}

/// The action that allows a call: the same, but for one of S3.
fn action(call: &'static str) -> &'static str {
    match call {
        "s3:ListObjectsV2" => "s3:ListBucket",
        other => other,
    }
}

fn allow<'a>(sid: &str, actions: impl IntoIterator<Item = &'a str>, resources: Vec<String>) -> Statement {
    let action = actions.into_iter().map(str::to_owned).collect();
    Statement { sid: Some(sid.to_owned()), action, resource: resources.into_iter().collect(), ..Statement::allow() }
}

fn when(mut statement: Statement, operator: &str, key: &str, values: Vec<String>) -> Statement {
    statement.condition.entry(operator.to_owned()).or_default().insert(key.to_owned(), values.into_iter().collect());
    statement
}

impl PolicyRequest {
    fn statements(&self, scope: Scope, read: bool, actions: &BTreeSet<&'static str>) -> Vec<Statement> {
        let any = || vec!["*".to_owned()];
        let actions = || actions.iter().copied();
        match scope {
            Scope::Nothing | Scope::New(_) => Vec::new(),
            Scope::Any => vec![allow("Read", actions(), any())],
            Scope::Requested => vec![self.tagged(allow("New", actions(), any()), "aws:RequestTag")],
            Scope::Tagged => vec![self.tagged(allow("Change", actions(), any()), "aws:ResourceTag")],
            Scope::Tagging => vec![
                self.tagged(allow("TagNew", actions(), any()), "aws:RequestTag"),
                self.tagged(allow("TagOwn", actions(), any()), "aws:ResourceTag"),
            ],
            Scope::Listeners => {
                let (region, account) = (self.region.as_deref().unwrap_or("*"), self.account.as_deref().unwrap_or("*"));
                let listeners = format!("arn:{}:elasticloadbalancing:{region}:{account}:listener/*", self.partition());
                vec![allow("Listeners", actions(), vec![listeners])]
            }
            Scope::Objects => self.store.iter().map(|store| self.objects(store, read, actions())).collect(),
            Scope::Bucket => self.store.iter().map(|(bucket, _)| self.bucket(bucket, actions())).collect(),
            Scope::Key if self.read_only => Vec::new(),
            Scope::Key => self.key.iter().map(|key| allow("StoreKey", actions(), vec![key.clone()])).collect(),
            Scope::Records => {
                vec![self.records(allow("Records", actions(), vec![self.global("route53", "hostedzone/*")]))]
            }
            Scope::Zones => {
                let zones = self.global("route53", "hostedzone/*");
                vec![allow("Zones", actions(), vec![zones, self.ec2("vpc/*")])]
            }
            Scope::Parameters => {
                let region = self.region.as_deref().unwrap_or("*");
                let parameters = format!("arn:{}:ssm:{region}:*:parameter/*", self.partition());
                vec![allow("ImageParameters", actions(), vec![parameters])]
            }
        }
    }

    /// What is made in EC2, with the cluster's tag; what it is made in or of may be anybody's, such as an existing VPC. One statement
    /// for all, because a policy may not be long: each call makes one type anyway.
    fn new_in_ec2(&self) -> Vec<Statement> {
        let types = |call: &Permission| match call.scope {
            Scope::New(kind) => Some((call.call, kind)),
            _ => None,
        };
        let new: Vec<(&str, &str)> = CALLS.iter().filter_map(types).collect();
        let calls = |calls: &[(&'static str, &'static str)]| calls.iter().map(|(call, _)| *call).collect::<Vec<_>>();
        let (inside, _): (Vec<_>, Vec<_>) = new.iter().partition(|(_, kind)| !parents(kind).is_empty());
        let within: BTreeSet<&str> = inside.iter().flat_map(|(_, kind)| parents(kind)).copied().collect();
        let resources =
            |kinds: &mut dyn Iterator<Item = &str>| kinds.map(|kind| self.ec2(&format!("{kind}/*"))).collect();
        let made = allow("NewInEc2", calls(&new), resources(&mut new.iter().map(|(_, kind)| *kind)));
        let parents = allow("InWhatIsThere", calls(&inside), resources(&mut within.iter().copied()));
        vec![self.tagged(made, "aws:RequestTag"), parents]
    }

    /// What AWS asks for beside the calls: whoever makes a group from a template has to be able to launch from it, with the role.
    fn without_calls(&self) -> Vec<Statement> {
        let roles = match &self.cluster {
            Some(cluster) => format!("role/*.{cluster}"),
            None => "role/*".to_owned(),
        };
        let pass = allow("PassRole", ["iam:PassRole"], vec![self.iam(&roles)]);
        let run = allow("LaunchFromTemplate", ["ec2:RunInstances"], vec!["*".to_owned()]);
        let templates = vec![self.ec2("launch-template/*")];
        let linked = allow("ServiceRoles", ["iam:CreateServiceLinkedRole"], vec![self.iam("role/aws-service-role/*")]);
        let services = ["autoscaling.amazonaws.com", "elasticloadbalancing.amazonaws.com", "spot.amazonaws.com"];
        vec![
            when(pass, "StringEquals", "iam:PassedToService", vec!["ec2.amazonaws.com".to_owned()]),
            when(run, "ArnLike", "ec2:LaunchTemplate", templates),
            when(linked, "StringEquals", "iam:AWSServiceName", services.map(str::to_owned).to_vec()),
        ]
    }

    /// Limits a statement to what is the cluster's by its tag; to things of any cluster where none is named.
    fn tagged(&self, statement: Statement, key: &str) -> Statement {
        match &self.cluster {
            Some(cluster) => when(
                statement,
                "StringEquals",
                &format!("{key}/kubernetes.io/cluster/{cluster}"),
                vec!["owned".to_owned()],
            ),
            None => when(statement, "StringLike", &format!("{key}/{CLUSTER_TAG}"), vec!["?*".to_owned()]),
        }
    }

    fn objects(
        &self,
        (bucket, prefix): &(String, String),
        read: bool,
        actions: impl Iterator<Item = &'static str>,
    ) -> Statement {
        let within = match (prefix.as_str(), &self.cluster) {
            ("", None) => "*".to_owned(),
            ("", Some(cluster)) => format!("{cluster}/*"),
            (prefix, None) => format!("{prefix}/*"),
            (prefix, Some(cluster)) => format!("{prefix}/{cluster}/*"),
        };
        let sid = if read { "ReadStore" } else { "WriteStore" };
        allow(sid, actions, vec![format!("arn:{}:s3:::{bucket}/{within}", self.partition())])
    }

    fn bucket(&self, bucket: &str, actions: impl Iterator<Item = &'static str>) -> Statement {
        allow("StoreBucket", actions, vec![format!("arn:{}:s3:::{bucket}", self.partition())])
    }

    /// Limits a statement to records at and below the cluster's name.
    fn records(&self, statement: Statement) -> Statement {
        let Some(cluster) = &self.cluster else { return statement };
        let names = vec![cluster.clone(), format!("*.{cluster}")];
        when(statement, "ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames", names)
    }

    fn partition(&self) -> &'static str {
        match &self.region {
            Some(region) if region.starts_with("cn-") => "aws-cn",
            Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    fn ec2(&self, rest: &str) -> String {
        let (region, account) = (self.region.as_deref().unwrap_or("*"), self.account.as_deref().unwrap_or("*"));
        format!("arn:{}:ec2:{region}:{account}:{rest}", self.partition())
    }

    fn iam(&self, rest: &str) -> String {
        format!("arn:{}:iam::{}:{rest}", self.partition(), self.account.as_deref().unwrap_or("*"))
    }

    fn global(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:::{rest}", self.partition())
    }
}

/// Types of what a new EC2 resource is made in or of, which AWS checks too.
fn parents(kind: &str) -> &'static [&'static str] {
    match kind {
        "egress-only-internet-gateway" | "route-table" | "security-group" | "subnet" => &["vpc"],
        "natgateway" => &["subnet", "elastic-ip"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
