//! The gate that every call to the account passes: it counts and records, strikes with faults, and lets time pass.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::account::api_error::{ApiError, ApiResult};
use crate::faults::{FaultAction, FaultState};

/// Simulated milliseconds that a call takes.
const CALL_MS: u64 = 50;

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Service such as `ec2`, as IAM names it.
    pub service: String,
    /// Action such as `CreateVpc`.
    pub action: String,
    /// What it is about: a name or an id.
    pub about: String,
    /// `ok`, the code of the error, or what the fault did.
    pub outcome: String,
}

impl CallRecord {
    /// Whether the call can change the account.
    #[must_use]
    pub fn is_write(&self) -> bool {
        is_write(&self.action)
    }
}

fn is_write(action: &str) -> bool {
    !["Describe", "List", "Get"].iter().any(|prefix| action.starts_with(prefix))
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The account refused.
    Api(ApiError),
    /// The request did not get there: nothing was done.
    NotSent,
    /// The request got there and the answer did not arrive: a write was done.
    AnswerLost,
    /// The client is dead.
    Crashed,
    /// The account could not be read or kept.
    Storage(String),
}

/// What the gate remembers of one process.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) records: Vec<CallRecord>,
    pub(crate) faults: FaultState,
    pub(crate) crashed: bool,
}

impl Gate {
    /// Makes a call. Returns whether the account may have changed, and the answer.
    pub(crate) fn pass<T>(
        &mut self,
        account: &mut Account,
        (service, action): (&str, &str),
        about: &str,
        call: impl FnOnce(&mut Account) -> ApiResult<T>,
    ) -> (bool, Result<T, Failure>) {
        if self.crashed {
            return (false, Err(Failure::Crashed));
        }
        account.now_ms += CALL_MS;
        let settled = account.settle();
        let fault = self.faults.strike(service, action, about);
        let refused = |code: &str, status: u16, message: String| {
            Err(Failure::Api(ApiError { code: code.to_owned(), message, status }))
        };
        let (done, answer) = match &fault {
            Some(FaultAction::Throttle) => {
                let code = if service == "ec2" { "RequestLimitExceeded" } else { "Throttling" };
                (false, refused(code, 503, "Request limit exceeded.".to_owned()))
            }
            Some(FaultAction::Error { code, status, message }) => (false, refused(code, *status, message.clone())),
            Some(FaultAction::DropBefore) => (false, Err(Failure::NotSent)),
            Some(FaultAction::Deny) => {
                let code = if service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
                let message = format!("You are not authorized to perform: {service}:{action}");
                (false, refused(code, 403, message))
            }
            Some(FaultAction::Crash) => {
                self.crashed = true;
                (false, Err(Failure::Crashed))
            }
            Some(FaultAction::LoseResponse | FaultAction::CrashAfter) | None => {
                (is_write(action), call(account).map_err(Failure::Api))
            }
        };
        let answer = match (&fault, answer) {
            (Some(FaultAction::LoseResponse), _) => Err(Failure::AnswerLost),
            (Some(FaultAction::CrashAfter), _) => {
                self.crashed = true;
                Err(Failure::Crashed)
            }
            (_, answer) => answer,
        };
        let outcome = match &answer {
            Ok(_) => "ok".to_owned(),
            Err(Failure::Api(error)) => error.code.clone(),
            Err(Failure::NotSent) => "not sent".to_owned(),
            Err(Failure::AnswerLost) => "answer lost".to_owned(),
            Err(Failure::Crashed) => "crashed".to_owned(),
            Err(Failure::Storage(why)) => why.clone(),
        };
        self.records.push(CallRecord {
            service: service.to_owned(),
            action: action.to_owned(),
            about: about.to_owned(),
            outcome,
        });
        (done || settled, answer)
    }

    /// How often each call was made, as `service:Action`.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for record in &self.records {
            *counts.entry(format!("{}:{}", record.service, record.action)).or_default() += 1;
        }
        counts
    }
}
