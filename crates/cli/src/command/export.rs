//! `kedge export`.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use kedge_ops::Specification;
use kedge_ops::kubeconfig::{self, Admin, LONGEST, Server, Way};
use kedge_pki::KubeConfig;
use kedge_render::Line;
use kedge_spec::text;
use ring::rand::SystemRandom;

use crate::args::SpecArgs;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::outer_key::KeyArgs;
use crate::private_file::{self, Lock, lock_of};
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge export kubeconfig --admin --merge --name prod.example.com --kms-key alias/kedge
  kedge export kubeconfig --admin=30m --name prod.example.com --passphrase-file passphrase > prod.kubeconfig
  kedge export kubeconfig --internal --name prod.example.com --out prod.kubeconfig";

/// How long a certificate is good where nothing is said, as with kops.
const USUAL: &str = "18h";

/// Write what other tools need to use a cluster
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write a kubeconfig
    ///
    /// It says where the API is and which authorities it may prove itself by; --admin adds a certificate that lets its bearer do
    /// everything, and cannot be taken back before it ends.
    #[command(after_help = EXAMPLES)]
    Kubeconfig(KubeconfigArgs),
}

#[derive(Debug, Args)]
struct KubeconfigArgs {
    /// Add a certificate for an administrator that is good for this long, such as 30m, 18h or 7d; 30 days at the most
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = USUAL,
        value_parser = lifetime,
    )]
    admin: Option<SignedDuration>,

    /// Put it into the kubeconfig of kubectl: the first file of KUBECONFIG, or ~/.kube/config
    #[arg(long, conflicts_with = "out")]
    merge: bool,

    /// Write it to this file, which only you can read; one that holds other clusters is left as it is
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,

    /// Use the name that the API has within the VPC
    #[arg(long, conflicts_with = "server")]
    internal: bool,

    /// Use this URL of the API
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    #[command(flatten)]
    key: KeyArgs,
}

/// Does it.
pub(crate) fn run(args: &ExportArgs, session: &Session) -> Result<ExitCode, CliError> {
    let What::Kubeconfig(args) = &args.what;
    if args.admin.is_some() && !args.merge && args.out.is_none() && std::io::stdout().is_terminal() {
        return Err(CliError::user("standard output is a terminal, where a private key would stay to be seen")
            .hint("--merge puts it into the kubeconfig of kubectl, --out FILE into a file of its own"));
    }
    let manifests = session.manifests(&SpecArgs::default())?;
    block_on(async {
        let specification = session.read(manifests).await?;
        let config = make(args, session, &specification).await?;
        write(args, session, &config)?;
        Ok(ExitCode::Done)
    })
}

async fn make(args: &KubeconfigArgs, session: &Session, specification: &Specification) -> Result<KubeConfig, CliError> {
    let spec = &specification.resolved;
    let way = if args.internal { Way::Internal } else { Way::Public };
    let with_certificate = args.admin.is_some();
    let server = match (&args.server, kubeconfig::server(spec, way, with_certificate)) {
        (Some(server), _) => server.clone(),
        (None, Server::Known(server)) => server,
        (None, Server::Ask(key, port)) => {
            let backend = session.open(Some(specification)).await?;
            let asked = kubeconfig::ask(&backend, spec, &key, port);
            session.ui.patiently("reading the account", asked).await?.ok_or_else(|| {
                CliError::user(format!("the API has no address yet: {key} does not exist"))
                    .hint("`kedge apply` makes it; --server names another way to the API")
            })?
        }
    };
    let publicly_trusted = args.server.is_none() && kubeconfig::is_publicly_trusted(spec, way, with_certificate);
    let store = state::needed(session, specification.cluster()).await?;
    state::remark_deleted(session, &store).await?;
    let outer;
    let admin = match args.admin {
        None => None,
        Some(lifetime) => {
            outer = args.key.open(session).await?;
            Some(Admin { user: format!("kedge:{}", state::who(session).user), lifetime, outer: &*outer })
        }
    };
    let random = SystemRandom::new();
    Ok(kubeconfig::export(&store, server, publicly_trusted, admin, state::now(), &random).await?)
}

