//! What two versions of manifests differ in: desired against desired, no account is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kedge_check::CheckOptions;
use kedge_diag::{Diagnostic, Diagnostics, Severity, Source};
use kedge_planner::{PlanContext, PlanError, compare};
use kedge_policy::Policies;
use kedge_resource::difference::{ClusterDifference, DIFFERENCE_FORMAT_VERSION, Difference, Problem, Side, Standing};
use kedge_resource::{ClusterName, Desired, Facts, Finding, Plan, Position};
use kedge_spec::{Manifests, ParseOptions, ResolveOptions, ResolvedSpec};
use thiserror::Error;

use crate::manifests::{ManifestOptions, Specification};
use crate::policies::findings;
use crate::proposal::Proposal;
use crate::region;
use crate::version::{Version, VersionFile};

/// Stands for the region of manifests that name no zone.
const NO_REGION: &str = "REGION";

/// What two versions differ in, and what was to be said about them.
#[derive(Debug)]
pub struct Compared {
    /// The document.
    pub difference: Difference,
    /// The errors of the old version; what else there is to say about it was said when it was new.
    pub base: Diagnostics,
    /// Everything about the new version.
    pub head: Diagnostics,
}

impl Compared {
    /// Whether all of both versions could be compared.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.difference.problems.is_empty()
    }
}

/// Why versions could not be compared.
#[derive(Debug, Error)]
pub enum DiffError {
    /// The planner found no way from one to the other: a bug.
    #[error("compute the difference")]
    Plan(#[from] PlanError),
    /// A policy fails.
    #[error("check the policies")]
    Policy(Diagnostics),
}

/// Compares two versions of manifests. `facts` say what the account offers; without them everything that the manifests name
/// stands for itself. A cluster whose manifests are not valid in one version is shown as the other has it.
///
/// # Errors
/// A policy fails, or the planner finds no way from one to the other, which is a bug.
pub fn diff(
    base: &Version,
    head: &Version,
    options: &ManifestOptions,
    facts: Option<&Facts>,
    policies: Option<&Policies>,
) -> Result<Compared, DiffError> {
    let mut sides = [Reading::new(base, options), Reading::new(head, options)];
    let [in_base, in_head] = &mut sides;
    let affected = (in_base.affected(in_head), in_head.affected(in_base));
    in_base.invalid.extend(affected.0);
    in_head.invalid.extend(affected.1);
    let names = in_base.clusters.union(&in_head.clusters).cloned().collect::<BTreeSet<_>>();
    let wanted = names.into_iter().filter(|name| options.cluster.as_ref().is_none_or(|only| only == name));
    let mut clusters = Vec::new();
    for name in wanted {
        let old = in_base.desired(&name, options, facts);
        let new = in_head.desired(&name, options, facts);
        clusters.push(difference(name, old, new, |new, plan| in_head.findings(policies, new, plan))?);
    }
    let problems = [(Side::Base, &*in_base), (Side::Head, &*in_head)];
    let problems = problems.into_iter().flat_map(|(side, reading)| reading.problems(side)).collect();
    let difference = Difference {
        format_version: DIFFERENCE_FORMAT_VERSION,
        base: base.name.clone(),
        head: head.name.clone(),
        assumed: facts.is_none(),
        clusters,
        problems,
    };
    let [base, head] = sides;
    Ok(Compared { difference, base: only_errors(&base.diagnostics), head: head.diagnostics })
}

/// What a version has of a cluster.
enum Has {
    Nothing,
    Invalid,
    Desired(Box<Wanted>),
}

/// What a version asks for, and where.
struct Wanted {
    spec: ResolvedSpec,
    desired: Desired,
    context: PlanContext,
}

fn difference(
    cluster: ClusterName,
    base: Has,
    head: Has,
    check: impl FnOnce(&Wanted, &Plan) -> Result<Vec<Finding>, DiffError>,
) -> Result<ClusterDifference, DiffError> {
    let mut findings = Vec::new();
    let (standing, plan) = match (base, head) {
        (Has::Desired(base), Has::Desired(head)) => {
            let plan = plan(&base.desired, &head.desired, &head.context)?;
            findings = check(&head, &plan)?;
            (Standing::Compared, Some(plan))
        }
        (Has::Nothing, Has::Desired(head)) => {
            let plan = all(&head)?;
            findings = check(&head, &plan)?;
            (Standing::Created, Some(plan))
        }
        (Has::Desired(base), Has::Nothing) => {
            // No apply does this, so that there is nothing to check.
            (Standing::Removed, Some(compare(&base.desired, &nothing(&base.desired), &base.context)?))
        }
        (Has::Invalid, Has::Desired(head)) => (Standing::BaseInvalid, Some(all(&head)?)),
        (Has::Desired(base), Has::Invalid) => (Standing::HeadInvalid, Some(all(&base)?)),
        (Has::Invalid | Has::Nothing, Has::Invalid | Has::Nothing) => (Standing::Invalid, None),
    };
    Ok(ClusterDifference { cluster, standing, plan, findings })
}

/// Everything that is wanted, as creations.
fn all(wanted: &Wanted) -> Result<Plan, PlanError> {
    plan(&nothing(&wanted.desired), &wanted.desired, &wanted.context)
}

fn nothing(like: &Desired) -> Desired {
    let cluster = like.cluster.clone();
    Desired { cluster, resources: Vec::new(), protected: Vec::new(), notes: Vec::new() }
}

fn plan(base: &Desired, head: &Desired, context: &PlanContext) -> Result<Plan, PlanError> {
    let plan = compare(base, head, context)?;
    // What the old manifests protect counts: those who remove the protection in the same change should be told.
    let protected = base.protected.iter().chain(&head.protected).cloned().collect();
    Ok(Proposal::new(plan, CheckOptions { protected, ..CheckOptions::default() }).into_plan())
}

/// A version under way.
struct Reading<'a> {
    files: &'a [VersionFile],
    allow_unknown_fields: bool,
    /// What could be read, without the files that have errors by themselves.
    manifests: Manifests,
    /// The clusters that the version names.
    clusters: BTreeSet<ClusterName>,
    /// The files that have errors by themselves, by place.
    broken: BTreeSet<&'a str>,
    /// Clusters that such a file may be about.
    invalid: BTreeSet<ClusterName>,
    diagnostics: Diagnostics,
}

