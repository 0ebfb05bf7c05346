//! IAM settings.

use std::collections::BTreeMap;

use kedge_diag::Diagnostic;
use kedge_resource::policy::Statement;

use super::{Report, one_of};
use crate::resolved::{Iam, PolicyRole, ServiceAccount};
use crate::v1alpha2::cluster::ClusterSpec;

/// Names of group roles in `externalPolicies` and `additionalPolicies`.
const ROLES: [(&str, PolicyRole); 5] = [
    ("master", PolicyRole::ControlPlane),
    ("control-plane", PolicyRole::ControlPlane),
    ("node", PolicyRole::Node),
    ("bastion", PolicyRole::Bastion),
    ("apiserver", PolicyRole::ApiServer),
];

/// The IAM settings of a cluster.
pub(super) fn iam(report: &mut Report<'_>, spec: &ClusterSpec) -> Iam {
    let mut external_policies: BTreeMap<PolicyRole, Vec<String>> = BTreeMap::new();
    for (role, arns) in &spec.external_policies {
        let path = format!("spec.externalPolicies.{role}");
        if let Some(role) = one_of(report, &path, role, &ROLES) {
            for (at, arn) in arns.iter().enumerate() {
                check_arn(report, &format!("{path}[{at}]"), arn);
            }
            external_policies.entry(role).or_default().extend(arns.iter().cloned());
        }
    }
    let mut additional_policies: BTreeMap<PolicyRole, Vec<Statement>> = BTreeMap::new();
    for (role, text) in &spec.additional_policies {
        let path = format!("spec.additionalPolicies.{role}");
        if let Some(role) = one_of(report, &path, role, &ROLES) {
            additional_policies.entry(role).or_default().extend(statements(report, &path, text));
        }
    }
    let service_accounts = spec
        .iam
        .service_account_external_permissions
        .iter()
        .enumerate()
        .map(|(at, raw)| {
            let path = format!("spec.iam.serviceAccountExternalPermissions[{at}]");
            for (field, value) in [("name", &raw.name), ("namespace", &raw.namespace)] {
                if value.is_empty() {
                    report.push(
                        &format!("{path}.{field}"),
                        Diagnostic::error(
                            "service-account",
                            "service account is not complete",
                            format!("there is no `{field}`, which the role trusts"),
                        ),
                    );
                }
            }
            let inline = raw.aws.inline_policy.as_deref();
            if raw.aws.policy_arns.is_empty() && inline.is_none() {
                report.push(
                    &format!("{path}.aws"),
                    Diagnostic::error(
                        "service-account",
                        "service account is not complete",
                        "it is given no permission",
                    )
                    .hint("give `policyARNs`, `inlinePolicy`, or both"),
                );
            }
            for (arn_at, arn) in raw.aws.policy_arns.iter().enumerate() {
                check_arn(report, &format!("{path}.aws.policyARNs[{arn_at}]"), arn);
            }
            ServiceAccount {
                name: raw.name.clone(),
                namespace: raw.namespace.clone(),
                policy_arns: raw.aws.policy_arns.clone(),
                inline_policy: inline
                    .map(|text| statements(report, &format!("{path}.aws.inlinePolicy"), text))
                    .unwrap_or_default(),
            }
        })
        .collect();
    let boundary = spec.iam.permissions_boundary.clone().filter(|arn| !arn.is_empty());
    if let Some(arn) = &boundary {
        check_arn(report, "spec.iam.permissionsBoundary", arn);
    }
    Iam {
        allow_container_registry: spec.iam.allow_container_registry,
        permissions_boundary: boundary,
        service_account_roles: spec.iam.use_service_account_external_permissions,
        service_accounts,
        external_policies,
        additional_policies,
    }
}

fn check_arn(report: &mut Report<'_>, path: &str, arn: &str) {
    let parts: Vec<&str> = arn.split(':').collect();
    if !matches!(parts.as_slice(), ["arn", _, "iam", _, _, policy] if policy.starts_with("policy/")) {
        report.push(
            path,
            Diagnostic::error("policy-arn", "policy is no ARN", format!("`{arn}` is no ARN of an IAM policy"))
                .hint("an ARN looks like `arn:aws:iam::123456789012:policy/name`"),
        );
    }
}

/// A JSON list of statements.
fn statements(report: &mut Report<'_>, path: &str, text: &str) -> Vec<Statement> {
    match serde_json::from_str::<Vec<Statement>>(text) {
        Ok(statements) => statements,
        Err(error) => {
            report.push(
                path,
                Diagnostic::error("policy-statements", "policy cannot be read", format!("in the policy: {error}"))
                    .hint("give a JSON list of statements, such as `[{\"Effect\": \"Allow\", \"Action\": …, \"Resource\": …}]`"),
            );
            Vec::new()
        }
    }
}
