//! Instances, which are only ever removed: one `TerminateInstances` for all and one wait.

use kedge_cloud::{CloudError, ErrorClass, StepOutcome, Verb};

use super::{Task, before, bug};
use crate::account::Account;

const DESCRIBE: &str = "ec2:DescribeInstances";

pub(super) async fn realize(task: &Task<'_>) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:TerminateInstances";
    if task.step.verb != Verb::Delete {
        return Err(bug("instances are only ever removed by a plan"));
    }
    let ids = task.step.changes.iter().map(|change| Ok(before(change)?.handle.id.clone()));
    let mut ids = ids.collect::<Result<Vec<_>, CloudError>>()?;
    let about = format!("{} instances", ids.len());
    match task.set(CALL, &about, |account| account.terminate_instances(&ids)).await {
        // One that is gone fails the call for all.
        Err(error) if error.class == ErrorClass::NotFound => {
            let known = |account: &Account| -> Vec<String> {
                ids.iter().filter(|id| account.instances.contains_key(*id)).cloned().collect()
            };
            ids = task.sandbox.read(DESCRIBE, &about, known).await?;
            if !ids.is_empty() {
                task.set(CALL, &about, |account| account.terminate_instances(&ids)).await?;
            }
        }
        other => other?,
    }
    let gone = |account: &Account| {
        let there = |id: &String| account.instances.get(id).is_some_and(|instance| instance.state != "terminated");
        (!ids.iter().any(there)).then_some(())
    };
    // Until then they hold their subnets, security groups and volumes.
    task.until(DESCRIBE, &about, &format!("{about} to terminate"), gone).await?;
    Ok(StepOutcome::default())
}
