//! Logs for developers, on standard error, when they are asked for. What users read never comes from here.

use tracing_subscriber::EnvFilter;

/// Shows what happens inside for `-vv`, or what the filter of `KEDGE_LOG` lets through.
pub(crate) fn start(verbose: u8, filter: Option<&str>) {
    let filter = match (filter, verbose) {
        (Some(filter), _) => filter,
        (None, 0 | 1) => return,
        (None, 2) => "kedge=debug,kedge_aws=debug,kedge_sandbox=debug,kedge_engine=debug",
        (None, _) => "debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
