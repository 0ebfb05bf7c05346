//! Machine types, images and profiles of instance groups.

use kedge_diag::Diagnostic;
use kedge_resource::facts::{Image, InstanceType};
use kedge_spec::resolved::InstanceGroup;

use super::near;
use crate::images;
use crate::lowering::Lowering;

/// Checks every group; Karpenter finds types and images of its groups itself.
pub(super) fn check(lowering: &mut Lowering<'_>) {
    for group in lowering.spec.groups.iter().filter(|group| !group.karpenter) {
        check_zones(lowering, group);
        let image = images::resolve(&group.image, lowering.facts);
        if image.is_none() {
            report_image(lowering, group);
        }
        for (path, name) in machine_types(group) {
            match lowering.facts.instance_types.get(&name) {
                None => report_machine_type(lowering, group, &path, &name),
                Some(found) => check_architecture(lowering, group, &path, &name, &found, image),
            }
        }
        check_profile(lowering, group);
    }
}

/// Machine types of a group with the fields that name them.
fn machine_types(group: &InstanceGroup) -> Vec<(String, String)> {
    let own = group.machine_types.iter().map(|name| ("spec.machineType".to_owned(), name.clone()));
    let mixed = group.mixed_instances_policy.iter().flat_map(|policy| {
        policy
            .instances
            .iter()
            .enumerate()
            .map(|(index, name)| (format!("spec.mixedInstancesPolicy.instances[{index}]"), name.clone()))
    });
    own.chain(mixed).collect()
}

fn check_zones(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let facts = lowering.facts;
    for (index, zone) in group.zones.iter().enumerate() {
        if !facts.availability_zones.contains(zone) {
            let detail = format!("{} has no zone {zone} that is open to the account", facts.region);
            let diagnostic = Diagnostic::error("unknown-zone", "the region does not have this zone", detail)
                .hint(format!("its zones: {}", facts.availability_zones.join(", ")));
            lowering.report_group(group, &format!("spec.zones[{index}]"), diagnostic);
        }
    }
}

fn report_image(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let image = &group.image;
    let detail = format!("{} has no image {image} that the account can use", lowering.facts.region);
    let hint = if image.starts_with("ami-") {
        "AMI ids differ between regions; OWNER/NAME finds the image in each".to_owned()
    } else if image.starts_with("ssm:") {
        "look at the name of the Systems Manager parameter, and that its value is an AMI id".to_owned()
    } else {
        let owner = image.split_once('/').map_or("", |(owner, _)| owner);
        let known: Vec<String> = lowering.facts.images.iter().map(|found| format!("{owner}/{}", found.name)).collect();
        near::hint(image, known.iter().map(String::as_str), "it has others of the manifests")
            .unwrap_or_else(|| "write OWNER/NAME, such as ubuntu/images/…, or an AMI id".to_owned())
    };
    let diagnostic = Diagnostic::error("unknown-image", "the machine image does not exist", detail).hint(hint);
    lowering.report_group(group, "spec.image", diagnostic);
}

fn report_machine_type(lowering: &mut Lowering<'_>, group: &InstanceGroup, path: &str, name: &str) {
    let detail = format!("{} has no machine type {name:?}", lowering.facts.region);
    let region = &lowering.facts.region;
    let list = format!("`aws ec2 describe-instance-type-offerings --region {region}` lists what it has");
    // only those were asked for that the manifests name
    let known = lowering.facts.instance_types.types.keys().map(String::as_str);
    let hint = match near::hint(name, known, "it has others of the manifests") {
        Some(near) if near.ends_with('?') => near,
        Some(others) => format!("{others}; {list}"),
        None => list,
    };
    let diagnostic = Diagnostic::error("unknown-machine-type", "the machine type does not exist", detail).hint(hint);
    lowering.report_group(group, path, diagnostic);
}

fn check_architecture(
    lowering: &mut Lowering<'_>,
    group: &InstanceGroup,
    path: &str,
    name: &str,
    found: &InstanceType,
    image: Option<&Image>,
) {
    let Some(image) = image else {
        return;
    };
    if found.architectures.is_empty() || found.architectures.contains(&image.architecture) {
        return;
    }
    let processors = found.architectures.join(" or ");
    let detail = format!(
        "{name} has {processors} processors, image {} ({}) is for {}",
        group.image, image.id, image.architecture
    );
    let diagnostic = Diagnostic::error("wrong-architecture", "image and machine type do not fit", detail)
        .hint(format!("choose an image for {processors}, or a machine type with {} processors", image.architecture));
    lowering.report_group(group, path, diagnostic);
}

/// Facts from a file may lack profiles, and the plan is the same without, so a missing one is worth a warning only.
fn check_profile(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let Some(name) = &group.instance_profile else {
        return;
    };
    if !lowering.facts.instance_profiles.iter().any(|profile| profile.name == *name) {
        let detail = format!("the facts know no instance profile {name}; AWS launches no instances without it");
        let diagnostic = Diagnostic::warning("unknown-instance-profile", "the instance profile is not known", detail);
        lowering.report_group(group, "spec.iam.profile", diagnostic);
    }
}
