//! Which store the instances of a running cluster boot from, as the user data of their launch templates says.

use std::collections::BTreeSet;
use std::fmt;

use kedge_bootstrap::UserData;
use kedge_resource::{Inventory, Properties};
use serde::Deserialize;

/// What stands before the settings in user data.
const SETTINGS: &str = "\nCONFIG = ";

/// A bucket and what keys of the cluster begin with in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    bucket: String,
    prefix: String,
}

/// What instances of the account boot from.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// The places that launch templates name.
    pub(super) places: BTreeSet<Place>,
    /// Whether a template fetches from a store, also where it cannot be told from which.
    pub(super) any: bool,
}

/// The part of the settings that is read here.
#[derive(Deserialize)]
struct Settings {
    bucket: String,
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    key: String,
}

impl Place {
    pub(super) fn new(bucket: &str, prefix: &str) -> Self {
        Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    /// The place that user data fetches from.
    fn of(user_data: &str) -> Option<Self> {
        let (_, settings) = user_data.split_once(SETTINGS)?;
        let first = serde_json::Deserializer::from_str(settings).into_iter::<Settings>().next()?;
        let Settings { bucket, config } = first.ok()?;
        // <prefix>/nodes/<group>/config/<digest>.json
        let prefix = config.key.rsplitn(5, '/').nth(4)?.to_owned();
        Some(Self { bucket, prefix })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl Running {
    /// What the launch templates of an account say.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let texts = user_data(inventory).filter(|text| UserData::is_in(text));
        let mut running = Self::default();
        for text in texts {
            running.any = true;
            running.places.extend(Place::of(text));
        }
        running
    }

    /// The places other than this one.
    pub(super) fn elsewhere(&self, place: &Place) -> Vec<String> {
        self.places.iter().filter(|other| *other != place).map(ToString::to_string).collect()
    }
}

/// The user data of launch templates.
pub(super) fn user_data(inventory: &Inventory) -> impl Iterator<Item = &str> {
    inventory.resources.iter().filter_map(|observed| match &observed.properties {
        Properties::LaunchTemplate(template) => template.user_data.as_deref(),
        _ => None,
    })
}
