//! Which account a command works on: AWS, or the sandbox.

use std::sync::Arc;

use camino::Utf8PathBuf;
use kedge_aws::{Aws, AwsOptions};
use kedge_cloud::{
    CloudError, ClusterSummary, Fence, Handles, Identity, Observe, Progress, Realize, Scope, Step, StepOutcome,
};
use kedge_engine::{RunOptions, SimulatedSleeper};
use kedge_ops::{beginning, region};
use kedge_resource::{ClusterName, Facts, FactsQuery, Inventory};
use kedge_sandbox::{Faults, Sandbox, SandboxOptions};
use kedge_spec::ResolvedSpec;

use crate::args::GlobalArgs;
use crate::env::Environment;
use crate::error::CliError;
use crate::ui::Ui;

/// An account behind the ports.
pub(crate) enum Backend {
    /// AWS.
    Aws(Aws),
    /// The sandbox.
    Sandbox(Sandbox),
}

impl Backend {
    /// From now on `fence` is asked before every write.
    pub(crate) fn set_fence(&self, fence: Fence) {
        match self {
            Self::Aws(aws) => aws.set_fence(fence),
            // Each step of the sandbox is over in no time, and the engine asks before each.
            Self::Sandbox(_) => {}
        }
    }

    /// How runs are done: in real time, or on the simulated clock of the sandbox, where a run is the same every time.
    pub(crate) fn run_options(&self) -> RunOptions {
        match self {
            // Several runs at the same time must not try again at the same moments.
            Self::Aws(_) => RunOptions { seed: std::process::id().into(), ..RunOptions::default() },
            Self::Sandbox(_) => RunOptions { sleeper: Arc::new(SimulatedSleeper::default()), ..RunOptions::default() },
        }
    }
}

/// Passes a call on to whichever it is. The futures of the SDK are large, so they live on the heap.
macro_rules! delegate {
    ($self:ident, $inner:ident => $call:expr) => {
        match $self {
            Self::Aws($inner) => Box::pin($call).await,
            Self::Sandbox($inner) => Box::pin($call).await,
        }
    };
}

impl Observe for Backend {
    async fn identity(&self) -> Result<Identity, CloudError> {
        delegate!(self, inner => inner.identity())
    }

    async fn facts(&self, query: &FactsQuery) -> Result<Facts, CloudError> {
        delegate!(self, inner => inner.facts(query))
    }

    async fn inventory(&self, cluster: &ClusterName, scope: Scope) -> Result<Inventory, CloudError> {
        delegate!(self, inner => inner.inventory(cluster, scope))
    }

    async fn clusters(&self) -> Result<Vec<ClusterSummary>, CloudError> {
        delegate!(self, inner => inner.clusters())
    }
}

impl Realize for Backend {
    async fn realize(
        &self,
        cluster: &ClusterName,
        step: &Step,
        handles: &Handles,
        progress: Progress<'_>,
    ) -> Result<StepOutcome, CloudError> {
        delegate!(self, inner => inner.realize(cluster, step, handles, progress))
    }
}

impl Backend {
    /// Directory of the sandbox, if commands are to work on one.
    pub(crate) fn sandbox(globals: &GlobalArgs, environment: &Environment) -> Option<Utf8PathBuf> {
        globals.sandbox.clone().or_else(|| environment.sandbox.clone().map(Into::into))
    }

    /// Opens the account, in the region of the manifests if there are any.
    pub(crate) async fn open(
        globals: &GlobalArgs,
        environment: &Environment,
        spec: Option<&ResolvedSpec>,
        ui: &Ui,
    ) -> Result<Self, CliError> {
        let region = spec.and_then(region::of);
        if let Some(directory) = Self::sandbox(globals, environment) {
            ui.detail(format!("using the sandbox account in {directory}"));
            let backend = Self::Sandbox(open_sandbox(globals, directory, spec, ui)?);
            backend.refuse_region(globals, region.as_deref(), ui)?;
            return Ok(backend);
        }
        for (given, option) in [
            (globals.sandbox_facts.is_some(), "--sandbox-facts"),
            (globals.sandbox_faults.is_some(), "--sandbox-faults"),
            (globals.sandbox_speed.is_some(), "--sandbox-speed"),
        ] {
            if given {
                return Err(CliError::user(format!("{option} has no effect without --sandbox"))
                    .hint("add --sandbox, or leave the option out"));
            }
        }
        let region = wanted_region(globals, region, ui)?;
        if let Some(variable) = environment.empty.first() {
            return Err(CliError::user(format!("the environment variable {variable} is set, but empty"))
                .hint(format!("unset {variable}, or give it a value")));
        }
        let aws = connect(globals, environment, region).await?;
        ui.detail(format!("using AWS, region {}", aws.region()));
        Ok(Self::Aws(aws))
    }
}

