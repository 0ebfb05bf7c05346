//! `kedge plan --drift`: the account against the manifests that were applied last.

use kedge_ops::Proposal;
use kedge_ops::boot::Booting;
use kedge_ops::drift::{Since, drift, since};
use kedge_ops::saved::Planned;
use kedge_render::plan as plan_text;
use kedge_render::view::Review;
use kedge_render::{Line, Role, Text};
use kedge_resource::Facts;

use super::{Looked, PlanArgs, entry};
use crate::boot;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Manifests, Session, block_on};
use crate::state;

/// Does it.
pub(super) fn run(args: &PlanArgs, session: &Session) -> Result<ExitCode, CliError> {
    let (looked, since, serial) = block_on(look(args, session))?;
    let proposal = &looked.planned.proposal;
    let review = || Review { clusters: vec![entry::of(&looked, None).into()] };
    args.views.show(session, review, || text(session, proposal, since.as_ref(), serial))?;
    looked.refuse()?;
    Ok(super::exit_code(proposal.plan(), args.detailed_exitcode))
}

async fn look(args: &PlanArgs, session: &Session) -> Result<(Looked, Option<Since>, u64), CliError> {
    let (cluster, _) = session.cluster()?;
    let store = state::needed(session, &cluster).await?;
    let snapshot = store.snapshot().await?;
    if let Some((lease, _)) = snapshot.held() {
        session.ui.warn(&format!("the cluster is being changed by somebody else: {}", lease.describe()));
    }
    let serial = snapshot.head.map(|head| head.serial).unwrap_or_default();
    let specification = session.read(Manifests::Stored(args.spec.clone())).await?;
    let since = since(&store, serial).await?;
    let backend = session.open(Some(&specification)).await?;
    let source = boot::delivered(session, &backend, specification.cluster()).await?;
    let account = Booting::new(&backend, source.as_ref());
    let work = drift(&account, &specification, since.as_ref());
    let proposal = session.ui.patiently("reading the account", work).await?;
    let planned = Planned { proposal, facts: Facts::default(), move_store: false };
    Ok((Looked { specification, planned, guard: None, findings: None, worries: Vec::new() }, since, serial))
}

fn text(session: &Session, proposal: &Proposal, since: Option<&Since>, serial: u64) -> Text {
    let (plan, ui) = (proposal.plan(), &session.ui);
    let mut text = Text::new();
    let applied = match since {
        Some(Since { operation, user, started, .. }) => {
            format!("manifests {serial}, which operation {operation} of {user} applied at {started}")
        }
        None => format!("manifests {serial}"),
    };
    if plan.is_empty() {
        text.push(Line::of(Role::Success, format!("No drift of {}: AWS holds what was applied.", plan.cluster)));
    } else {
        text.push(Line::of(Role::Heading, format!("Drift of {}", plan.cluster)));
    }
    text.push(Line::of(Role::Dim, format!("Compared with {applied}.")));
    if plan.is_empty() && plan.report.notes.is_empty() || ui.is_quiet() {
        return text;
    }
    text.gap();
    if plan.is_empty() {
        text.extend(kedge_render::notes::render(&plan.report.notes, ui.width()));
        return text;
    }
    text.push(Line::plain("What somebody else changed, as the way back to what was applied:"));
    text.gap();
    let options = ui.plan_options();
    text.extend(plan_text::render(plan, &options));
    text
}
