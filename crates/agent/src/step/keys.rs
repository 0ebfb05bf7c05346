//! Authorities and keys of the cluster, in the files where kubeadm looks for them and finds them made.

use kedge_bootstrap::SIGNING_CA;
use kedge_pki::Purpose;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::ensure as ensure_file;

/// Where kubeadm has its keys.
pub(crate) const PKI: &str = "/etc/kubernetes/pki";

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    written: Vec<&'static str>,
    trusted: usize,
}

impl Kept {
    pub(crate) fn describe(&self) -> String {
        let Self { written, trusted } = self;
        match written.len() {
            0 => format!("{trusted} authorities and keys are there"),
            _ => format!("{} written; {trusted} authorities and keys are trusted", written.join(", ")),
        }
    }
}

/// Writes what the store has. A file of certificates has that of the authority that issues first, which is the one that
/// kubeadm takes, and after it those that are trusted beside it while an authority is replaced. Controller managers issue with
/// one of them alone, which has a file of its own.
pub(crate) async fn ensure(agent: &Agent) -> Result<Kept, StepError> {
    let store = &agent.ports.store;
    let keysets = store.keysets().await?;
    if let Some(purpose) = keysets.missing().first() {
        return Err(StepError::wait(format!("the store has no {purpose} yet: `kedge apply --kms-key …` makes it")));
    }
    let vault = store.vault(&*agent.ports.outer).await?;
    let mut kept = Kept { written: Vec::new(), trusted: 0 };
    for keyset in &keysets.all {
        let purpose = keyset.purpose;
        let private = store.private_key(&vault, purpose, keyset.primary).await?;
        let (ending, public) = match purpose {
            Purpose::ServiceAccount => {
                (".pub", keyset.trusted().iter().map(|item| item.public_key.as_str()).collect::<String>())
            }
            _ => (".crt", keyset.bundle()),
        };
        let file = format!("{PKI}/{}", purpose.file());
        let host = agent.host();
        let mut changed = ensure_file(host, &format!("{file}.key"), private.expose().as_bytes(), 0o600).await?;
        changed |= ensure_file(host, &format!("{file}{ending}"), public.as_bytes(), 0o644).await?;
        if purpose == Purpose::KubernetesCa {
            let signing = keyset.primary().and_then(|item| item.certificate.as_deref()).unwrap_or_default();
            changed |= ensure_file(host, SIGNING_CA, signing.as_bytes(), 0o644).await?;
        }
        if changed {
            kept.written.push(purpose.file());
        }
        kept.trusted += keyset.trusted().len();
    }
    Ok(kept)
}
