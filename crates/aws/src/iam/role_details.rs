//! The roles of an account with everything on them, in one list.
//!
//! `GetAccountAuthorizationDetails` tells in one call what takes four calls for each role otherwise: tags, trust, boundary and
//! policies. It cannot be narrowed to names, and not everybody may call it. So no more than [`PAGES`] pages of it are read: of
//! an account with more roles than that, and where the call is denied, nothing is kept, and the cluster's roles are asked for
//! one by one.

use aws_sdk_iam::types::{EntityType, RoleDetail};
use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::{ClusterName, Handle, Kind, names};

use super::{policy_attachment, read_tags, role, role_policy};
use crate::client::Aws;
use crate::observe::Part;
use crate::shared::{entry, ownership};

const CALL: &str = "iam:GetAccountAuthorizationDetails";
/// Roles in a page. Each has its policies with it, up to some 10 kB.
const PAGE: i32 = 100;
/// How many pages are worth it.
const PAGES: usize = 3;

/// The roles whose names could be the cluster's, with their policies; `None` if they have to be asked for one by one.
pub(super) async fn observe(aws: &Aws, cluster: &ClusterName) -> Result<Option<Part>, CloudError> {
    let mut part = Part::default();
    let mut marker: Option<String> = None;
    for _ in 0..PAGES {
        let answer = aws
            .read(CALL, || {
                aws.iam()
                    .get_account_authorization_details()
                    .filter(EntityType::Role)
                    .max_items(PAGE)
                    .set_marker(marker.clone())
                    .send()
            })
            .await;
        let page = match answer {
            Err(error) if error.class == ErrorClass::Denied => return Ok(None),
            other => other?,
        };
        for raw in page.role_detail_list.unwrap_or_default() {
            part.extend(entries(cluster, raw)?);
        }
        marker = page.marker.filter(|_| page.is_truncated);
        if marker.is_none() {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// A role and what is on it, if its name could be the cluster's.
fn entries(cluster: &ClusterName, raw: RoleDetail) -> Result<Part, CloudError> {
    let mut part = Part::default();
    let Some(name) = raw.role_name.filter(|name| names::owns_name(Kind::Role, cluster, name)) else { return Ok(part) };
    let tags = read_tags(raw.tags);
    let ownership = ownership(cluster, &tags);
    let trust = raw.assume_role_policy_document.unwrap_or_default();
    let properties = role::properties(CALL, &name, &trust, raw.permissions_boundary, tags).map(Some);
    let properties = part.accept(&[Kind::Role], properties)?;
    part.resources.extend(properties.map(|role| entry(Kind::Role, &name, Handle::new(&name), ownership, role)));
    let attached = raw.attached_managed_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn);
    part.resources.extend(attached.map(|arn| policy_attachment::observed(&name, &arn, ownership)));
    for policy in raw.role_policy_list.unwrap_or_default() {
        let (Some(policy), Some(document)) = (policy.policy_name, policy.policy_document) else { continue };
        let policy = role_policy::observed(CALL, &name, &policy, &document, ownership).map(Some);
        let policy = part.accept(&[Kind::RolePolicy], policy)?;
        part.resources.extend(policy);
    }
    Ok(part)
}

#[cfg(test)]
mod tests;
