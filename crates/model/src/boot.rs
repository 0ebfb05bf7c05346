//! What instances boot with, as far as resources show it.

use std::collections::BTreeMap;

/// What instances boot with: user data that fetches from a state store, and the place that their roles may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// Bucket of the store.
    pub bucket: String,
    /// What keys of the cluster begin with, without a slash at its end.
    pub prefix: String,
    /// User data of the groups that boot so, by name.
    pub user_data: BTreeMap<String, String>,
}
