//! The state store of a command: where it is, who uses it, and what has to be said about it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use camino::Utf8PathBuf;
use kedge_cloud::Observe as _;
use kedge_ops::{Caller, Guard, history};
use kedge_resource::ClusterName;
use kedge_store::head::Who;
use kedge_store::{Clock, ClusterStore, Directory, LeaseOptions, Location, Objects};

use crate::args::DEFAULT_SANDBOX;
use crate::backend::{Backend, connect};
use crate::error::CliError;
use crate::session::Session;

/// Where objects of a bucket are asked for until S3 says which region the bucket is in.
const ANY_REGION: &str = "us-east-1";

/// The store that the options or the environment name; that of the sandbox where they name none.
pub(crate) fn location(session: &Session) -> Result<Option<Location>, CliError> {
    let named = session.globals.store.as_deref().or(session.environment.store.as_deref());
    if let Some(text) = session.globals.store.as_deref().or(named.filter(|_| !is_sandbox(session))) {
        let location = Location::parse(text)?;
        // What a sandbox deletes would be deleted in the bucket, whatever endpoint it has.
        if is_sandbox(session) && matches!(location, Location::S3 { .. }) {
            return Err(CliError::user(format!("{text} is a real bucket, and a sandbox is no real account")).hint(
                "leave --store out: a sandbox has a store of its own; or leave --sandbox out, to work on the account",
            ));
        }
        return Ok(Some(location));
    }
    Ok(sandbox(session).map(|directory| Location::Directory(directory.join("store"))))
}

/// Whether the command works on the sandbox.
pub(crate) fn is_sandbox(session: &Session) -> bool {
    sandbox(session).is_some()
}

fn sandbox(session: &Session) -> Option<Utf8PathBuf> {
    Backend::sandbox(&session.globals, &session.environment)
}

/// Refuses to read a sandbox that nobody has begun: a typing error would look like an empty account.
pub(crate) fn existing_sandbox(session: &Session) -> Result<(), CliError> {
    match sandbox(session) {
        Some(directory) if !directory.is_dir() => Err(CliError::user(format!("there is no sandbox in {directory}"))
            .hint("`kedge apply --sandbox` begins one; name the directory of one that is there with --sandbox=DIR")),
        _ => Ok(()),
    }
}

/// The objects of the store, if there is one. `backend` is used where it reaches S3.
pub(crate) async fn objects(
    session: &Session,
    backend: Option<&Backend>,
) -> Result<Option<Arc<dyn Objects>>, CliError> {
    match location(session)? {
        Some(location) => Ok(Some(open(session, backend, &location).await?)),
        None => Ok(None),
    }
}

/// The objects of a location.
pub(crate) async fn open(
    session: &Session,
    backend: Option<&Backend>,
    location: &Location,
) -> Result<Arc<dyn Objects>, CliError> {
    Ok(match location {
        Location::Directory(path) => Arc::new(Directory::new(path)),
        Location::S3 { bucket, prefix } => match backend {
            Some(Backend::Aws(aws)) => Arc::new(aws.bucket(bucket, prefix)),
            _ => {
                let (globals, environment) = (&session.globals, &session.environment);
                let aws = match connect(globals, environment, globals.region.clone()).await {
                    Err(_) if globals.region.is_none() => {
                        connect(globals, environment, Some(ANY_REGION.to_owned())).await?
                    }
                    other => other?,
                };
                Arc::new(aws.bucket(bucket, prefix))
            }
        },
    })
}

/// The part of the store that belongs to a cluster, if there is a store.
pub(crate) async fn of_cluster(
    session: &Session,
    backend: Option<&Backend>,
    cluster: &ClusterName,
) -> Result<Option<ClusterStore>, CliError> {
    Ok(objects(session, backend).await?.map(|objects| ClusterStore::new(objects, cluster.clone())))
}

/// As [`of_cluster`], for commands that are about the store.
pub(crate) async fn needed(session: &Session, cluster: &ClusterName) -> Result<ClusterStore, CliError> {
    of_cluster(session, None, cluster).await?.ok_or_else(|| {
        CliError::user("no state store is named").hint(format!(
            "name it with --store or KEDGE_STATE_STORE, as s3://bucket/prefix or file:///directory; that of a sandbox is in \
             its directory: --sandbox, or --sandbox=DIR for another one than {DEFAULT_SANDBOX}"
        ))
    })
}

/// Says of a cluster that was deleted that it was: what the store keeps looks as if it were there.
pub(crate) async fn remark_deleted(session: &Session, store: &ClusterStore) -> Result<(), CliError> {
    if let Some(record) = history::deleted(store).await? {
        let (cluster, number, started) = (store.cluster(), record.number, record.started);
        session.ui.warn(&format!(
            "{cluster} was deleted by operation {number} at {started}; this is what {} keeps of it",
            store.place()
        ));
    }
    Ok(())
}

/// Looks at the store of a cluster, if there is a store.
pub(crate) async fn look(
    session: &Session,
    backend: &Backend,
    cluster: &ClusterName,
) -> Result<Option<Guard>, CliError> {
    match of_cluster(session, Some(backend), cluster).await? {
        Some(store) => Ok(Some(Guard::look(store).await?)),
        None => Ok(None),
    }
}

