//! The SSH public key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kedge_diag::{Diagnostic, Diagnostics};

use crate::manifests::{Read, ResolveOptions};
use crate::v1alpha2::instance_group::SshCredential;

/// Types of keys that EC2 imports.
const TYPES: [&str; 2] = ["ssh-rsa", "ssh-ed25519"];

/// The key of the command line, else the one of the manifests.
pub(super) fn public_key(
    options: &ResolveOptions,
    credentials: &[&Read<SshCredential>],
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let mut found = None;
    for (at, read) in credentials.iter().enumerate() {
        let path = "spec.publicKey";
        if at > 0 {
            read.document.report(
                diagnostics,
                "",
                Diagnostic::error(
                    "several-ssh-keys",
                    "cluster has several SSH keys",
                    "AWS starts an instance with one key pair only",
                )
                .hint("keep one `SSHCredential`; further keys belong into `additionalUserData`"),
            );
            continue;
        }
        let key = read.value.spec.public_key.as_deref().unwrap_or_default().trim();
        match check(key) {
            Ok(()) => found = Some(key.to_owned()),
            Err(why) => read.document.report(diagnostics, path, unusable(&why)),
        }
    }
    let Some(given) = &options.ssh_public_key else {
        return found;
    };
    let given = given.trim();
    if let Err(why) = check(given) {
        diagnostics.push(unusable(&why));
        return None;
    }
    Some(given.to_owned())
}

fn unusable(why: &str) -> Diagnostic {
    Diagnostic::error("ssh-key", "SSH public key cannot be used", why.to_owned())
        .hint("give the content of a file such as `~/.ssh/id_ed25519.pub`")
}

/// Says why a text is no public key that AWS takes.
fn check(key: &str) -> Result<(), String> {
    let mut parts = key.split_whitespace();
    let (Some(kind), encoded) = (parts.next(), parts.next()) else {
        return Err("the key is empty".to_owned());
    };
    if key.contains("PRIVATE KEY") {
        return Err("this is a private key, which must stay where it is".to_owned());
    }
    if key.lines().count() > 1 {
        return Err("a public key is one line".to_owned());
    }
    if !TYPES.contains(&kind) {
        return Err(format!("keys of type `{kind}` are not accepted by EC2, only {}", TYPES.join(" and ")));
    }
    let Some(encoded) = encoded else {
        return Err(format!("there is nothing after `{kind}`"));
    };
    let bytes = BASE64_STANDARD.decode(encoded).map_err(|error| format!("the key is no base64: {error}"))?;
    // A key begins with the length of its type, in four bytes, and its type.
    let length = bytes.first_chunk::<4>().map(|length| u32::from_be_bytes(*length));
    let inner = bytes.get(4..4 + kind.len());
    if length.and_then(|length| usize::try_from(length).ok()) != Some(kind.len()) || inner != Some(kind.as_bytes()) {
        return Err(format!("what stands after `{kind}` is no such key"));
    }
    Ok(())
}
