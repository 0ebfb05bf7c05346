//! Every error of kedge as a person sees it: heading, causes, and what to do next.
//!
//! One `From` for each error of a library decides heading, hints and exit code; nothing else in kedge does.

use std::error::Error;
use std::io;

use kedge_cloud::{CloudError, ErrorClass};
use kedge_diag::Diagnostics;
use kedge_etcd::EtcdError;
use kedge_ops::OpError;
use kedge_ops::apply::ApplyError;
use kedge_ops::diff::DiffError;
use kedge_ops::keypairs::{KeypairError, word};
use kedge_ops::load::LoadError;
use kedge_ops::saved::SavedPlanError;
use kedge_ops::snapshot::SnapshotError;
use kedge_ops::version::{GitError, VersionError};
use kedge_render::view::{Failure, Problem};
use kedge_render::wrap::wrap;
use kedge_render::{Line, Role, Text};
use kedge_sandbox::SandboxError;
use kedge_spec::init::InitError;
use kedge_store::StoreError;

use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something about the manifests, the options or the approval.
    User,
    /// The account did not do what it was asked.
    Cloud,
    /// Somebody interrupted it.
    Interrupted,
    /// A bug in kedge.
    Internal,
}

/// An error, ready to be shown.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    heading: String,
    causes: Vec<String>,
    hints: Vec<String>,
    diagnostics: Diagnostics,
}

impl CliError {
    fn new(kind: Kind, heading: impl Into<String>) -> Self {
        Self {
            kind,
            heading: heading.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            diagnostics: Diagnostics::default(),
        }
    }

    /// Something that the user can mend.
    pub(crate) fn user(heading: impl Into<String>) -> Self {
        Self::new(Kind::User, heading)
    }

    /// The account did not do all that it was asked; what failed has been said already.
    pub(crate) fn incomplete(heading: impl Into<String>) -> Self {
        Self::new(Kind::Cloud, heading)
    }

    /// Policies that cannot be used.
    pub(crate) fn policies(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, ..Self::user("the policies cannot be used as they are; nothing was changed") }
    }

    /// Somebody interrupted it.
    pub(crate) fn interrupted(heading: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, heading)
    }

    /// Says why.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Says what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            // a heading that quotes its cause has said it
            if !self.heading.ends_with(&text) {
                self.causes.push(text);
            }
            cause = error.source();
        }
        if self.kind == Kind::Internal {
            self = self.hint("this is a bug in kedge: please report it with the manifests and the command");
        }
        self
    }

    /// As views show it, for the cluster or the file of this name.
    pub(crate) fn failure(&self, name: &str) -> Failure {
        Failure {
            name: name.to_owned(),
            summary: self.heading.clone(),
            causes: self.causes.clone(),
            hints: self.hints.clone(),
            problems: problems(&self.diagnostics),
        }
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::User | Kind::Cloud | Kind::Internal => ExitCode::Failed,
            Kind::Interrupted => ExitCode::Interrupted,
        }
    }

    /// Shows it: diagnostics, heading, causes, and hints after an empty line.
    pub(crate) fn report(&self, ui: &Ui) {
        ui.diagnostics(&self.diagnostics);
        let label = match self.kind {
            Kind::User | Kind::Cloud => "error:",
            Kind::Interrupted => "interrupted:",
            Kind::Internal => "internal error:",
        };
        let mut text = Text::new();
        add(&mut text, ui.width(), Role::Error, label, &self.heading);
        for cause in &self.causes {
            add(&mut text, ui.width(), Role::Dim, "  caused by:", cause);
        }
        if !self.hints.is_empty() {
            text.gap();
        }
        for hint in &self.hints {
            add(&mut text, ui.width(), Role::Hint, "hint:", hint);
        }
        ui.complain(&text);
    }
}

/// What is said about manifests, as views show it.
pub(crate) fn problems(diagnostics: &Diagnostics) -> Vec<Problem> {
    diagnostics.sorted().into_iter().map(Problem::of).collect()
}

/// Adds a label and a sentence, whose further lines stand below its first word.
fn add(text: &mut Text, width: usize, role: Role, label: &str, sentence: &str) {
    let indent = label.chars().count() + 1;
    for (position, line) in wrap(sentence, width.saturating_sub(indent)).into_iter().enumerate() {
        text.push(match position {
            0 => Line::of(role, label).with(Role::Plain, format!(" {line}")),
            _ => Line::plain(format!("{:indent$}{line}", "")),
        });
    }
}

impl From<Diagnostics> for CliError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, ..Self::user("the manifests cannot be used as they are; nothing was changed") }
    }
}

