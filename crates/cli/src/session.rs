//! What most commands begin with: options, manifests, an account.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use camino::Utf8Path;
use kedge_diag::Source;
use kedge_ops::load::{self, Input};
use kedge_ops::manifests::ManifestOptions;
use kedge_ops::{Specification, fleet};
use kedge_resource::ClusterName;
use kedge_spec::resolved::Feature;

use crate::args::{GlobalArgs, SpecArgs};
use crate::backend::Backend;
use crate::env::Environment;
use crate::error::CliError;
use crate::state;
use crate::ui::Ui;

/// One run of kedge.
pub(crate) struct Session {
    pub(crate) globals: GlobalArgs,
    pub(crate) environment: Environment,
    pub(crate) ui: Ui,
}

/// Where the manifests of a command are.
pub(crate) enum Manifests {
    /// They are read.
    Given(Box<Specification>),
    /// In the state store.
    Stored(SpecArgs),
}

impl Session {
    /// Reads the manifests that `-f` names.
    pub(crate) fn specification(&self, args: &SpecArgs) -> Result<Specification, CliError> {
        self.specification_of(&self.sources()?, args)
    }

    /// The texts that `-f` names. Standard input can be read once.
    pub(crate) fn sources(&self) -> Result<Vec<Arc<Source>>, CliError> {
        if self.globals.filename.is_empty() {
            return Err(CliError::user("no manifests are named")
                .hint("name a file or a directory with -f; specs/minimal.yaml is an example"));
        }
        let inputs: Vec<Input> = self.globals.filename.iter().map(|text| Input::parse(text)).collect();
        Ok(load::sources(&inputs, || {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
        })?)
    }

    /// Reads the manifests that `-f` names: the cluster of `--name`, or every cluster that they have.
    pub(crate) fn specifications(&self, args: &SpecArgs) -> Result<Vec<Specification>, CliError> {
        let sources = self.sources()?;
        let options = self.manifest_options(args)?;
        let members = if options.cluster.is_some() { Vec::new() } else { fleet::members(&sources) };
        if members.is_empty() {
            return Ok(vec![self.specification_of(&sources, args)?]);
        }
        let one = |member: fleet::Member| {
            Specification::read(&member.sources, &ManifestOptions { cluster: member.cluster, ..options.clone() })
                .map(|specification| with_addon_files(specification, &member.sources))
        };
        Ok(members.into_iter().map(one).collect::<Result<_, _>>()?)
    }

    /// What besides the manifests decides a specification.
    pub(crate) fn manifest_options(&self, args: &SpecArgs) -> Result<ManifestOptions, CliError> {
        Ok(ManifestOptions {
            allow_unknown_fields: self.globals.allow_unknown_fields,
            cluster: self.globals.name.clone(),
            ssh_public_key: args.ssh_public_key.as_deref().map(load::ssh_public_key).transpose()?,
            features: features(&args.feature_flags)?,
        })
    }

    /// Reads manifests, and says what is worth knowing about them.
    pub(crate) fn specification_of(&self, sources: &[Arc<Source>], args: &SpecArgs) -> Result<Specification, CliError> {
        let specification = Specification::read(sources, &self.manifest_options(args)?)?;
        let specification = with_addon_files(specification, sources);
        self.ui.diagnostics(&specification.remarks);
        Ok(specification)
    }

    /// The manifests that a command is about: those of `-f`, or the current ones of the state store.
    pub(crate) fn manifests(&self, args: &SpecArgs) -> Result<Manifests, CliError> {
        if !self.takes_stored_manifests()? {
            return Ok(Manifests::Given(Box::new(self.specification(args)?)));
        }
        Ok(Manifests::Stored(args.clone()))
    }

    /// Whether the current manifests of the state store are meant: a cluster is named, and no file is.
    pub(crate) fn takes_stored_manifests(&self) -> Result<bool, CliError> {
        Ok(self.globals.filename.is_empty() && self.globals.name.is_some() && state::location(self)?.is_some())
    }

    /// Reads manifests from the state store, if that is where they are.
    pub(crate) async fn read(&self, manifests: Manifests) -> Result<Specification, CliError> {
        let args = match manifests {
            Manifests::Given(specification) => return Ok(*specification),
            Manifests::Stored(args) => args,
        };
        let (cluster, _) = self.cluster()?;
        let store = state::needed(self, &cluster).await?;
        let serial = store.snapshot().await?.head.map(|head| head.serial).unwrap_or_default();
        if serial == 0 {
            return Err(CliError::user(format!("the state store {} has no manifests of {cluster}", store.place()))
                .hint("name manifests with -f"));
        }
        self.ui.detail(format!("using manifests {serial} of {}", store.place()));
        let source = Source {
            name: format!("{}/{cluster}/manifests/{serial:06}.yaml", store.place()),
            text: store.manifests(serial).await?,
        };
        self.specification_of(&[Arc::new(source)], &args)
    }

    /// Whether standard input is taken by manifests, so that nobody can answer on it.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.globals.filename.iter().any(|name| name == "-")
    }

    /// Opens the account, in the region of the specification if there is one.
    pub(crate) async fn open(&self, specification: Option<&Specification>) -> Result<Backend, CliError> {
        let spec = specification.map(|specification| &specification.resolved);
        Backend::open(&self.globals, &self.environment, spec, &self.ui).await
    }

    /// The cluster that a command without need for manifests is about: `--name`, or that of the manifests.
    pub(crate) fn cluster(&self) -> Result<(ClusterName, Option<Specification>), CliError> {
        if !self.globals.filename.is_empty() {
            let specification = self.specification(&SpecArgs::default())?;
            return Ok((specification.cluster().clone(), Some(specification)));
        }
        match &self.globals.name {
            Some(name) => Ok((name.clone(), None)),
            None => Err(CliError::user("no cluster is named")
                .hint("name it with --name; `kedge get clusters` lists those of the account")),
        }
    }
}

/// Runs a command that talks to an account. One thread is enough: it waits for AWS nearly all of the time.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // Resolving a name cannot be cancelled; nobody has to wait for it.
    runtime.shutdown_background();
    result
}

/// Brings the files of the user's own add-ons with a specification: those that are beside its manifests. What is not there is
/// told where add-ons are planned.
pub(crate) fn with_addon_files(specification: Specification, sources: &[Arc<Source>]) -> Specification {
    specification.with_addon_files(|name| {
        let folders = sources.iter().filter_map(|source| Utf8Path::new(&source.name).parent());
        folders.map(|folder| folder.join(name)).find_map(|path| fs_err::read_to_string(path).ok())
    })
}

fn features(flags: &[String]) -> Result<BTreeSet<Feature>, CliError> {
    flags
        .iter()
        .map(|flag| {
            // kops takes its flags in any case and with a leading + for "on".
            match flag.trim().trim_start_matches('+').to_lowercase().as_str() {
                "apiservernodes" => Ok(Feature::ApiServerNodes),
                _ => Err(CliError::user(format!("{flag} is not a feature flag that kedge knows"))
                    .hint("the known one is APIServerNodes")),
            }
        })
        .collect()
}
