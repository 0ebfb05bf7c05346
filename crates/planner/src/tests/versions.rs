//! Two versions of what is desired.

use kedge_resource::plan::Purpose;
use kedge_resource::{Kind, Properties, Reason};
use proptest::prelude::*;
use serde_json::json;

use super::cluster::{C, Shape, desired};
use super::{change, context, summary};
use crate::compare;

fn versions(base: &Shape, head: &Shape) -> kedge_resource::Plan {
    compare(&desired(base), &desired(head), &context()).unwrap()
}

#[test]
fn names_stand_for_ids_and_what_cannot_change_is_replaced() {
    let shape = Shape { zones: 1, groups: 1, ..Shape::default() };
    let plan = versions(&shape, &Shape { range: 9, image: "ami-2".to_owned(), ..shape.clone() });
    assert_eq!(plan.purpose, Purpose::Compare);
    let subnet = change(&plan, &format!("subnet/a.{C}"));
    assert_eq!(subnet.reason, Reason::Immutable { fields: vec!["CidrBlock".to_owned()] });
    assert_eq!(subnet.before.as_ref().unwrap().handle.id, format!("a.{C}"));
    let template = change(&plan, &format!("launch-template/nodes-0.{C}"));
    assert_eq!(template.fields[0].after, Some(json!("ami-2")));
    assert_eq!(plan.report.instances_to_roll, ["nodes-0"]);
    assert!(plan.handles.is_empty());
}

#[test]
fn a_tag_that_is_no_longer_asked_for_is_a_note() {
    let head = desired(&Shape::default());
    let mut base = head.clone();
    for resource in &mut base.resources {
        if let Properties::Subnet(subnet) = &mut resource.properties {
            subnet.tags.set("team", "blue");
        }
    }
    let plan = compare(&base, &head, &context()).unwrap();
    assert!(plan.is_empty());
    let subnets = base.resources.iter().filter(|resource| resource.key.kind == Kind::Subnet).count();
    let text = format!("{subnets} resources keep the tag team, which is no longer asked for: an apply removes no tags");
    assert_eq!(plan.report.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>(), [text]);
}

fn shape() -> impl Strategy<Value = Shape> {
    (1..4_usize, any::<bool>(), any::<bool>(), 0..4_usize, 0..3_usize).prop_map(
        |(zones, private, balancer, groups, range)| Shape {
            zones,
            private,
            balancer,
            groups,
            range,
            ..Shape::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_differs_from_itself(shape in shape()) {
        let plan = versions(&shape, &shape);
        prop_assert_eq!(summary(&plan), Vec::<String>::new());
        prop_assert_eq!(plan.unchanged, desired(&shape).resources.len());
    }

    #[test]
    fn what_is_made_on_the_way_there_is_removed_on_the_way_back(a in shape(), b in shape()) {
        let made = |plan: &kedge_resource::Plan, verb: &str| {
            let changes = summary(plan).into_iter().filter_map(|line| line.strip_prefix(verb).map(str::to_owned));
            // What an apply leaves alone, because nothing says whose it is, is made and never removed.
            changes.filter(|key| !key.starts_with(" hosted-zone-association")).collect::<Vec<_>>()
        };
        let (there, back) = (versions(&a, &b), versions(&b, &a));
        let gone: Vec<String> = made(&back, "delete");
        for key in made(&there, "create") {
            prop_assert!(gone.contains(&key), "{} is not removed on the way back: {:?}", key, gone);
        }
    }
}
