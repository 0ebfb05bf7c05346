//! The SSH key pair of all instances.

use kedge_diag::Diagnostic;
use kedge_resource::Ref;
use kedge_resource::kind::KeyPair;
use kedge_resource::names::key_pair_prefix;
use kedge_spec::resolved::SshKey;

use crate::fingerprint::openssh_fingerprint;
use crate::lowering::Lowering;
use crate::tags;

/// Makes the key pair from the user's public key, unless the manifest names another or none.
pub(super) fn lower(lowering: &mut Lowering<'_>) {
    let (SshKey::FromPublicKey, Some(public_key)) = (&lowering.cluster.ssh_key, &lowering.spec.ssh_public_key) else {
        return;
    };
    match openssh_fingerprint(public_key) {
        Ok(fingerprint) => {
            let pair = KeyPair {
                public_key_material: Some(public_key.clone()),
                fingerprint: None,
                tags: tags::standard(lowering.cluster, lowering.name().as_str()),
            };
            lowering.add(format!("{}{fingerprint}", key_pair_prefix(lowering.name())), pair);
        }
        Err(error) => lowering.report_cluster(
            "spec.sshKeyName",
            Diagnostic::error("bad-ssh-public-key", "the SSH public key cannot be read", error.to_string())
                .hint("give the content of a file such as ~/.ssh/id_ed25519.pub, or set sshKeyName to an existing key"),
        ),
    }
}

/// The key pair of instances, if they have one.
pub(super) fn reference(lowering: &Lowering<'_>) -> Option<Ref<KeyPair>> {
    match &lowering.cluster.ssh_key {
        SshKey::None => None,
        SshKey::Existing(name) => Some(Ref::existing(name)),
        SshKey::FromPublicKey => {
            let fingerprint = openssh_fingerprint(lowering.spec.ssh_public_key.as_deref()?).ok()?;
            Some(Ref::managed(format!("{}{fingerprint}", key_pair_prefix(lowering.name()))))
        }
    }
}
