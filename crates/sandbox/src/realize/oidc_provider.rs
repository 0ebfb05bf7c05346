//! OpenID Connect providers: `CreateOpenIDConnectProvider` and the calls for clients, thumbprints and tags.

use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::Handle;
use kedge_resource::kind::OidcProvider;

use super::{Task, after, before, changed_tags, observed, touches};
use crate::account::Account;

pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    const CALL: &str = "iam:CreateOpenIDConnectProvider";
    let want: &OidcProvider = after(change)?;
    let make = |account: &mut Account| {
        account.create_oidc_provider(&want.url, &want.client_id_list, &want.thumbprint_list, &want.tags)
    };
    match task.set(CALL, &want.url, make).await {
        Ok(made) => Ok(Handle::new(made.arn)),
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let ours = |account: &Account| {
                let mut all = account.oidc_providers.values().filter(|it| it.tags.owned_by(task.cluster));
                all.find(|it| it.url == want.url).map(|it| it.arn.clone())
            };
            let found = task.sandbox.read("iam:GetOpenIDConnectProvider", &want.url, ours).await?;
            found.map(Handle::new).ok_or_else(|| task.in_the_way(CALL, &change.key))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let (want, had): (&OidcProvider, &OidcProvider) = (after(change)?, observed(change)?);
    let handle = before(change)?.handle.clone();
    let arn = handle.id.as_str();
    if touches(change, "ClientIdList") {
        for client in want.client_id_list.iter().filter(|client| !had.client_id_list.contains(client)) {
            let call = "iam:AddClientIDToOpenIDConnectProvider";
            task.set(call, arn, |account| account.set_oidc_client(arn, client, true)).await?;
        }
        for client in had.client_id_list.iter().filter(|client| !want.client_id_list.contains(client)) {
            let call = "iam:RemoveClientIDFromOpenIDConnectProvider";
            task.set(call, arn, |account| account.set_oidc_client(arn, client, false)).await?;
        }
    }
    if touches(change, "ThumbprintList") {
        let call = "iam:UpdateOpenIDConnectProviderThumbprint";
        task.set(call, arn, |account| account.update_oidc_thumbprints(arn, &want.thumbprint_list)).await?;
    }
    let tags = changed_tags(change)?;
    if touches(change, "Tags") && !tags.is_empty() {
        task.set("iam:TagOpenIDConnectProvider", arn, |account| account.tag_oidc_provider(arn, &tags)).await?;
    }
    Ok(handle)
}

pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let call = "iam:DeleteOpenIDConnectProvider";
    task.remove(call, arn, |account| account.delete_oidc_provider(arn)).await
}
