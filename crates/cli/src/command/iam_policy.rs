//! `kedge iam-policy`.

use clap::Args;
use kedge_aws::permissions::{PolicyRequest, policy};
use kedge_store::Location;

use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::Session;
use crate::state;

const EXAMPLES: &str = "\
EXAMPLES:
  For the role of a CI job that plans:
    kedge iam-policy --read-only --store s3://kedge-state/clusters > read.json

  For the role that applies one cluster:
    kedge iam-policy --name prod.example.com --account 123456789012 --region eu-west-1 --store s3://kedge-state/clusters";

/// Print the least IAM policy that kedge needs
///
/// The policy is made from the list of the calls that kedge makes. Changes are limited to resources that carry the ownership tag
/// of the cluster wherever the API knows tags; existing security groups and subnets that the manifests name do not carry it and
/// need statements of their own. The policy that changes things is too long for a managed policy: write it into the role.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct IamPolicyArgs {
    /// Only what plan, snapshot, facts and get need: nothing can be changed with it
    #[arg(long)]
    read_only: bool,

    /// Account that the policy is for; without it, any
    #[arg(long, value_name = "ID")]
    account: Option<String>,

    /// ARN of the KMS key that protects the secrets of the state store
    #[arg(long, value_name = "ARN", conflicts_with = "read_only")]
    kms_key: Option<String>,
}

/// Does it.
pub(crate) fn run(args: &IamPolicyArgs, session: &Session) -> Result<ExitCode, CliError> {
    let store = match state::location(session)? {
        Some(Location::S3 { bucket, prefix }) => Some((bucket, prefix)),
        Some(Location::Directory(_)) | None => None,
    };
    let request = PolicyRequest {
        read_only: args.read_only,
        cluster: session.globals.name.as_ref().map(ToString::to_string),
        account: args.account.clone(),
        region: session.globals.region.clone(),
        store,
        key: args.kms_key.clone(),
    };
    session.ui.data_json(&policy(&request))?;
    Ok(ExitCode::Done)
}
