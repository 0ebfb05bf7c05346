//! Collects permissions into the statements of one policy.
//!
//! Most permissions are one of three kinds: without condition, for what carries the cluster's tag, and for what is made with
//! the cluster's tag. Each kind becomes one statement, however many sets of permissions ask for it.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::ClusterName;
use kedge_resource::policy::Statement;

use crate::lowering::Lowering;

/// Condition key: cluster tag of what is acted on.
pub(super) const RESOURCE_TAG: &str = "aws:ResourceTag/KubernetesCluster";
/// Condition key: cluster tag of what is made.
pub(super) const REQUEST_TAG: &str = "aws:RequestTag/KubernetesCluster";

const EVERYTHING: &str = "*";

/// A policy under construction.
pub(super) struct Policy<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) partition: &'a str,
    pub(super) region: &'a str,
    unconditional: BTreeSet<String>,
    tagged: BTreeSet<String>,
    created_with_tag: BTreeSet<String>,
    statements: Vec<Statement>,
}

/// One condition of a statement: operator, key, values.
pub(super) type Condition<'c> = (&'c str, &'c str, &'c [&'c str]);

impl<'a> Policy<'a> {
    pub(super) fn new(lowering: &Lowering<'a>) -> Self {
        Self {
            cluster: lowering.name(),
            partition: &lowering.facts.partition,
            region: &lowering.facts.region,
            unconditional: BTreeSet::new(),
            tagged: BTreeSet::new(),
            created_with_tag: BTreeSet::new(),
            statements: Vec::new(),
        }
    }

    /// An ARN of a type of EC2 resource, in any region and account.
    pub(super) fn ec2(&self, resource: &str) -> String {
        format!("arn:{}:ec2:*:*:{resource}/*", self.partition)
    }

    /// Allows actions of a service on everything.
    pub(super) fn allow(&mut self, service: &str, actions: &[&str]) {
        self.unconditional.extend(with_service(service, actions));
    }

    /// Allows actions on what carries the cluster's tag.
    pub(super) fn allow_tagged(&mut self, service: &str, actions: &[&str]) {
        self.tagged.extend(with_service(service, actions));
    }

    /// Allows making things that carry the cluster's tag from the beginning.
    pub(super) fn allow_creating(&mut self, service: &str, actions: &[&str]) {
        self.created_with_tag.extend(with_service(service, actions));
    }

    /// Allows making EC2 resources with the cluster's tag, tagging them while they are made, and tagging them later, short
    /// of taking the cluster's tag away or moving it elsewhere.
    pub(super) fn allow_creating_ec2(&mut self, actions: &[&str], resources: &[&str]) {
        self.allow_creating("ec2", actions);
        let cluster = self.cluster.as_str();
        let arns: Vec<String> = resources.iter().map(|resource| self.ec2(resource)).collect();
        self.statement(
            "ec2",
            &["CreateTags"],
            &arns,
            &[("StringEquals", REQUEST_TAG, &[cluster]), ("StringEquals", "ec2:CreateAction", actions)],
        );
        self.statement(
            "ec2",
            &["CreateTags", "DeleteTags"],
            &arns,
            &[("Null", REQUEST_TAG, &["true"]), ("StringEquals", RESOURCE_TAG, &[cluster])],
        );
        if actions.contains(&"CreateSecurityGroup") {
            // The VPC takes part in the call, and may be somebody else's without the tag.
            let vpc = self.ec2("vpc");
            self.statement("ec2", &["CreateSecurityGroup"], &[vpc], &[]);
        }
    }

    /// Adds a statement of its own.
    pub(super) fn statement(
        &mut self,
        service: &str,
        actions: &[&str],
        resources: &[String],
        conditions: &[Condition<'_>],
    ) {
        let statement = Statement {
            action: with_service(service, actions).collect(),
            resource: resources.iter().cloned().collect(),
            condition: condition(conditions),
            ..Statement::allow()
        };
        // Two sets of permissions may bring the same one.
        if !self.statements.contains(&statement) {
            self.statements.push(statement);
        }
    }

    /// Adds a statement that is made elsewhere.
    pub(super) fn add(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    /// Adds a statement about everything.
    pub(super) fn statement_on_all(&mut self, service: &str, actions: &[&str], conditions: &[Condition<'_>]) {
        self.statement(service, actions, &[EVERYTHING.to_owned()], conditions);
    }

    /// The statements, none for a policy that allows nothing.
    pub(super) fn into_statements(self) -> Vec<Statement> {
        let cluster = self.cluster.as_str();
        let mut statements = self.statements;
        let collected = [
            (self.unconditional, condition(&[])),
            (self.tagged, condition(&[("StringEquals", RESOURCE_TAG, &[cluster])])),
            (self.created_with_tag, condition(&[("StringEquals", REQUEST_TAG, &[cluster])])),
        ];
        for (action, condition) in collected {
            if !action.is_empty() {
                let resource = BTreeSet::from([EVERYTHING.to_owned()]);
                statements.push(Statement { action, resource, condition, ..Statement::allow() });
            }
        }
        statements
    }
}

fn with_service(service: &str, actions: &[&str]) -> impl Iterator<Item = String> {
    actions.iter().map(move |action| format!("{service}:{action}"))
}

fn condition(conditions: &[Condition<'_>]) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut result: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (operator, key, values) in conditions {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        result.entry((*operator).to_owned()).or_default().insert((*key).to_owned(), values);
    }
    result
}
