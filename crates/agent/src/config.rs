//! The configuration of the group, as it was fetched.

use std::time::Duration;

use kedge_bootstrap::{FORMAT_VERSION, GroupConfig};
use kedge_store::{ClusterStore, LOAD_BALANCER};
use sha2::{Digest as _, Sha256};

use crate::host::Host;
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

/// How long to wait until the load balancer of the API is told, and how often to look.
const BALANCER: (Duration, Duration) = (Duration::from_secs(30 * 60), Duration::from_secs(10));

/// The configuration with the name of the load balancer of the API, where it is reached by that: AWS decides it, and the store
/// has it as soon as the load balancer is made. The name comes back as well.
///
/// # Errors
/// Nobody has told it for half an hour, or the store has not answered for as long.
pub async fn with_load_balancer(
    config: GroupConfig,
    store: &ClusterStore,
    host: &dyn Host,
) -> Result<(GroupConfig, Option<String>), String> {
    let text = serde_json::to_string(&config).map_err(|error| error.to_string())?;
    if !text.contains(LOAD_BALANCER) {
        return Ok((config, None));
    }
    let (patience, pause) = BALANCER;
    let begin = host.elapsed();
    let mut said = String::new();
    loop {
        let why = match store.api_host().await {
            Ok(Some(found)) => {
                // Names of hosts need no escaping.
                let config = serde_json::from_str(&text.replace(LOAD_BALANCER, &found.host));
                return Ok((config.map_err(|error| error.to_string())?, Some(found.host)));
            }
            Ok(None) => "the store does not say yet by which load balancer the API is reached".to_owned(),
            Err(error) => error.to_string(),
        };
        if host.elapsed().saturating_sub(begin) > patience {
            return Err(format!("{why}: `kedge apply` writes that when the load balancer is made"));
        }
        if why != said {
            host.say(&format!("load balancer: waits, for {} s at most: {why}", patience.as_secs()));
            said = why;
        }
        host.sleep(pause).await;
    }
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
