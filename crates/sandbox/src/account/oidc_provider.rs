//! `CreateOpenIDConnectProvider` and the calls that change and delete one.

use std::collections::BTreeSet;

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::role::no_such;
use super::tagging::{Service, merged};

/// An OpenID Connect provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OidcProvider {
    pub(crate) arn: String,
    /// With `https://`.
    pub(crate) url: String,
    pub(crate) clients: BTreeSet<String>,
    pub(crate) thumbprints: BTreeSet<String>,
    pub(crate) tags: Tags,
}

fn check_thumbprints(thumbprints: &[String]) -> ApiResult<()> {
    let good = |text: &String| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    require(thumbprints.len() <= 5 && thumbprints.iter().all(good), || {
        ApiError::new("InvalidInput", "Thumbprints are at most five SHA-1 hashes of 40 hexadecimal digits")
    })
}

impl Account {
    fn oidc_mut(&mut self, arn: &str) -> ApiResult<&mut OidcProvider> {
        self.oidc_providers.get_mut(arn).ok_or_else(|| no_such("OpenIDConnect Provider", arn))
    }

    /// `CreateOpenIDConnectProvider`.
    pub(crate) fn create_oidc_provider(
        &mut self,
        url: &str,
        clients: &[String],
        thumbprints: &[String],
        tags: &Tags,
    ) -> ApiResult<OidcProvider> {
        let issuer = url
            .strip_prefix("https://")
            .filter(|issuer| !issuer.is_empty())
            .ok_or_else(|| ApiError::new("ValidationError", format!("Invalid Open ID Connect Provider URL: {url}")))?;
        check_thumbprints(thumbprints)?;
        let tags = merged(Service::Iam, &Tags::default(), tags)?;
        let arn = self.iam_arn(&format!("oidc-provider/{issuer}"));
        require(!self.oidc_providers.contains_key(&arn), || {
            let message = format!("Provider with url {url} already exists.");
            ApiError { status: 409, ..ApiError::new("EntityAlreadyExists", message) }
        })?;
        let quota = self.quotas.oidc_providers;
        room(self.oidc_providers.len(), quota, "LimitExceeded", "OpenID Connect providers")?;
        let provider = OidcProvider {
            arn: arn.clone(),
            url: url.to_owned(),
            clients: clients.iter().cloned().collect(),
            thumbprints: thumbprints.iter().cloned().collect(),
            tags,
        };
        self.oidc_providers.insert(arn, provider.clone());
        Ok(provider)
    }

    /// `AddClientIDToOpenIDConnectProvider`, `RemoveClientIDFromOpenIDConnectProvider`; neither minds repetition.
    pub(crate) fn set_oidc_client(&mut self, arn: &str, client: &str, on: bool) -> ApiResult<()> {
        let provider = self.oidc_mut(arn)?;
        if on {
            provider.clients.insert(client.to_owned());
        } else {
            provider.clients.remove(client);
        }
        Ok(())
    }

    /// `UpdateOpenIDConnectProviderThumbprint`.
    pub(crate) fn update_oidc_thumbprints(&mut self, arn: &str, thumbprints: &[String]) -> ApiResult<()> {
        check_thumbprints(thumbprints)?;
        self.oidc_mut(arn)?.thumbprints = thumbprints.iter().cloned().collect();
        Ok(())
    }

    /// `TagOpenIDConnectProvider`.
    pub(crate) fn tag_oidc_provider(&mut self, arn: &str, new: &Tags) -> ApiResult<()> {
        let provider = self.oidc_mut(arn)?;
        provider.tags = merged(Service::Iam, &provider.tags, new)?;
        Ok(())
    }

    /// `DeleteOpenIDConnectProvider`.
    pub(crate) fn delete_oidc_provider(&mut self, arn: &str) -> ApiResult<()> {
        self.oidc_mut(arn)?;
        self.oidc_providers.remove(arn);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags};

    #[test]
    fn issuers_are_unique() {
        let mut account = account();
        let print = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280".to_owned();
        let mut make = |url: &str, print: &str| {
            code(account.create_oidc_provider(url, &["amazonaws.com".to_owned()], &[print.to_owned()], &tags("x")))
        };
        assert_eq!(make("http://x", &print), "ValidationError");
        assert_eq!(make("https://x", "abc"), "InvalidInput");
        assert!(make("https://x", &print).contains("oidc-provider/x"));
        assert_eq!(make("https://x", &print), "EntityAlreadyExists");
        assert_eq!(code(account.delete_oidc_provider("arn")), "NoSuchEntity");
    }
}
