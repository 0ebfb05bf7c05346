//! Every accepted set of manifests, by number.

use sha2::{Digest, Sha256};

use crate::cluster::ClusterStore;
use crate::error::StoreError;
use crate::objects::{Condition, Put};

/// First line of a stored set; the digest is of what follows it.
const HEADING: &str = "# kedge manifests ";

/// SHA-256 of a text as hexadecimal digits.
#[must_use]
pub fn digest(text: &str) -> String {
    digest_of(text.as_bytes())
}

/// SHA-256 of bytes as hexadecimal digits.
pub(crate) fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is a SHA-256 as hexadecimal digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl ClusterStore {
    fn manifests_key(&self, serial: u64) -> String {
        self.key(&format!("manifests/{serial:06}.yaml"))
    }

    /// Writes a set of manifests under a number that was never used.
    ///
    /// # Errors
    /// The store does not answer, or the number is used.
    pub(crate) async fn put_manifests(&self, serial: u64, text: &str) -> Result<(), StoreError> {
        let key = self.manifests_key(serial);
        let whole = format!("{HEADING}{serial} sha256:{}\n{text}", digest(text));
        match self.objects().put(&key, whole.as_bytes(), &Condition::Absent).await? {
            Put::Done(_) => Ok(()),
            Put::Refused => Err(StoreError::Torn {
                key: self.key("head.json"),
                place: self.place(),
                why: format!("was put back to an earlier state: it does not know of {key}"),
                way_out:
                    "rebuild it from the other objects with `kedge store repair`; resources in AWS are not affected"
                        .to_owned(),
            }),
        }
    }

    /// Reads a set of manifests, as it was accepted.
    ///
    /// # Errors
    /// There is none of that number, or it is not what was written.
    pub async fn manifests(&self, serial: u64) -> Result<String, StoreError> {
        let key = self.manifests_key(serial);
        let place = self.place();
        let Some(object) = self.objects().get(&key).await? else {
            return Err(StoreError::Unknown {
                place,
                what: format!("manifests {serial} of {}", self.cluster()),
                see: "`kedge op log`",
            });
        };
        let corrupt = |why: &str| StoreError::Corrupt { key: key.clone(), place: place.clone(), why: why.to_owned() };
        let whole = String::from_utf8(object.bytes).map_err(|_| corrupt("it is not UTF-8 text"))?;
        let (heading, text) = whole.split_once('\n').ok_or_else(|| corrupt("its first line is missing"))?;
        let expected = format!("{HEADING}{serial} sha256:{}", digest(text));
        if heading != expected {
            return Err(corrupt("its content does not fit the digest in its first line"));
        }
        Ok(text.to_owned())
    }

    /// Numbers of the sets of manifests that the store has.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn serials(&self) -> Result<Vec<u64>, StoreError> {
        let prefix = self.key("manifests/");
        let keys = self.objects().list(&prefix).await?;
        Ok(keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(".yaml")?.parse().ok()).collect())
    }
}