impl From<InitError> for CliError {
    fn from(InitError(diagnostics): InitError) -> Self {
        Self { diagnostics, ..Self::user("no manifest can be made of these options") }
    }
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        let cause = |this: Self| match error.source() {
            Some(source) => this.caused_by(source),
            None => this,
        };
        match &error {
            LoadError::Missing { path, similar } => {
                let this = Self::user(error.to_string());
                match similar {
                    Some(similar) => this.hint(format!("did you mean {similar}?")),
                    None if path.is_absolute() => this.hint("check the path"),
                    None => this.hint("check the path; it is relative to the directory that kedge runs in"),
                }
            }
            LoadError::Read { .. } | LoadError::Stdin(_) => cause(Self::user(format!("failed to {error}"))),
            LoadError::StdinTwice => Self::user(error.to_string()).hint("name - once"),
            LoadError::NoManifests { .. } => {
                Self::user(error.to_string()).hint("name the directory that holds the manifests, or a file")
            }
            LoadError::NoPolicies { .. } => Self::user(error.to_string()).hint("policies/ has some to begin with"),
            LoadError::Empty { .. } => Self::user(error.to_string())
                .hint("it should hold a Cluster and its InstanceGroups; specs/minimal.yaml is an example"),
            LoadError::Facts { .. } => cause(Self::user(error.to_string()))
                .hint("`kedge facts` writes a facts document, `kedge schema facts` describes it"),
            LoadError::Json { .. } => cause(Self::user(error.to_string())).hint("name the file that kedge wrote"),
            LoadError::SshKey { .. } => Self::user(error.to_string()),
        }
    }
}

impl From<VersionError> for CliError {
    fn from(error: VersionError) -> Self {
        match error {
            VersionError::Load(error) => error.into(),
            VersionError::Git(error) => error.into(),
            VersionError::Unknown { .. } => Self::user(error.to_string()).hint("check the path and the revision"),
            VersionError::NoPath { ref revision } => {
                Self::user(error.to_string()).hint(format!("name them with -f, or as {revision}:clusters/prod.yaml"))
            }
            VersionError::NoHead { .. } => Self::user(error.to_string())
                .hint("name a second version, or with -f the files whose present state is compared"),
            VersionError::Nothing { .. } => Self::user(error.to_string()).hint("check the paths"),
        }
    }
}

impl From<DiffError> for CliError {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::Plan(source) => OpError::Plan(source).into(),
            DiffError::Policy(diagnostics) => Self::policies(diagnostics),
        }
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        let this = Self::user(error.to_string());
        match &error {
            GitError::NoGit(source) => this.caused_by(source).hint("install git, or compare files and directories"),
            GitError::NoRepository => this.hint("run kedge in the repository, or compare files and directories"),
            GitError::UnknownRevision { revision, shallow: true } => this.hint(format!(
                "this clone has a part of the history only: `git fetch origin {revision}`, or check out with the whole history \
                 (fetch-depth: 0)"
            )),
            GitError::UnknownRevision { shallow: false, .. } => {
                this.hint("`git branch -a` and `git tag` list branches and tags; a branch of a remote is origin/NAME")
            }
            GitError::NothingInCommon { .. } => {
                this.hint("a clone with a part of the history only may lack it: check out with the whole history (fetch-depth: 0)")
            }
            GitError::NoText { .. } | GitError::Failed { .. } => this,
        }
    }
}

impl From<OpError> for CliError {
    fn from(error: OpError) -> Self {
        match error {
            OpError::Cloud { doing, source } => {
                Self::new(Kind::Cloud, format!("failed to {doing}")).with_cloud(&source)
            }
            OpError::Manifests(diagnostics) => diagnostics.into(),
            OpError::Plan(source) => Self::new(Kind::Internal, "failed to compute the plan").caused_by(&source),
        }
    }
}

impl From<ApplyError> for CliError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused { notes } => {
                let mut this = Self::user("the plan is refused; nothing was changed");
                this.causes = notes.into_iter().map(|note| note.text).collect();
                this
            }
            ApplyError::Order(source) => Self::new(Kind::Internal, "failed to order the changes").caused_by(&source),
        }
    }
}

impl From<CloudError> for CliError {
    fn from(error: CloudError) -> Self {
        let this = Self::new(Kind::Cloud, "failed to connect to AWS").with_cloud(&error);
        // Connecting makes no call: the one thing that can be wrong with the request is its region.
        if error.class == ErrorClass::Invalid { this.hint("--region names one for this command") } else { this }
    }
}

