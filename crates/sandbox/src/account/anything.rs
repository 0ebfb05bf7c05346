//! Calls on a thing of which only the id is known, for changes by hand.

use kedge_resource::Tags;

use super::Account;
use super::api_error::{ApiError, ApiResult, require};

impl Account {
    /// Sets tags of the thing with this id, ARN or name.
    pub(crate) fn tag_anything(&mut self, id: &str, tags: &Tags) -> ApiResult<()> {
        if let Some(template) = self.launch_templates.get(id).map(|it| it.id.clone()) {
            return self.create_tags(&template, tags);
        }
        if let Some(pair) = self.key_pairs.get(id).map(|it| it.id.clone()) {
            return self.create_tags(&pair, tags);
        }
        match self.kind_of(id) {
            Named::Balancing => self.add_balancing_tags(id, tags),
            Named::Group => self.tag_group(id, tags),
            Named::Role => self.tag_role(id, tags),
            Named::Profile => self.tag_instance_profile(id, tags),
            Named::Oidc => self.tag_oidc_provider(id, tags),
            Named::Queue => self.tag_queue(id, tags),
            Named::Rule => self.tag_event_rule(id, tags),
            Named::Classic | Named::Other => self.create_tags(id, tags),
        }
    }

    /// Takes a tag from the thing with this id, ARN or name.
    pub(crate) fn untag_anything(&mut self, id: &str, key: &str) -> ApiResult<()> {
        let by_name = [
            self.launch_templates.get_mut(id).map(|it| &mut it.tags),
            self.key_pairs.get_mut(id).map(|it| &mut it.tags),
            self.load_balancers.get_mut(id).map(|it| &mut it.tags),
            self.target_groups.get_mut(id).map(|it| &mut it.tags),
            self.scaling_groups.get_mut(id).map(|it| &mut it.tags),
            self.roles.get_mut(id).map(|it| &mut it.tags),
            self.instance_profiles.get_mut(id).map(|it| &mut it.tags),
            self.oidc_providers.get_mut(id).map(|it| &mut it.tags),
            self.queues.get_mut(id).map(|it| &mut it.tags),
            self.event_rules.get_mut(id).map(|it| &mut it.tags),
        ];
        let found = by_name.into_iter().flatten().next();
        if let Some(tags) = found {
            tags.0.remove(key);
            return Ok(());
        }
        self.delete_tags(id, &[key])
    }

    /// Deletes the thing with this id, ARN or name.
    pub(crate) fn delete_anything(&mut self, id: &str) -> ApiResult<()> {
        if self.launch_templates.contains_key(id) && !self.scaling_groups.contains_key(id) {
            return self.delete_launch_template(id);
        }
        if self.key_pairs.contains_key(id) {
            return self.delete_key_pair(id);
        }
        match self.kind_of(id) {
            Named::Balancing if self.load_balancers.contains_key(id) => return self.delete_load_balancer(id),
            Named::Balancing if self.listeners.contains_key(id) => return self.delete_listener(id),
            Named::Balancing => return self.delete_target_group(id),
            Named::Group => return self.delete_auto_scaling_group(id, true),
            Named::Role => return self.delete_role(id),
            Named::Profile => return self.delete_instance_profile(id),
            Named::Oidc => return self.delete_oidc_provider(id),
            Named::Queue => return self.delete_queue(id),
            Named::Rule => return self.delete_rule(id),
            Named::Classic => {
                self.classic_load_balancers.remove(id);
                return Ok(());
            }
            Named::Other => {}
        }
        match id.split('-').next().unwrap_or_default() {
            "vpc" => self.delete_vpc(id),
            "dopt" => self.delete_dhcp_options(id),
            "igw" => {
                if let Some(gateway) = self.internet_gateways.get_mut(id) {
                    gateway.vpc = None;
                }
                self.delete_internet_gateway(id)
            }
            "eigw" => self.delete_egress_only_gateway(id),
            "subnet" => self.delete_subnet(id),
            "rtb" => self.delete_route_table(id),
            "rtbassoc" => self.disassociate_route_table(id),
            "eipalloc" => self.release_address(id),
            "nat" => self.delete_nat_gateway(id),
            "sg" => self.delete_security_group(id),
            "sgr" => {
                let group = self.security_groups.values().find(|group| group.rules.iter().any(|rule| rule.id == id));
                let group = group.map(|group| group.id.clone()).unwrap_or_default();
                self.revoke(&group, &[id.to_owned()])
            }
            "vol" => self.delete_volume(id),
            "eni" => self.delete_network_interface(id),
            "i" => self.terminate_instances(&[id.to_owned()]),
            _ => Err(ApiError::new("InvalidID", format!("The ID '{id}' is not valid"))),
        }
    }

    /// `AttachVolume`.
    pub(crate) fn attach_volume(&mut self, volume: &str, instance: &str) -> ApiResult<()> {
        let zone = self.instances.get(instance).map(|it| it.zone.clone()).ok_or_else(|| {
            ApiError::new("InvalidInstanceID.NotFound", format!("The instance ID '{instance}' does not exist"))
        })?;
        let there = self
            .volumes
            .get_mut(volume)
            .ok_or_else(|| ApiError::new("InvalidVolume.NotFound", format!("The volume '{volume}' does not exist.")))?;
        require(there.zone == zone, || {
            let message = format!("The volume '{volume}' is not in the same availability zone as '{instance}'");
            ApiError::new("InvalidVolume.ZoneMismatch", message)
        })?;
        require(there.attached_to.is_none(), || {
            ApiError::new("VolumeInUse", format!("{volume} is already attached to an instance"))
        })?;
        there.attached_to = Some(instance.to_owned());
        Ok(())
    }

    fn kind_of(&self, id: &str) -> Named {
        let balancing = self.load_balancers.contains_key(id)
            || self.target_groups.contains_key(id)
            || self.listeners.contains_key(id);
        match () {
            () if balancing => Named::Balancing,
            () if self.scaling_groups.contains_key(id) => Named::Group,
            () if self.roles.contains_key(id) => Named::Role,
            () if self.instance_profiles.contains_key(id) => Named::Profile,
            () if self.oidc_providers.contains_key(id) => Named::Oidc,
            () if self.queues.contains_key(id) => Named::Queue,
            () if self.event_rules.contains_key(id) => Named::Rule,
            () if self.classic_load_balancers.contains_key(id) => Named::Classic,
            () => Named::Other,
        }
    }
}

/// What goes by a name or ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Balancing,
    Group,
    Role,
    Profile,
    Oidc,
    Queue,
    Rule,
    Classic,
    Other,
}