impl Backend {
    /// Refuses what a sandbox cannot be asked for: it is of one region, which was decided when it was begun.
    pub(crate) fn refuse_region(&self, globals: &GlobalArgs, zones: Option<&str>, ui: &Ui) -> Result<(), CliError> {
        let Self::Sandbox(sandbox) = self else { return Ok(()) };
        let (own, directory) = (sandbox.region(), ui.sandbox().unwrap_or_default());
        let (what, wanted) = match (zones, &globals.region) {
            (Some(zones), _) if zones != own => ("the zones of the manifests are in", zones),
            (_, Some(asked)) if *asked != own => ("--region is", asked.as_str()),
            _ => return Ok(()),
        };
        Err(CliError::user(format!("the sandbox in {directory} is of {own}, and {what} {wanted}")).hint(format!(
            "--sandbox=DIR with a directory that is not there yet begins one of {wanted}: each sandbox is of one region"
        )))
    }

    /// The same account in the region of other manifests, within the same rate budget; `None` if that takes a connection of its
    /// own.
    pub(crate) fn beside(
        &self,
        globals: &GlobalArgs,
        region: Option<String>,
        ui: &Ui,
    ) -> Result<Option<Self>, CliError> {
        match (self, wanted_region(globals, region, ui)?) {
            (Self::Aws(aws), Some(region)) => Ok(Some(Self::Aws(aws.in_region(&region)))),
            _ => Ok(None),
        }
    }
}

/// The region that is asked for, or that the manifests' zones are in; the two must not differ.
fn wanted_region(globals: &GlobalArgs, zones: Option<String>, ui: &Ui) -> Result<Option<String>, CliError> {
    match (&globals.region, zones) {
        (Some(asked), Some(zones)) if *asked != zones => {
            Err(CliError::user(format!("--region is {asked}, but the zones of the manifests are in {zones}"))
                .hint("leave --region out: with manifests their zones decide"))
        }
        (Some(asked), _) => Ok(Some(asked.clone())),
        (None, Some(zones)) => {
            ui.detail(format!("region {zones}, from the zones of the manifests"));
            Ok(Some(zones))
        }
        (None, None) => Ok(None),
    }
}

/// Connects to AWS, in the region given or the one that is set up.
pub(crate) async fn connect(
    globals: &GlobalArgs,
    environment: &Environment,
    region: Option<String>,
) -> Result<Aws, CliError> {
    let options = AwsOptions { region, profile: globals.profile.clone(), path_style: environment.own_s3 };
    Ok(Box::pin(Aws::connect(&options)).await?)
}

/// What a crash fault of the sandbox does: ends the process as `kill -9` would, with nothing tidied up.
#[expect(clippy::exit, reason = "a rehearsed crash must not let anything run that a real one would not")]
fn die() {
    // 128 + SIGKILL, as a shell reports it.
    std::process::exit(137);
}

fn open_sandbox(
    globals: &GlobalArgs,
    directory: Utf8PathBuf,
    spec: Option<&ResolvedSpec>,
    ui: &Ui,
) -> Result<Sandbox, CliError> {
    let seed = match &globals.sandbox_facts {
        Some(path) if !Sandbox::exists(&directory) => Some(kedge_ops::load::facts(path)?),
        Some(path) => {
            ui.warn(&format!(
                "{path} is left aside: the sandbox in {directory} exists, and has what it was begun with"
            ));
            None
        }
        None => {
            let facts = kedge_sandbox::default_account();
            let region = spec.and_then(region::of).or_else(|| globals.region.clone());
            Some(beginning::begin(facts.clone(), region.as_deref().unwrap_or(&facts.region), spec))
        }
    };
    // Without waiting, unless somebody wants to watch: trying kedge should not take as long as AWS does.
    let speed = globals.sandbox_speed.unwrap_or(0.0);
    let faults = globals.sandbox_faults.as_deref().map(Faults::read).transpose()?;
    Ok(Sandbox::open(&SandboxOptions { dir: directory, seed, faults, speed, on_crash: Some(die) })?)
}
