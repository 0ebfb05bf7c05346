//! `kedge secret`.

use std::io::{IsTerminal as _, Read as _};

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use kedge_render::{Line, Text, table};
use kedge_store::Secret;

use crate::args::Output;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::outer_key::{self, KeyArgs};
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge secret set dockerconfig -i ~/.docker/config.json --name prod.example.com --kms-key alias/kedge
  kedge secret list --name prod.example.com
  kedge secret show dockerconfig --name prod.example.com --kms-key alias/kedge
  kedge secret rekey --name prod.example.com --passphrase-file old --new-kms-key alias/kedge";

/// Keep secrets of a cluster in the state store, encrypted
///
/// Secrets are encrypted before they leave this process, with keys that a key outside the store wraps: one of AWS KMS, or a
/// passphrase. They appear in no plan, event or log, and on no command line.
///
/// One name has a meaning for instances: encryptionconfig is the EncryptionConfiguration of API servers, where the manifest has
/// encryptionConfig: true. Others are kept for tools of your own; a dockerconfig, which instances of kops read, is among them.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    what: What,

    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Store a secret
    ///
    /// Reads it from a file or from standard input. What is known to have a form is checked: an encryptionconfig, and a
    /// dockerconfig, which is JSON.
    #[command(after_help = EXAMPLES)]
    Set {
        /// Its name: letters, digits, '-', '_' and '.'
        #[arg(value_name = "SECRET", value_parser = secret_name)]
        secret: String,

        /// File with the secret; - is standard input
        #[arg(short = 'i', long, value_name = "FILE", default_value = "-")]
        input: String,
    },
    /// List the secrets
    ///
    /// Shows names and fingerprints, which tell whether a secret was changed and nothing else. No key is needed.
    #[command(after_help = EXAMPLES)]
    List {
        /// Form of the answer
        #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
        output: Output,
    },
    /// Write a secret to standard output
    ///
    /// Refuses to write it to a terminal.
    #[command(after_help = EXAMPLES)]
    Show {
        /// Its name
        #[arg(value_name = "SECRET", value_parser = secret_name)]
        secret: String,
    },
    /// Remove a secret
    ///
    /// Where the bucket keeps old versions, the encrypted object can be restored from there.
    #[command(after_help = EXAMPLES)]
    Delete {
        /// Its name
        #[arg(value_name = "SECRET", value_parser = secret_name)]
        secret: String,
    },
    /// Replace the keys, and encrypt every secret anew
    ///
    /// Private keys of the cluster are encrypted anew as well. The new key outside the store may be of another kind. It can be interrupted and done again.
    #[command(after_help = EXAMPLES)]
    Rekey {
        /// The new key of AWS KMS
        #[arg(long, value_name = "KEY", conflicts_with = "new_passphrase_file")]
        new_kms_key: Option<String>,

        /// File with the new passphrase
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<Utf8PathBuf>,
    },
}

impl SecretArgs {
    /// Whether it has nothing to do in a sandbox that nobody has begun.
    pub(crate) fn is_about_what_exists(&self) -> bool {
        !matches!(self.what, What::Set { .. })
    }
}

