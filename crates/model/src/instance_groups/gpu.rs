//! Which groups have GPUs: one answer for tags, for what instances boot with and for add-ons.

use kedge_resource::Facts;
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::InstanceGroup;

/// Whether the nodes of a group are GPU nodes: the manifest wants that, and every machine that the group may get has a GPU of
/// NVIDIA. Without one, the runtime of NVIDIA would start no pod.
#[must_use]
pub fn has_gpu(spec: &ResolvedSpec, group: &InstanceGroup, facts: &Facts) -> bool {
    let mixed = group.mixed_instances_policy.as_ref().map(|policy| &policy.instances);
    let types = mixed.filter(|types| !types.is_empty()).unwrap_or(&group.machine_types);
    let has_one = |name: &String| facts.instance_types.get(name).is_some_and(|found| found.gpus > 0);
    group.nvidia_gpu.unwrap_or(spec.cluster.nvidia_gpu) && !types.is_empty() && types.iter().all(has_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_manifest_and_the_machine_have_to_agree() {
        let facts = testing::facts();
        let mut spec = testing::minimal();
        spec.groups[1].machine_types = vec!["g4dn.xlarge".to_owned()];
        assert!(!has_gpu(&spec, &spec.groups[1], &facts), "nobody wants it");
        spec.cluster.nvidia_gpu = true;
        assert!(has_gpu(&spec, &spec.groups[1], &facts));
        assert!(!has_gpu(&spec, &spec.groups[0], &facts), "t3.medium has none");
        spec.groups[1].nvidia_gpu = Some(false);
        assert!(!has_gpu(&spec, &spec.groups[1], &facts), "the group does not want it");
        spec.groups[1].nvidia_gpu = None;
        spec.groups[1].machine_types.push("t3.medium".to_owned());
        assert!(!has_gpu(&spec, &spec.groups[1], &facts), "some machines have none");
    }
}
