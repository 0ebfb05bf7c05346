//! `destroy-needs-permission`: an apply that deletes or replaces something with a state of its own needs to be told so.
//!
//! An etcd volume holds the cluster's data, a VPC holds everything, clients hold on to records, and pods to their network. A
//! change of a manifest is easily made without knowing that it costs one of them. Deleting a whole cluster says so by itself.
//!
//! `destroy-allows-nothing`: a key of --allow-destroy that nothing in the plan has is most often written wrongly.
//!
//! `destroy-allowed`: what was allowed stays in the plan, so that whoever reviews or applies a saved plan sees it.

use kedge_resource::plan::{Note, Purpose, Severity};
use kedge_resource::{Action, Change, Kind, Plan, Reason};

use super::{destroys, is_etcd_volume, note};
use crate::CheckOptions;

/// Add-ons that are network plugins. Control planes delete the objects of one that is wanted no longer, on all nodes at once.
const NETWORKS: [&str; 6] = [
    "addons/amazon-vpc-cni",
    "addons/calico",
    "addons/cilium",
    "addons/flannel",
    "addons/kindnet",
    "addons/kube-router",
];

pub(super) fn check(plan: &Plan, options: &CheckOptions) -> Vec<Note> {
    if plan.purpose == Purpose::Delete {
        return Vec::new();
    }
    let unused = options.allow_destroy.iter().filter(|key| {
        let of =
            |change: &Change| change.key == **key || change.before.as_ref().is_some_and(|before| before.key == **key);
        !plan.changes.iter().any(|change| destroys(change) && of(change))
    });
    let unused = unused.map(|key| {
        let text =
            format!("--allow-destroy '{key}' allows nothing: the plan neither deletes nor replaces such a resource");
        note(Severity::Warning, "destroy-allows-nothing", None, text)
    });
    let destroyed = plan.changes.iter().filter(|change| destroys(change) && has_state(change)).map(|change| {
        let (verb, key) = (if change.action == Action::Replace { "replaces" } else { "deletes" }, &change.key);
        let what = format!("the plan {verb} {key} and with it {}", what_is_lost(change.key.kind));
        if allowed(change, options) {
            let text = format!("{what}, which --allow-destroy allows");
            return note(Severity::Warning, "destroy-allowed", Some(key), text);
        }
        let text = format!("{what}; if that is meant, say --allow-destroy '{key}'");
        note(Severity::Fatal, "destroy-needs-permission", Some(key), text)
    });
    unused.chain(destroyed).collect()
}

fn allowed(change: &Change, options: &CheckOptions) -> bool {
    options.allow_destroy.contains(&change.key)
        || change.before.as_ref().is_some_and(|before| options.allow_destroy.contains(&before.key))
            && !matches!(change.reason, Reason::Duplicate { .. })
}

fn has_state(change: &Change) -> bool {
    match change.key.kind {
        Kind::Volume => change.before.as_ref().is_some_and(|before| is_etcd_volume(&before.properties)),
        // A second VPC of the name is what an interrupted run left; whatever is in it is in the plan by itself. That a VPC
        // is replaced is forbidden altogether: see `vpc-replacement`.
        Kind::Vpc => change.action == Action::Delete && !matches!(change.reason, Reason::Duplicate { .. }),
        Kind::RecordSet => true,
        Kind::StoreObject => change.action == Action::Delete && NETWORKS.contains(&change.key.name.as_str()),
        _ => false,
    }
}

