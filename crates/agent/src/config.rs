//! The configuration of the group, as it was fetched.

use kedge_bootstrap::{FORMAT_VERSION, GroupConfig};
use sha2::{Digest as _, Sha256};

use crate::settled::hex;

/// Reads the configuration of a group. What comes back with it is its digest, under which the store has it.
///
/// # Errors
/// It cannot be read, or is of a later kedge.
pub fn read_config(document: &[u8]) -> Result<(GroupConfig, String), String> {
    // Its version first: a later one need not look like ours in anything else.
    let value: serde_json::Value = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(FORMAT_VERSION) => {
            return Err(format!(
                "it has format version {found}, and this kedge-node reads up to {FORMAT_VERSION}: one `kedge apply` delivers \
                 both"
            ));
        }
        Some(_) => {}
        None => return Err("it has no formatVersion".to_owned()),
    }
    let config = serde_json::from_value(value).map_err(|error| error.to_string())?;
    Ok((config, hex(&Sha256::digest(document))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_configuration_is_told() {
        for (text, why) in [
            ("", "EOF"),
            ("{}", "no formatVersion"),
            ("{\"formatVersion\": 99}", "reads up to 1"),
            ("{\"formatVersion\": 1}", "missing field"),
        ] {
            let error = read_config(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let config = crate::tests::config("nodes");
        let (read, digest) = read_config(config.to_json().unwrap().as_bytes()).unwrap();
        assert_eq!((digest, &read), (config.digest().unwrap(), &config));
    }
}
