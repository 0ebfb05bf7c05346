//! `CreateEgressOnlyInternetGateway`, `DeleteEgressOnlyInternetGateway`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult};
use super::quota::room;
use super::tagging::{Service, merged};

/// An egress-only internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EgressOnlyGateway {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) tags: Tags,
}

impl Account {
    /// `CreateEgressOnlyInternetGateway`, with its attachment.
    pub(crate) fn create_egress_only_gateway(
        &mut self,
        vpc: &str,
        tags: &Tags,
        token: Option<&str>,
    ) -> ApiResult<EgressOnlyGateway> {
        const CALL: &str = "CreateEgressOnlyInternetGateway";
        let known = token.and_then(|token| self.by_token(CALL, token));
        if let Some(known) = known.and_then(|id| self.egress_only_gateways.get(&id)) {
            return Ok(known.clone());
        }
        self.vpc(vpc)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let (have, quota) = (self.egress_only_gateways.len(), self.quotas.egress_only_internet_gateways);
        room(have, quota, "EgressOnlyInternetGatewayLimitExceeded", "egress-only internet gateways")?;
        let id = self.new_id("eigw", tags.name().unwrap_or_default());
        let gateway = EgressOnlyGateway { id: id.clone(), vpc: vpc.to_owned(), tags };
        self.egress_only_gateways.insert(id.clone(), gateway.clone());
        if let Some(token) = token {
            self.remember_token(CALL, token, &id);
        }
        Ok(gateway)
    }

    /// `DeleteEgressOnlyInternetGateway`.
    pub(crate) fn delete_egress_only_gateway(&mut self, id: &str) -> ApiResult<()> {
        self.egress_only_gateways
            .remove(id)
            .map(|_| ())
            .ok_or_else(|| ApiError::unknown("InvalidGatewayID.NotFound", "eigw", id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags, vpc};

    #[test]
    fn a_token_makes_one_gateway() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let first = account.create_egress_only_gateway(&id, &tags("g"), Some("t")).unwrap().id;
        let again = account.create_egress_only_gateway(&id, &tags("g"), Some("t")).unwrap().id;
        let other = account.create_egress_only_gateway(&id, &tags("g"), Some("u")).unwrap().id;
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(code(account.create_egress_only_gateway("vpc-1", &tags("g"), None)), "InvalidVpcID.NotFound");
        assert_eq!(code(account.delete_egress_only_gateway("eigw-1")), "InvalidGatewayID.NotFound");
    }
}
