//! Objects of a store as JSON with a format version.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// Version of the objects that this code writes. It grows when a field is added that an older kedge must not overlook.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Reads an object, its version first: an object of a later version need not look like ours in anything else.
pub(crate) fn decode<T: DeserializeOwned>(key: &str, place: &str, bytes: &[u8]) -> Result<T, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { key: key.to_owned(), place: place.to_owned(), why };
    if bytes.is_empty() {
        return Err(corrupt("it is empty".to_owned()));
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
    match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(FORMAT_VERSION) => {
            Err(StoreError::Newer { key: key.to_owned(), place: place.to_owned(), found, known: FORMAT_VERSION })
        }
        Some(_) => serde_json::from_value(value).map_err(|error| corrupt(error.to_string())),
        None => Err(corrupt("it has no formatVersion".to_owned())),
    }
}

/// Writes an object for people to read as well.
pub(crate) fn encode<T: Serialize>(key: &str, place: &str, object: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = serde_json::to_vec_pretty(object).map_err(|error| StoreError::Corrupt {
        key: key.to_owned(),
        place: place.to_owned(),
        why: error.to_string(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}
