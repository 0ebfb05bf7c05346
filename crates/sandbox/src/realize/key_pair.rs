//! Key pairs: `ImportKeyPair`, `DeleteKeyPair`.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::KeyPair;

use super::{Task, after, before, bug};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "ec2:ImportKeyPair";
    let want: &KeyPair = after(change)?;
    let name = change.key.name.as_str();
    let material = want.public_key_material.as_deref();
    let material = material.ok_or_else(|| bug(format!("{} has no public key", change.key)))?;
    let make = |account: &mut Account| account.import_key_pair(name, material, &want.tags).map(|it| it.id);
    let id = match task.set(CALL, name, make).await {
        Ok(id) => id,
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let ours = |account: &Account| {
                account.key_pairs.get(name).filter(|it| it.tags.owned_by(task.cluster)).map(|it| it.id.clone())
            };
            let found = task.sandbox.read("ec2:DescribeKeyPairs", name, ours).await?;
            found.ok_or_else(|| task.in_the_way(CALL, &change.key))?
        }
        Err(error) => return Err(error),
    };
    Ok(Handle { secondary_id: Some(id), ..Handle::new(name) })
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let name = &before(change)?.handle.id;
    task.remove("ec2:DeleteKeyPair", name, |account| account.delete_key_pair(name)).await
}