impl CliError {
    /// Adds what the cloud said, and what to do about an error of its class.
    fn with_cloud(mut self, error: &CloudError) -> Self {
        self.causes.push(error.to_string());
        let own = error.hint.clone();
        let call = &error.call;
        let general = match error.class {
            ErrorClass::Denied => {
                Some(format!("allow the action {call} to the caller; `aws sts get-caller-identity` shows who that is"))
            }
            ErrorClass::Credentials => {
                Some("check the credentials: AWS_PROFILE or --profile, `aws sso login`, AWS_ACCESS_KEY_ID".to_owned())
            }
            ErrorClass::Unreachable => Some("check the network, the region (--region) and AWS_ENDPOINT_URL".to_owned()),
            ErrorClass::Throttled => Some("AWS limits how often it may be called; try again in a minute".to_owned()),
            ErrorClass::Transient => Some("AWS failed in passing; try again".to_owned()),
            ErrorClass::Quota => Some("ask AWS for a higher quota, or remove what is not needed".to_owned()),
            ErrorClass::NotFound
            | ErrorClass::Unreadable
            | ErrorClass::AlreadyExists
            | ErrorClass::Ambiguous
            | ErrorClass::NotReadyYet
            | ErrorClass::InUse
            | ErrorClass::Conflict
            | ErrorClass::Invalid
            | ErrorClass::Fenced
            | ErrorClass::Other => None,
        };
        // The adapter knows more than the class does.
        if let Some(hint) = own.or(general) {
            self = self.hint(hint);
        }
        match error.class {
            ErrorClass::Credentials => self.hint("to try kedge without an AWS account, add --sandbox"),
            _ => self,
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        let kind = match &error {
            StoreError::Cloud { .. } => Kind::Cloud,
            StoreError::Lost { .. } => Kind::Interrupted,
            _ => Kind::User,
        };
        let heading = match &error {
            StoreError::Io { .. } | StoreError::Cloud { .. } => format!("failed to {error}"),
            _ => error.to_string(),
        };
        let this = Self::new(kind, heading);
        let this = match &error {
            StoreError::Cloud { source, .. } => return this.with_cloud(source),
            _ => match error.source() {
                Some(source) => this.caused_by(source),
                None => this,
            },
        };
        match hint {
            Some(hint) => this.hint(hint),
            None => this,
        }
    }
}

impl From<EtcdError> for CliError {
    fn from(error: EtcdError) -> Self {
        let (hint, text) = (error.hint(), error.to_string());
        let this = match error {
            EtcdError::Store(error) => return error.into(),
            EtcdError::Io { source, .. } => Self::user(format!("failed to {text}")).caused_by(&source),
            _ => Self::user(text),
        };
        match hint {
            Some(hint) => this.hint(hint),
            None => this,
        }
    }
}

impl From<KeypairError> for CliError {
    fn from(error: KeypairError) -> Self {
        match error {
            KeypairError::Store(error) => error.into(),
            KeypairError::Pki { doing, source } => Self::user(format!("failed to {doing}")).caused_by(&source),
            KeypairError::Stage { purpose, source } => Self::user(source.to_string())
                .hint(format!("`kedge get keypairs` shows how far {purpose} is (kedge rotate {})", word(purpose))),
            KeypairError::Behind { .. } => Self::user(error.to_string()).hint(
                "wait until they have taken the stage before: control planes do within an hour, nodes a quarter of an hour \
                 later, and `kedge validate` shows what keeps one from it; --force goes on without them",
            ),
            KeypairError::Shared { .. } => Self::user(error.to_string()).hint(
                "whoever trusts an authority lets in all that it has issued: bring one that is for this alone, or leave it to \
                 kedge to make one",
            ),
            KeypairError::Missing { .. } => Self::user(error.to_string())
                .hint("`kedge apply` makes it when --kms-key or --passphrase-file names the key that encrypts it"),
        }
    }
}

impl From<SavedPlanError> for CliError {
    fn from(error: SavedPlanError) -> Self {
        let heading = error.to_string();
        let again = "make the plan again with `kedge plan --out`, and have it reviewed";
        match error {
            SavedPlanError::Load(error) => error.into(),
            SavedPlanError::Op(error) => error.into(),
            SavedPlanError::Stale { moved } => {
                let mut this = Self::user(format!("{heading}; nothing was changed")).hint(again);
                this.causes = moved;
                this
            }
            SavedPlanError::Tampered { .. } => Self::user(heading).hint(again),
            SavedPlanError::NotOne { .. } => {
                Self::user(heading).hint("`kedge plan --out FILE` saves a plan; manifests are named with -f")
            }
            SavedPlanError::Newer { .. } => Self::user(heading).hint("use the newer kedge that wrote it"),
            SavedPlanError::Elsewhere { .. } => {
                Self::user(heading).hint("check the credentials, --profile, --region and --name")
            }
        }
    }
}

impl From<SnapshotError> for CliError {
    fn from(error: SnapshotError) -> Self {
        let this = Self::user(error.to_string());
        let again = "take it again with `kedge snapshot -f … --out FILE`";
        match error {
            SnapshotError::Load(error) => error.into(),
            SnapshotError::Op(error) => error.into(),
            SnapshotError::NotOne { .. } => this.hint("`kedge snapshot --out FILE` writes one"),
            SnapshotError::Newer { .. } => this.hint("use the newer kedge that wrote it"),
            SnapshotError::Elsewhere { .. } => this.hint("name the snapshot of that account and region"),
            SnapshotError::NoCluster { has, .. } => {
                let has: Vec<String> = has.iter().map(ToString::to_string).collect();
                this.hint(format!(
                    "it has {}; {again}",
                    if has.is_empty() { "no cluster".to_owned() } else { has.join(", ") }
                ))
            }
            SnapshotError::TooOld { .. } => this.hint(again),
        }
    }
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        let this = Self::user(error.to_string());
        match error.source() {
            Some(source) => this.caused_by(source),
            None => this,
        }
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::user("failed to read or write").caused_by(&error)
    }
}