impl<'a> Reading<'a> {
    fn new(version: &'a Version, options: &ManifestOptions) -> Self {
        let files = version.files.as_slice();
        let allow_unknown_fields = options.allow_unknown_fields;
        let (mut manifests, diagnostics) = parse(files.iter(), allow_unknown_fields);
        let mut clusters = names(&manifests);
        let mut wrong: BTreeSet<&str> = BTreeSet::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
            wrong.extend(place_of(files, diagnostic));
        }
        let mut reading = Self {
            files,
            allow_unknown_fields,
            manifests: Manifests::default(),
            clusters: BTreeSet::new(),
            broken: wrong,
            invalid: BTreeSet::new(),
            diagnostics,
        };
        reading.report_nameless(&manifests, options);
        if !reading.broken.is_empty() {
            let sound = files.iter().filter(|file| !reading.broken.contains(file.place.as_str()));
            manifests = parse(sound, allow_unknown_fields).0;
            clusters.extend(names(&manifests));
        }
        (reading.manifests, reading.clusters) = (manifests, clusters);
        reading
    }

    /// Reports groups without any cluster, and clusters whose name is no name: nobody can say which cluster of the other
    /// version they are.
    fn report_nameless(&mut self, manifests: &Manifests, options: &ManifestOptions) {
        let names = manifests.cluster_names();
        if self.files.is_empty() || !names.is_empty() && names.iter().all(|name| ClusterName::parse(name).is_ok()) {
            return;
        }
        let (_, diagnostics) = manifests.resolve(&ResolveOptions { cluster: None, ..resolve_options(options) });
        let telling = |it: &&Diagnostic| matches!(it.code, "no-cluster" | "cluster-name");
        for diagnostic in manifests.attach_spans(diagnostics).iter().filter(telling) {
            self.broken.extend(place_of(self.files, diagnostic));
            self.add(diagnostic);
        }
    }

    /// The clusters of either version that the broken files of this one may be about.
    fn affected(&self, other: &Self) -> BTreeSet<ClusterName> {
        let mut affected = BTreeSet::new();
        for place in &self.broken {
            let mut of_file = self.named_in(place);
            of_file.extend(other.named_in(place));
            if of_file.is_empty() {
                of_file = self.clusters.union(&other.clusters).cloned().collect();
            }
            affected.extend(of_file);
        }
        affected
    }

    /// The clusters that a file names.
    fn named_in(&self, place: &str) -> BTreeSet<ClusterName> {
        names(&parse(self.files.iter().filter(|file| file.place == place), self.allow_unknown_fields).0)
    }

    /// What this version asks for of a cluster.
    fn desired(&mut self, name: &ClusterName, options: &ManifestOptions, facts: Option<&Facts>) -> Has {
        if self.invalid.contains(name) {
            return Has::Invalid;
        }
        if !self.clusters.contains(name) {
            return Has::Nothing;
        }
        let (spec, diagnostics) =
            self.manifests.resolve(&ResolveOptions { cluster: Some(name.clone()), ..resolve_options(options) });
        self.report(diagnostics);
        let Some(spec) = spec else { return Has::Invalid };
        if let Some(facts) = facts
            && let Some(diagnostic) = region::elsewhere(&spec, facts)
        {
            let mut diagnostics = Diagnostics::default();
            diagnostics.push(diagnostic);
            self.report(diagnostics);
            return Has::Invalid;
        }
        let region = region::of(&spec).unwrap_or_else(|| NO_REGION.to_owned());
        let assumed;
        let facts = match facts {
            Some(facts) => facts,
            None => {
                assumed = kedge_model::assumed_facts(&spec, &region);
                &assumed
            }
        };
        let context = PlanContext { account_id: facts.account_id.clone(), region: facts.region.clone() };
        match kedge_model::lower(&spec, facts) {
            Ok(desired) => Has::Desired(Box::new(Wanted { spec, desired, context })),
            Err(diagnostics) => {
                self.report(diagnostics);
                Has::Invalid
            }
        }
    }

    /// What policies find in the way to what this version asks for.
    fn findings(&self, policies: Option<&Policies>, wanted: &Wanted, plan: &Plan) -> Result<Vec<Finding>, DiffError> {
        let Some(policies) = policies else { return Ok(Vec::new()) };
        let specification = Specification {
            resolved: wanted.spec.clone(),
            manifests: self.manifests.clone(),
            remarks: Diagnostics::default(),
            sources: Vec::new(),
            options: ManifestOptions::default(),
            addon_files: BTreeMap::new(),
        };
        findings(policies, plan, &wanted.desired.resources, &specification).map_err(DiffError::Policy)
    }

    fn report(&mut self, diagnostics: Diagnostics) {
        for diagnostic in self.manifests.attach_spans(diagnostics).iter() {
            self.add(diagnostic);
        }
    }

    /// Adds a diagnostic; several clusters may have the same ones.
    fn add(&mut self, diagnostic: &Diagnostic) {
        let same = |other: &Diagnostic| {
            (other.code, &other.detail, &other.path) == (diagnostic.code, &diagnostic.detail, &diagnostic.path)
                && position(other) == position(diagnostic)
        };
        if !self.diagnostics.iter().any(same) {
            self.diagnostics.push(diagnostic.clone());
        }
    }

    fn problems(&self, side: Side) -> Vec<Problem> {
        let errors = self.diagnostics.sorted().into_iter().filter(|it| it.severity == Severity::Error);
        errors
            .map(|error| Problem {
                side,
                code: error.code.to_owned(),
                text: error.detail.clone(),
                position: position(error),
            })
            .collect()
    }
}

