//! The grammar of the command line.

use camino::Utf8PathBuf;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use kedge_ops::plan::PlanOptions;
use kedge_resource::{ClusterName, Facts, ResourceKey};

use crate::command::{
    apply::ApplyArgs, completions::CompletionsArgs, delete::DeleteArgs, diff::DiffArgs, etcd::EtcdArgs,
    export::ExportArgs, facts::FactsArgs, get::GetArgs, iam_policy::IamPolicyArgs, init::InitArgs, lease::LeaseArgs,
    op::OpArgs, plan::PlanArgs, resources::ResourcesArgs, rotate::RotateArgs, schema::SchemaArgs, secret::SecretArgs,
    snapshot::SnapshotArgs, store::StoreArgs, validate::ValidateArgs,
};

/// Directory of the sandbox account where none is named.
pub(crate) const DEFAULT_SANDBOX: &str = ".kedge-sandbox";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
EXAMPLES:
  Write a manifest for a new cluster:
    kedge init --name prod.example.com --zones eu-west-1a,eu-west-1b,eu-west-1c > cluster.yaml

  Try it without an AWS account:
    kedge apply -f specs/minimal.yaml --sandbox

  See what a manifest would change in AWS, and change it:
    kedge plan -f cluster.yaml
    kedge apply -f cluster.yaml

  Remove a cluster:
    kedge delete cluster --name prod.example.com";

/// Provision Kubernetes clusters on AWS from kops manifests
///
/// kedge compares what the manifests ask for with what AWS holds, shows the difference, and makes it so. It finds the
/// resources of a cluster by their tags, keeps no state file, and never touches what the cluster does not own.
///
/// With a state store in S3 and the program for instances (--node-binaries) the instances that it launches become a Kubernetes
/// cluster by themselves; without these they start and run only.
///
/// Exit codes: 0 done or nothing to do, 1 failed, 2 changes pending (plan --detailed-exitcode), 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "kedge", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 100, propagate_version = true)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(Box<InitArgs>),
    Plan(PlanArgs),
    Diff(DiffArgs),
    Apply(ApplyArgs),
    Delete(DeleteArgs),
    Get(GetArgs),
    Validate(ValidateArgs),
    Export(ExportArgs),
    Rotate(RotateArgs),
    Etcd(EtcdArgs),
    Op(OpArgs),
    Lease(LeaseArgs),
    Secret(SecretArgs),
    Store(StoreArgs),
    Facts(FactsArgs),
    Snapshot(SnapshotArgs),
    Resources(ResourcesArgs),
    IamPolicy(IamPolicyArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Read manifests from this file, from the .yaml and .yml files of this directory, or from standard input (-);
    /// repeatable
    #[arg(short = 'f', long = "filename", value_name = "PATH", global = true)]
    pub(crate) filename: Vec<String>,

    /// Name of the cluster
    #[arg(long, value_name = "CLUSTER", global = true, value_parser = ClusterName::parse)]
    pub(crate) name: Option<ClusterName>,

    /// Use an embedded account in a directory instead of AWS [default directory: .kedge-sandbox] [env: KEDGE_SANDBOX]
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_SANDBOX,
    )]
    pub(crate) sandbox: Option<Utf8PathBuf>,

    /// Facts document that a new sandbox account is made from [default: the region, zones and hosted zone of the manifests,
    /// images of Ubuntu, Debian and Amazon Linux, and common machine types]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) sandbox_facts: Option<Utf8PathBuf>,

    /// How fast the sandbox's clock runs: 0 does not wait at all, 1 is real time
    #[arg(long, value_name = "FACTOR", global = true)]
    pub(crate) sandbox_speed: Option<f64>,

    /// File that says which calls of the sandbox fail, and how
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) sandbox_faults: Option<Utf8PathBuf>,

    /// State store: s3://bucket/prefix or file:///directory [env: KEDGE_STATE_STORE, KOPS_STATE_STORE] [default with --sandbox:
    /// the directory store of the sandbox]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) store: Option<String>,

    /// Folder with kedge-node-amd64 and kedge-node-arm64, which instances run [env: KEDGE_NODE_BINARIES] [default: the folder of
    /// kedge, then what the state store has]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) node_binaries: Option<Utf8PathBuf>,

    /// AWS region; with manifests their zones decide
    #[arg(long, value_name = "REGION", global = true)]
    pub(crate) region: Option<String>,

    /// Profile of the AWS configuration
    #[arg(long, value_name = "PROFILE", global = true)]
    pub(crate) profile: Option<String>,

    /// Accept fields that kedge does not know, with a note for each
    #[arg(long, global = true)]
    pub(crate) allow_unknown_fields: bool,

    /// Say more; twice shows what happens inside
    #[arg(short = 'v', long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,

    /// Say nothing but results and errors
    #[arg(short = 'q', long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Use colour: auto means on terminals
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// What besides the manifests decides a specification.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SpecArgs {
    /// SSH public key for the instances, instead of an SSHCredential manifest
    #[arg(long, value_name = "FILE")]
    pub(crate) ssh_public_key: Option<Utf8PathBuf>,

    /// kops feature flags that the manifests rely on, such as APIServerNodes
    #[arg(long, value_name = "FLAGS", value_delimiter = ',')]
    pub(crate) feature_flags: Vec<String>,
}

/// What may be lost.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DestroyArgs {
    /// Allow that this resource, which holds state, is deleted or replaced; repeatable
    ///
    /// KEY is the key that the plan shows, such as volume/a.etcd-main.prod.example.com.
    #[arg(long, value_name = "KEY")]
    pub(crate) allow_destroy: Vec<ResourceKey>,

    /// Allow that instances boot from another state store than until now, into which everything of the old one was copied
    #[arg(long)]
    pub(crate) move_store: bool,
}

impl DestroyArgs {
    /// As a plan takes them.
    pub(crate) fn options(&self, facts: Option<Facts>) -> PlanOptions {
        PlanOptions { facts, allow_destroy: self.allow_destroy.iter().cloned().collect(), move_store: self.move_store }
    }
}

/// Form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

/// Form of what happens during a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunOutput {
    #[default]
    Text,
    Jsonl,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_sandbox_may_have_a_directory() {
        let sandbox = |arguments: &[&str]| Cli::try_parse_from(arguments).unwrap().globals.sandbox;
        assert_eq!(sandbox(&["kedge", "plan", "-f", "a.yaml"]), None);
        assert_eq!(sandbox(&["kedge", "plan", "--sandbox", "-f", "a.yaml"]), Some(DEFAULT_SANDBOX.into()));
        assert_eq!(sandbox(&["kedge", "--sandbox=/tmp/x", "plan", "-f", "a.yaml"]), Some("/tmp/x".into()));
    }
}
