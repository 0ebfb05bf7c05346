//! What API servers and controller managers refuse: a flag that breaks one of these rules ends them as they start.

use std::net::IpAddr;

use kedge_spec::Settings;

use super::tables::REMOVED;
use crate::args::Args;
use crate::problem::BootProblem;

/// Settings that take a few words only, one or several, with their flags.
const WORDS: [(&str, &str, &[&str]); 5] = [
    ("auditLogFormat", "audit-log-format", &["json", "legacy"]),
    ("auditWebhookMode", "audit-webhook-mode", &["batch", "blocking", "blocking-strict"]),
    ("authorizationMode", "authorization-mode", &["Node", "RBAC", "Webhook", "AlwaysAllow", "AlwaysDeny"]),
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
