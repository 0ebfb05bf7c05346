//! Where the state is, and who issues service account tokens.

use kedge_diag::Diagnostic;

use super::Report;
use crate::resolved::{Issuer, Network, StorePath};
use crate::v1alpha2::cluster::ClusterSpec;

/// `configBase` as bucket and path. A scheme without buckets gives no path, because S3 permissions have nothing to name.
pub(super) fn config_base(report: &mut Report<'_>, written: Option<&str>) -> Option<StorePath> {
    let written = written?;
    let Some((scheme, rest)) = written.split_once("://") else {
        report.push(
            "spec.configBase",
            Diagnostic::error("config-base", "state path cannot be used", format!("`{written}` has no scheme"))
                .hint("write `s3://bucket/prefix/cluster`"),
        );
        return None;
    };
    // `memfs` is the scheme of kops's own tests.
    if !matches!(scheme, "s3" | "memfs") {
        return None;
    }
    let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        report.push(
            "spec.configBase",
            Diagnostic::error("config-base", "state path cannot be used", format!("`{written}` names no bucket"))
                .hint("write `s3://bucket/prefix/cluster`"),
        );
        return None;
    }
    Some(StorePath { bucket: bucket.to_owned(), path: path.trim_matches('/').to_owned() })
}

/// The issuer, if the manifest arranges for others to know it.
pub(super) fn issuer(report: &mut Report<'_>, spec: &ClusterSpec, network: &Network) -> Option<Issuer> {
    let raw = &spec.service_account_issuer_discovery;
    let path = "spec.serviceAccountIssuerDiscovery";
    let store = raw.discovery_store.as_deref().filter(|store| !store.is_empty());
    if store.is_some() && raw.discovery_service.is_some() {
        report.push(
            &format!("{path}.discoveryStore"),
            Diagnostic::error(
                "issuer",
                "service account issuer is ambiguous",
                "`discoveryStore` and `discoveryService` both say where the keys are",
            )
            .hint("keep one of the two"),
        );
    }
    let url = match (&spec.kube_api_server.service_account_issuer, store, &raw.discovery_service) {
        (Some(url), _, _) => Some(url.clone()),
        (None, Some(store), _) => store_url(report, &format!("{path}.discoveryStore"), store, network),
        (None, None, Some(service)) => Some(service.url.clone()),
        (None, None, None) => None,
    };
    if let Some(url) = &url
        && !url.starts_with("https://")
    {
        report.push(
            path,
            Diagnostic::error("issuer", "service account issuer cannot be used", format!("`{url}` is no https URL")),
        );
    }
    if raw.enable_aws_oidc_provider && store.is_none() && raw.discovery_service.is_none() {
        report.push(
            &format!("{path}.enableAWSOIDCProvider"),
            Diagnostic::error(
                "issuer",
                "service account issuer is not public",
                "AWS has to read the keys of the issuer, and nothing says where they are published",
            )
            .hint("set `discoveryStore: s3://bucket/prefix` to a bucket that may be read by everybody"),
        );
    }
    if url.is_none() && spec.iam.use_service_account_external_permissions && store.is_none() {
        report.push(
            "spec.iam.useServiceAccountExternalPermissions",
            Diagnostic::error(
                "issuer",
                "service account issuer is missing",
                "roles for service accounts need an issuer that AWS trusts",
            )
            .hint("set `serviceAccountIssuerDiscovery` with `discoveryStore` and `enableAWSOIDCProvider: true`"),
        );
    }
    Some(Issuer {
        url: url?.trim_end_matches('/').to_owned(),
        discovery_store: store.map(str::to_owned),
        aws_oidc_provider: raw.enable_aws_oidc_provider,
        additional_audiences: raw.additional_audiences.clone(),
    })
}

/// The https URL of a discovery store.
fn store_url(report: &mut Report<'_>, path: &str, store: &str, network: &Network) -> Option<String> {
    if let Some(rest) = store.strip_prefix("memfs://") {
        return Some(format!("https://{rest}"));
    }
    let mut refuse = |detail: String, hint: &str| {
        report.push(path, Diagnostic::error("issuer", "service account issuer cannot be used", detail).hint(hint));
        None
    };
    let Some(rest) = store.strip_prefix("s3://") else {
        return refuse(format!("`{store}` is no path in S3"), "write `s3://bucket/prefix`");
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || bucket.contains('.') {
        return refuse(
            format!("`{bucket}` cannot be the bucket: certificates of S3 hold for names without dots only"),
            "use a bucket whose name has no dot",
        );
    }
    let Some(region) = network.region() else {
        return refuse(
            "the URL of the bucket depends on its region, and no subnet names a zone".to_owned(),
            "give `zone` of a subnet",
        );
    };
    let dual = if network.ipv6_only() { "dualstack." } else { "" };
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://{bucket}.s3.{dual}{region}.{suffix}/{key}"))
}