fn write(args: &KubeconfigArgs, session: &Session, config: &KubeConfig) -> Result<(), CliError> {
    let ui = &session.ui;
    if args.merge {
        let path = session.environment.kubeconfig().ok_or_else(|| {
            CliError::user("there is no place for a kubeconfig: neither KUBECONFIG nor HOME is set")
                .hint("name a file with --out")
        })?;
        let Some(_locked) = Lock::take(&path)? else {
            return Err(CliError::user(format!("{path} was left as it is"))
                .because(format!("another program is changing it: {} exists", lock_of(&path)))
                .hint(
                    "run the same command again; if that file stays, a program ended without removing it: remove it",
                ));
        };
        let merged = text::read(&private_file::read(&path)?).and_then(|existing| config.merge_into(existing));
        let merged = merged.map_err(|why| CliError::user(format!("{path} was left as it is")).because(why))?;
        private_file::write(&path, &text::write(&[merged]))?;
        ui.say_line(Line::plain(format!("{} is the current context of {path}.", config.name)));
        return Ok(());
    }
    let text = text::write(&[config.document()]);
    match &args.out {
        Some(path) => {
            refuse_others(path, config)?;
            private_file::write(path, &text)?;
            ui.say_line(Line::plain(format!("written to {path}")));
        }
        None => ui.data_text(&text)?,
    }
    Ok(())
}

/// Refuses to write over a file that holds more than this cluster: what is lost there may be nowhere else.
fn refuse_others(path: &Utf8Path, config: &KubeConfig) -> Result<(), CliError> {
    let left = |why: String| {
        Err(CliError::user(format!("{path} was left as it is: {why}")).hint(format!(
            "`KUBECONFIG={path} kedge export kubeconfig --merge …` adds the cluster to it; or name another file with --out"
        )))
    };
    let Ok(existing) = text::read(&private_file::read(path)?) else { return left("it is no kubeconfig".to_owned()) };
    if existing.is_null() {
        return Ok(());
    }
    if existing.get("kind").and_then(serde_json::Value::as_str) != Some("Config") {
        return left("it is no kubeconfig".to_owned());
    }
    let entries = ["clusters", "contexts", "users"].into_iter().filter_map(|list| existing.get(list)?.as_array());
    let names = entries.flatten().filter_map(|entry| entry.get("name")?.as_str());
    let others: BTreeSet<&str> = names.filter(|name| *name != config.name).collect();
    if others.is_empty() {
        return Ok(());
    }
    left(format!("it has {} too", others.into_iter().collect::<Vec<_>>().join(", ")))
}

fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let unknown = || format!("{text:?} is no duration such as 30m, 18h or 7d");
    let mut seconds: i64 = 0;
    let mut number = String::new();
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(unknown()),
        };
        let part = number.parse::<i64>().ok().and_then(|count| count.checked_mul(unit));
        seconds = part.and_then(|part| seconds.checked_add(part)).ok_or_else(unknown)?;
        number.clear();
    }
    let lifetime = SignedDuration::from_secs(seconds);
    if !number.is_empty() || text.is_empty() {
        return Err(unknown());
    }
    if lifetime < SignedDuration::from_mins(1) || lifetime > LONGEST {
        return Err("a certificate is good for a minute at the least and for 30 days at the most".to_owned());
    }
    Ok(lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_other_clusters_is_left_as_it_is() {
        let folder = camino_tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let config = KubeConfig {
            name: "c.example.com".to_owned(),
            server: "https://api.c.example.com".to_owned(),
            authorities: None,
            user: None,
        };
        let written = |text: &str| {
            fs_err::write(&path, text).unwrap();
            refuse_others(&path, &config).is_ok()
        };
        assert!(refuse_others(&path, &config).is_ok(), "there is none yet");
        let own = text::write(&[config.document()]);
        assert!(written("") && written(&own));
        let other = KubeConfig { name: "d.example.com".to_owned(), ..config };
        let both = text::write(&[other.merge_into(text::read(&own).unwrap()).unwrap()]);
        let config = KubeConfig { name: "c.example.com".to_owned(), ..other };
        for existing in [both.as_str(), "kind: Secret\n", "- 1\n", "a: ["] {
            fs_err::write(&path, existing).unwrap();
            assert!(refuse_others(&path, &config).is_err(), "{existing}");
            assert_eq!(fs_err::read_to_string(&path).unwrap(), existing);
        }
    }

    #[test]
    fn lifetimes() {
        let hours = |text| lifetime(text).map(|found| found.as_secs() / 3600).ok();
        assert_eq!([hours("18h"), hours("7d"), hours("90m"), hours("1h120m")], [Some(18), Some(168), Some(1), Some(3)]);
        for wrong in ["", "h", "18", "1x", "-1h", "31d", "59s", "99999999999999999999h"] {
            // `h` alone has no number
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
