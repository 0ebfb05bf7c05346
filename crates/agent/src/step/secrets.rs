//! Secrets of the cluster that the instance needs, in files that only root reads.

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::ensure as ensure_file;

pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let secrets = &agent.config.secrets;
    for file in secrets {
        let secret = agent.ports.store.secret(&*agent.ports.outer, &file.secret).await?;
        ensure_file(agent.host(), &file.path, secret.expose(), 0o600).await?;
    }
    Ok(match secrets.len() {
        0 => "the instance needs none".to_owned(),
        count => format!("{count} written where only root reads them"),
    })
}
