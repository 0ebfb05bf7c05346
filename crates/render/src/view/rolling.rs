//! Which running instances differ from what is wanted after an apply, and in what.

use std::collections::BTreeSet;

use kedge_resource::Action;
use kedge_resource::kind::{AutoScalingGroup, Kind};

use super::Planned;

/// Properties of an auto scaling group that only new instances get.
const FOR_NEW_INSTANCES: [&str; 2] = ["LaunchTemplate", "MixedInstancesPolicy"];

/// A group whose instances have to be replaced before they get what changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rolling {
    /// The instance group.
    pub(crate) group: String,
    /// The auto scaling group, if it is in the plan or named as the template is.
    pub(crate) auto_scaling_group: Option<String>,
    /// Fewest and most instances, where the plan knows.
    pub(crate) sizes: Option<(i32, i32)>,
    /// Properties that only new instances get.
    pub(crate) properties: Vec<String>,
}

/// The groups, by name.
pub(crate) fn rolling(planned: &Planned) -> Vec<Rolling> {
    planned.plan().report.instances_to_roll.iter().map(|group| one(planned, group)).collect()
}

fn one(planned: &Planned, group: &str) -> Rolling {
    let plan = planned.plan();
    // A group's resources are called after it, its role (control planes only) and the cluster.
    let names = ["", ".masters", ".apiservers"].map(|role| format!("{group}{role}.{}", plan.cluster));
    let mut properties = BTreeSet::new();
    let mut rolling =
        Rolling { group: group.to_owned(), auto_scaling_group: None, sizes: None, properties: Vec::new() };
    for change in plan.changes.iter().filter(|change| names.contains(&change.key.name)) {
        let touched = change.fields.iter().map(|field| field.property());
        if change.key.kind == Kind::LaunchTemplate {
            properties.extend(touched.filter(|property| *property != "Tags"));
        } else if change.key.kind == Kind::AutoScalingGroup {
            properties.extend(touched.filter(|name| FOR_NEW_INSTANCES.contains(name)));
        } else {
            continue;
        }
        if change.action != Action::Delete {
            rolling.auto_scaling_group = Some(change.key.name.clone());
        }
    }
    let changed = plan.changes.iter().filter_map(|change| Some((&change.key, change.after.as_ref()?)));
    let desired = planned.desired.iter().map(|resource| (&resource.key, &resource.properties));
    rolling.sizes = changed
        .chain(desired)
        .filter(|(key, _)| names.contains(&key.name))
        .find_map(|(_, properties)| <&AutoScalingGroup>::try_from(properties).ok())
        .map(|wanted| (wanted.min_size, wanted.max_size));
    rolling.properties = properties.into_iter().map(str::to_owned).collect();
    rolling
}

impl Rolling {
    /// `nodes (2 to 5 instances): ImageId, InstanceType`.
    pub(crate) fn describe(&self) -> String {
        let sizes = match self.sizes {
            Some((1, 1)) => " (1 instance)".to_owned(),
            Some((min, max)) if min == max => format!(" ({min} instances)"),
            Some((min, max)) => format!(" ({min} to {max} instances)"),
            None => String::new(),
        };
        let properties =
            if self.properties.is_empty() { String::new() } else { format!(": new {}", self.properties.join(", ")) };
        format!("{}{sizes}{properties}", self.group)
    }
}
