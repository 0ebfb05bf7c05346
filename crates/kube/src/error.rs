//! Errors of the API, classified once.

use std::fmt;

/// What the API says when an object is not the version that a request names.
const MODIFIED: &str = "the object has been modified";

/// What an error means for whoever made the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The credentials are not known, or may not do this.
    Denied,
    /// What was asked for is not there.
    NotFound,
    /// Somebody else has changed it, or owns its fields.
    Conflict,
    /// The API does not answer.
    Unreachable,
    /// The API answers, but a part of it that this needs is not there yet: it may be later.
    NotReady,
    /// The API has no such kind: its definition may come later, or was deleted with all objects of it.
    NoKind,
    /// The API refuses what it was given.
    Invalid,
    /// Something else.
    Other,
}

impl Class {
    /// What to do.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Denied => "use a kubeconfig of an administrator: `kedge export kubeconfig --admin`",
            Self::NotFound => "look whether it was deleted, or is called otherwise",
            Self::Conflict => "look at who changed it (`kubectl get --show-managed-fields`), and try again or force it",
            Self::Unreachable => {
                "look whether control planes run and whether your address may use the API: `kedge validate`"
            }
            Self::NoKind => "apply what brings the kind (a CustomResourceDefinition), and try again",
            Self::NotReady => "wait until the control plane has started, and try again",
            Self::Invalid => "mend the manifest; objects with fields that cannot change have to be deleted first",
            Self::Other => "look at the log of the API server",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::NotReady | Self::NoKind)
    }
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub struct KubeError {
    /// What it means.
    pub class: Class,
    /// What was to be done, as it reads after "failed to".
    pub action: String,
    /// What the API said; empty where there is a source that says it.
    pub why: String,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for KubeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.action)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        Ok(())
    }
}

impl KubeError {
    /// An error that no request brought.
    pub(crate) fn new(class: Class, action: impl Into<String>, why: impl Into<String>) -> Self {
        Self { class, action: action.into(), why: why.into(), source: None }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.class.hint()
    }

    /// Whether somebody else wrote before, so that the object is not what the request was made for.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.why.contains(MODIFIED)
    }

    /// An error of the client.
    pub(crate) fn of(action: impl Into<String>, error: kube::Error) -> Self {
        let action = action.into();
        match error {
            kube::Error::Api(status) => {
                let class = classify(status.code, &status.reason, &status.message);
                let why = if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
                Self::new(class, action, why)
            }
            error => {
                let class = match &error {
                    kube::Error::HyperError(_) | kube::Error::Service(_) => Class::Unreachable,
                    kube::Error::Auth(_) => Class::Denied,
                    _ => Class::Other,
                };
                Self { class, action, why: String::new(), source: Some(Box::new(error)) }
            }
        }
    }
}

/// The class of a status.
fn classify(code: u16, reason: &str, message: &str) -> Class {
    match (code, reason) {
        (401 | 403, _) => {
            // A namespace that is just going refuses new objects, and so does one whose quota is used up.
            if message.contains("is being terminated") { Class::NotReady } else { Class::Denied }
        }
        (404, _) => Class::NotFound,
        // Somebody else wrote between two steps of the server.
        (409, _) if message.contains(MODIFIED) => Class::NotReady,
        (409, _) => Class::Conflict,
        (422 | 400 | 405 | 413 | 415, _) => Class::Invalid,
        (408 | 429 | 502 | 503 | 504, _) => Class::NotReady,
        // What server-side apply says of fields that a kind does not have.
        (500, _) if message.contains("failed to create typed patch object") => Class::Invalid,
        // Webhooks that do not answer, and an API server whose caches are not filled.
        (500, _) if message.contains("failed calling webhook") || reason == "ServerTimeout" => Class::NotReady,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_classified() {
        let cases = [
            (401, "Unauthorized", "", Class::Denied),
            (403, "Forbidden", "nodes is forbidden", Class::Denied),
            (403, "Forbidden", "namespace a is being terminated", Class::NotReady),
            (404, "NotFound", "", Class::NotFound),
            (409, "Conflict", "Apply failed with 1 conflict", Class::Conflict),
            (409, "AlreadyExists", "", Class::Conflict),
            (409, "Conflict", "the object has been modified", Class::NotReady),
            (422, "Invalid", "", Class::Invalid),
            (429, "TooManyRequests", "", Class::NotReady),
            (500, "InternalError", "failed calling webhook \"x\"", Class::NotReady),
            (500, "InternalError", "failed to create typed patch object", Class::Invalid),
            (500, "InternalError", "", Class::Other),
            (503, "ServiceUnavailable", "", Class::NotReady),
        ];
        for (code, reason, message, class) in cases {
            assert_eq!(classify(code, reason, message), class, "{code} {reason} {message}");
        }
    }

    #[test]
    fn every_class_has_a_next_step() {
        for class in [
            Class::Denied,
            Class::NotFound,
            Class::Conflict,
            Class::Unreachable,
            Class::NotReady,
            Class::Invalid,
            Class::Other,
        ] {
            assert!(!class.hint().is_empty());
        }
        assert!(Class::Unreachable.may_pass() && !Class::Denied.may_pass());
    }
}
