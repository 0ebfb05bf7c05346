//! Roles with their policies, instance profiles, OpenID Connect providers.

use kedge_resource::kind::{InstanceProfile, OidcProvider, PolicyAttachment, Role, RolePolicy};
use kedge_resource::{Handle, Kind, Observed, Ref, names};

use super::{View, entry, key_name};

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for role in view.account.roles.values() {
        let named = names::owns_name(Kind::Role, view.cluster, &role.name);
        if !named && !view.concerns(&role.tags) {
            continue;
        }
        let (name, ownership) = (&role.name, view.ownership(&role.tags));
        let properties = Role {
            assume_role_policy_document: role.trust.clone(),
            permissions_boundary: role.boundary.clone(),
            tags: role.tags.clone(),
        };
        found.push(entry(Kind::Role, name, Handle::new(name), ownership, properties));
        for (policy_name, document) in &role.policies {
            let key = format!("{name} {policy_name}");
            let properties = RolePolicy {
                role: Ref::existing(name),
                policy_name: policy_name.clone(),
                policy_document: document.clone(),
            };
            found.push(entry(Kind::RolePolicy, key.clone(), Handle::new(key), ownership, properties));
        }
        for policy_arn in &role.attached {
            let key = format!("{name} {policy_arn}");
            let properties = PolicyAttachment { role: Ref::existing(name), policy_arn: policy_arn.clone() };
            found.push(entry(Kind::PolicyAttachment, key.clone(), Handle::new(key), ownership, properties));
        }
    }
    for profile in view.account.instance_profiles.values() {
        let named = names::owns_name(Kind::InstanceProfile, view.cluster, &profile.name);
        if named || view.concerns(&profile.tags) {
            let properties =
                InstanceProfile { role: profile.role.as_ref().map(Ref::existing), tags: profile.tags.clone() };
            let (handle, ownership) = (Handle::new(&profile.name), view.ownership(&profile.tags));
            found.push(entry(Kind::InstanceProfile, &profile.name, handle, ownership, properties));
        }
    }
    for provider in view.account.oidc_providers.values().filter(|provider| view.concerns(&provider.tags)) {
        let properties = OidcProvider {
            url: provider.url.clone(),
            client_id_list: provider.clients.iter().cloned().collect(),
            thumbprint_list: provider.thumbprints.iter().cloned().collect(),
            tags: provider.tags.clone(),
        };
        let (name, handle) = (key_name(&provider.tags, &provider.arn), Handle::new(&provider.arn));
        found.push(entry(Kind::OidcProvider, name, handle, view.ownership(&provider.tags), properties));
    }
}
