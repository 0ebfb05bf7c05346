//! Events that tell the termination handler which instances are about to go: a queue and what fills it.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::kind::{EventRule, EventTarget, Queue};
use kedge_resource::names::{event_rule_name, queue_name};
use kedge_resource::policy::Statement;
use kedge_resource::{PolicyDocument, Ref};
use serde_json::{Value, json};

use crate::lowering::Lowering;
use crate::tags;

/// Seconds that an instance waits to be drained. A message that is older helps nobody, so the queue forgets it then.
pub(crate) const HEARTBEAT_SECONDS: i32 = 300;

/// Makes queue, rules and targets, if the handler reads events from a queue.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    let cluster = lowering.cluster;
    if !(cluster.termination_handler.enabled && cluster.termination_handler.queue) {
        return;
    }
    let queue = queue_name(&cluster.name);
    let properties = Queue {
        message_retention_period: HEARTBEAT_SECONDS,
        policy_document: policy(lowering, &queue),
        tags: tags::standard(cluster, &queue),
    };
    lowering.add(queue.clone(), properties);
    for (rule, pattern) in events(cluster.termination_handler.rebalance_draining) {
        let name = event_rule_name(&cluster.name, rule);
        lowering.add(name.clone(), EventRule { event_pattern: pattern, tags: tags::standard(cluster, &name) });
        let target = EventTarget { rule: Ref::managed(name.clone()), queue: Ref::managed(queue.clone()) };
        lowering.add(format!("{name} {queue}"), target);
    }
}

/// Lets AWS's own services send to the queue.
fn policy(lowering: &Lowering<'_>, queue: &str) -> PolicyDocument {
    let facts = lowering.facts;
    let arn = format!("arn:{}:sqs:{}:{}:{queue}", facts.partition, facts.region, facts.account_id);
    let services = ["events.amazonaws.com", "sqs.amazonaws.com"].map(str::to_owned);
    PolicyDocument::new(vec![Statement {
        principal: BTreeMap::from([("Service".to_owned(), BTreeSet::from(services))]),
        action: BTreeSet::from(["sqs:SendMessage".to_owned()]),
        resource: BTreeSet::from([arn]),
        ..Statement::allow()
    }])
}

fn events(rebalance: bool) -> Vec<(&'static str, Value)> {
    let event = |source: &str, detail_type: &str| json!({"source": [source], "detail-type": [detail_type]});
    let mut scheduled = event("aws.health", "AWS Health Event");
    if let Some(pattern) = scheduled.as_object_mut() {
        let detail = json!({"service": ["EC2"], "eventTypeCategory": ["scheduledChange"]});
        pattern.insert("detail".to_owned(), detail);
    }
    let mut events = vec![
        ("ASGLifecycle", event("aws.autoscaling", "EC2 Instance-terminate Lifecycle Action")),
        ("SpotInterruption", event("aws.ec2", "EC2 Spot Instance Interruption Warning")),
        ("InstanceStateChange", event("aws.ec2", "EC2 Instance State-change Notification")),
        ("InstanceScheduledChange", scheduled),
    ];
    if rebalance {
        events.push(("RebalanceRecommendation", event("aws.ec2", "EC2 Instance Rebalance Recommendation")));
    }
    events
}

#[cfg(test)]
mod tests {
    use kedge_resource::Kind;

    use super::*;
    use crate::testing;

    #[test]
    fn rules_fill_a_queue_that_only_services_may_write_to() {
        let mut spec = testing::minimal();
        spec.cluster.termination_handler.rebalance_draining = true;
        let desired = testing::lower(&spec);
        let queue: &Queue = testing::get(&desired, "queue/test-example-com-nth");
        assert_eq!(queue.message_retention_period, 300);
        assert!(
            queue.policy_document.to_json().contains("arn:aws-test:sqs:us-test-1:123456789012:test-example-com-nth")
        );
        assert_eq!(testing::names(&desired, Kind::EventRule).len(), 5);
        let target: &EventTarget =
            testing::get(&desired, "event-target/test.example.com-SpotInterruption test-example-com-nth");
        assert_eq!(target.queue.bare(), "test-example-com-nth");
    }

    #[test]
    fn without_the_queue_there_are_no_rules_hooks_or_tags() {
        let mut spec = testing::minimal();
        spec.cluster.termination_handler.queue = false;
        let desired = testing::lower(&spec);
        for kind in [Kind::Queue, Kind::EventRule, Kind::EventTarget, Kind::LifecycleHook] {
            assert!(testing::names(&desired, kind).is_empty(), "{kind}");
        }
    }
}
