//! `kedge validate`.

use std::error::Error as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use jiff::SignedDuration;
use kedge_kube::{Access, Class, Cluster, KubeError};
use kedge_ops::load;
use kedge_ops::validate::{self, Kubernetes, Validation};
use kedge_render::{Line, Role, Text, table};
use kedge_resource::ClusterName;

use crate::args::Output;
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge validate --name prod.example.com
  kedge validate --name prod.example.com --wait 15m
  kedge validate --name prod.example.com --kubeconfig prod.kubeconfig -o json
  kedge validate -f cluster.yaml --sandbox";

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(10);
/// Namespace of what every cluster runs.
const SYSTEM: &str = "kube-system";

/// Say whether a cluster is what it should be
///
/// AWS is asked which instances there are, the state store what they say of their boot, and, with --kubeconfig, the Kubernetes
/// API which nodes and pods of the system are ready. What stops an instance is shown with the reason that it gives, and keys and
/// authorities that end soon with what to do. Where nothing says whether instances are nodes, or one has said nothing for half an
/// hour, that is a warning.
///
/// The exit code is 2 if something is not as it should be.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ValidateArgs {
    /// Look again until everything is as it should be, for this long at the most, such as 90s, 15m or 1h
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    wait: Option<Duration>,

    /// Ask the Kubernetes API too, as this kubeconfig says; `kedge export kubeconfig --admin` writes one
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<Utf8PathBuf>,

    /// How to print the answer
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// Does it.
pub(crate) fn run(args: &ValidateArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (cluster, specification) = session.cluster()?;
    let kubeconfig = args.kubeconfig.as_deref().map(load::text).transpose()?;
    let ui = &session.ui;
    let validation = block_on(async {
        let backend = session.open(specification.as_ref()).await?;
        let kubernetes = match (&kubeconfig, &args.kubeconfig) {
            (Some(text), Some(path)) => Some(connect(path, text).await?),
            _ => None,
        };
        let look = look(session, &backend, &cluster, kubernetes.as_ref());
        let mut validation = ui.patiently("looking at the cluster", Box::pin(look)).await?;
        let Some(patience) = args.wait else { return Ok(validation) };
        let until = tokio::time::Instant::now() + patience;
        while let Some(failure) = validation.failures.first().filter(|_| tokio::time::Instant::now() < until) {
            let more = validation.failures.len() - 1;
            let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            ui.say_line(Line::plain(format!(
                "waiting: {} {}: {}{more}",
                failure.kind.as_str(),
                failure.name,
                failure.why
            )));
            tokio::time::sleep(PAUSE).await;
            validation = Box::pin(self::look(session, &backend, &cluster, kubernetes.as_ref())).await?;
        }
        Ok(validation)
    })?;
    match args.output {
        Output::Json => ui.data_json(&validation)?,
        Output::Text => {
            let mut text = text(&validation, kubeconfig.is_some());
            if let Some(directory) = ui.sandbox()
                && let Some(last) = text.lines.pop()
            {
                text.push(last.with(Role::Dim, format!(" (sandbox {directory})")));
            }
            ui.data(&text)?;
        }
    }
    Ok(if validation.failures.is_empty() { ExitCode::Done } else { ExitCode::ChangesPending })
}

