//! Key pairs: AWS gives the key itself back only on request, and emulators have fingerprints of their own.

use kedge_resource::kind::KeyPair;

pub(super) fn disregard(want: &KeyPair, have: &mut KeyPair) {
    if want.public_key_material.is_none() || have.public_key_material.is_none() || same_key(want, have) {
        have.public_key_material.clone_from(&want.public_key_material);
    }
    if want.fingerprint.is_none() || have.fingerprint.is_none() {
        have.fingerprint.clone_from(&want.fingerprint);
    }
}

/// The same type and key; the comment behind them is not part of the key, and AWS replaces it with the name.
fn same_key(want: &KeyPair, have: &KeyPair) -> bool {
    let key = |pair: &KeyPair| -> Option<Vec<String>> {
        let material = pair.public_key_material.as_deref()?;
        Some(material.split_whitespace().take(2).map(str::to_owned).collect())
    };
    key(want) == key(have)
}

#[cfg(test)]
mod tests {
    use kedge_resource::Tags;

    use super::*;

    fn pair(material: Option<&str>, fingerprint: Option<&str>) -> KeyPair {
        KeyPair {
            public_key_material: material.map(str::to_owned),
            fingerprint: fingerprint.map(str::to_owned),
            tags: Tags::default(),
        }
    }

    #[test]
    fn what_aws_does_not_report_does_not_differ() {
        let want = pair(Some("ssh-rsa AAAA me@home"), Some("aa:bb"));
        for mut have in [pair(None, None), pair(Some("ssh-rsa AAAA kubernetes.c"), Some("aa:bb"))] {
            disregard(&want, &mut have);
            assert_eq!(have, want);
        }
        for mut have in [pair(None, Some("cc:dd")), pair(Some("ssh-rsa BBBB me@home"), None)] {
            disregard(&want, &mut have);
            assert_ne!(have, want);
        }
    }
}
