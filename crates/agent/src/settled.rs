//! Which files a running unit has read: a unit is restarted when they are others than when it was started.
//!
//! The notes are in `/run`, which a reboot empties: then units start with what is there anyway.

use sha2::{Digest as _, Sha256};

use crate::error::HostError;
use crate::host::{Command, Host, done, ensure};

/// Where the notes are.
const NOTES: &str = "/run/kedge";

/// Digest of files under their names.
pub(crate) fn digest_of<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut digest = Sha256::new();
    for (name, content) in parts {
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(Sha256::digest(content));
    }
    hex(&digest.finalize())
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Does something if it was done with other files last. Killed between the two, it is done again: that has to be harmless.
pub(crate) async fn once(
    host: &dyn Host,
    name: &str,
    digest: &str,
    commands: impl IntoIterator<Item = Command>,
) -> Result<bool, HostError> {
    let note = format!("{NOTES}/{name}");
    if host.read(&note).await?.is_some_and(|noted| noted == digest.as_bytes()) {
        return Ok(false);
    }
    for command in commands {
        done(host, command).await?;
    }
    ensure(host, &note, digest.as_bytes(), 0o600).await
}
