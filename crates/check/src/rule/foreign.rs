//! `foreign-in-the-way`: something that is not the cluster's has a name that the cluster needs.
//!
//! AWS would refuse to make a second one, and kedge changes nothing that does not carry the ownership tag.

use kedge_resource::Plan;
use kedge_resource::plan::{Note, Severity};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    plan.report
        .foreign
        .iter()
        .filter(|foreign| foreign.in_the_way)
        .map(|foreign| {
            let (key, cluster) = (&foreign.key, &plan.cluster);
            let id = if foreign.id == key.name { String::new() } else { format!(" ({})", foreign.id) };
            let text = format!(
                "{key}{id} is there and is not the cluster's: it does not carry the tag kubernetes.io/cluster/{cluster} = \
                 owned. Remove or rename it, or, if it is the cluster's after all, tag it"
            );
            note(Severity::Fatal, "foreign-in-the-way", Some(key), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kedge_resource::plan::ForeignResource;
    use kedge_resource::{Kind, ResourceKey};

    use super::*;
    use crate::testing::plan;

    #[test]
    fn only_what_is_in_the_way_is_fatal() {
        let mut plan = plan(Vec::new());
        let key = ResourceKey::new(Kind::SecurityGroup, "nodes.c.example.com");
        plan.report.foreign.push(ForeignResource { key: key.clone(), id: "sg-1".to_owned(), in_the_way: false });
        assert_eq!(check(&plan, &CheckOptions::default()), []);
        plan.report.foreign[0].in_the_way = true;
        let text = "security-group/nodes.c.example.com (sg-1) is there and is not the cluster's: it does not carry the tag \
                    kubernetes.io/cluster/c.example.com = owned. Remove or rename it, or, if it is the cluster's after \
                    all, tag it";
        let expected = note(Severity::Fatal, "foreign-in-the-way", Some(&key), text.to_owned());
        assert_eq!(check(&plan, &CheckOptions::default()), [expected]);
    }
}
