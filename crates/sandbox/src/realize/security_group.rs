//! Security groups: `CreateSecurityGroup`, `DeleteSecurityGroup`. The rule that AWS puts into a new group is taken over by
//! the step that makes the group's egress rules.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::SecurityGroup;

use super::{Task, after, before};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "ec2:CreateSecurityGroup";
    let want: &SecurityGroup = after(change)?;
    let vpc = task.handles.resolve(&want.vpc)?;
    let name = change.key.name.as_str();
    let make = |account: &mut Account| {
        account.create_security_group(&vpc, name, &want.group_description, &want.tags).map(|it| it.id)
    };
    match task.set(CALL, name, make).await {
        Ok(id) => Ok(Handle::new(id)),
        // The name is unique within the VPC: an earlier attempt made it, or somebody else.
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let look = |account: &Account| {
                let mut all = account.security_groups.values().filter(|it| it.vpc == vpc && it.name == name);
                all.find(|it| it.tags.owned_by(task.cluster)).map(|it| it.id.clone())
            };
            let found = task.sandbox.read("ec2:DescribeSecurityGroups", name, look).await?;
            found.map(Handle::new).ok_or_else(|| task.in_the_way(CALL, &change.key))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let id = &before(change)?.handle.id;
    task.remove("ec2:DeleteSecurityGroup", id, |account| account.delete_security_group(id)).await
}
