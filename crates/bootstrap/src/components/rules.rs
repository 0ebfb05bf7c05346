//! What API servers, controller managers and schedulers refuse: a flag that breaks one of these rules ends them as they start.

use std::net::IpAddr;

use kedge_spec::Settings;

use super::tables::REMOVED;
use crate::args::Args;
use crate::duration::{MILLISECOND, nanoseconds};
use crate::problem::BootProblem;

/// Settings that take a few words only, one or several, with their flags.
const WORDS: [(&str, &str, &[&str]); 6] = [
    ("auditLogFormat", "audit-log-format", &["json", "legacy"]),
    ("auditWebhookMode", "audit-webhook-mode", &["batch", "blocking", "blocking-strict"]),
    ("authorizationMode", "authorization-mode", &["Node", "RBAC", "Webhook", "AlwaysAllow", "AlwaysDeny"]),
    ("leaderElection.leaderElectResourceLock", "leader-elect-resource-lock", &["leases"]),
    ("storageBackend", "storage-backend", &["etcd3"]),
    ("tlsMinVersion", "tls-min-version", &["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]),
];

/// Looks at the flags of an API server.
pub(super) fn api_server(args: &Args, problems: &mut Vec<BootProblem>) {
    let mut problem = |setting: &str, why: String, hint: &str| {
        problems.push(BootProblem::new(format!("kubeAPIServer.{setting}"), why, hint));
    };
    for (setting, flag) in [("advertiseAddress", "advertise-address"), ("bindAddress", "bind-address")] {
        if let Some(written) = args.get(flag).filter(|address| address.parse::<IpAddr>().is_err()) {
            problem(setting, format!("`{written}` is no address"), "write an IP address, or leave it out");
        }
    }
    if let Some(url) = args.get("service-account-jwks-uri").filter(|url| !url.starts_with("https://")) {
        problem("serviceAccountJWKSURI", format!("`{url}` does not begin with `https://`"), "write an HTTPS URL");
    }
    let asks = args.get("authorization-mode").is_some_and(|modes| modes.split(',').any(|mode| mode == "Webhook"));
    match (asks, args.get("authorization-webhook-config-file")) {
        (true, None) => {
            let why = "`Webhook` without a file that says whom to ask".to_owned();
            problem("authorizationMode", why, "name the file in `authorizationWebhookConfigFile`");
        }
        (false, Some(file)) => {
            let why = format!("`{file}` says whom to ask, and nobody is asked");
            problem("authorizationWebhookConfigFile", why, "write `authorizationMode: Node,RBAC,Webhook` too");
        }
        _ => {}
    }
    words("kubeAPIServer", args, problems);
}

/// Looks at the flags and the settings of a controller manager.
pub(super) fn controller_manager(settings: &Settings, args: &Args, problems: &mut Vec<BootProblem>) {
    for (setting, hint) in REMOVED {
        if settings.get(setting).is_some() {
            let field = format!("kubeControllerManager.{setting}");
            problems.push(BootProblem::new(field, "Kubernetes has dropped this setting", hint));
        }
    }
    words("kubeControllerManager", args, problems);
    election("kubeControllerManager", args, problems);
}

/// Looks at the flags of a scheduler.
pub(super) fn scheduler(args: &Args, problems: &mut Vec<BootProblem>) {
    words("kubeScheduler", args, problems);
    election("kubeScheduler", args, problems);
}

/// Looks at the times by which one of several is elected.
fn election(block: &str, args: &Args, problems: &mut Vec<BootProblem>) {
    let second = 1_000 * MILLISECOND;
    // What they are by themselves.
    let time = |flag: &str, usual: u64| args.get(flag).and_then(nanoseconds).unwrap_or(usual * second);
    let lease = time("leader-elect-lease-duration", 15);
    let renew = time("leader-elect-renew-deadline", 10);
    let retry = time("leader-elect-retry-period", 2);
    // A try comes up to a fifth later than it should.
    if lease <= renew || renew <= retry.saturating_add(retry / 5) {
        problems.push(BootProblem::new(
            format!("{block}.leaderElection"),
            "who is elected could not stay so: a lease has to last longer than it may take to renew it, and that longer than a try",
            "write `leaderElectLeaseDuration` (15 seconds by itself), `leaderElectRenewDeadlineDuration` (10) and \
             `leaderElectRetryPeriod` (2), each shorter than the one before it",
        ));
    }
}

fn words(block: &str, args: &Args, problems: &mut Vec<BootProblem>) {
    for (setting, flag, known) in WORDS {
        for word in args.get(flag).into_iter().flat_map(|value| value.split(',')) {
            if !known.contains(&word) {
                problems.push(BootProblem::new(
                    format!("{block}.{setting}"),
                    format!("Kubernetes does not know `{word}`"),
                    format!("write {}", known.join(", ")),
                ));
            }
        }
    }
}
