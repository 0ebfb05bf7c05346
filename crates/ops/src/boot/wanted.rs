//! What instances of a specification shall boot with.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kedge_addons::{Addon, Index, Surroundings};
use kedge_bootstrap::{ApiEndpoint, Arch, BootProblem, Payload, StorePlace, UserData, configure};
use kedge_diag::{Diagnostic, Diagnostics};
use kedge_model::{Boot, has_gpu};
use kedge_resource::facts::StoreFacts;
use kedge_resource::kind::StoreObject;
use kedge_resource::{Facts, Kind, Ref, Resource, ResourceKey};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::{DnsType, InstanceGroup, Role};
use kedge_store::LOAD_BALANCER;

use super::objects::{Name, PROGRAMS, arch, arch_name};

/// What instances shall boot with.
pub(crate) struct Wanted {
    /// What launch templates and roles show of it.
    pub(crate) boot: Boot,
    /// Objects of the store.
    pub(crate) objects: Vec<Resource>,
}

/// A specification at another version of Kubernetes.
fn at_version(spec: &ResolvedSpec, version: &str) -> ResolvedSpec {
    let mut spec = spec.clone();
    version.clone_into(&mut spec.cluster.kubernetes_version);
    spec
}

/// What instances shall boot with, from what a store offers. `held` are groups that stay at another version of Kubernetes than that
/// of the specification.
///
/// # Errors
/// Everything that the manifests ask of instances and that cannot be done, at once.
pub(crate) fn wanted(
    spec: &ResolvedSpec,
    facts: &Facts,
    store: &StoreFacts,
    files: &BTreeMap<String, String>,
    held: &BTreeMap<String, String>,
) -> Result<Wanted, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let cluster = &spec.cluster;
    let balancer = (cluster.dns.dns_type == DnsType::None).then(|| api_load_balancer(spec)).flatten();
    let Some(endpoint) = ApiEndpoint::of(spec, balancer.is_some().then_some(LOAD_BALANCER)) else {
        let detail = "without DNS instances reach the API by its load balancer, and the cluster has none";
        diagnostics.push(
            Diagnostic::error("no-api-endpoint", "instances cannot find the API", detail)
                .at(format!("Cluster/{}: spec.api", cluster.name), None)
                .hint("give the API a load balancer (`spec.api.loadBalancer`), or the cluster DNS"),
        );
        return Err(diagnostics);
    };
    let place = StorePlace {
        region: store.region.clone(),
        bucket: store.bucket.clone(),
        prefix: store.prefix.clone(),
        endpoint: store.endpoint.clone(),
    };
    let mut objects: BTreeMap<String, StoreObject> = BTreeMap::new();
    let mut user_data = BTreeMap::new();
    let mut told: BTreeSet<String> = BTreeSet::new();
    for group in &spec.groups {
        if group.name == PROGRAMS {
            diagnostics.push(
                Diagnostic::error("group-name", "name of the group is taken", "programs of instances stand under it")
                    .at(format!("InstanceGroup/{}: metadata.name", group.name), None)
                    .hint("give the group another name"),
            );
        }
        let spec = match held.get(&group.name) {
            Some(version) => Cow::Owned(at_version(spec, version)),
            None => Cow::Borrowed(spec),
        };
        let spec = spec.as_ref();
        let config = match configure(spec, group, has_gpu(spec, group, facts), &endpoint, &place) {
            Ok(Some(config)) => config,
            Ok(None) => continue,
            Err(problems) => {
                for problem in problems {
                    let diagnostic = diagnostic(spec, group, &problem);
                    // What is said of the cluster is wrong once, not for every group.
                    if told.insert(format!("{:?} {}", diagnostic.path, diagnostic.detail)) {
                        diagnostics.push(diagnostic);
                    }
                }
                continue;
            }
        };
        let (Some(arch), Ok(text), Ok(digest)) = (program_of(group, facts), config.to_json(), config.digest()) else {
            // An image that the account does not have is reported where resources are made.
            continue;
        };
        let Some(program) = store.programs.get(arch_name(arch)) else {
            diagnostics.push(missing_program(group, arch));
            continue;
        };
        let program_name = Name::Program(arch_name(arch));
        let config_name = Name::Config(&group.name);
        let payload = |name: &Name<'_>, sha256: &str| Payload {
            key: format!("{}/{}", store.prefix, name.key(sha256)),
            sha256: sha256.to_owned(),
        };
        let data = UserData {
            region: store.region.clone(),
            bucket: store.bucket.clone(),
            endpoint: store.endpoint.clone(),
            // Launch templates are read by more than may know a password; then the store has to be reached without it.
            proxy: config.proxy.clone().filter(|proxy| !proxy.is_secret()).map(|proxy| proxy.without(LOAD_BALANCER)),
            node: BTreeMap::from([(arch, payload(&program_name, program))]),
            config: payload(&config_name, &digest),
        };
        match data.write(&group.additional_user_data) {
            Ok(text) => user_data.insert(group.name.clone(), text),
            Err(error) => {
                diagnostics.push(
                    Diagnostic::error("user-data-too-long", "user data cannot be made", error.to_string())
                        .at(format!("InstanceGroup/{}: spec.additionalUserData", group.name), None)
                        .hint("let a short script fetch the rest"),
                );
                continue;
            }
        };
        let object = |sha256: &str, content| StoreObject {
            version: None,
            sha256: Some(sha256.to_owned()),
            content,
            load_balancer: None,
        };
        objects.insert(program_name.name(), object(program, None));
        objects.insert(config_name.name(), object(&digest, Some(text)));
    }
    if let Some(balancer) = balancer {
        let load_balancer = Some(Ref::managed(balancer));
        let object = StoreObject { version: None, sha256: None, content: None, load_balancer };
        objects.insert(Name::Endpoint.name(), object);
    }
    let surroundings = Surroundings {
        region: &facts.region,
        partition: &facts.partition,
        account_id: &facts.account_id,
        hosted_zone: kedge_model::hosted_zone(spec, facts).map(|zone| zone.id.as_str()),
        gpus: spec.groups.iter().any(|group| group.role != Role::Bastion && has_gpu(spec, group, facts)),
        endpoint: &endpoint,
        files,
    };
    match kedge_addons::wanted(spec, &surroundings) {
        Ok(addons) => objects.extend(of_addons(&addons)),
        Err(problems) => {
            for problem in problems {
                let path = format!("Cluster/{}: {}", cluster.name, problem.field);
                // A field that instances cannot follow is told once.
                if !diagnostics.iter().any(|known| known.path.as_ref() == Some(&path)) {
                    diagnostics.push(
                        Diagnostic::error("no-such-add-on", "add-ons cannot do what the manifest asks", problem.why)
                            .at(path, None)
                            .hint(problem.hint),
                    );
                }
            }
        }
    }
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let boot = Boot { bucket: store.bucket.clone(), prefix: store.prefix.clone(), user_data };
    let resource = |(name, object): (String, StoreObject)| Resource {
        key: ResourceKey::new(Kind::StoreObject, name),
        properties: object.into(),
    };
    Ok(Wanted { boot, objects: objects.into_iter().map(resource).collect() })
}

