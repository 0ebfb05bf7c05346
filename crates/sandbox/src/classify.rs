//! What a failed call means.
//!
//! The AWS executor classifies what comes over the wire; this is the same for the account's own answers, which never leave
//! the process. The table holds the codes that the account or a faults file can give.

use kedge_cloud::{CloudError, ErrorClass};

use crate::account::api_error::ApiError;
use crate::call::Failure;

/// Code of the error that every call gives after the client crashed in a test.
pub const CRASHED: &str = "Crashed";

/// The error of a call `service:Action`.
pub(crate) fn classify(call: &str, write: bool, failure: Failure) -> CloudError {
    match failure {
        Failure::Api(error) => from_api(call, write, error),
        Failure::NotSent => {
            CloudError::new(ErrorClass::Transient, call, "the connection broke before the call was sent")
        }
        Failure::AnswerLost => {
            let class = if write { ErrorClass::Ambiguous } else { ErrorClass::Transient };
            CloudError::new(class, call, "the answer was lost")
        }
        Failure::Crashed => {
            CloudError::new(ErrorClass::Other, call, "the client crashed, as the faults ask").with_code(CRASHED)
        }
        Failure::Storage(why) => CloudError::new(ErrorClass::Other, call, why),
    }
}

fn from_api(call: &str, write: bool, error: ApiError) -> CloudError {
    let ApiError { code, message, status } = error;
    let class = class_of(&code, &message, status, write);
    let hint = match class {
        ErrorClass::Denied => Some(format!("allow {call} for the caller")),
        ErrorClass::Quota => Some("raise the number under `quotas` in the sandbox's account.json".to_owned()),
        _ if code == "VolumeModificationRateExceeded" => Some("apply again in six hours".to_owned()),
        _ => None,
    };
    let error = CloudError::new(class, call, message).with_code(code);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn class_of(code: &str, message: &str, status: u16, write: bool) -> ErrorClass {
    match code {
        "RequestLimitExceeded" | "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "SlowDown" => {
            return ErrorClass::Throttled;
        }
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => return ErrorClass::Denied,
        "ExpiredToken" | "InvalidClientTokenId" | "AuthFailure" => return ErrorClass::Credentials,
        "DependencyViolation"
        | "DeleteConflict"
        | "ResourceInUse"
        | "VolumeInUse"
        | "InvalidIPAddress.InUse"
        | "ScalingActivityInProgress" => return ErrorClass::InUse,
        "AWS.SimpleQueueService.QueueDeletedRecently" => return ErrorClass::NotReadyYet,
        // A gateway that is not attached is gone as far as detaching goes, and not there yet for a NAT gateway; callers
        // that mean the former say so.
        "Gateway.NotAttached" => return ErrorClass::NotFound,
        "IncorrectState"
        | "OperationNotPermitted"
        | "InvalidSubnet.Conflict"
        | "InvalidChangeBatch"
        | "ConflictingDomainExists"
        | "InsufficientFreeAddressesInSubnet"
        | "VolumeModificationRateExceeded"
        | "LastVPCAssociation" => return ErrorClass::Conflict,
        "EntityAlreadyExists" | "AlreadyExists" | "QueueNameExists" | "Resource.AlreadyAssociated" => {
            return if message.contains("pending delete") {
                ErrorClass::NotReadyYet
            } else {
                ErrorClass::AlreadyExists
            };
        }
        _ => {}
    }
    if message.contains("Invalid IAM Instance Profile") {
        return ErrorClass::NotReadyYet;
    }
    if ["NotFound", "NoSuch", "NonExistent"].iter().any(|part| code.contains(part))
        || (code == "ValidationError" && message.contains("not found"))
    {
        return ErrorClass::NotFound;
    }
    if code.contains("Duplicate") || code.contains("AlreadyExists") {
        return ErrorClass::AlreadyExists;
    }
    if code.ends_with("LimitExceeded") || code.ends_with("LimitExceededException") || code.starts_with("TooMany") {
        return ErrorClass::Quota;
    }
    if status >= 500 {
        return if write { ErrorClass::Ambiguous } else { ErrorClass::Transient };
    }
    if ["Invalid", "Validation", "Missing", "Malformed", "Unknown", "Unsupported", "SubnetNotFound"]
        .iter()
        .any(|part| code.starts_with(part))
    {
        return ErrorClass::Invalid;
    }
    ErrorClass::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (code, status, class) in [
            ("DependencyViolation", 400, ErrorClass::InUse),
            ("InvalidVpcID.NotFound", 400, ErrorClass::NotFound),
            ("NoSuchEntity", 404, ErrorClass::NotFound),
            ("InvalidPermission.Duplicate", 400, ErrorClass::AlreadyExists),
            ("InvalidLaunchTemplateName.AlreadyExistsException", 400, ErrorClass::AlreadyExists),
            ("VpcLimitExceeded", 400, ErrorClass::Quota),
            ("TooManyTargetGroups", 400, ErrorClass::Quota),
            ("InternalError", 500, ErrorClass::Ambiguous),
            ("InvalidVpc.Range", 400, ErrorClass::Invalid),
            ("RequestLimitExceeded", 503, ErrorClass::Throttled),
        ] {
            assert_eq!(class_of(code, "", status, true), class, "{code}");
        }
        assert_eq!(class_of("InternalError", "", 500, false), ErrorClass::Transient);
        assert_eq!(
            class_of("ValidationError", "Value (x). Invalid IAM Instance Profile name", 400, true),
            ErrorClass::NotReadyYet
        );
    }
}
