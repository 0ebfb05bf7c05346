//! Asking before anything changes.

use kedge_ops::Proposal;
use kedge_ops::purge::Kept;
use kedge_render::{Line, Role, Text};
use kedge_resource::plan::Note;
use kedge_resource::{ClusterName, ResourceKey};

use crate::error::CliError;
use crate::session::Session;

/// Code of the notes that refuse to destroy something that holds state; an explicit confirmation lifts them.
const DESTROYS_STATE: &str = "destroy-needs-permission";
/// What such a plan is refused with.
const DESTROYS: &str = "the plan destroys resources that hold state; nothing was changed";

/// Makes sure that somebody wants the changes of a plan.
///
/// What destroys state is wanted by `--allow-destroy`, or by whoever types the cluster's name; `--yes` is not enough.
pub(crate) fn apply(session: &Session, proposal: &mut Proposal, yes: bool) -> Result<(), CliError> {
    let can_ask = session.ui.can_ask() && !session.reads_stdin() && !yes;
    let destroyed = destroyed(proposal)?;
    if !destroyed.is_empty() {
        if !can_ask {
            let hint = format!("if that is meant, add\n{}", permissions(&destroyed));
            return Err(CliError::user(DESTROYS).hint(hint));
        }
        let mut text = Text::new();
        text.gap();
        text.push(Line::of(Role::Error, "These resources hold state, which is lost:"));
        for key in &destroyed {
            text.push(Line::plain("  ").with(Role::Removed, key.to_string()));
        }
        session.ui.complain(&text);
        type_name(session, &proposal.plan().cluster.clone())?;
        proposal.allow_destroy(destroyed);
        return Ok(());
    }
    if yes {
        return Ok(());
    }
    if !can_ask {
        return Err(cannot_ask("apply"));
    }
    match session.ui.ask("Apply these changes? [y/N]")?.as_deref() {
        Some("y" | "Y" | "yes" | "Yes" | "YES") => Ok(()),
        _ => Err(CliError::user("not approved; nothing was changed")),
    }
}

/// Refuses a plan that an apply would refuse, too: a job that plans shall not end well if what it saved can never be applied.
pub(crate) fn possible(proposal: &Proposal) -> Result<(), CliError> {
    let destroyed = destroyed(proposal)?;
    if destroyed.is_empty() {
        return Ok(());
    }
    let hint = format!(
        "if that is meant, plan with what follows; --out saves it with the plan, and applying that asks for it no more\n{}",
        permissions(&destroyed)
    );
    Err(CliError::user(DESTROYS).hint(hint))
}

/// The options that allow to destroy, one a line.
fn permissions(keys: &[ResourceKey]) -> String {
    keys.iter().map(|key| format!("--allow-destroy '{key}'")).collect::<Vec<_>>().join("\n")
}

/// Makes sure that somebody wants a cluster deleted: by `--yes`, or by typing its name.
///
/// What is refused anyway is not asked about.
pub(crate) fn delete(session: &Session, proposal: &Proposal, yes: bool) -> Result<(), CliError> {
    let fatal = proposal.fatal();
    if !fatal.is_empty() {
        return Err(refused(fatal));
    }
    if yes {
        return Ok(());
    }
    if !session.ui.can_ask() || session.reads_stdin() {
        return Err(cannot_ask("delete"));
    }
    type_name(session, &proposal.plan().cluster)
}

/// Makes sure that somebody wants etcd to go back to a snapshot, once they know what is lost: by `--yes`, or by typing the name
/// of the cluster.
pub(crate) fn restore(session: &Session, cluster: &ClusterName, lost: &Text, yes: bool) -> Result<(), CliError> {
    session.ui.complain(lost);
    if yes {
        return Ok(());
    }
    if !session.ui.can_ask() {
        return Err(cannot_ask("restore"));
    }
    type_name(session, cluster)
}

/// Makes sure that somebody wants everything removed that the store keeps of a cluster, by typing its name.
pub(crate) fn purge(session: &Session, cluster: &ClusterName, place: &str, kept: &Kept) -> Result<(), CliError> {
    let mut text = Text::new();
    text.gap();
    text.push(Line::of(Role::Error, format!("Nothing brings back what is removed from {place}:")));
    text.push(Line::plain("  ").with(Role::Removed, kept.describe()));
    session.ui.complain(&text);
    match session.ui.ask(&format!("Type {cluster} to go on:"))?.as_deref() {
        Some(answer) if answer == cluster.as_str() => Ok(()),
        _ => Err(CliError::user(format!("not confirmed; {place} was left as it is"))),
    }
}

fn cannot_ask(verb: &str) -> CliError {
    CliError::user(format!("there is nobody to ask whether to {verb}; nothing was changed"))
        .hint(format!("--yes means: {verb} without asking"))
}

fn type_name(session: &Session, cluster: &ClusterName) -> Result<(), CliError> {
    match session.ui.ask(&format!("Type {cluster} to go on:"))?.as_deref() {
        Some(answer) if answer == cluster.as_str() => Ok(()),
        _ => Err(CliError::user("not confirmed; nothing was changed")),
    }
}

/// What a confirmation has to name; an error if something else is wrong with the plan, which none can lift.
fn destroyed(proposal: &Proposal) -> Result<Vec<ResourceKey>, CliError> {
    let (destroys, others): (Vec<&Note>, Vec<&Note>) =
        proposal.fatal().into_iter().partition(|note| note.code == DESTROYS_STATE);
    if others.is_empty() {
        return Ok(destroys.into_iter().filter_map(|note| note.key.clone()).collect());
    }
    Err(refused(others))
}

fn refused(notes: Vec<&Note>) -> CliError {
    kedge_ops::apply::ApplyError::Refused { notes: notes.into_iter().cloned().collect() }.into()
}
