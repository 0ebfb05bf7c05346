//! Who may come to the API without a certificate: nobody, and those whom an OIDC issuer vouches for.
//!
//! kops lets nobody come anonymously. kubeadm's probes are anonymous, so that the flag for it would end every API server it
//! starts; since Kubernetes 1.32 a configuration file can let the probes through and nobody else. It takes the place of the
//! OIDC flags too.

use kedge_spec::{ResolvedSpec, Settings};
use serde_json::{Map, Value, json};

use crate::files::File;
use crate::problem::BootProblem;

const PATH: &str = "/etc/kubernetes/authentication-config.yaml";

/// How an API server is told.
pub(crate) enum Authentication {
    /// As the manifest says by itself.
    AsWritten,
    /// By this file.
    File(File),
}

/// The configuration of authentication.
pub(crate) fn authentication(
    spec: &ResolvedSpec,
    settings: &Settings,
    assets: &[File],
    problems: &mut Vec<BootProblem>,
) -> Authentication {
    if settings.text("authenticationConfigFile").is_some() {
        return Authentication::AsWritten;
    }
    let mut document = json!({
        "apiVersion": if minor(&spec.cluster.kubernetes_version) >= 34 {
            "apiserver.config.k8s.io/v1"
        } else {
            "apiserver.config.k8s.io/v1beta1"
        },
        "kind": "AuthenticationConfiguration",
    });
    let anonymous = if settings.boolean("anonymousAuth") == Some(true) {
        json!({ "enabled": true })
    } else {
        let paths = ["/livez", "/readyz", "/healthz"].map(|path| json!({ "path": path }));
        json!({ "enabled": true, "conditions": paths })
    };
    if let Some(fields) = document.as_object_mut() {
        fields.insert("anonymous".to_owned(), anonymous);
        if let Some(issuer) = jwt(settings, assets, problems) {
            fields.insert("jwt".to_owned(), json!([issuer]));
        }
    }
    Authentication::File(File::text(PATH, &kedge_spec::text::write(&[document])))
}

/// An OIDC issuer as the flags describe it.
fn jwt(settings: &Settings, assets: &[File], problems: &mut Vec<BootProblem>) -> Option<Value> {
    let url = settings.text("oidcIssuerURL")?;
    let Some(client) = settings.text("oidcClientID") else {
        problems.push(BootProblem::new(
            "kubeAPIServer.oidcIssuerURL",
            "an issuer without a client",
            "name the client in `oidcClientID`",
        ));
        return None;
    };
    if !url.starts_with("https://") {
        problems.push(BootProblem::new(
            "kubeAPIServer.oidcIssuerURL",
            format!("`{url}` does not begin with `https://`"),
            "write the HTTPS URL of the issuer",
        ));
    }
    let mut issuer = json!({ "url": url, "audiences": [client] });
    if let Some(path) = settings.text("oidcCAFile") {
        match assets.iter().find(|asset| asset.path == path).and_then(File::as_text) {
            Some(text) => issuer.as_object_mut()?.insert("certificateAuthority".to_owned(), text.into()),
            None => {
                problems.push(BootProblem::new(
                    "kubeAPIServer.oidcCAFile",
                    format!("nothing says what `{path}` holds"),
                    "give the file in `fileAssets` of the cluster, with this path",
                ));
                None
            }
        };
    }
    let claim = settings.text("oidcUsernameClaim").unwrap_or("sub");
    let prefix = match settings.text("oidcUsernamePrefix") {
        Some("-") => String::new(),
        Some(prefix) => prefix.to_owned(),
        // What API servers do by themselves where no prefix is set.
        None if claim == "email" => String::new(),
        None => format!("{url}#"),
    };
    let mut mappings = Map::new();
    mappings.insert("username".to_owned(), json!({ "claim": claim, "prefix": prefix }));
    if let Some(claim) = settings.text("oidcGroupsClaim") {
        let prefix = settings.text("oidcGroupsPrefix").unwrap_or_default();
        mappings.insert("groups".to_owned(), json!({ "claim": claim, "prefix": prefix }));
    }
    let mut rules = Vec::new();
    for required in settings.texts("oidcRequiredClaim") {
        match required.split_once('=') {
            Some((claim, value)) => rules.push(json!({ "claim": claim, "requiredValue": value })),
            None => problems.push(BootProblem::new(
                "kubeAPIServer.oidcRequiredClaim",
                format!("`{required}` requires nothing"),
                "write `claim=value`",
            )),
        }
    }
    let mut found = json!({ "issuer": issuer, "claimMappings": mappings });
    if !rules.is_empty() {
        found.as_object_mut()?.insert("claimValidationRules".to_owned(), rules.into());
    }
    Some(found)
}

/// The second number of a version such as `1.34.0`.
pub(crate) fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
}
