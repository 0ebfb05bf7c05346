//! The part of the state store that instances boot from, and the programs that are at hand for them.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use kedge_ops::boot::{BootSource, Program};
use kedge_resource::ClusterName;
use kedge_store::{ClusterStore, Location};

use crate::backend::Backend;
use crate::error::CliError;
use crate::session::Session;
use crate::state;

/// Architectures of instances, as files of programs are called.
const ARCHES: [&str; 2] = ["amd64", "arm64"];
/// What stands for the bucket in a sandbox, whose instances read no user data.
const SANDBOX_BUCKET: &str = "sandbox";

/// What instances of a cluster can boot from; nothing where they could not read the store.
pub(crate) async fn source(
    session: &Session,
    backend: &Backend,
    cluster: &ClusterName,
) -> Result<Option<BootSource>, CliError> {
    match state::location(session)? {
        Some(location) => of(session, backend, cluster, &location, programs(session)?).await,
        None => Ok(None),
    }
}

/// As [`source`], with the programs that the store has, whatever is at hand here.
pub(crate) async fn delivered(
    session: &Session,
    backend: &Backend,
    cluster: &ClusterName,
) -> Result<Option<BootSource>, CliError> {
    match state::location(session)? {
        Some(location) => of(session, backend, cluster, &location, BTreeMap::new()).await,
        None => Ok(None),
    }
}

async fn of(
    session: &Session,
    backend: &Backend,
    cluster: &ClusterName,
    location: &Location,
    programs: BTreeMap<String, Program>,
) -> Result<Option<BootSource>, CliError> {
    let (bucket, prefix) = match location {
        Location::S3 { bucket, prefix } if prefix.is_empty() => (bucket.clone(), cluster.to_string()),
        Location::S3 { bucket, prefix } => (bucket.clone(), format!("{prefix}/{cluster}")),
        // Instances of AWS read no directory of this machine.
        Location::Directory(_) if state::is_sandbox(session) => (SANDBOX_BUCKET.to_owned(), cluster.to_string()),
        Location::Directory(_) => return Ok(None),
    };
    let objects = state::open(session, Some(backend), location).await?;
    let store = ClusterStore::new(objects, cluster.clone());
    Ok(Some(BootSource::new(store, bucket, prefix, session.environment.s3_endpoint.clone(), programs)))
}

/// The programs that are at hand: in the folder that is named, else beside kedge.
fn programs(session: &Session) -> Result<BTreeMap<String, Program>, CliError> {
    let named = session.globals.node_binaries.as_deref().or(session.environment.node_binaries.as_deref());
    let folder = match named {
        Some(folder) => folder.to_owned(),
        None => match own_folder() {
            Some(folder) => folder,
            None => return Ok(BTreeMap::new()),
        },
    };
    let mut found = BTreeMap::new();
    for arch in ARCHES {
        let path = folder.join(format!("kedge-node-{arch}"));
        match Program::at(&path) {
            Ok(program) => {
                found.insert(arch.to_owned(), program);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    if found.is_empty() && named.is_some() {
        return Err(CliError::user(format!("{folder} has neither kedge-node-amd64 nor kedge-node-arm64")).hint(
            "name the folder that has them with --node-binaries, or leave it out: what the store has is used then",
        ));
    }
    Ok(found)
}

/// The folder that this program is in.
fn own_folder() -> Option<Utf8PathBuf> {
    let program = Utf8PathBuf::from_path_buf(std::env::current_exe().ok()?).ok()?;
    program.parent().map(Utf8Path::to_owned)
}
