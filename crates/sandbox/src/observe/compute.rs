//! Volumes, launch templates, instances, network interfaces that nothing uses.

use kedge_resource::kind::{Instance, LaunchTemplate, NetworkInterface, Volume};
use kedge_resource::{Handle, Kind, Observed, Ref, names};

use super::{View, entry, key_name, own_tags};
use crate::account::network_interface::Owner;

pub(super) fn observe(view: &View<'_>, found: &mut Vec<Observed>) {
    for volume in view.account.volumes.values().filter(|volume| view.concerns(&volume.tags)) {
        let properties = Volume {
            availability_zone: volume.zone.clone(),
            size: volume.spec.size,
            volume_type: volume.spec.volume_type.clone(),
            iops: volume.spec.iops,
            throughput: volume.spec.throughput,
            encrypted: volume.encrypted,
            kms_key_id: volume.kms_key.clone(),
            tags: volume.tags.clone(),
        };
        let (name, handle) = (key_name(&volume.tags, &volume.id), Handle::new(&volume.id));
        found.push(entry(Kind::Volume, name, handle, view.ownership(&volume.tags), properties));
    }
    for template in view.account.launch_templates.values() {
        let named = names::owns_name(Kind::LaunchTemplate, view.cluster, &template.name);
        if !named && !view.concerns(&template.tags) {
            continue;
        }
        let Some(latest) = template.latest() else { continue };
        let properties = LaunchTemplate { tags: template.tags.clone(), ..latest.clone() };
        let handle = Handle { secondary_id: Some(template.id.clone()), ..Handle::new(&template.name) };
        let ownership = view.ownership(&template.tags);
        found.push(entry(Kind::LaunchTemplate, &template.name, handle, ownership, properties));
    }
    for instance in view.account.instances.values() {
        if !view.concerns(&instance.tags) || instance.state == "terminated" {
            continue;
        }
        let properties = Instance {
            instance_type: instance.instance_type.clone(),
            state: instance.state.clone(),
            subnet: Some(Ref::existing(&instance.subnet)),
            auto_scaling_group: instance.group.as_ref().map(Ref::existing),
            private_ip_address: instance.private_ip.clone(),
            launch_template_version: instance.template_version.clone(),
            tags: own_tags(&instance.tags),
        };
        let (handle, ownership) = (Handle::new(&instance.id), view.ownership(&instance.tags));
        found.push(entry(Kind::Instance, &instance.id, handle, ownership, properties));
    }
    // Interfaces in use go with what uses them.
    let unused = view.account.network_interfaces.values().filter(|it| it.owner == Owner::Nobody);
    for interface in unused.filter(|it| view.concerns(&it.tags)) {
        let properties = NetworkInterface {
            subnet: Ref::existing(&interface.subnet),
            status: interface.status().to_owned(),
            description: interface.description.clone(),
            tags: interface.tags.clone(),
        };
        let (handle, ownership) = (Handle::new(&interface.id), view.ownership(&interface.tags));
        found.push(entry(Kind::NetworkInterface, &interface.id, handle, ownership, properties));
    }
}