fn resolve_options(options: &ManifestOptions) -> ResolveOptions {
    let ManifestOptions { allow_unknown_fields: _, cluster, ssh_public_key, features } = options;
    ResolveOptions { cluster: cluster.clone(), ssh_public_key: ssh_public_key.clone(), features: features.clone() }
}

fn parse<'a>(files: impl Iterator<Item = &'a VersionFile>, allow_unknown_fields: bool) -> (Manifests, Diagnostics) {
    let sources: Vec<Arc<Source>> = files.map(|file| file.source.clone()).collect();
    kedge_spec::parse(&sources, &ParseOptions { allow_unknown_fields })
}

fn names(manifests: &Manifests) -> BTreeSet<ClusterName> {
    manifests.cluster_names().into_iter().filter_map(|name| ClusterName::parse(name).ok()).collect()
}

/// The place of the file that a diagnostic is about.
fn place_of<'a>(files: &'a [VersionFile], diagnostic: &Diagnostic) -> Option<&'a str> {
    let source = &diagnostic.span.as_ref()?.source;
    files.iter().find(|file| Arc::ptr_eq(&file.source, source)).map(|file| file.place.as_str())
}

fn position(diagnostic: &Diagnostic) -> Option<Position> {
    let span = diagnostic.span.as_ref()?;
    let (line, column) = span.line_column();
    Some(Position { path: span.source.name.clone(), line, column })
}

fn only_errors(diagnostics: &Diagnostics) -> Diagnostics {
    let mut errors = Diagnostics::default();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
        errors.push(diagnostic.clone());
    }
    errors
}