fn what_is_lost(kind: Kind) -> &'static str {
    match kind {
        Kind::Volume => "the data of an etcd member",
        Kind::Vpc => "everything that is in the VPC",
        Kind::StoreObject => "the network of all pods, which have to be made anew with that of another plugin",
        _ => "the name by which clients reach the cluster",
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::ResourceKey;
    use kedge_resource::kind::Volume;

    use super::*;
    use crate::testing::{create, delete, etcd_volume, plan, store_object, vpc};

    #[test]
    fn other_volumes_are_fine_and_what_is_allowed_is_said() {
        let other = Volume { tags: Default::default(), ..etcd_volume() };
        let change = delete("a.etcd-main.c.example.com", etcd_volume());
        let allow = CheckOptions { allow_destroy: [change.key.clone()].into(), ..CheckOptions::default() };
        assert_eq!(check(&plan(vec![delete("data", other)]), &CheckOptions::default()), []);
        let text = "the plan deletes volume/a.etcd-main.c.example.com and with it the data of an etcd member, which \
                    --allow-destroy allows";
        let expected = note(Severity::Warning, "destroy-allowed", Some(&change.key), text.to_owned());
        assert_eq!(check(&plan(vec![change.clone()]), &allow), [expected]);
        let mut whole = plan(vec![change]);
        whole.purpose = Purpose::Delete;
        assert_eq!(check(&whole, &CheckOptions::default()), []);
    }

    #[test]
    fn a_permission_that_allows_nothing_is_said() {
        let key: ResourceKey = "volume/nosuch".parse().unwrap();
        let allow = CheckOptions { allow_destroy: [key].into(), ..CheckOptions::default() };
        let notes = check(&plan(vec![delete("a.etcd-main.c.example.com", etcd_volume())]), &allow);
        let codes: Vec<&str> = notes.iter().map(|note| note.code.as_str()).collect();
        assert_eq!(codes, ["destroy-allows-nothing", "destroy-needs-permission"]);
        let text =
            "--allow-destroy 'volume/nosuch' allows nothing: the plan neither deletes nor replaces such a resource";
        assert_eq!(notes[0].text, text);
    }

    #[test]
    fn an_etcd_volume_needs_permission() {
        let notes = check(&plan(vec![delete("a.etcd-main.c.example.com", etcd_volume())]), &CheckOptions::default());
        let key = ResourceKey::new(Kind::Volume, "a.etcd-main.c.example.com");
        let text = "the plan deletes volume/a.etcd-main.c.example.com and with it the data of an etcd member; if that is \
                    meant, say --allow-destroy 'volume/a.etcd-main.c.example.com'";
        assert_eq!(notes, [note(Severity::Fatal, "destroy-needs-permission", Some(&key), text.to_owned())]);
    }

    #[test]
    fn a_second_vpc_is_removed_without_asking_but_not_the_first() {
        let mut second = delete("c.example.com (vpc-2)", vpc());
        second.reason = Reason::Duplicate { keep: "vpc-1".to_owned() };
        assert_eq!(check(&plan(vec![second]), &CheckOptions::default()), []);
        let notes = check(&plan(vec![delete("c.example.com", vpc())]), &CheckOptions::default());
        assert_eq!(notes.len(), 1);
        assert!(notes[0].text.starts_with("the plan deletes vpc/c.example.com"), "{}", notes[0].text);
    }

    #[test]
    fn another_network_plugin_needs_permission_and_other_add_ons_do_not() {
        let plugin = delete("addons/cilium", store_object());
        let allow = CheckOptions { allow_destroy: [plugin.key.clone()].into(), ..CheckOptions::default() };
        let plan = plan(vec![
            plugin,
            delete("addons/metrics-server", store_object()),
            create("addons/calico", store_object()),
        ]);
        let notes = check(&plan, &CheckOptions::default());
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].text.starts_with("the plan deletes store-object/addons/cilium and with it the network"),
            "{notes:?}"
        );
        let allowed = check(&plan, &allow);
        assert!(allowed.len() == 1 && allowed[0].code == "destroy-allowed", "{allowed:?}");
    }

    #[test]
    fn permission_for_a_volume_is_none_for_its_duplicate() {
        let mut second = delete("a.etcd-main.c.example.com (vol-2)", etcd_volume());
        second.reason = Reason::Duplicate { keep: "vol-1".to_owned() };
        let first = ResourceKey::new(Kind::Volume, "a.etcd-main.c.example.com");
        if let Some(before) = &mut second.before {
            before.key = first.clone();
        }
        let options = CheckOptions { allow_destroy: [first].into(), ..CheckOptions::default() };
        assert_eq!(check(&plan(vec![second]), &options).len(), 1);
    }
}
