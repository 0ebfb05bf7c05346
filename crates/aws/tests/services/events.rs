//! Queue, rules and targets.

use kedge_cloud::ErrorClass;
use kedge_resource::kind::{EventRule, EventTarget, Queue};
use kedge_resource::{Kind, Ownership, PolicyDocument, Ref, names};

use crate::account::{Account, assert_is};

fn policy(queue: &str) -> PolicyDocument {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["events.amazonaws.com","sqs.amazonaws.com"]}},
            "Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:{queue}"}}]}}"#
    );
    PolicyDocument::parse(&text).unwrap()
}

#[tokio::test]
async fn queue_rule_and_target_are_made_changed_and_removed() {
    let Some(mut account) = Account::of("events.example.com").await else { return };
    let queue_name = names::queue_name(&account.cluster);
    let mut queue =
        Queue { message_retention_period: 300, policy_document: policy(&queue_name), tags: account.tags(&queue_name) };
    let queue_handle = account.create(&queue_name, queue.clone()).await;
    let observed = account.get(Kind::Queue, &queue_name).await;
    assert_eq!(observed.handle, queue_handle);
    assert_is(&observed, queue.clone());

    let rule_name = names::event_rule_name(&account.cluster, "SpotInterruption");
    let pattern = serde_json::json!({"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]});
    let mut rule = EventRule { event_pattern: pattern, tags: account.tags(&rule_name) };
    account.create(&rule_name, rule.clone()).await;
    assert_is(&account.get(Kind::EventRule, &rule_name).await, rule.clone());

    let target_name = format!("{rule_name} {queue_name}");
    let target = EventTarget { rule: Ref::managed(&rule_name), queue: Ref::managed(&queue_name) };
    for _ in 0..2 {
        account.create(&target_name, target.clone()).await;
    }
    let resolved = EventTarget { rule: Ref::existing(&rule_name), queue: Ref::existing(&queue_handle.id) };
    assert_is(&account.get(Kind::EventTarget, &target_name).await, resolved);

    // changed
    queue.message_retention_period = 600;
    queue.tags.set("team", "blue");
    account.update(observed, queue.clone(), &["MessageRetentionPeriod", "Tags"]).await;
    assert_is(&account.get(Kind::Queue, &queue_name).await, queue.clone());
    rule.event_pattern = serde_json::json!({"source": ["aws.health"]});
    rule.tags.set("team", "blue");
    let before = account.get(Kind::EventRule, &rule_name).await;
    account.update(before, rule.clone(), &["EventPattern", "Tags"]).await;
    assert_is(&account.get(Kind::EventRule, &rule_name).await, rule.clone());

    // made a second time, as after a crash
    rule.tags.set("team", "red");
    queue.message_retention_period = 300;
    account.create(&rule_name, rule.clone()).await;
    assert_is(&account.get(Kind::EventRule, &rule_name).await, rule);
    assert_eq!(account.create(&queue_name, queue.clone()).await, queue_handle);
    assert_is(&account.get(Kind::Queue, &queue_name).await, queue);

    let observed = account.get(Kind::EventTarget, &target_name).await;
    account.delete(observed).await;
    assert!(account.find(&[Kind::EventTarget]).await.is_empty());
    // a rule goes with whatever it still leads to
    account.create(&target_name, target).await;
    for (kind, name) in [(Kind::EventRule, &rule_name), (Kind::Queue, &queue_name)] {
        let observed = account.get(kind, name).await;
        account.delete(observed).await;
    }
    assert!(account.find(&[Kind::Queue, Kind::EventRule, Kind::EventTarget]).await.is_empty());
}

#[tokio::test]
async fn a_rule_and_a_queue_of_somebody_else_are_not_overwritten() {
    let Some(mut account) = Account::of("foreign-events.example.com").await else { return };
    let name = names::event_rule_name(&account.cluster, "ASGLifecycle");
    let events = aws_sdk_eventbridge::Client::new(&account.config);
    events.put_rule().name(&name).event_pattern(r#"{"source":["mine"]}"#).send().await.unwrap();
    let wanted = EventRule { event_pattern: serde_json::json!({"source": ["aws.ec2"]}), tags: account.tags(&name) };
    let error = account.try_create(&name, wanted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    let observed = account.get(Kind::EventRule, &name).await;
    assert_eq!(observed.ownership, Ownership::Foreign);
    assert_eq!(observed.properties.to_value()["EventPattern"], serde_json::json!({"source": ["mine"]}));

    let name = names::queue_name(&account.cluster);
    let sqs = aws_sdk_sqs::Client::new(&account.config);
    sqs.create_queue().queue_name(&name).send().await.unwrap();
    let wanted = Queue { message_retention_period: 300, policy_document: policy(&name), tags: account.tags(&name) };
    let error = account.try_create(&name, wanted).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert_eq!(account.get(Kind::Queue, &name).await.ownership, Ownership::Foreign);
}
