//! `CreateQueue`, `SetQueueAttributes`, `TagQueue`, `DeleteQueue`.

use kedge_resource::{PolicyDocument, Tags};
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::tagging::{Service, merged};

/// Milliseconds for which the name of a deleted queue is taken.
const REUSE_MS: u64 = 60_000;

/// A queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) url: String,
    pub(crate) retention_seconds: i32,
    #[serde(default)]
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) tags: Tags,
}

fn check_retention(seconds: i32) -> ApiResult<()> {
    require((60..=1_209_600).contains(&seconds), || {
        ApiError::new("InvalidAttributeValue", "Invalid value for the parameter MessageRetentionPeriod.")
    })
}

fn no_queue() -> ApiError {
    ApiError::new("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

impl Account {
    /// `CreateQueue`; with the same attributes again it returns the queue that is there.
    pub(crate) fn create_queue(
        &mut self,
        name: &str,
        retention_seconds: i32,
        policy: &PolicyDocument,
        tags: &Tags,
    ) -> ApiResult<Queue> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        require((1..=80).contains(&name.len()) && name.chars().all(allowed), || {
            let message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
            ApiError::new("InvalidParameterValue", message)
        })?;
        check_retention(retention_seconds)?;
        let tags = merged(Service::Sqs, &Tags::default(), tags)?;
        if let Some(there) = self.queues.get(name) {
            let same = there.retention_seconds == retention_seconds && there.policy.as_ref() == Some(policy);
            return if same {
                Ok(there.clone())
            } else {
                let message = "A queue already exists with the same name and a different value for an attribute";
                Err(ApiError::new("QueueNameExists", message))
            };
        }
        require(self.deleted_queues.get(name).is_none_or(|until| *until <= self.now_ms), || {
            let message = "You must wait 60 seconds after deleting a queue before you can create another with the \
                same name.";
            ApiError::new("AWS.SimpleQueueService.QueueDeletedRecently", message)
        })?;
        self.deleted_queues.remove(name);
        let queue = Queue {
            name: name.to_owned(),
            arn: self.arn("sqs", name),
            url: format!("https://sqs.{}.amazonaws.com/{}/{name}", self.region, self.account_id),
            retention_seconds,
            policy: Some(policy.clone()),
            tags,
        };
        self.queues.insert(name.to_owned(), queue.clone());
        Ok(queue)
    }

    fn queue_mut(&mut self, name: &str) -> ApiResult<&mut Queue> {
        self.queues.get_mut(name).ok_or_else(no_queue)
    }

    /// `SetQueueAttributes`.
    pub(crate) fn set_queue_attributes(
        &mut self,
        name: &str,
        retention_seconds: Option<i32>,
        policy: Option<&PolicyDocument>,
    ) -> ApiResult<()> {
        retention_seconds.map(check_retention).transpose()?;
        let queue = self.queue_mut(name)?;
        queue.retention_seconds = retention_seconds.unwrap_or(queue.retention_seconds);
        if let Some(policy) = policy {
            queue.policy = Some(policy.clone());
        }
        Ok(())
    }

    /// `TagQueue`.
    pub(crate) fn tag_queue(&mut self, name: &str, new: &Tags) -> ApiResult<()> {
        let queue = self.queue_mut(name)?;
        queue.tags = merged(Service::Sqs, &queue.tags, new)?;
        Ok(())
    }

    /// `DeleteQueue`.
    pub(crate) fn delete_queue(&mut self, name: &str) -> ApiResult<()> {
        require(self.queues.remove(name).is_some(), no_queue)?;
        self.deleted_queues.insert(name.to_owned(), self.now_ms + REUSE_MS);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::testing::trust;
    use super::super::testing::{account, code, pass, tags};

    #[test]
    fn a_name_rests_for_a_minute() {
        let mut account = account();
        let make =
            |account: &mut super::Account, seconds| code(account.create_queue("q", seconds, &trust(), &tags("q")));
        assert_eq!(make(&mut account, 10), "InvalidAttributeValue");
        assert!(make(&mut account, 300).starts_with("accepted"));
        assert!(make(&mut account, 300).starts_with("accepted"));
        assert_eq!(make(&mut account, 400), "QueueNameExists");
        account.set_queue_attributes("q", Some(400), None).unwrap();
        account.delete_queue("q").unwrap();
        assert_eq!(code(account.delete_queue("q")), "AWS.SimpleQueueService.NonExistentQueue");
        assert_eq!(make(&mut account, 300), "AWS.SimpleQueueService.QueueDeletedRecently");
        pass(&mut account, 61);
        assert!(make(&mut account, 300).starts_with("accepted"));
        assert_eq!(code(account.create_queue("q.fifo", 300, &trust(), &tags("q"))), "InvalidParameterValue");
    }
}
