//! The Kubernetes version.

use kedge_diag::Diagnostic;

use super::Report;

/// Minor versions of Kubernetes 1 that kedge knows.
const KNOWN: std::ops::RangeInclusive<u32> = 28..=37;

/// The version without its `v`; what is no version is reported and kept as written.
pub(super) fn version(report: &mut Report<'_>, written: Option<&str>) -> String {
    let path = "spec.kubernetesVersion";
    let hint = format!("give a release such as `1.{}.0`", KNOWN.end());
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
    let bare = written.strip_prefix('v').unwrap_or(written);
    let Some((major, minor)) = parse(bare) else {
        report.push(
            path,
            Diagnostic::error(
                "kubernetes-version",
                "Kubernetes version is no version",
                format!("`{written}` is no release"),
            )
            .hint(hint),
        );
        return bare.to_owned();
    };
    if major != 1 || !KNOWN.contains(&minor) {
        let age = if (major, minor) < (1, *KNOWN.start()) { "older" } else { "newer" };
        report.push(
            path,
            Diagnostic::warning(
                "kubernetes-version-range",
                "Kubernetes version is not known",
                format!(
                    "`{written}` is {age} than what kedge was written for (1.{} to 1.{})",
                    KNOWN.start(),
                    KNOWN.end()
                ),
            ),
        );
    }
    bare.to_owned()
}

/// Major and minor number of `1.34.0`, `1.34.0-beta.1` or `1.34`.
fn parse(text: &str) -> Option<(u32, u32)> {
    let release = text.split(['-', '+']).next()?;
    let numbers: Vec<u32> = release.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [major, minor] | [major, minor, _] => Some((*major, *minor)),
        _ => None,
    }
}
