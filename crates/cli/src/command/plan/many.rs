//! `kedge plan` for the manifests of several clusters.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::StreamExt as _;
use futures_util::stream;
use kedge_ops::fleet::Member;
use kedge_ops::manifests::ManifestOptions;
use kedge_ops::{Specification, region};
use kedge_render::view::{Review, Reviewed, Saved};
use kedge_render::{Line, Role, Text, table};
use kedge_resource::plan::Totals;

use super::{Looked, PlanArgs, Request, conclude, entry, look, offline, text};
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on, with_addon_files};
use crate::state;

/// Clusters that are looked at at the same time; the rate budget of the connection, which they share, decides the pace.
const AT_ONCE: usize = 16;

/// What became of a cluster.
type Outcome = Result<(Looked, Option<Saved>), CliError>;

/// Plans each cluster, and shows all of them, those that cannot be planned too.
pub(super) fn run(
    args: &PlanArgs,
    session: &Session,
    request: &Request<'_>,
    members: Vec<Member>,
) -> Result<ExitCode, CliError> {
    if let Some(directory) = request.out {
        fs_err::create_dir_all(directory)?;
    }
    let options = session.manifest_options(&args.spec)?;
    let names: Vec<String> = members.iter().map(|member| member.name.clone()).collect();
    let results: Vec<Outcome> = if request.is_offline(session) {
        let plan = |member| Ok((offline(request, read(session, member, &options)?)?, None));
        members.into_iter().map(plan).collect()
    } else {
        block_on(all(session, request, members, &options))?
    };
    let done: Vec<(String, Outcome)> = names.into_iter().zip(results).collect();
    let review = || Review { clusters: done.iter().map(|(name, result)| reviewed(name, result)).collect() };
    args.views.show(session, review, || texts(session, &done))?;
    let mut worst = ExitCode::Done;
    for (name, result) in &done {
        let error = match result {
            Ok((looked, _)) => looked.refuse().err(),
            Err(_) => None,
        };
        if let Some(error) = error.as_ref().or(result.as_ref().err()) {
            session.ui.complain(&Text { lines: vec![Line::empty(), Line::of(Role::Heading, format!("{name}:"))] });
            error.report(&session.ui);
            worst = ExitCode::Failed;
        }
    }
    let changes = done.iter().any(|(_, result)| result.as_ref().is_ok_and(|(looked, _)| has_changes(looked)));
    if worst == ExitCode::Done && changes && args.detailed_exitcode {
        worst = ExitCode::ChangesPending;
    }
    Ok(worst)
}

fn has_changes(looked: &Looked) -> bool {
    !looked.planned.proposal.plan().is_empty()
}

fn read(session: &Session, member: Member, options: &ManifestOptions) -> Result<Specification, CliError> {
    let options = ManifestOptions { cluster: member.cluster, ..options.clone() };
    let specification = with_addon_files(Specification::read(&member.sources, &options)?, &member.sources);
    session.ui.diagnostics(&specification.remarks);
    Ok(specification)
}

/// Plans against the account.
async fn all(
    session: &Session,
    request: &Request<'_>,
    members: Vec<Member>,
    options: &ManifestOptions,
) -> Result<Vec<Outcome>, CliError> {
    let mut connections: BTreeMap<Option<String>, Rc<Backend>> = BTreeMap::new();
    let mut work = Vec::new();
    for member in members {
        let ready = match read(session, member, options) {
            Ok(specification) => {
                connection(session, &mut connections, &specification).await.map(|backend| (backend, specification))
            }
            Err(error) => Err(error),
        };
        work.push(async move {
            let (backend, specification) = ready?;
            Box::pin(look(session, &backend, request, specification)).await
        });
    }
    let looking = stream::iter(work).buffered(AT_ONCE).collect::<Vec<_>>();
    let mut results = Vec::new();
    for looked in session.ui.patiently("reading the account", looking).await {
        results.push(match looked {
            Ok(looked) => {
                let out =
                    request.out.map(|directory| directory.join(format!("{}.json", looked.specification.cluster())));
                conclude(session, &looked, out.as_deref()).await.map(|saved| (looked, saved))
            }
            Err(error) => Err(error),
        });
    }
    Ok(results)
}

/// The connection for a cluster: one for each region, all within one rate budget. A sandbox has one, whatever the region.
async fn connection(
    session: &Session,
    connections: &mut BTreeMap<Option<String>, Rc<Backend>>,
    specification: &Specification,
) -> Result<Rc<Backend>, CliError> {
    let zones = region::of(&specification.resolved);
    let region = zones.clone().filter(|_| !state::is_sandbox(session));
    if let Some(backend) = connections.get(&region) {
        backend.refuse_region(&session.globals, zones.as_deref(), &session.ui)?;
        return Ok(Rc::clone(backend));
    }
    let beside = match connections.values().next() {
        Some(first) => first.beside(&session.globals, region.clone(), &session.ui)?,
        None => None,
    };
    let backend = Rc::new(match beside {
        Some(backend) => backend,
        None => session.open(Some(specification)).await?,
    });
    connections.insert(region, Rc::clone(&backend));
    Ok(backend)
}

fn reviewed(name: &str, result: &Outcome) -> Reviewed {
    match result {
        Ok((looked, saved)) => entry::of(looked, saved.clone()).into(),
        Err(error) => Reviewed::Failed(error.failure(name)),
    }
}

/// The plans one after the other, and a table of all.
fn texts(session: &Session, done: &[(String, Outcome)]) -> Text {
    let mut all = Text::new();
    let mut rows = Vec::new();
    for (name, result) in done {
        let counts = match result {
            Ok((looked, _)) => {
                let proposal = &looked.planned.proposal;
                all.gap();
                all.extend(text(proposal, looked.findings(), &session.ui));
                let Totals { create, update, replace, delete } = proposal.plan().totals();
                [create, update, replace, delete].map(|count| count.to_string())
            }
            Err(_) => ["-", "-", "-", "-"].map(str::to_owned),
        };
        let state = match result {
            Ok((looked, _)) if has_changes(looked) => "changes",
            Ok(_) => "nothing to do",
            Err(_) => "cannot be planned",
        };
        rows.push([vec![name.clone()], counts.to_vec(), vec![state.to_owned()]].concat());
    }
    all.gap();
    all.extend(table::render(&["CLUSTER", "CREATE", "UPDATE", "REPLACE", "DELETE", "STATE"], &rows));
    all
}
