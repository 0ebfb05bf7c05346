//! Who is asking.

use kedge_cloud::{CloudError, Identity};

use crate::call::incomplete;
use crate::client::Aws;

const CALL: &str = "sts:GetCallerIdentity";

/// Account, caller and partition; asked once in the life of the process.
pub(crate) async fn identity(aws: &Aws) -> Result<Identity, CloudError> {
    aws.identity_cell().get_or_try_init(|| Box::pin(read(aws))).await.cloned()
}

async fn read(aws: &Aws) -> Result<Identity, CloudError> {
    let answer = aws.read(CALL, || aws.sts().get_caller_identity().send()).await?;
    let (Some(account_id), Some(caller)) = (answer.account, answer.arn) else { return Err(incomplete(CALL)) };
    let partition = partition(&caller).to_owned();
    Ok(Identity { account_id, caller, partition, region: aws.region().to_owned() })
}

/// The partition of an ARN: its second part.
fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_is_in_the_arn() {
        assert_eq!(partition("arn:aws-cn:iam::123456789012:user/a"), "aws-cn");
        assert_eq!(partition("arn:aws-us-gov:sts::123456789012:assumed-role/a/b"), "aws-us-gov");
        assert_eq!(partition("root"), "aws");
    }
}
