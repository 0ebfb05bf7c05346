//! What the services other than EC2 have in common: entries of the inventory, tags, and things that stand in the way.

use std::collections::BTreeMap;

use aws_smithy_types::error::operation::BuildError;
use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::kind::Properties;
use kedge_resource::tags::ownership_key;
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ownership, ResourceKey, Tags};

/// An entry of the inventory.
pub(crate) fn entry(
    kind: Kind,
    name: impl Into<String>,
    handle: Handle,
    ownership: Ownership,
    properties: impl Into<Properties>,
) -> Observed {
    Observed { key: ResourceKey::new(kind, name), handle, ownership, properties: properties.into() }
}

/// Whose a thing with these tags is.
pub(crate) fn ownership(cluster: &ClusterName, tags: &Tags) -> Ownership {
    if tags.owned_by(cluster) { Ownership::Owned } else { Ownership::Foreign }
}

/// Whether the tags name the cluster, be it as owner or not.
pub(crate) fn concerns(cluster: &ClusterName, tags: &Tags) -> bool {
    tags.get(&ownership_key(cluster)).is_some()
}

/// The tags that have to be set so that a thing with the tags `before` has those of `after`. Further tags stay.
pub(crate) fn changed_tags(before: &Tags, after: &Tags) -> Tags {
    after.iter().filter(|(key, value)| before.get(key) != Some(value)).collect()
}

/// The entries of a map of attributes that have to be set.
pub(crate) fn changed_attributes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A part of a request, which the SDK builds only if it is complete.
pub(crate) fn built<T>(call: &str, part: Result<T, BuildError>) -> Result<T, CloudError> {
    part.map_err(|error| CloudError::new(ErrorClass::Invalid, call, error.to_string()))
}

/// Parts of a request.
pub(crate) fn all_built<T>(
    call: &str,
    parts: impl IntoIterator<Item = Result<T, BuildError>>,
) -> Result<Vec<T>, CloudError> {
    parts.into_iter().map(|part| built(call, part)).collect()
}

/// A thing that does not belong to the cluster has the name that this one needs.
pub(crate) fn in_the_way(call: &str, key: &ResourceKey, cluster: &ClusterName) -> CloudError {
    CloudError::new(
        ErrorClass::Conflict,
        call,
        format!("the name of {key} is taken by something that does not belong to {cluster}"),
    )
    .with_hint(format!(
        "rename or remove the other one; if it is a leftover of this cluster, tag it kubernetes.io/cluster/{cluster}=owned"
    ))
}

/// The last part of an ARN: after the last `:` or `/`.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// `None` for what AWS calls missing, other errors as they are.
pub(crate) fn found<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_that_differ_are_set() {
        let before: Tags = [("a", "1"), ("b", "2"), ("other", "x")].into_iter().collect();
        let after: Tags = [("a", "1"), ("b", "3"), ("c", "4")].into_iter().collect();
        assert_eq!(changed_tags(&before, &after), [("b", "3"), ("c", "4")].into_iter().collect());
    }

    #[test]
    fn arns_end_in_names() {
        assert_eq!(last_part("arn:aws:sqs:us-east-1:123456789012:a-example-com-nth"), "a-example-com-nth");
        assert_eq!(last_part("arn:aws:iam::123456789012:role/path/nodes.a.example.com"), "nodes.a.example.com");
    }
}
