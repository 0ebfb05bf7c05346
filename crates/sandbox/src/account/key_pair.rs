//! `ImportKeyPair`, `DeleteKeyPair`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::key_fingerprint::fingerprint;
use super::tagging::{Service, merged};

/// An imported public key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) material: String,
    pub(crate) fingerprint: String,
    pub(crate) tags: Tags,
}

impl Account {
    /// `ImportKeyPair`.
    pub(crate) fn import_key_pair(&mut self, name: &str, material: &str, tags: &Tags) -> ApiResult<KeyPair> {
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let fingerprint = fingerprint(material)
            .ok_or_else(|| ApiError::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format"))?;
        require(!self.key_pairs.contains_key(name), || {
            ApiError::new("InvalidKeyPair.Duplicate", format!("The keypair '{name}' already exists."))
        })?;
        let id = self.new_id("key", name);
        let pair = KeyPair { id, name: name.to_owned(), material: material.to_owned(), fingerprint, tags };
        self.key_pairs.insert(name.to_owned(), pair.clone());
        Ok(pair)
    }

    /// `DeleteKeyPair`, which does not mind when there is none.
    pub(crate) fn delete_key_pair(&mut self, name: &str) -> ApiResult<()> {
        self.key_pairs.remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags};

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a@b";

    #[test]
    fn names_are_unique() {
        let mut account = account();
        assert_eq!(code(account.import_key_pair("k", "nonsense", &tags("k"))), "InvalidKey.Format");
        account.import_key_pair("k", KEY, &tags("k")).unwrap();
        assert_eq!(code(account.import_key_pair("k", KEY, &tags("k"))), "InvalidKeyPair.Duplicate");
        account.delete_key_pair("k").unwrap();
        account.delete_key_pair("k").unwrap();
    }
}
