//! What comes of manifests: resources, what instances boot with, and add-ons.

use std::collections::BTreeMap;
use std::sync::Arc;

use kedge_addons::{Addon, Surroundings, wanted};
use kedge_bootstrap::{ApiEndpoint, GroupConfig, StorePlace, configure};
use kedge_diag::{Severity, Source};
use kedge_resource::{Desired, Facts};
use kedge_spec::resolved::Role;
use kedge_spec::{ParseOptions, ResolveOptions, ResolvedSpec, parse};

use super::cluster::Manifests;

/// What comes of manifests.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) desired: Option<Desired>,
    /// Codes of errors and warnings.
    pub(crate) problems: Vec<&'static str>,
    /// Where the manifests are sound.
    pub(crate) software: Option<Software>,
}

/// What instances boot with, add-ons, and what of the manifests neither can follow.
#[derive(Debug, PartialEq)]
pub(crate) struct Software {
    configs: Vec<GroupConfig>,
    addons: Vec<Addon>,
    refused: Vec<String>,
}

/// The outcome in an account. No store takes part, so that launch templates do not show what instances boot with.
pub(crate) fn outcome(manifests: &Manifests, facts: &Facts) -> Outcome {
    let source = Source { name: "fields.yaml".to_owned(), text: manifests.text() };
    let (parsed, mut problems) = parse(&[Arc::new(source)], &ParseOptions::default());
    let (spec, further) = parsed.resolve(&ResolveOptions::default());
    problems.extend(further);
    let software = spec.as_ref().map(|spec| software(spec, facts));
    let desired = spec.and_then(|spec| match kedge_model::lower(&spec, facts) {
        Ok(desired) => Some(desired),
        Err(further) => {
            problems.extend(further);
            None
        }
    });
    let loud = problems.sorted().into_iter().filter(|problem| problem.severity != Severity::Note);
    Outcome { desired, problems: loud.map(|problem| problem.code).collect(), software }
}

fn software(spec: &ResolvedSpec, facts: &Facts) -> Software {
    let store = StorePlace {
        region: facts.region.clone(),
        bucket: "store".to_owned(),
        prefix: "test.example.com".to_owned(),
        endpoint: None,
    };
    let endpoint = ApiEndpoint::of(spec, Some("api-1.elb.example.com")).unwrap();
    let (mut configs, mut addons, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    // Groups without etcd are refused whatever their fields say.
    for group in spec.groups.iter().filter(|group| group.role != Role::ApiServer) {
        match configure(spec, group, kedge_model::has_gpu(spec, group, facts), &endpoint, &store) {
            Ok(config) => configs.extend(config),
            Err(problems) => refused.extend(problems.iter().map(ToString::to_string)),
        }
    }
    let file = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n".to_owned();
    let surroundings = Surroundings {
        region: &facts.region,
        partition: &facts.partition,
        account_id: &facts.account_id,
        hosted_zone: Some("Z1"),
        gpus: spec.groups.iter().any(|group| kedge_model::has_gpu(spec, group, facts)),
        endpoint: &endpoint,
        files: &BTreeMap::from([("something".to_owned(), file)]),
    };
    match wanted(spec, &surroundings) {
        Ok(found) => addons.extend(found),
        Err(problems) => refused.extend(problems.iter().map(ToString::to_string)),
    }
    Software { configs, addons, refused }
}
