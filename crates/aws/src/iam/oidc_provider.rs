//! OpenID Connect providers.

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use futures_util::future::join_all;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::OidcProvider;
use kedge_resource::{ClusterName, Handle, Kind, Tags};

use super::{read_tags, request_tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, before, gone, observed, touches};
use crate::shared::{changed_tags, concerns, entry, found, in_the_way, ownership};

const CREATE: &str = "iam:CreateOpenIDConnectProvider";
const LIST: &str = "iam:ListOpenIDConnectProviders";
const TAG: &str = "iam:TagOpenIDConnectProvider";

/// The providers that the cluster's tags name.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let mut arns = part.accept(&[Kind::OidcProvider], list(aws).await)?;
    arns.retain(|arn| !of_eks(arn));
    let all = join_all(arns.iter().map(|arn| Box::pin(get(aws, arn)))).await;
    for (arn, raw) in arns.iter().zip(all) {
        let Some(properties) = part.accept(&[Kind::OidcProvider], raw)? else { continue };
        if concerns(cluster, &properties.tags) {
            let name = properties.tags.name().unwrap_or(arn).to_owned();
            let ownership = ownership(cluster, &properties.tags);
            part.resources.push(entry(Kind::OidcProvider, name, Handle::new(arn), ownership, properties));
        }
    }
    Ok(part)
}

/// Providers that EKS made: an account can have many, and none is a cluster's of kedge.
fn of_eks(arn: &str) -> bool {
    arn.split_once("oidc-provider/").is_some_and(|(_, issuer)| issuer.starts_with("oidc.eks."))
}

async fn list(aws: &Aws) -> Result<Vec<String>, CloudError> {
    let answer = aws.read(LIST, || aws.iam().list_open_id_connect_providers().send()).await?;
    let providers = answer.open_id_connect_provider_list.unwrap_or_default();
    Ok(providers.into_iter().filter_map(|provider| provider.arn).collect())
}

async fn get(aws: &Aws, arn: &str) -> Result<Option<OidcProvider>, CloudError> {
    let answer = aws
        .read("iam:GetOpenIDConnectProvider", || {
            aws.iam().get_open_id_connect_provider().open_id_connect_provider_arn(arn).send()
        })
        .await;
    Ok(found(answer)?.map(properties))
}

fn properties(raw: GetOpenIdConnectProviderOutput) -> OidcProvider {
    let sorted = |list: Option<Vec<String>>| {
        let mut list = list.unwrap_or_default();
        list.sort();
        list
    };
    let url = raw.url.unwrap_or_default();
    OidcProvider {
        // AWS leaves the scheme out, which is always the same
        url: if url.starts_with("https://") { url } else { format!("https://{url}") },
        client_id_list: sorted(raw.client_id_list),
        thumbprint_list: sorted(raw.thumbprint_list),
        tags: read_tags(raw.tags),
    }
}

/// Makes it. One that exists and is the cluster's is made to be as wanted.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let Task { aws, cluster, .. } = *task;
    let wanted: &OidcProvider = after(change)?;
    let tags = request_tags(CREATE, &wanted.tags)?;
    let answer = aws
        .write_idempotent(CREATE, || {
            aws.iam()
                .create_open_id_connect_provider()
                .url(&wanted.url)
                .set_client_id_list(Some(wanted.client_id_list.clone()))
                .set_thumbprint_list(Some(wanted.thumbprint_list.clone()))
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await;
    match answer {
        Ok(answer) => Ok(Handle::new(answer.open_id_connect_provider_arn.ok_or_else(|| incomplete(CREATE))?)),
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let issuer = wanted.url.trim_start_matches("https://").trim_end_matches('/');
            let suffix = format!("oidc-provider/{issuer}");
            let Some(arn) = list(aws).await?.into_iter().find(|arn| arn.ends_with(&suffix)) else { return Err(error) };
            let Some(has) = get(aws, &arn).await? else { return Err(error) };
            if !has.tags.owned_by(cluster) {
                return Err(in_the_way(CREATE, &change.key, cluster));
            }
            set_clients(aws, &arn, &has.client_id_list, &wanted.client_id_list).await?;
            if has.thumbprint_list != wanted.thumbprint_list {
                set_thumbprints(aws, &arn, wanted).await?;
            }
            set_tags(aws, &arn, &changed_tags(&has.tags, &wanted.tags)).await?;
            Ok(Handle::new(arn))
        }
        Err(error) => Err(error),
    }
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &OidcProvider = after(change)?;
    let had: &OidcProvider = observed(change)?;
    let handle = before(change)?.handle.clone();
    if touches(change, "ClientIdList") {
        set_clients(aws, &handle.id, &had.client_id_list, &wanted.client_id_list).await?;
    }
    if touches(change, "ThumbprintList") {
        set_thumbprints(aws, &handle.id, wanted).await?;
    }
    if touches(change, "Tags") {
        set_tags(aws, &handle.id, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(handle)
}

/// Adds the audiences that are missing and removes those that are too many; AWS takes both twice.
async fn set_clients(aws: &Aws, arn: &str, had: &[String], wanted: &[String]) -> Result<(), CloudError> {
    for client in wanted.iter().filter(|client| !had.contains(client)) {
        aws.write_idempotent("iam:AddClientIDToOpenIDConnectProvider", || {
            aws.iam()
                .add_client_id_to_open_id_connect_provider()
                .open_id_connect_provider_arn(arn)
                .client_id(client)
                .send()
        })
        .await?;
    }
    for client in had.iter().filter(|client| !wanted.contains(client)) {
        aws.write_idempotent("iam:RemoveClientIDFromOpenIDConnectProvider", || {
            aws.iam()
                .remove_client_id_from_open_id_connect_provider()
                .open_id_connect_provider_arn(arn)
                .client_id(client)
                .send()
        })
        .await?;
    }
    Ok(())
}

async fn set_thumbprints(aws: &Aws, arn: &str, wanted: &OidcProvider) -> Result<(), CloudError> {
    aws.write_idempotent("iam:UpdateOpenIDConnectProviderThumbprint", || {
        aws.iam()
            .update_open_id_connect_provider_thumbprint()
            .open_id_connect_provider_arn(arn)
            .set_thumbprint_list(Some(wanted.thumbprint_list.clone()))
            .send()
    })
    .await?;
    Ok(())
}

async fn set_tags(aws: &Aws, arn: &str, tags: &Tags) -> Result<(), CloudError> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags = request_tags(TAG, tags)?;
    aws.write_idempotent(TAG, || {
        aws.iam().tag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tags(Some(tags.clone())).send()
    })
    .await?;
    Ok(())
}

/// Removes it.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let answer = task
        .aws
        .write_idempotent("iam:DeleteOpenIDConnectProvider", || {
            task.aws.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(arn).send()
        })
        .await;
    gone(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_has_a_scheme_and_lists_are_in_order() {
        let raw = GetOpenIdConnectProviderOutput::builder()
            .url("oidc.example.com/a")
            .client_id_list("sts.amazonaws.com")
            .client_id_list("amazonaws.com")
            .build();
        let provider = properties(raw);
        assert_eq!(provider.url, "https://oidc.example.com/a");
        assert_eq!(provider.client_id_list, ["amazonaws.com", "sts.amazonaws.com"]);
    }

    #[test]
    fn providers_of_eks_are_left_out() {
        assert!(of_eks("arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/AB"));
        assert!(!of_eks("arn:aws:iam::123456789012:oidc-provider/s3.amazonaws.com/oidc.eks/a"));
    }
}
