//! Queues, event rules and their targets.

use kedge_resource::kind::{EventRule, EventTarget, Queue};
use kedge_resource::{Handle, Kind, Observed, PolicyDocument, Ref, names};

use super::{View, entry};

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for queue in view.account.queues.values() {
        if !names::owns_name(Kind::Queue, view.cluster, &queue.name) && !view.concerns(&queue.tags) {
            continue;
        }
        let properties = Queue {
            message_retention_period: queue.retention_seconds,
            policy_document: queue.policy.clone().unwrap_or_else(|| PolicyDocument::new(Vec::new())),
            tags: queue.tags.clone(),
        };
        let handle = Handle { url: Some(queue.url.clone()), ..Handle::new(&queue.arn) };
        found.push(entry(Kind::Queue, &queue.name, handle, view.ownership(&queue.tags), properties));
    }
    for rule in view.account.event_rules.values() {
        if !names::owns_name(Kind::EventRule, view.cluster, &rule.name) && !view.concerns(&rule.tags) {
            continue;
        }
        let (name, ownership) = (&rule.name, view.ownership(&rule.tags));
        let properties = EventRule { event_pattern: rule.pattern.clone(), tags: rule.tags.clone() };
        found.push(entry(Kind::EventRule, name, Handle::new(name), ownership, properties));
        for arn in rule.targets.values() {
            let key = format!("{name} {}", arn.rsplit(':').next().unwrap_or(arn));
            let properties = EventTarget { rule: Ref::existing(name), queue: Ref::existing(arn) };
            found.push(entry(Kind::EventTarget, key.clone(), Handle::new(key), ownership, properties));
        }
    }
}
