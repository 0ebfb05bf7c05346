//! Roles, profiles, providers, queues and event rules.

use kedge_resource::kind::*;
use kedge_resource::names::{event_rule_name, queue_name};
use kedge_resource::{Kind, PolicyDocument, Ref};

use crate::harness::Case;
use crate::harness::Outcome::{CreateFirst, InPlace, Other};
use crate::world::{World, cluster, policy};

const C: &str = "c.example.com";
const NODES: &str = "nodes.c.example.com";
const INLINE: &str = "nodes.c.example.com nodes.c.example.com";
const SSM: &str = "nodes.c.example.com arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

pub(crate) fn cases() -> Vec<Case> {
    [roles(), providers(), events()].into_iter().flatten().collect()
}

/// One action more.
fn add(document: &mut PolicyDocument, action: &str) {
    for statement in &mut document.statement {
        statement.action.insert(action.to_owned());
    }
}

/// A second role, for what moves from one role to another.
fn second_role(world: &mut World) {
    let name = "bastions.c.example.com";
    let role = Role {
        assume_role_policy_document: policy("sts:AssumeRole", Some(("Service", "ec2.amazonaws.com"))),
        permissions_boundary: None,
        tags: kedge_resource::Tags::standard(&cluster(), name),
    };
    world.add(name, role);
}

fn roles() -> Vec<Case> {
    vec![
        Case::of::<Role>(NODES, "AssumeRolePolicyDocument", InPlace, |it| {
            add(&mut it.assume_role_policy_document, "sts:TagSession");
        }),
        Case::of::<Role>(NODES, "PermissionsBoundary", InPlace, |it| it.permissions_boundary = None),
        Case::of::<Role>(NODES, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<RolePolicy>(INLINE, "PolicyDocument", InPlace, |it| {
            add(&mut it.policy_document, "ec2:DescribeVolumes");
        }),
        Case::new("another name of a policy", &[(Kind::RolePolicy, "PolicyName", Other)], |world| {
            world.rename::<RolePolicy>(INLINE, "nodes.c.example.com more", |it| it.policy_name = "more".to_owned());
        }),
        Case::new("a policy of another role", &[(Kind::RolePolicy, "Role", Other)], |world| {
            world.rename::<RolePolicy>(INLINE, "bastions.c.example.com nodes.c.example.com", |it| {
                it.role = Ref::managed("bastions.c.example.com");
            });
        })
        .after(second_role),
        Case::new("another attached policy", &[(Kind::PolicyAttachment, "PolicyArn", Other)], |world| {
            let arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
            world.rename::<PolicyAttachment>(SSM, &format!("{NODES} {arn}"), |it| it.policy_arn = arn.to_owned());
        }),
        Case::new("a policy attached to another role", &[(Kind::PolicyAttachment, "Role", Other)], |world| {
            world.rename::<PolicyAttachment>(SSM, &SSM.replace("nodes", "bastions"), |it| {
                it.role = Ref::managed("bastions.c.example.com");
            });
        })
        .after(second_role),
        Case::of::<InstanceProfile>(NODES, "Role", InPlace, |it| {
            it.role = Some(Ref::managed("bastions.c.example.com"));
        })
        .after(second_role),
        Case::of::<InstanceProfile>(NODES, "Role", InPlace, |it| it.role = None),
        Case::of::<InstanceProfile>(NODES, "Tags", InPlace, |it| it.tags.set("team", "blue")),
    ]
}

fn providers() -> Vec<Case> {
    vec![
        Case::of::<OidcProvider>(C, "ClientIdList", InPlace, |it| {
            it.client_id_list = vec!["sts.amazonaws.com".to_owned()];
        }),
        Case::of::<OidcProvider>(C, "ThumbprintList", InPlace, |it| {
            it.thumbprint_list = vec!["a9d53002e97e00e043244f3d170d6f4c414104fd".to_owned()];
        }),
        Case::of::<OidcProvider>(C, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<OidcProvider>(C, "Url", CreateFirst, |it| {
            it.url = "https://oidc.example.com/other".to_owned();
        }),
    ]
}

fn events() -> Vec<Case> {
    let queue = queue_name(&cluster());
    let rule = event_rule_name(&cluster(), "SpotInterruption");
    let (target, queue_of_target, rule_of_target) = (format!("{rule} {queue}"), queue.clone(), rule.clone());
    let moved = target.clone();
    vec![
        Case::of::<Queue>(&queue, "MessageRetentionPeriod", InPlace, |it| it.message_retention_period = 600),
        Case::of::<Queue>(&queue, "PolicyDocument", InPlace, |it| {
            add(&mut it.policy_document, "sqs:ReceiveMessage");
        }),
        Case::of::<Queue>(&queue, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::of::<EventRule>(&rule, "EventPattern", InPlace, |it| {
            it.event_pattern = serde_json::json!({"source": ["aws.health"]});
        }),
        Case::of::<EventRule>(&rule, "Tags", InPlace, |it| it.tags.set("team", "blue")),
        Case::new("a target of another rule", &[(Kind::EventTarget, "Rule", Other)], move |world| {
            let other = event_rule_name(&cluster(), "Other");
            let new = format!("{other} {queue_of_target}");
            world.rename::<EventTarget>(&target, &new, |it| it.rule = Ref::managed(&other));
        })
        .after(|world| {
            let name = event_rule_name(&cluster(), "Other");
            let event_pattern = serde_json::json!({"source": ["aws.health"]});
            let tags = kedge_resource::Tags::standard(&cluster(), &name);
            world.add(name, EventRule { event_pattern, tags });
        }),
        Case::new("another target of a rule", &[(Kind::EventTarget, "Queue", Other)], move |world| {
            let new = format!("{rule_of_target} other-queue");
            world.rename::<EventTarget>(&moved, &new, |it| it.queue = Ref::managed("other-queue"));
        })
        .after(|world| {
            let queue = Queue {
                message_retention_period: 300,
                policy_document: policy("sqs:SendMessage", Some(("Service", "events.amazonaws.com"))),
                tags: kedge_resource::Tags::standard(&cluster(), "other-queue"),
            };
            world.add("other-queue", queue);
        })
        .not_on_the_wire("AWS lists queues by name, and a cluster has one"),
    ]
}
