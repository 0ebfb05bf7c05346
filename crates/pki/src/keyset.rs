//! What a cluster has of one kind of key: the one in use, those that are trusted beside it, and those that no longer are.
//!
//! A keyset holds nothing secret. The private half of each item is kept apart from it, under the item's id.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};

use crate::authority::Authority;
use crate::certificate::Certificate;
use crate::error::PkiError;
use crate::key::KeyPair;
use crate::public_key::PublicKey;
use crate::secret::SecretText;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Issues what API servers, kubelets, controllers and administrators prove themselves by.
    #[serde(rename = "kubernetes-ca")]
    KubernetesCa,
    /// Issues what members of etcd and their clients prove themselves by.
    #[serde(rename = "etcd-ca")]
    EtcdCa,
    /// Issues what API servers prove themselves by to extension API servers.
    #[serde(rename = "apiserver-aggregator-ca")]
    FrontProxyCa,
    /// Signs tokens of service accounts.
    #[serde(rename = "service-account")]
    ServiceAccount,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::KubernetesCa, Self::EtcdCa, Self::FrontProxyCa, Self::ServiceAccount];

    /// Its name, as kops has it where kops has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KubernetesCa => "kubernetes-ca",
            Self::EtcdCa => "etcd-ca",
            Self::FrontProxyCa => "apiserver-aggregator-ca",
            Self::ServiceAccount => "service-account",
        }
    }

    /// Common name of the authority, as kubeadm has it; none for keys without a certificate.
    #[must_use]
    pub fn common_name(self) -> Option<&'static str> {
        match self {
            Self::KubernetesCa => Some("kubernetes"),
            Self::EtcdCa => Some("etcd-ca"),
            Self::FrontProxyCa => Some("front-proxy-ca"),
            Self::ServiceAccount => None,
        }
    }

    /// Its files below `/etc/kubernetes/pki`, without their endings.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::KubernetesCa => "ca",
            Self::EtcdCa => "etcd/ca",
            Self::FrontProxyCa => "front-proxy-ca",
            Self::ServiceAccount => "sa",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Id of an item: a number that grows with time, in decimal digits as in kops. It is the serial number of its certificate
/// too, unless a user brought that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(u64);

impl ItemId {
    /// An id for something that is made now.
    ///
    /// # Errors
    /// The generator fails.
    pub fn new(now: Timestamp, random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let mut low = [0; 4];
        random.fill(&mut low).map_err(|_| PkiError::NoRandom)?;
        let seconds = u64::try_from(now.as_second()).unwrap_or_default() & 0x7fff_ffff;
        Ok(Self(seconds << 32 | u64::from(u32::from_be_bytes(low))))
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ItemId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

// As text: JSON readers round numbers of that size.
impl Serialize for ItemId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An item of a keyset: what everybody may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// When it was made or brought.
    pub created: Timestamp,
    /// Whether a user brought it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
    /// Certificate of an authority, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Public key, as PEM.
    pub public_key: String,
    /// Since when it is trusted no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Timestamp>,
}

impl Item {
    /// Its certificate, if it has one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_certificate(&self) -> Result<Option<Certificate>, PkiError> {
        self.certificate.as_deref().map(Certificate::from_pem).transpose()
    }
}

/// What an item is in its keyset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Issues and signs.
    Primary,
    /// Trusted, and waits to become the primary one.
    Prepared,
    /// Trusted still; was the primary one.
    Former,
    /// Trusted no longer.
    Retired,
}

impl ItemState {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Prepared => "prepared",
            Self::Former => "former",
            Self::Retired => "retired",
        }
    }
}

/// A new item with its private half.
#[derive(Debug)]
pub struct Made {
    /// The item.
    pub item: Item,
    /// The private key, as PEM.
    pub private: SecretText,
}

impl Made {
    /// Makes an item: an authority, or a key.
    ///
    /// # Errors
    /// The generator fails.
    pub fn generate(purpose: Purpose, now: Timestamp, random: &dyn SecureRandom) -> Result<Self, PkiError> {
        let id = ItemId::new(now, random)?;
        match purpose.common_name() {
            Some(name) => Ok(Self::of(id, now, false, &Authority::generate(name, id.0, now, random)?)),
            None => {
                let key = KeyPair::generate(random)?;
                Ok(Self::key(id, now, false, &key))
            }
        }
    }

