//! Lost answers, throttling, crashes: in the end the account holds everything once.

use kedge_cloud::{ErrorClass, Observe as _};
use kedge_resource::Kind;
use kedge_sandbox::{CRASHED, FaultAction, FaultCondition, FaultRule, Faults, Quotas, Sandbox};

use crate::apply::{apply, assert_is};
use crate::delete::delete;
use crate::world::{cluster, facts, world};

fn once() -> FaultCondition {
    FaultCondition { nth: Some(1), ..FaultCondition::default() }
}

/// Actions of the writes that making the world takes.
async fn writes() -> Vec<(String, String)> {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&sandbox, &world()).await.unwrap();
    delete(&sandbox).await.unwrap();
    let mut actions: Vec<(String, String)> = sandbox
        .calls()
        .iter()
        .filter(|call| call.is_write())
        .map(|it| (it.service.clone(), it.action.clone()))
        .collect();
    actions.sort();
    actions.dedup();
    actions
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    let actions = writes().await;
    assert!(actions.len() > 60, "{actions:?}");
    for (service, action) in actions {
        for fault in [FaultAction::LoseResponse, FaultAction::DropBefore, FaultAction::Throttle] {
            let faults = Faults::one(&service, &action, once(), fault.clone());
            let sandbox = Sandbox::in_memory(Some(facts()), Some(faults)).unwrap();
            let world = world();
            apply(&sandbox, &world).await.unwrap_or_else(|error| panic!("{fault:?} of {action}: {error}"));
            assert_is(&sandbox, &world).await;
            delete(&sandbox).await.unwrap_or_else(|error| panic!("{fault:?} of {action}: {error}"));
            assert_eq!(crate::apply::observe(&sandbox).await.resources, [], "{fault:?} of {action}");
        }
    }
}

#[tokio::test]
async fn a_server_error_on_a_write_is_looked_into() {
    for (service, action) in [("ec2", "CreateVpc"), ("ec2", "AllocateAddress"), ("iam", "CreateRole")] {
        let error = FaultAction::Error { code: "InternalError".to_owned(), status: 500, message: String::new() };
        let sandbox = Sandbox::in_memory(Some(facts()), Some(Faults::one(service, action, once(), error))).unwrap();
        let world = world();
        apply(&sandbox, &world).await.unwrap();
        assert_is(&sandbox, &world).await;
    }
}

#[tokio::test]
async fn bad_weather_is_weathered() {
    let often =
        |probability, seed| FaultCondition { probability: Some(probability), seed, ..FaultCondition::default() };
    let rule = |when, action| FaultRule { calls: kedge_sandbox::CallPattern::default(), when, action };
    let rules = vec![
        rule(often(0.1, 1), FaultAction::LoseResponse),
        rule(often(0.1, 2), FaultAction::Throttle),
        rule(often(0.1, 3), FaultAction::DropBefore),
    ];
    let sandbox = Sandbox::in_memory(Some(facts()), Some(Faults { rules })).unwrap();
    let world = world();
    apply(&sandbox, &world).await.unwrap();
    assert_is(&sandbox, &world).await;
    delete(&sandbox).await.unwrap();
    assert_eq!(crate::apply::observe(&sandbox).await.resources, []);
}

#[tokio::test]
async fn crashes_at_every_call_converge() {
    let calls = {
        let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
        apply(&sandbox, &world()).await.unwrap();
        sandbox.calls().len()
    };
    assert!(calls > 100);
    let world = world();
    for number in 1..=calls {
        let sandbox = Sandbox::in_memory(Some(facts()), Some(Faults::crash_at(number as u64))).unwrap();
        let error = apply(&sandbox, &world).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some(CRASHED), "call {number}");
        // Dead is dead.
        assert_eq!(sandbox.identity().await.unwrap_err().code.as_deref(), Some(CRASHED));
        sandbox.restart(None);
        apply(&sandbox, &world).await.unwrap_or_else(|error| panic!("after call {number}: {error}"));
        assert_is(&sandbox, &world).await;
    }
}

#[tokio::test]
async fn a_denied_call_says_what_to_allow() {
    let faults = Faults::one("ec2", "CreateVpc", FaultCondition::default(), FaultAction::Deny);
    let sandbox = Sandbox::in_memory(Some(facts()), Some(faults)).unwrap();
    let error = apply(&sandbox, &world()).await.unwrap_err();
    assert_eq!((error.class, error.call.as_str()), (ErrorClass::Denied, "ec2:CreateVpc"));
    assert_eq!(error.hint.as_deref(), Some("allow ec2:CreateVpc for the caller"));
}

#[tokio::test]
async fn a_denied_read_leaves_out_its_kinds() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    apply(&sandbox, &world()).await.unwrap();
    sandbox.restart(Some(Faults::one("iam", "ListRoles", FaultCondition::default(), FaultAction::Deny)));
    let inventory = sandbox.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap();
    assert_eq!(inventory.unreadable.len(), 1);
    assert_eq!((inventory.unreadable[0].kind, inventory.unreadable[0].call.as_str()), (Kind::Role, "iam:ListRoles"));
    assert!(!inventory.resources.iter().any(|it| it.key.kind == Kind::Role));
    assert!(inventory.resources.iter().any(|it| it.key.kind == Kind::RolePolicy));
}

#[tokio::test]
async fn a_quota_is_named() {
    let sandbox = Sandbox::in_memory(Some(facts()), None).unwrap();
    sandbox.set_quotas(Quotas { elastic_ips: 0, ..Quotas::default() }).unwrap();
    let error = apply(&sandbox, &world()).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Quota, Some("AddressLimitExceeded")));
}