/// Add-ons and their index as objects.
fn of_addons(addons: &[Addon]) -> BTreeMap<String, StoreObject> {
    let object = |version: Option<&String>, content: String| StoreObject {
        version: version.cloned(),
        sha256: Some(kedge_addons::sha256(content.as_bytes())),
        content: Some(content),
        load_balancer: None,
    };
    let mut objects = BTreeMap::new();
    for addon in addons {
        objects.insert(Name::Addon(&addon.name).name(), object(Some(&addon.version), addon.to_yaml()));
    }
    objects.insert(Name::AddonIndex.name(), object(None, Index::of(addons).to_json()));
    objects
}

/// Name of the load balancer of the API, if kedge makes it.
fn api_load_balancer(spec: &ResolvedSpec) -> Option<String> {
    spec.cluster.api.load_balancer.as_ref()?;
    Some(format!("api.{}", spec.cluster.name))
}

/// Which program the instances of a group run.
fn program_of(group: &InstanceGroup, facts: &Facts) -> Option<Arch> {
    arch(kedge_model::architecture(group, facts)?)
}

fn missing_program(group: &InstanceGroup, arch: Arch) -> Diagnostic {
    let arch = arch_name(arch);
    let detail =
        format!("the instances of {} need kedge-node-{arch}, which is neither at hand nor in the store", group.name);
    Diagnostic::error("no-kedge-node", "a program for instances is missing", detail)
        .at(format!("InstanceGroup/{}: spec.image", group.name), None)
        .hint(format!("name the folder that has kedge-node-{arch} with --node-binaries"))
}

/// A problem with the place of the field that it is about: that of the group where the group has the field.
fn diagnostic(spec: &ResolvedSpec, group: &InstanceGroup, problem: &BootProblem) -> Diagnostic {
    let first = problem.field.split(['.', '[']).next().unwrap_or_default();
    let of_group = group.settings.get(first).is_some() || matches!(first, "role" | "volumeMounts");
    let document =
        if of_group { format!("InstanceGroup/{}", group.name) } else { format!("Cluster/{}", spec.cluster.name) };
    Diagnostic::error("cannot-boot", "instances cannot do what the manifest asks", problem.why.clone())
        .at(format!("{document}: spec.{}", problem.field), None)
        .hint(problem.hint.clone())
}