/// Does it.
pub(crate) fn run(args: &SecretArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (cluster, _) = session.cluster()?;
    let ui = &session.ui;
    let say = |sentence: String| ui.say_line(Line::plain(sentence));
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        match &args.what {
            What::Set { secret, input } => {
                let value = read(input)?;
                check(secret, value.expose()).map_err(|why| {
                    CliError::user(format!("{secret} was not stored: {why}")).hint("name the right file with -i")
                })?;
                let outer = args.key.open(session).await?;
                store.refuse_another_key(&*outer, &store.vault(&*outer).await?).await?;
                store.put_secret(&*outer, secret, &value).await?;
                state::note(session, &store, format!("secret {secret} stored")).await;
                say(format!("{secret} is stored, encrypted, in {}.", store.place()));
            }
            What::List { output } => {
                state::remark_deleted(session, &store).await?;
                let secrets = store.secrets().await?;
                match output {
                    Output::Json => ui.data_json(&secrets)?,
                    Output::Text if secrets.is_empty() => {
                        say(format!("No secrets: {} has none of {cluster}.", store.place()));
                    }
                    Output::Text => {
                        let row =
                            |secret: &kedge_store::SecretSummary| vec![secret.name.clone(), secret.fingerprint.clone()];
                        let rows: Vec<Vec<String>> = secrets.iter().map(row).collect();
                        ui.data(&table::render(&["NAME", "FINGERPRINT"], &rows))?;
                    }
                }
            }
            What::Show { secret } => {
                if std::io::stdout().is_terminal() {
                    return Err(CliError::user("standard output is a terminal, where a secret would stay to be seen")
                        .hint("redirect it into a file or a pipe"));
                }
                let outer = args.key.open(session).await?;
                ui.data_bytes(store.secret(&*outer, secret).await?.expose())?;
            }
            What::Delete { secret } => {
                store.delete_secret(secret).await?;
                state::note(session, &store, format!("secret {secret} removed")).await;
                say(format!("{secret} is removed from {}.", store.place()));
            }
            What::Rekey { new_kms_key, new_passphrase_file } => {
                let old = args.key.open(session).await?;
                let new = outer_key::open(session, new_kms_key.as_deref(), new_passphrase_file.as_deref()).await?;
                let count = store.rekey(&*old, &*new).await?;
                state::note(session, &store, "keys of the store replaced").await;
                let secrets = if count == 1 { "1 secret is".to_owned() } else { format!("{count} secrets are") };
                let text = format!("{secrets} encrypted anew.");
                ui.data(&Text { lines: vec![Line::plain(text)] })?;
            }
        }
        Ok(ExitCode::Done)
    })
}

fn read(input: &str) -> Result<Secret, CliError> {
    if input != "-" {
        return Ok(Secret::new(fs_err::read(input)?));
    }
    if std::io::stdin().is_terminal() {
        return Err(CliError::user("standard input is a terminal, where a secret would stay to be seen")
            .hint("name a file with -i, or redirect one"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(Secret::new(bytes))
}

/// Whether something can be what its name says. An empty file is more often a mistake than a secret.
fn check(name: &str, value: &[u8]) -> Result<(), String> {
    if value.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    match name {
        "dockerconfig" => match serde_json::from_slice(value) {
            Ok(serde_json::Value::Object(_)) => Ok(()),
            // What serde_json says may quote the text.
            _ => Err("it is no configuration of Docker, which is a JSON object with auths".to_owned()),
        },
        "encryptionconfig" => match std::str::from_utf8(value) {
            Ok(text) if text.contains("EncryptionConfiguration") && text.contains("resources") => Ok(()),
            _ => Err("it is no EncryptionConfiguration of the API server".to_owned()),
        },
        _ => Ok(()),
    }
}

fn secret_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text == "keyring" {
        return Err("keyring is the name of the object with the keys".to_owned());
    }
    if text.is_empty() || text.starts_with('.') || text.len() > 128 || !text.chars().all(plain) {
        return Err("a name has 1 to 128 letters, digits, '-', '_' and '.', and no '.' in front".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_form_is_checked() {
        let good: [(&str, &[u8]); 4] = [
            ("token", b"x"),
            ("token", b"\xff\x00"),
            ("dockerconfig", br#"{"auths": {"registry.example.com": {"auth": "x"}}}"#),
            (
                "encryptionconfig",
                b"kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources: []\n",
            ),
        ];
        for (name, value) in good {
            assert_eq!(check(name, value), Ok(()), "{name}");
        }
        let wrong: [(&str, &[u8]); 5] = [
            ("token", b""),
            ("token", b" \n"),
            ("dockerconfig", b"not json"),
            ("dockerconfig", b"[1]"),
            ("encryptionconfig", b"kind: Secret\n"),
        ];
        for (name, value) in wrong {
            let why = check(name, value).unwrap_err();
            assert!(!why.contains("not json") && !why.contains("Secret"), "{why}");
        }
    }
}
