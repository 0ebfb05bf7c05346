//! One sentence for each kind of nothing to do.

use kedge_resource::Plan;
use kedge_resource::plan::Purpose;

/// Which kind of nothing there is to do; `None` if the plan has changes.
pub(crate) fn sentence(plan: &Plan) -> Option<String> {
    if !plan.is_empty() {
        return None;
    }
    let report = &plan.report;
    let unseen = report.unreadable.len();
    let cluster = &plan.cluster;
    Some(match plan.purpose {
        Purpose::Apply if report.foreign.iter().any(|thing| thing.in_the_way) => {
            "Nothing can be done: what is missing stands there already and belongs to somebody else.".to_owned()
        }
        Purpose::Apply if unseen > 0 => format!(
            "Nothing to do as far as can be seen: {} could not be read, and what was read is as the manifests say.",
            part_count(unseen)
        ),
        Purpose::Apply if plan.unchanged == 0 => {
            "Nothing to do: the manifests ask for nothing that kedge would have to make.".to_owned()
        }
        Purpose::Apply if !report.instances_to_roll.is_empty() => format!(
            "Nothing to apply: AWS holds what the manifests say ({}); only running instances are left to replace.",
            resource_count(plan.unchanged)
        ),
        Purpose::Apply => {
            format!("Nothing to do: AWS already holds what the manifests say ({}).", resource_count(plan.unchanged))
        }
        Purpose::Compare => match plan.unchanged {
            0 => "Nothing differs: neither asks for anything that kedge would have to make.".to_owned(),
            count => format!("Nothing differs: both ask for the same {}.", resource_count(count)),
        },
        Purpose::Delete if unseen > 0 => format!(
            "Nothing to delete as far as can be seen: {} could not be read, and what was read holds nothing of {cluster}.",
            part_count(unseen)
        ),
        Purpose::Delete if !report.foreign.is_empty() => format!(
            "Nothing to delete: {} under names of {cluster}, and none carries its ownership tag.",
            if report.foreign.len() == 1 {
                "1 resource stands".to_owned()
            } else {
                format!("{} resources stand", report.foreign.len())
            }
        ),
        Purpose::Delete => {
            format!("Nothing to delete: account {} holds nothing of {cluster} in {}.", plan.account_id, plan.region)
        }
    })
}

fn part_count(count: usize) -> String {
    if count == 1 { "1 part of the account".to_owned() } else { format!("{count} parts of the account") }
}

fn resource_count(count: usize) -> String {
    if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") }
}
