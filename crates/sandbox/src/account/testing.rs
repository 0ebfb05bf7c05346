//! Things that the tests of the account begin with.

use kedge_resource::Tags;

use super::Account;
use super::api_error::{ApiError, ApiResult};

/// The default account.
pub(crate) fn account() -> Account {
    crate::seed::account_of(&crate::default_account()).unwrap()
}

/// The code of a refusal; the debug text of what came instead.
pub(crate) fn code<T: std::fmt::Debug>(answer: ApiResult<T>) -> String {
    match answer {
        Err(ApiError { code, .. }) => code,
        Ok(value) => format!("accepted: {value:?}"),
    }
}

/// A `Name` tag.
pub(crate) fn tags(name: &str) -> Tags {
    [("Name", name)].into_iter().collect()
}

/// A VPC 10.0.0.0/16.
pub(crate) fn vpc(account: &mut Account, name: &str) -> String {
    account.create_vpc("10.0.0.0/16", false, &tags(name)).unwrap().id
}

/// A subnet 10.0.N.0/24 in zone number N.
pub(crate) fn subnet(account: &mut Account, vpc: &str, number: usize) -> String {
    let zone = account.availability_zones[number].clone();
    let cidr = format!("10.0.{number}.0/24");
    account.create_subnet(vpc, &zone, Some(&cidr), None, false, &tags(&format!("s{number}"))).unwrap().id
}

/// An internet gateway in the VPC.
pub(crate) fn gateway(account: &mut Account, vpc: &str) -> String {
    let id = account.create_internet_gateway(&tags("gateway")).unwrap().id;
    account.attach_internet_gateway(&id, vpc).unwrap();
    id
}

/// Lets time pass.
pub(crate) fn pass(account: &mut Account, seconds: u64) {
    account.now_ms += seconds * 1000;
    account.settle();
}
