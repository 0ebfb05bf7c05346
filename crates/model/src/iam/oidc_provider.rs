//! The OIDC provider by which AWS trusts tokens of service accounts.

use std::collections::BTreeSet;

use kedge_resource::kind::OidcProvider;

use crate::lowering::Lowering;
use crate::tags;

/// Audience of tokens for AWS.
const AUDIENCE: &str = "amazonaws.com";

/// SHA-1 of the two root certificates that S3 can present, where the issuer's documents are.
const THUMBPRINTS: [&str; 2] = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "a9d53002e97e00e043244f3d170d6f4c414104fd"];

/// Makes the provider, if the manifest asks for it.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let Some(issuer) = lowering.cluster.issuer.as_ref().filter(|issuer| issuer.aws_oidc_provider) else {
        return;
    };
    let name = lowering.name().as_str();
    let audiences: BTreeSet<String> =
        issuer.additional_audiences.iter().cloned().chain([AUDIENCE.to_owned()]).collect();
    let provider = OidcProvider {
        url: issuer.url.clone(),
        client_id_list: audiences.into_iter().collect(),
        thumbprint_list: THUMBPRINTS.map(str::to_owned).to_vec(),
        tags: tags::standard(lowering.cluster, name),
    };
    lowering.add(name, provider);
}
