//! The address of DNS, which no service can change.

use kedge_addons::Addon;
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Desired, Inventory, Properties};
use serde_json::Value;

use super::note;
use super::objects::Name;

/// A refusal of another address of the service of DNS.
pub(crate) fn dns_notes(desired: &Desired, inventory: &Inventory) -> Vec<Note> {
    let name = Name::Addon("coredns").name();
    let before = inventory.resources.iter().find(|observed| observed.key.name == name);
    let after = desired.resources.iter().find(|resource| resource.key.name == name);
    let before = before.and_then(|observed| address(&observed.properties));
    let after = after.and_then(|resource| address(&resource.properties));
    match (before, after) {
        (Some(before), Some(after)) if before != after => {
            let text = format!(
                "the service of DNS has the address {before}, which cannot be changed, and kubelets would give pods {after}: \
                 set `kubeDNS.serverIP` to {before}, and leave `serviceClusterIPRange` and `nonMasqueradeCIDR` as they were"
            );
            vec![note(Severity::Fatal, "dns-address", &text)]
        }
        _ => Vec::new(),
    }
}

/// The address of the service in the document of the add-on.
fn address(properties: &Properties) -> Option<String> {
    let Properties::StoreObject(object) = properties else { return None };
    let addon = Addon::from_yaml(object.content.as_deref()?).ok()?;
    let of_service = |object: &Value| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let is_dns = text("/kind") == Some("Service") && text("/metadata/name") == Some("kube-dns");
        text("/spec/clusterIP").filter(|_| is_dns).map(str::to_owned)
    };
    addon.objects.iter().find_map(of_service)
}
