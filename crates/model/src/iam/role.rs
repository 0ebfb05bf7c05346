//! A role with its policies.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::kind::{PolicyAttachment, Role, RolePolicy};
use kedge_resource::policy::Statement;
use kedge_resource::{PolicyDocument, Ref, Tags};

use crate::lowering::Lowering;

/// Makes a role that `trust` lets others assume.
pub(super) fn add_role(lowering: &mut Lowering<'_>, name: &str, trust: Statement, tags: Tags) {
    let role = Role {
        assume_role_policy_document: PolicyDocument::new(vec![trust]),
        permissions_boundary: lowering.cluster.iam.permissions_boundary.clone(),
        tags,
    };
    lowering.add(name, role);
}

/// Makes an inline policy, unless it would allow nothing: IAM does not take empty ones.
pub(super) fn add_policy(lowering: &mut Lowering<'_>, role: &str, policy_name: &str, statements: Vec<Statement>) {
    if statements.is_empty() {
        return;
    }
    let policy = RolePolicy {
        role: Ref::managed(role),
        policy_name: policy_name.to_owned(),
        policy_document: PolicyDocument::new(statements),
    };
    lowering.add(format!("{role} {policy_name}"), policy);
}

/// Attaches managed policies.
pub(super) fn attach(lowering: &mut Lowering<'_>, role: &str, policies: &[String]) {
    for arn in policies {
        let attachment = PolicyAttachment { role: Ref::managed(role), policy_arn: arn.clone() };
        lowering.add(format!("{role} {arn}"), attachment);
    }
}

/// A trust statement for one kind of principal.
pub(super) fn trust(kind: &str, principal: String, action: &str) -> Statement {
    Statement {
        principal: BTreeMap::from([(kind.to_owned(), BTreeSet::from([principal]))]),
        action: BTreeSet::from([action.to_owned()]),
        ..Statement::allow()
    }
}
