//! cert-manager proves to a certificate authority that a name is ours, by a record below `_acme-challenge`.

use super::super::policy::Policy;

/// What cert-manager may do in these hosted zones.
pub(in super::super) fn cert_manager(policy: &mut Policy<'_>, zones: &[String]) {
    let arn = |rest: &str| format!("arn:{}:route53:::{rest}", policy.partition);
    let zones: Vec<String> = zones.iter().map(|zone| arn(&format!("hostedzone/{zone}"))).collect();
    let changes = arn("change/*");
    policy.statement("route53", &["ListResourceRecordSets"], &zones, &[]);
    policy.statement(
        "route53",
        &["ChangeResourceRecordSets"],
        &zones,
        &[
            (
                "ForAllValues:StringLike",
                "route53:ChangeResourceRecordSetsNormalizedRecordNames",
                &["_acme-challenge.*"],
            ),
            ("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", &["TXT"]),
        ],
    );
    policy.statement("route53", &["GetChange"], &[changes], &[]);
    policy.allow("route53", &["ListHostedZonesByName"]);
}
