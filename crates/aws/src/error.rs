//! What an error of the SDK means.
//!
//! The one place that knows AWS's error codes: above it there are only [`ErrorClass`]es. The codes of all services go
//! through the same table, because they hardly collide, and because AWS is not consistent within one service either.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use kedge_cloud::{CloudError, ErrorClass};

use crate::http::{NotAnswered, NotConnected};

#[cfg(test)]
mod tests;

/// What to do about an address that is none.
const BAD_ENDPOINT: &str = "AWS_ENDPOINT_URL has to be an address such as http://127.0.0.1:5000";
/// What to do about an answer that AWS would not give.
const NOT_AWS: &str = "what answers is perhaps not AWS: check AWS_ENDPOINT_URL and the proxies of the network";

/// Whether a call changes something: then an answer that was lost leaves open whether it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing changes.
    Read,
    /// Something may have changed.
    Write,
}

impl Access {
    /// The class of a call whose answer did not arrive.
    fn answer_lost(self) -> ErrorClass {
        match self {
            Self::Read => ErrorClass::Transient,
            Self::Write => ErrorClass::Ambiguous,
        }
    }
}

/// Classifies what the SDK reports of `call` (`ec2:CreateVpc`).
pub(crate) fn classify<E>(call: &str, access: Access, error: &SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let metadata = service.err().meta();
            from_code(call, access, status, metadata.code(), metadata.message())
        }
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            let message = format!("the answer (HTTP status {status}) cannot be read: {}", innermost(error));
            CloudError::new(access.answer_lost(), call, message).with_hint(NOT_AWS)
        }
        SdkError::ConstructionFailure(_) if find::<CredentialsError>(error).is_none() => {
            CloudError::new(ErrorClass::Invalid, call, format!("the request cannot be made: {}", innermost(error)))
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            CloudError::new(ErrorClass::Invalid, call, format!("the request cannot be sent: {}", innermost(error)))
                .with_hint(BAD_ENDPOINT)
        }
        _ => from_transport(call, access, error),
    }
}

/// Whether this says that an address has never answered anything.
pub(crate) fn is_silence<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    find::<NotAnswered>(error).is_some()
}

