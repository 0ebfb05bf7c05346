//! `kedge rotate`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};
use kedge_ops::keypairs::{self, Custom, Step, word};
use kedge_pki::{Direction, Keyset, Purpose, SecretText};
use kedge_render::{Line, Text};
use ring::rand::SystemRandom;

use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::outer_key::KeyArgs;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge rotate ca --stage prepare --name prod.example.com --kms-key alias/kedge
  kedge rotate ca --stage promote --name prod.example.com
  kedge rotate ca --stage retire --name prod.example.com
  kedge rotate ca --stage promote --undo --name prod.example.com
  kedge rotate ca --stage prepare --certificate ca.crt --private-key ca.key --name prod.example.com --kms-key alias/kedge";

/// Replace a key or authority of a cluster, in stages
///
/// prepare makes a new one, which is trusted beside the old one and not used yet. promote makes the new one issue and sign;
/// the old one is trusted still. retire ends the trust in the old one. --undo takes the last stage back.
///
/// This changes the keys in the state store. Instances that boot from there take them by themselves: control planes within an
/// hour, nodes a quarter of an hour later; others, and whoever has a kubeconfig, have to learn what is new between two stages.
/// Of the authority `ca` every instance says how far it is, and a stage that would cut one off is refused.
///
/// With --certificate and --private-key the authority is one of your own, which is checked first. Before the first apply
/// that makes it the cluster's only one.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RotateArgs {
    /// What to replace
    #[arg(value_name = "KEY")]
    what: What,

    /// The stage
    #[arg(long, value_name = "STAGE")]
    stage: Stage,

    /// Take the stage back
    #[arg(long)]
    undo: bool,

    /// Go on although instances have not taken the stage before: they are cut off
    #[arg(long, conflicts_with = "undo")]
    force: bool,

    /// Certificate of an authority of your own, as PEM
    #[arg(long, value_name = "FILE", requires = "private_key", conflicts_with = "undo")]
    certificate: Option<Utf8PathBuf>,

    /// Private key of your own, as PEM
    #[arg(long, value_name = "FILE", conflicts_with = "undo")]
    private_key: Option<Utf8PathBuf>,

    #[command(flatten)]
    key: KeyArgs,
}

/// What can be replaced.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// The authority of API servers, kubelets and users
    Ca,
    /// The authority of etcd
    Etcd,
    /// The authority that extension API servers trust
    FrontProxy,
    /// The key that signs tokens of service accounts
    ServiceAccount,
}

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Trust a new one
    Prepare,
    /// Use the new one
    Promote,
    /// Trust the old one no longer
    Retire,
}

/// Does it.
pub(crate) fn run(args: &RotateArgs, session: &Session) -> Result<ExitCode, CliError> {
    let purpose = match args.what {
        What::Ca => Purpose::KubernetesCa,
        What::Etcd => Purpose::EtcdCa,
        What::FrontProxy => Purpose::FrontProxyCa,
        What::ServiceAccount => Purpose::ServiceAccount,
    };
    let direction = if args.undo { Direction::Back } else { Direction::Forward };
    if args.private_key.is_some() && args.stage != Stage::Prepare {
        return Err(CliError::user("only the stage prepare takes a key of your own"));
    }
    let (cluster, _) = session.cluster()?;
    let custom = custom(args)?;
    block_on(async {
        let store = state::needed(session, &cluster).await?;
        let step = match (args.stage, direction) {
            (Stage::Prepare, Direction::Forward) => None,
            (Stage::Prepare, Direction::Back) => Some(Step::Unprepare),
            (Stage::Promote, _) => Some(Step::Promote(direction)),
            (Stage::Retire, _) => Some(Step::Retire(direction)),
        };
        let keyset = match step {
            Some(step) => keypairs::rotate(&store, purpose, step, args.force, state::now()).await?,
            None => {
                let outer = args.key.open(session).await?;
                keypairs::prepare(&store, &*outer, purpose, custom, state::now(), &SystemRandom::new()).await?
            }
        };
        state::note(session, &store, done(&keyset, args.stage, direction)).await;
        let text = Text { lines: told(&keyset, args.stage, direction).into_iter().map(Line::plain).collect() };
        session.ui.data(&text)?;
        Ok(ExitCode::Done)
    })
}

fn custom(args: &RotateArgs) -> Result<Option<Custom>, CliError> {
    let Some(path) = &args.private_key else { return Ok(None) };
    let key = SecretText::new(fs_err::read_to_string(path)?);
    let certificate = args.certificate.as_ref().map(fs_err::read_to_string).transpose()?;
    Ok(Some(Custom { certificate, key }))
}

/// What was done, for the log.
fn done(keyset: &Keyset, stage: Stage, direction: Direction) -> String {
    let verb = match (stage, direction) {
        (Stage::Prepare, Direction::Forward) => "prepared",
        (Stage::Prepare, Direction::Back) => "taken out again",
        (Stage::Promote, Direction::Forward) => "promoted",
        (Stage::Promote, Direction::Back) => "put back",
        (Stage::Retire, Direction::Forward) => "retired",
        (Stage::Retire, Direction::Back) => "trusted again",
    };
    format!("{} {verb}; {} in use", keyset.purpose, keyset.primary)
}

/// What holds now, and what is next.
fn told(keyset: &Keyset, stage: Stage, direction: Direction) -> Vec<String> {
    let (purpose, word, primary) = (keyset.purpose, word(keyset.purpose), keyset.primary);
    let next =
        |stage: &str| format!("When every control plane and node knows that: kedge rotate {word} --stage {stage}");
    match (stage, direction) {
        (Stage::Prepare, Direction::Forward) => match keyset.prepared() {
            Some(new) => {
                vec![format!("{purpose} {} is trusted beside {primary}, which stays in use.", new.id), next("promote")]
            }
            None => vec![format!("{purpose} {primary} is the first one, and in use.")],
        },
        (Stage::Promote, Direction::Forward) => {
            vec![format!("{purpose} {primary} is in use; the one before it is trusted still."), next("retire")]
        }
        (Stage::Retire, Direction::Forward) => {
            vec![format!("{purpose} {primary} is in use, and the only one that is trusted.")]
        }
        (Stage::Prepare, Direction::Back) => {
            vec![format!("The new {purpose} is taken out again; {primary} stays in use.")]
        }
        (Stage::Promote, Direction::Back) => {
            vec![format!("{purpose} {primary} is in use again; the new one is trusted still.")]
        }
        (Stage::Retire, Direction::Back) => {
            vec![format!("The {purpose} before {primary} is trusted again.")]
        }
    }
}
