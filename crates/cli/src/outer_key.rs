//! The key outside the store: which one it is, on the command line.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use kedge_store::{OuterKey, Passphrase, Secret};

use crate::backend::connect;
use crate::error::CliError;
use crate::session::Session;
use crate::state;

/// The key outside the store.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// Key of AWS KMS that wraps the keys of the store: its id, ARN or alias
    #[arg(long, value_name = "KEY", global = true, conflicts_with = "passphrase_file")]
    kms_key: Option<String>,

    /// File with the passphrase that wraps the keys of the store
    #[arg(long, value_name = "FILE", global = true, env = "KEDGE_PASSPHRASE_FILE")]
    passphrase_file: Option<Utf8PathBuf>,
}

impl KeyArgs {
    /// The key; an error if none is named.
    pub(crate) async fn open(&self, session: &Session) -> Result<Arc<dyn OuterKey>, CliError> {
        open(session, self.kms_key.as_deref(), self.passphrase_file.as_deref()).await
    }

    /// Whether the one that is named is a passphrase.
    pub(crate) fn is_passphrase(&self) -> bool {
        self.kms_key.is_none() && self.passphrase_file.is_some()
    }

    /// Whether one is named.
    pub(crate) fn is_given(&self) -> bool {
        self.kms_key.is_some() || self.passphrase_file.is_some()
    }
}

/// The key that the options name; an error if they name none.
pub(crate) async fn open(
    session: &Session,
    kms_key: Option<&str>,
    passphrase_file: Option<&Utf8Path>,
) -> Result<Arc<dyn OuterKey>, CliError> {
    match (kms_key, passphrase_file) {
        (Some(key), _) => {
            if state::is_sandbox(session) {
                return Err(CliError::user("the sandbox has no KMS").hint("use --passphrase-file"));
            }
            // The ARN of a key says where it is.
            let region = key.split(':').nth(3).filter(|region| !region.is_empty()).map(str::to_owned);
            let region = region.or_else(|| session.globals.region.clone());
            let aws = connect(&session.globals, &session.environment, region).await?;
            Ok(Arc::new(aws.kms_key(key)))
        }
        (None, Some(path)) => {
            let wrong = |why: String| CliError::user(format!("{path} is no passphrase: {why}"));
            let bytes = fs_err::read(path)?;
            Ok(Arc::new(Passphrase::new(Secret::new(bytes)).map_err(wrong)?))
        }
        (None, None) => Err(CliError::user("no key is named that encrypts the secrets")
            .hint("name a key of AWS KMS with --kms-key, or a file with a passphrase with --passphrase-file")),
    }
}
