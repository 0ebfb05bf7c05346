//! What tags AWS takes, and how each service refuses the others.

use kedge_resource::Tags;

use super::Account;
use super::api_error::{ApiError, ApiResult, require};

/// The services, because each has its own codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    AutoScaling,
    LoadBalancing,
    Iam,
    Sqs,
    Events,
}

/// Most tags that a resource can have.
const MOST_TAGS: usize = 50;

/// The tags that a resource would have after `new` ones were set.
pub(crate) fn merged(service: Service, old: &Tags, new: &Tags) -> ApiResult<Tags> {
    check(service, new)?;
    let mut tags = old.clone();
    for (key, value) in new.iter() {
        tags.set(key, value);
    }
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:")).count();
    require(own <= MOST_TAGS, || match service {
        Service::Ec2 => ApiError::new("TagLimitExceeded", format!("More than {MOST_TAGS} tags specified")),
        Service::LoadBalancing => ApiError::new("TooManyTags", "The maximum number of tags has been reached"),
        Service::Iam | Service::Events => {
            ApiError::new("LimitExceeded", format!("Cannot exceed quota for TagsPerResource: {MOST_TAGS}"))
        }
        Service::AutoScaling => ApiError::new("LimitExceeded", format!("Only {MOST_TAGS} tags are allowed")),
        Service::Sqs => ApiError::new("InvalidParameterValue", format!("Too many tags added; at most {MOST_TAGS}")),
    })?;
    Ok(tags)
}

fn check(service: Service, tags: &Tags) -> ApiResult<()> {
    let code = match service {
        Service::Ec2 | Service::Sqs => "InvalidParameterValue",
        Service::AutoScaling | Service::LoadBalancing | Service::Iam => "ValidationError",
        Service::Events => "ValidationException",
    };
    for (key, value) in tags.iter() {
        require(!key.is_empty(), || ApiError::new(code, "Tag keys cannot be empty"))?;
        require(!key.starts_with("aws:"), || {
            ApiError::new(code, format!("Tag keys starting with 'aws:' are reserved for internal use: {key}"))
        })?;
        require(key.chars().count() <= 128, || {
            ApiError::new(code, format!("Tag key exceeds the maximum length of 128 characters: {key}"))
        })?;
        require(value.chars().count() <= 256, || {
            ApiError::new(code, format!("Tag value exceeds the maximum length of 256 characters: {key}"))
        })?;
        // IAM, SQS and EventBridge take fewer characters than EC2.
        let narrow = !matches!(service, Service::Ec2 | Service::AutoScaling);
        let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
        require(!narrow || (allowed(key) && allowed(value)), || {
            ApiError::new(code, format!("Tag {key} has characters that are not allowed"))
        })?;
    }
    Ok(())
}

impl Account {
    /// `ec2:CreateTags` on one resource.
    pub(crate) fn create_tags(&mut self, id: &str, new: &Tags) -> ApiResult<()> {
        let tags = self.ec2_tags(id)?;
        *tags = merged(Service::Ec2, tags, new)?;
        Ok(())
    }

    /// `ec2:DeleteTags` on one resource.
    pub(crate) fn delete_tags(&mut self, id: &str, keys: &[&str]) -> ApiResult<()> {
        let tags = self.ec2_tags(id)?;
        tags.0.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    }

    /// The tags of a resource of EC2 by its id.
    fn ec2_tags(&mut self, id: &str) -> ApiResult<&mut Tags> {
        let found = match id.split('-').next().unwrap_or_default() {
            "vpc" => self.vpcs.get_mut(id).map(|it| &mut it.tags),
            "dopt" => self.dhcp_options.get_mut(id).map(|it| &mut it.tags),
            "igw" => self.internet_gateways.get_mut(id).map(|it| &mut it.tags),
            "eigw" => self.egress_only_gateways.get_mut(id).map(|it| &mut it.tags),
            "subnet" => self.subnets.get_mut(id).map(|it| &mut it.tags),
            "rtb" => self.route_tables.get_mut(id).map(|it| &mut it.tags),
            "eipalloc" => self.addresses.get_mut(id).map(|it| &mut it.tags),
            "nat" => self.nat_gateways.get_mut(id).map(|it| &mut it.tags),
            "sg" => self.security_groups.get_mut(id).map(|it| &mut it.tags),
            "sgr" => self
                .security_groups
                .values_mut()
                .find_map(|group| group.rules.iter_mut().find(|rule| rule.id == id).map(|rule| &mut rule.tags)),
            "key" => self.key_pairs.values_mut().find(|it| it.id == id).map(|it| &mut it.tags),
            "vol" => self.volumes.get_mut(id).map(|it| &mut it.tags),
            "lt" => self.launch_templates.values_mut().find(|it| it.id == id).map(|it| &mut it.tags),
            "i" => self.instances.get_mut(id).map(|it| &mut it.tags),
            "eni" => self.network_interfaces.get_mut(id).map(|it| &mut it.tags),
            _ => None,
        };
        found.ok_or_else(|| ApiError::new("InvalidID", format!("The ID '{id}' is not valid")))
    }
}
