//! The Kubernetes version.

use std::ops::RangeInclusive;

use kedge_diag::Diagnostic;

use super::Report;

/// Minor versions of Kubernetes 1 that instances can boot with. Add-ons and configurations of instances are made for these; the
/// AWS resources of others are made all the same, which an existing cluster may need.
pub const KUBERNETES_MINORS: RangeInclusive<u32> = 32..=36;

/// What is wrong with a version.
pub(crate) enum Wrong {
    /// It is none.
    NoVersion,
    /// It has no patch number, and so names no release.
    NoPatch,
    /// It is older or newer than [`KUBERNETES_MINORS`].
    OutOfRange(&'static str),
}

/// The versions that instances can boot with, in words.
pub(crate) fn range() -> String {
    format!("1.{} to 1.{}", KUBERNETES_MINORS.start(), KUBERNETES_MINORS.end())
}

/// The version without its `v`; what is no version is reported and kept as written.
pub(super) fn version(report: &mut Report<'_>, written: Option<&str>) -> String {
    let path = "spec.kubernetesVersion";
    let hint = format!("give a release such as `1.{}.0`", KUBERNETES_MINORS.end());
    let Some(written) = written else {
        report.push(
            path,
            Diagnostic::error(
                "kubernetes-version",
                "Kubernetes version is missing",
                "kops would take the newest of its channel; kedge changes versions only when the manifest does",
            )
            .hint(hint),
        );
        return String::new();
    };
    match check(written) {
        Ok(()) => {}
        Err(Wrong::NoVersion) => report.push(
            path,
            Diagnostic::error(
                "kubernetes-version",
                "Kubernetes version is no version",
                format!("`{written}` is no release"),
            )
            .hint(hint),
        ),
        Err(Wrong::NoPatch) => report.push(
            path,
            Diagnostic::error(
                "kubernetes-version",
                "Kubernetes version has no patch number",
                format!("`{written}` names no release: packages and images are of one"),
            )
            .hint(format!("write `{}.0`", bare(written))),
        ),
        Err(Wrong::OutOfRange(age)) => report.push(
            path,
            Diagnostic::warning(
                "kubernetes-version-range",
                "Kubernetes version is not known",
                format!("`{written}` is {age} than what instances can boot with ({})", range()),
            ),
        ),
    }
    bare(written).to_owned()
}

/// Whether a version is a release that instances can boot with.
pub(crate) fn check(written: &str) -> Result<(), Wrong> {
    let release = bare(written).split(['-', '+']).next().unwrap_or_default();
    let numbers: Option<Vec<u32>> = release.split('.').map(|part| part.parse().ok()).collect();
    let version = match numbers.as_deref() {
        Some([major, minor, _]) => (*major, *minor),
        Some([_, _]) => return Err(Wrong::NoPatch),
        _ => return Err(Wrong::NoVersion),
    };
    match version {
        (1, minor) if KUBERNETES_MINORS.contains(&minor) => Ok(()),
        version if version < (1, *KUBERNETES_MINORS.start()) => Err(Wrong::OutOfRange("older")),
        _ => Err(Wrong::OutOfRange("newer")),
    }
}

fn bare(written: &str) -> &str {
    written.strip_prefix('v').unwrap_or(written)
}
