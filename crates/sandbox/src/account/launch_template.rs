//! `CreateLaunchTemplate`, `CreateLaunchTemplateVersion`, `ModifyLaunchTemplate`, `DeleteLaunchTemplate`.
//!
//! AWS answers references to things that do not exist with a warning and fails at the launch. The sandbox refuses them at
//! once: whoever applies in the wrong order should see it here.

use kedge_resource::Tags;
use kedge_resource::kind::LaunchTemplate as Data;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// Most bytes of user data.
const USER_DATA_BYTES: usize = 16_384;

/// A launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaunchTemplate {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Version 1 first; references are ids, tags are empty.
    pub(crate) versions: Vec<Data>,
    /// Number of the default version.
    pub(crate) default_version: usize,
    pub(crate) tags: Tags,
}

impl LaunchTemplate {
    /// The latest version.
    pub(crate) fn latest(&self) -> Option<&Data> {
        self.versions.last()
    }
}

impl Account {
    /// The template of this name.
    pub(crate) fn launch_template(&self, name: &str) -> ApiResult<&LaunchTemplate> {
        self.launch_templates.get(name).ok_or_else(|| {
            let message = format!("The specified launch template, with template name {name}, does not exist.");
            ApiError::new("InvalidLaunchTemplateName.NotFoundException", message)
        })
    }