    /// Takes what a user brings: an authority with its key, or the key alone for service accounts.
    ///
    /// # Errors
    /// It is not what the purpose needs.
    pub fn custom(
        purpose: Purpose,
        certificate: Option<&str>,
        key: &str,
        now: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Self, PkiError> {
        let id = ItemId::new(now, random)?;
        match (purpose.common_name(), certificate) {
            (Some(_), Some(certificate)) => {
                Ok(Self::of(id, now, true, &Authority::custom(certificate, key, now, random)?))
            }
            (None, None) => Ok(Self::key(id, now, true, &KeyPair::from_pem(key, random)?)),
            (Some(_), None) => Err(PkiError::Certificate(format!("{purpose} needs one beside the key"))),
            (None, Some(_)) => Err(PkiError::Certificate(format!("{purpose} has none, only a key"))),
        }
    }

    fn of(id: ItemId, created: Timestamp, custom: bool, authority: &Authority) -> Self {
        let mut made = Self::key(id, created, custom, authority.key());
        made.item.certificate = Some(authority.certificate().pem());
        made
    }

    fn key(id: ItemId, created: Timestamp, custom: bool, key: &KeyPair) -> Self {
        let public_key = key.public().pem();
        let item = Item { id, created, custom, certificate: None, public_key, retired: None };
        Self { item, private: key.pem().clone() }
    }
}

/// What a cluster has of one kind of key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keyset {
    /// What it is for.
    pub purpose: Purpose,
    /// The item that issues and signs.
    pub primary: ItemId,
    /// The one that did before, as long as going back is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<ItemId>,
    /// Every item, the oldest first.
    pub items: Vec<Item>,
}

impl Keyset {
    /// A keyset with its first item.
    #[must_use]
    pub fn new(purpose: Purpose, first: Item) -> Self {
        Self { purpose, primary: first.id, former: None, items: vec![first] }
    }

    /// The item that issues and signs.
    #[must_use]
    pub fn primary(&self) -> Option<&Item> {
        self.item(self.primary)
    }

    /// An item.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// What an item is.
    #[must_use]
    pub fn state(&self, item: &Item) -> ItemState {
        if item.id == self.primary {
            ItemState::Primary
        } else if item.retired.is_some() {
            ItemState::Retired
        } else if self.former == Some(item.id) {
            ItemState::Former
        } else {
            ItemState::Prepared
        }
    }

    /// The items that are trusted, the primary one first.
    #[must_use]
    pub fn trusted(&self) -> Vec<&Item> {
        let others = self.items.iter().filter(|item| item.id != self.primary && item.retired.is_none());
        self.primary().into_iter().chain(others).collect()
    }

    /// The certificates of all trusted authorities, as one text.
    #[must_use]
    pub fn bundle(&self) -> String {
        self.trusted().iter().filter_map(|item| item.certificate.as_deref()).collect()
    }

    /// The public keys that verify tokens, that of the primary item first.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, PkiError> {
        self.trusted().iter().map(|item| PublicKey::from_pem(&item.public_key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{now, random};

    #[test]
    fn every_purpose_makes_a_keyset_that_is_stored_and_read() {
        for purpose in Purpose::ALL {
            let made = Made::generate(purpose, now(), &random()).unwrap();
            let keyset = Keyset::new(purpose, made.item);
            let text = serde_json::to_string(&keyset).unwrap();
            assert!(!text.contains("PRIVATE"), "{text}");
            assert_eq!(serde_json::from_str::<Keyset>(&text).unwrap(), keyset);
            assert_eq!(keyset.bundle().is_empty(), purpose == Purpose::ServiceAccount);
            let private = KeyPair::from_pem(made.private.expose(), &random()).unwrap();
            assert_eq!(keyset.public_keys().unwrap(), [private.public().clone()]);
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.as_str());
        }
    }

    #[test]
    fn the_id_is_the_serial_number_and_grows_with_time() {
        let made = Made::generate(Purpose::EtcdCa, now(), &random()).unwrap();
        let certificate = made.item.read_certificate().unwrap().unwrap();
        assert_eq!(u64::from_str_radix(&certificate.serial, 16).unwrap().to_string(), made.item.id.to_string());
        let later = now() + jiff::SignedDuration::from_secs(1);
        assert!(ItemId::new(later, &random()).unwrap() > made.item.id);
        assert!("7o".parse::<ItemId>().is_err());
    }
}