/// Hears every witness that there is.
async fn look(
    session: &Session,
    backend: &Backend,
    cluster: &ClusterName,
    kubernetes: Option<&Cluster>,
) -> Result<Validation, CliError> {
    let account = async { Ok::<_, CliError>(validate::account(backend, cluster).await?) };
    let boots = async {
        match state::of_cluster(session, Some(backend), cluster).await? {
            Some(store) => {
                let mut boots = validate::boots(&store).await?;
                if state::is_sandbox(session) {
                    // What stands for instances there runs nothing that could say so.
                    boots.nodes.groups.clear();
                }
                Ok(Some(boots))
            }
            None => Ok(None),
        }
    };
    let kubernetes = async {
        match kubernetes {
            Some(kubernetes) => Ok(Some(ask(kubernetes).await)),
            None => Ok(None),
        }
    };
    let (account, boots, kubernetes) = tokio::try_join!(account, boots, kubernetes)?;
    let (kubernetes, silent) = match kubernetes {
        Some(Ok(found)) => (Some(found), None),
        // That the API does not answer is what somebody wants to know, and no reason to know nothing else.
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let mut validation = validate::judge(cluster, &account, boots.as_ref(), kubernetes.as_ref(), state::now());
    if let Some(error) = silent {
        validation.failures.push(validate::Failure {
            kind: validate::FailureKind::Cluster,
            name: cluster.to_string(),
            why: unanswered(&error),
        });
    }
    Ok(validation)
}

/// Why the API gave no answer: whether a name is not known, nobody listens or a certificate is not trusted is in the causes.
fn unanswered(error: &KubeError) -> String {
    let mut why = format!("the Kubernetes API was not asked: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some repeat what lies beneath them.
        if !why.contains(&text) {
            why += ": ";
            why += &text;
        }
        cause = error.source();
    }
    let hint = match error.class {
        // The usual hint leads to this command.
        Class::Unreachable => "is the server of the kubeconfig right, and may this machine reach it?",
        _ => error.hint(),
    };
    format!("{why}; {hint}")
}

/// A connection as a kubeconfig says. Nothing is asked yet.
async fn connect(path: &Utf8Path, text: &str) -> Result<Cluster, CliError> {
    Cluster::connect(&Access::Kubeconfig(text)).await.map_err(|error| {
        CliError::user(format!("{path} cannot be used as a kubeconfig"))
            .because(error.to_string())
            .hint("`kedge export kubeconfig --admin --out FILE` writes one")
    })
}

async fn ask(cluster: &Cluster) -> Result<Kubernetes, kedge_kube::KubeError> {
    let (nodes, pods) = tokio::try_join!(cluster.nodes(), cluster.pods_not_ready(SYSTEM))?;
    Ok(Kubernetes { nodes, pods })
}

fn text(validation: &Validation, asked_kubernetes: bool) -> Text {
    let mut text = Text::new();
    if !validation.nodes.is_empty() {
        let or_dash = |word: Option<&str>| word.unwrap_or("-").to_owned();
        let rows: Vec<Vec<String>> = validation
            .nodes
            .iter()
            .map(|node| {
                let ready = node.ready.map(|ready| if ready { "yes" } else { "no" });
                vec![
                    node.group.clone(),
                    node.instance.clone(),
                    node.state.clone(),
                    or_dash(node.boot.as_deref()),
                    or_dash(node.node.as_deref()),
                    or_dash(ready),
                    or_dash(node.kubelet.as_deref()),
                ]
            })
            .collect();
        text.extend(table::render(&["GROUP", "INSTANCE", "STATE", "BOOT", "NODE", "READY", "KUBELET"], &rows));
        text.gap();
    }
    for failure in &validation.failures {
        let line = Line::of(Role::Error, failure.kind.as_str().to_owned());
        text.push(line.with(Role::Plain, format!(" {}: {}", failure.name, failure.why)));
    }
    for warning in &validation.warnings {
        text.push(Line::of(Role::Warning, "warning").with(Role::Plain, format!(": {warning}")));
    }
    if !validation.failures.is_empty() || !validation.warnings.is_empty() {
        text.gap();
    }
    let cluster = &validation.cluster;
    text.push(match validation.failures.len() {
        0 if !validation.knows_nodes() && !validation.nodes.is_empty() => Line::of(
            Role::Warning,
            format!("{cluster} has the instances that it should have; more is not known of it."),
        )
        .with(Role::Dim, " --kubeconfig asks Kubernetes."),
        0 if asked_kubernetes => Line::of(Role::Success, format!("{cluster} is as it should be.")),
        0 => Line::of(Role::Success, format!("{cluster} is as it should be, as far as AWS and the state store tell."))
            .with(Role::Dim, " --kubeconfig asks Kubernetes too."),
        1 => Line::of(Role::Error, format!("{cluster} is not as it should be: 1 failure.")),
        count => Line::of(Role::Error, format!("{cluster} is not as it should be: {count} failures.")),
    });
    text
}

fn patience(text: &str) -> Result<Duration, String> {
    let wrong = || "write a duration such as 90s, 15m or 1h".to_owned();
    let duration: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_positive() {
        assert_eq!(patience("15m"), Ok(Duration::from_secs(900)));
        assert_eq!([patience("soon"), patience("-1m"), patience("")].map(|it| it.is_err()), [true; 3]);
    }
}