    /// `CreateLaunchTemplate`.
    pub(crate) fn create_launch_template(
        &mut self,
        name: &str,
        data: &Data,
        tags: &Tags,
        token: Option<&str>,
    ) -> ApiResult<LaunchTemplate> {
        const CALL: &str = "CreateLaunchTemplate";
        let known = token.and_then(|token| self.by_token(CALL, token));
        let known = known.and_then(|id| self.launch_templates.values().find(|template| template.id == id));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
        require((3..=128).contains(&name.len()) && name.chars().all(allowed), || {
            let message = "Launch template names must be between 3 and 128 characters long, and may contain letters, \
                numbers, and the following characters: - ( ) . / _.";
            ApiError::new("InvalidLaunchTemplateName.MalformedException", message)
        })?;
        require(!self.launch_templates.contains_key(name), || {
            ApiError::new("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
        })?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        self.check_template(data)?;
        let (have, quota) = (self.launch_templates.len(), self.quotas.launch_templates);
        room(have, quota, "LaunchTemplateLimitExceeded", "launch templates")?;
        let id = self.new_id("lt", name);
        let versions = vec![Data { tags: Tags::default(), ..data.clone() }];
        let template = LaunchTemplate { id: id.clone(), name: name.to_owned(), versions, default_version: 1, tags };
        self.launch_templates.insert(name.to_owned(), template.clone());
        if let Some(token) = token {
            self.remember_token(CALL, token, &id);
        }
        Ok(template)
    }

    /// `CreateLaunchTemplateVersion`; returns the number of the version.
    pub(crate) fn create_launch_template_version(&mut self, name: &str, data: &Data) -> ApiResult<usize> {
        self.launch_template(name)?;
        self.check_template(data)?;
        let Some(template) = self.launch_templates.get_mut(name) else { return Ok(0) };
        template.versions.push(Data { tags: Tags::default(), ..data.clone() });
        Ok(template.versions.len())
    }

    /// `ModifyLaunchTemplate`: sets the default version.
    pub(crate) fn modify_launch_template(&mut self, name: &str, version: usize) -> ApiResult<()> {
        let versions = self.launch_template(name)?.versions.len();
        require((1..=versions).contains(&version), || {
            let message = format!("Could not find the specified version {version} for the launch template {name}.");
            ApiError::new("InvalidLaunchTemplateId.VersionNotFound", message)
        })?;
        if let Some(template) = self.launch_templates.get_mut(name) {
            template.default_version = version;
        }
        Ok(())
    }

    /// `DeleteLaunchTemplate`; groups that use it keep running and cannot launch.
    pub(crate) fn delete_launch_template(&mut self, name: &str) -> ApiResult<()> {
        self.launch_template(name)?;
        self.launch_templates.remove(name);
        Ok(())
    }

    fn check_template(&self, data: &Data) -> ApiResult<()> {
        let image = self.images.iter().find(|image| image.id == data.image_id).ok_or_else(|| {
            let message = format!("The image id '[{}]' does not exist", data.image_id);
            ApiError::new("InvalidAMIID.NotFound", message)
        })?;
        let machine = self.instance_types.get(&data.instance_type).ok_or_else(|| {
            let message = format!("The following supplied instance types do not exist: [{}]", data.instance_type);
            ApiError::new("InvalidInstanceType", message)
        })?;
        require(machine.architectures.contains(&image.architecture), || {
            let message = format!(
                "The architecture '{}' of the specified instance type does not match the architecture '{}' of the \
                specified AMI.",
                machine.architectures.join(","),
                image.architecture
            );
            ApiError::new("InvalidParameterValue", message)
        })?;
        if let Some(key) = data.key.as_ref().map(kedge_resource::Ref::bare) {
            require(self.key_pairs.contains_key(key), || {
                ApiError::new("InvalidKeyPair.NotFound", format!("The key pair '{key}' does not exist"))
            })?;
        }
        let groups: Vec<String> =
            data.network_interfaces.iter().flat_map(|it| &it.security_groups).map(|it| it.bare().to_owned()).collect();
        for group in &groups {
            self.security_group(group)?;
        }
        let quota = self.quotas.security_groups_per_interface;
        for interface in &data.network_interfaces {
            let have = interface.security_groups.len().saturating_sub(1);
            room(have, quota, "SecurityGroupsPerInterfaceLimitExceeded", "security groups")?;
        }
        require(data.user_data.as_ref().is_none_or(|text| text.len() <= USER_DATA_BYTES), || {
            let message = "User data is limited to 16384 bytes";
            ApiError::new("InvalidUserData.Malformed", message)
        })?;
        for specification in &data.tag_specifications {
            merged(Service::Ec2, &Tags::default(), &specification.tags)?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use kedge_resource::kind::{LaunchTemplate, MetadataOptions, Monitoring, NetworkInterfaceSpecification};
    use kedge_resource::{Ref, Tags};

    use super::Account;

    /// A template of the first image of the account.
    pub(crate) fn data(account: &Account, groups: &[String]) -> LaunchTemplate {
        LaunchTemplate {
            image_id: account.images[0].id.clone(),
            instance_type: "m5.large".to_owned(),
            instance_profile: None,
            key: None,
            block_device_mappings: Vec::new(),
            network_interfaces: vec![NetworkInterfaceSpecification {
                associate_public_ip_address: false,
                delete_on_termination: true,
                device_index: 0,
                ipv6_address_count: 0,
                security_groups: groups.iter().map(Ref::existing).collect(),
            }],
            metadata_options: MetadataOptions {
                http_endpoint: "enabled".to_owned(),
                http_tokens: "required".to_owned(),
                http_put_response_hop_limit: 1,
                http_protocol_ipv6: "disabled".to_owned(),
            },
            monitoring: Monitoring { enabled: false },
            credit_specification: None,
            instance_market_options: None,
            placement: None,
            ebs_optimized: None,
            user_data: None,
            tag_specifications: Vec::new(),
            tags: Tags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::Ref;

    use super::super::testing::{account, code, tags};
    use super::testing::data;
    use super::*;

    #[test]
    fn templates_name_things_that_exist() {
        let mut account = account();
        let good = data(&account, &[]);
        let mut make = |data: &Data| code(account.create_launch_template("t.x", data, &tags("t"), None));
        assert_eq!(make(&Data { image_id: "ami-1".to_owned(), ..good.clone() }), "InvalidAMIID.NotFound");
        assert_eq!(make(&Data { instance_type: "m5.huge".to_owned(), ..good.clone() }), "InvalidInstanceType");
        assert_eq!(make(&Data { instance_type: "t4g.small".to_owned(), ..good.clone() }), "InvalidParameterValue");
        assert_eq!(make(&Data { key: Some(Ref::existing("k")), ..good.clone() }), "InvalidKeyPair.NotFound");
        let long = Some("x".repeat(16_385));
        assert_eq!(make(&Data { user_data: long, ..good.clone() }), "InvalidUserData.Malformed");
        let mut groups = good.clone();
        groups.network_interfaces[0].security_groups = vec![Ref::existing("sg-1")];
        assert_eq!(make(&groups), "InvalidGroup.NotFound");
        assert!(make(&good).starts_with("accepted"));
        assert_eq!(make(&good), "InvalidLaunchTemplateName.AlreadyExistsException");
    }

    #[test]
    fn versions_count_up() {
        let mut account = account();
        let data = data(&account, &[]);
        let first = account.create_launch_template("t.x", &data, &tags("t"), Some("a")).unwrap();
        assert_eq!(account.create_launch_template("t.x", &data, &tags("t"), Some("a")).unwrap().id, first.id);
        assert_eq!(account.create_launch_template_version("t.x", &data).unwrap(), 2);
        account.modify_launch_template("t.x", 2).unwrap();
        let code_of = code(account.modify_launch_template("t.x", 3));
        assert_eq!(code_of, "InvalidLaunchTemplateId.VersionNotFound");
        account.delete_launch_template("t.x").unwrap();
        let gone = code(account.delete_launch_template("t.x"));
        assert_eq!(gone, "InvalidLaunchTemplateName.NotFoundException");
        assert_eq!(
            code(account.create_launch_template("t", &data, &tags("t"), None)),
            "InvalidLaunchTemplateName.MalformedException"
        );
    }
}