/// Classifies a failure before there was an answer.
fn from_transport(call: &str, access: Access, error: &(dyn Error + 'static)) -> CloudError {
    if let Some(unconnected) = find::<NotConnected>(error) {
        return CloudError::new(ErrorClass::Unreachable, call, unconnected.to_string()).with_hint(format!(
            "check the network, the region, and AWS_ENDPOINT_URL if it is set; the address was {}",
            unconnected.address
        ));
    }
    if let Some(silence) = find::<NotAnswered>(error) {
        let class = match access {
            Access::Read => ErrorClass::Unreachable,
            Access::Write => access.answer_lost(),
        };
        return CloudError::new(class, call, silence.to_string())
            .with_hint("check the network and its proxies, and AWS_ENDPOINT_URL if it is set");
    }
    if let Some(credentials) = find::<CredentialsError>(error) {
        let why = innermost(credentials);
        let (message, hint) = match credentials {
            CredentialsError::CredentialsNotLoaded(_) => (
                "no AWS credentials were found".to_owned(),
                "set AWS_PROFILE to one of `aws configure list-profiles`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \
                 `aws sso login`",
            ),
            CredentialsError::InvalidConfiguration(_) => {
                (format!("the AWS configuration is not usable: {why}"), "check ~/.aws/config and AWS_PROFILE")
            }
            _ => (
                format!("the AWS credentials could not be loaded: {why}"),
                "with single sign-on run `aws sso login`; otherwise check AWS_PROFILE and ~/.aws/config",
            ),
        };
        return CloudError::new(ErrorClass::Credentials, call, message).with_hint(hint);
    }
    let why = innermost(error);
    if why.contains("scheme") {
        return CloudError::new(ErrorClass::Invalid, call, format!("the request cannot be sent: {why}"))
            .with_hint(BAD_ENDPOINT);
    }
    if why.contains("no region") || why.contains("Invalid Configuration: Missing Region") {
        return CloudError::new(ErrorClass::Invalid, call, "no AWS region is set")
            .with_hint("set AWS_REGION, or `region` in the profile");
    }
    CloudError::new(access.answer_lost(), call, format!("no answer arrived: {why}"))
}

/// The first error of type `E` among an error and its causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// The text of the last cause, which is the one that says what happened.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Classifies an answer of AWS by its status, code and message.
fn from_code(call: &str, access: Access, status: u16, code: Option<&str>, message: Option<&str>) -> CloudError {
    let code = code.unwrap_or_default();
    let text = shorten(message.unwrap_or_default());
    let class = class_of(access, status, code, text);
    let shown = match (text, code) {
        ("", "") => format!("HTTP status {status} without an explanation"),
        ("", _) => "no explanation".to_owned(),
        _ => text.to_owned(),
    };
    let mut error = CloudError::new(class, call, shown);
    if !code.is_empty() {
        error = error.with_code(code);
    }
    match hint(class, call, code, text) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Cuts the encoded part off a message: it is long, and only `sts:DecodeAuthorizationMessage` can read it.
fn shorten(message: &str) -> &str {
    message.split("Encoded authorization failure message").next().unwrap_or(message).trim_end_matches([' ', '.'])
}

fn class_of(access: Access, status: u16, code: &str, message: &str) -> ErrorClass {
    let base = code.strip_suffix("Exception").unwrap_or(code);
    let base = base.strip_prefix("AWS.SimpleQueueService.").unwrap_or(base);
    match base {
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "Client.RequestLimitExceeded"
        | "EC2Throttled"
        | "SlowDown"
        | "TooManyRequests"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded"
        | "TransactionInProgress" => return ErrorClass::Throttled,
        "ExpiredToken"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "InvalidAccessKeyId"
        | "TokenRefreshRequired"
        | "InvalidToken" => return ErrorClass::Credentials,
        // EC2 says this of a wrong key and of an address that belongs to somebody else
        "AuthFailure" if message.contains("credential") => return ErrorClass::Credentials,
        "AuthFailure"
        | "UnauthorizedOperation"
        | "AccessDenied"
        | "AuthorizationError"
        | "NotAuthorized"
        | "UnauthorizedAccess"
        | "OptInRequired"
        | "Forbidden" => return ErrorClass::Denied,
        "DependencyViolation" | "DeleteConflict" | "ScalingActivityInProgress" | "OperationNotPermitted.InUse" => {
            return ErrorClass::InUse;
        }
        "ResourceContention"
        | "EntityTemporarilyUnmodifiable"
        // Route 53, of a VPC that it does not know yet
        | "InvalidVPCId"
        | "ConcurrentModification"
        | "QueueDeletedRecently"
        | "OperationAborted"
        | "InvalidConfigurationRequest.NotReady" => return ErrorClass::NotReadyYet,
        "IncorrectState"
        | "IncorrectInstanceState"
        | "OperationNotPermitted"
        | "InvalidSubnet.Conflict"
        | "InvalidChangeBatch"
        | "InsufficientFreeAddressesInSubnet"
        | "ConflictingDomainExists"
        | "InvalidVolumeState"
        | "IncorrectModificationState" => return ErrorClass::Conflict,
        _ => {}
    }
    if status == 429 || message == "Rate exceeded" {
        return ErrorClass::Throttled;
    }
    if waits_for_another(message) {
        return ErrorClass::NotReadyYet;
    }
    if ["NotFound", "NoSuch", "NonExistent", "DoesNotExist", "NotAttached"].iter().any(|part| base.contains(part)) {
        return ErrorClass::NotFound;
    }
    if ["AlreadyExists", "Duplicate", "AlreadyAssociated", "QueueNameExists"].iter().any(|part| base.contains(part)) {
        return ErrorClass::AlreadyExists;
    }
    if base.contains("InUse") {
        return ErrorClass::InUse;
    }
    if base.ends_with("LimitExceeded")
        || base == "LimitsExceeded"
        || base.starts_with("TooMany")
        || base.ends_with("CountExceeded")
    {
        return ErrorClass::Quota;
    }
    if names_something_missing(base, message) {
        return ErrorClass::NotFound;
    }
    if base.starts_with("Invalid")
        || base.starts_with("Missing")
        || base.starts_with("Malformed")
        || base.starts_with("Unsupported")
        || base.starts_with("Validation")
        || base.starts_with("UnknownParameter")
    {
        return ErrorClass::Invalid;
    }
    if status >= 500 {
        return access.answer_lost();
    }
    match status {
        401 | 403 if base.is_empty() => ErrorClass::Denied,
        _ => ErrorClass::Other,
    }
}

/// Whether a request is refused because something that it names is not there, or not there yet. EC2 Auto Scaling has one
/// code for nearly everything, and Elastic Load Balancing calls a group or a subnet invalid until it knows all about it.
fn names_something_missing(base: &str, message: &str) -> bool {
    matches!(base, "ValidationError" | "InvalidSecurityGroup" | "InvalidSubnet")
        && ["not found", "does not exist", "do not exist", "has no internet gateway"]
            .iter()
            .any(|part| message.contains(part))
}

/// Messages of things that one service knows and another one does not know yet. They come under general codes such as
/// `ValidationError` and `InvalidParameterValue`.
fn waits_for_another(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    [
        "invalid iaminstanceprofile",
        "invalid iam instance profile",
        "iaminstanceprofile.name is invalid",
        "iaminstanceprofile.arn is invalid",
        "service-linked role",
        "pending delete",
        "is pending deletion",
        "invalid principal in policy",
    ]
    .iter()
    .any(|part| lower.contains(part))
}

/// What to do about it.
fn hint(class: ErrorClass, call: &str, code: &str, message: &str) -> Option<String> {
    if code.is_empty() && message.is_empty() && !matches!(class, ErrorClass::Transient | ErrorClass::Ambiguous) {
        return Some(NOT_AWS.to_owned());
    }
    match class {
        ErrorClass::Denied => Some(match named_action(message) {
            Some(action) => format!("allow {action} in an IAM policy of the caller"),
            None => format!("allow {call} in an IAM policy of the caller"),
        }),
        ErrorClass::Credentials => Some(
            if code.contains("Expired") || code.contains("TokenRefresh") {
                "the credentials have expired: run `aws sso login`, or get new ones"
            } else {
                "check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they are for this account and partition"
            }
            .to_owned(),
        ),
        ErrorClass::Quota => Some(format!("ask for a higher quota in Service Quotas: {}", quota(code))),
        _ => None,
    }
}

/// The action in `… is not authorized to perform: iam:PassRole on resource: …`.
fn named_action(message: &str) -> Option<&str> {
    let rest = message.split("not authorized to perform:").nth(1)?;
    let action = rest.split_whitespace().next()?;
    action.contains(':').then_some(action)
}

/// The quota that a code stands for, as Service Quotas names it.
fn quota(code: &str) -> &str {
    match code {
        "VpcLimitExceeded" => "VPCs per Region",
        "SubnetLimitExceeded" => "Subnets per VPC",
        "InternetGatewayLimitExceeded" => "Internet gateways per Region",
        "NatGatewayLimitExceeded" => "NAT gateways per Availability Zone",
        "RouteTableLimitExceeded" => "Route tables per VPC",
        "RouteLimitExceeded" => "Routes per route table",
        "SecurityGroupLimitExceeded" => "VPC security groups per Region",
        "RulesPerSecurityGroupLimitExceeded" => "Inbound or outbound rules per security group",
        "SecurityGroupsPerInterfaceLimitExceeded" => "Security groups per network interface",
        "AddressLimitExceeded" => "EC2-VPC Elastic IPs",
        "VolumeLimitExceeded" => "Storage for EBS volumes of this type",
        "InstanceLimitExceeded" | "VcpuLimitExceeded" => "Running On-Demand instances",
        "MaxSpotInstanceCountExceeded" => "Spot Instance Requests",
        "TooManyLoadBalancers" => "Network Load Balancers per Region",
        "TooManyTargetGroups" => "Target Groups per Region",
        "TooManyListeners" => "Listeners per Network Load Balancer",
        "TooManyTargets" => "Targets per Target Group",
        "TooManySecurityGroups" => "Security groups per load balancer",
        other => other,
    }
}
