//! OIDC providers: IAM stores the issuer without its scheme and finds thumbprints by itself.

use kedge_resource::kind::OidcProvider;

pub(super) fn disregard(want: &OidcProvider, have: &mut OidcProvider) {
    let bare = |url: &str| url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/').to_owned();
    if bare(&want.url) == bare(&have.url) {
        have.url.clone_from(&want.url);
    }
    if want.thumbprint_list.is_empty() {
        have.thumbprint_list.clear();
    }
}