/// Says what whoever changes a cluster should know of its store: what was interrupted, or that nobody keeps others away.
pub(crate) fn remark(session: &Session, guard: Option<&Guard>, changes: bool) {
    let ui = &session.ui;
    let Some(guard) = guard else {
        if changes {
            ui.warn(
                "there is no state store: nothing keeps others from changing the cluster at the same time, and nothing is \
                 recorded; --store or KEDGE_STATE_STORE names one",
            );
        }
        return;
    };
    if let Some(lease) = guard.interrupted() {
        ui.warn(&format!("interrupted: {}; what it had not done is in the plan below", lease.describe()));
    }
    // Asking S3 takes as many requests as all else that an apply wants of it: `kedge plan` and `kedge store check` do.
    if guard.is_new() && changes && guard.store().place().starts_with("s3://") {
        ui.detail(format!(
            "{} is new to this cluster: `kedge store check` tells whether it is private, versioned and encrypted",
            guard.store().place()
        ));
    }
}

/// Says what about the place of a store that is used for the first time should worry its owner.
pub(crate) async fn worries(session: &Session, guard: Option<&Guard>) -> Result<(), CliError> {
    if let Some(guard) = guard.filter(|guard| guard.is_new()) {
        for worry in guard.store().objects().worries().await? {
            session.ui.warn(&worry);
        }
    }
    Ok(())
}

/// Who runs this command, with the identity that the account knows.
pub(crate) async fn caller(session: &Session, backend: &Backend) -> Result<Caller, CliError> {
    // It was asked for when planning, and is remembered.
    let caller = backend.identity().await.ok().map(|identity| identity.caller);
    // In a container nobody is logged in; AWS knows who it is all the same.
    let named = session.environment.user.clone().or_else(|| caller.as_deref().and_then(name_in).map(str::to_owned));
    let who = who(session);
    Ok(Caller {
        command: command_line(),
        who: Who { user: named.unwrap_or_else(|| who.user.clone()), caller, ..who },
        random: RandomState::new().hash_one("kedge"),
        lease: lease(session)?,
        clock: Clock::new(jiff::Timestamp::now),
    })
}

/// Writes down that keys or secrets were changed. It is done by then: that it could not be written down is a warning.
pub(crate) async fn note(session: &Session, store: &ClusterStore, what: impl Into<String>) {
    let random = RandomState::new().hash_one("kedge");
    let noted = store.note(jiff::Timestamp::now(), random, who(session), command_line(), what.into()).await;
    if let Err(error) = noted {
        session.ui.warn(&format!("`kedge op log` will not show this change: {error}"));
    }
}

/// The name of an identity: what stands last in its ARN.
fn name_in(arn: &str) -> Option<&str> {
    let (_, name) = arn.rsplit_once(['/', ':'])?;
    (!name.is_empty()).then_some(name)
}

/// What time it is, to the second.
pub(crate) fn now() -> jiff::Timestamp {
    Clock::new(jiff::Timestamp::now).now()
}

/// How long leases are.
pub(crate) fn lease(session: &Session) -> Result<LeaseOptions, CliError> {
    lease_options(session.environment.lease_duration.as_deref())
}

/// The user, machine and process.
pub(crate) fn who(session: &Session) -> Who {
    Who {
        user: session.environment.user.clone().unwrap_or_else(|| "unknown".to_owned()),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        process: std::process::id(),
        caller: None,
    }
}

/// The command as it was typed, as far as a shell would show it. Options of kedge hold no secrets: those are in files.
fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| {
        let word = word.to_string_lossy().into_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{word}'") }
    });
    std::iter::once("kedge".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn lease_options(text: Option<&str>) -> Result<LeaseOptions, CliError> {
    let Some(text) = text else { return Ok(LeaseOptions::default()) };
    let (number, factor) = match text.strip_suffix(['s', 'm']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    seconds.and_then(LeaseOptions::of).ok_or_else(|| {
        CliError::user(format!("KEDGE_LEASE_DURATION is {text:?}, which is no duration from 2 s to 1 h"))
            .hint("write seconds or minutes, such as 60s or 2m, or unset it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_names() {
        let name = |arn| name_in(arn).unwrap_or_default();
        assert_eq!(name("arn:aws:iam::123456789012:user/alice"), "alice");
        assert_eq!(name("arn:aws:sts::123456789012:assumed-role/kedge-apply/run-42"), "run-42");
        assert_eq!(name("arn:aws:iam::123456789012:root"), "root");
        assert_eq!(name_in("nobody"), None);
    }

    #[test]
    fn lease_durations_are_seconds_or_minutes() {
        let seconds = |text| lease_options(Some(text)).map(|options| options.seconds).ok();
        assert_eq!(lease_options(None).unwrap().seconds, 60);
        assert_eq!([seconds("5"), seconds("90s"), seconds("2m")], [Some(5), Some(90), Some(120)]);
        assert_eq!([seconds("1"), seconds("2h"), seconds("-5"), seconds(""), seconds("61m")], [None; 5]);
    }
}
