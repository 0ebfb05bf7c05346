//! Whole plans, made for a cluster with every kind of resource and done by a dumb account.

mod account;
mod cluster;
mod decisions;
mod properties;
mod versions;

use kedge_resource::{Action, Change, Desired, Inventory, Plan};

use crate::{PlanContext, plan_apply, plan_delete};

fn context() -> PlanContext {
    PlanContext { account_id: "123456789012".to_owned(), region: "us-test-1".to_owned() }
}

fn apply(desired: &Desired, inventory: &Inventory) -> Plan {
    plan_apply(desired, inventory, &context()).unwrap()
}

fn delete(inventory: &Inventory) -> Plan {
    plan_delete(inventory, &context()).unwrap()
}

/// An account that holds a cluster of this shape.
fn built(shape: &cluster::Shape) -> account::Account {
    let mut account = account::Account::new();
    account.apply(&apply(&cluster::desired(shape), &account.inventory), |_| 0).unwrap();
    account
}

fn summary(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| format!("{} {}", verb(change), change.key)).collect()
}

fn verb(change: &Change) -> &'static str {
    match change.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}

fn change<'a>(plan: &'a Plan, key: &str) -> &'a Change {
    plan.changes.iter().find(|change| change.key.to_string() == key).unwrap_or_else(|| panic!("no change of {key}"))
}
