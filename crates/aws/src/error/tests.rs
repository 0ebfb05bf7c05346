use super::*;

fn class(access: Access, status: u16, code: &str, message: &str) -> ErrorClass {
    from_code("ec2:X", access, status, Some(code), Some(message)).class
}

#[test]
fn codes_have_their_classes() {
    let table = [
        ("InvalidVpcID.NotFound", ErrorClass::NotFound),
        ("NoSuchEntity", ErrorClass::NotFound),
        ("NatGatewayNotFound", ErrorClass::NotFound),
        ("Gateway.NotAttached", ErrorClass::NotFound),
        ("AWS.SimpleQueueService.NonExistentQueue", ErrorClass::NotFound),
        ("QueueDoesNotExist", ErrorClass::NotFound),
        ("ResourceNotFoundException", ErrorClass::NotFound),
        ("InvalidLaunchTemplateName.NotFoundException", ErrorClass::NotFound),
        ("InvalidGroup.Duplicate", ErrorClass::AlreadyExists),
        ("InvalidPermission.Duplicate", ErrorClass::AlreadyExists),
        ("InvalidLaunchTemplateName.AlreadyExistsException", ErrorClass::AlreadyExists),
        ("EntityAlreadyExists", ErrorClass::AlreadyExists),
        ("RouteAlreadyExists", ErrorClass::AlreadyExists),
        ("Resource.AlreadyAssociated", ErrorClass::AlreadyExists),
        ("DuplicateLoadBalancerName", ErrorClass::AlreadyExists),
        ("RequestLimitExceeded", ErrorClass::Throttled),
        ("Throttling", ErrorClass::Throttled),
        ("ThrottlingException", ErrorClass::Throttled),
        ("PriorRequestNotComplete", ErrorClass::Throttled),
        ("TooManyRequestsException", ErrorClass::Throttled),
        ("SlowDown", ErrorClass::Throttled),
        ("DependencyViolation", ErrorClass::InUse),
        ("DeleteConflict", ErrorClass::InUse),
        ("ResourceInUse", ErrorClass::InUse),
        ("InvalidIPAddress.InUse", ErrorClass::InUse),
        ("UnauthorizedOperation", ErrorClass::Denied),
        ("AccessDeniedException", ErrorClass::Denied),
        ("ExpiredToken", ErrorClass::Credentials),
        ("InvalidClientTokenId", ErrorClass::Credentials),
        ("UnrecognizedClientException", ErrorClass::Credentials),
        ("VpcLimitExceeded", ErrorClass::Quota),
        ("TooManyLoadBalancers", ErrorClass::Quota),
        ("LimitExceededException", ErrorClass::Quota),
        ("InvalidParameterValue", ErrorClass::Invalid),
        ("MalformedPolicyDocument", ErrorClass::Invalid),
        ("InvalidVpcID.Malformed", ErrorClass::Invalid),
        ("ResourceContention", ErrorClass::NotReadyYet),
        ("ConcurrentModification", ErrorClass::NotReadyYet),
        ("AWS.SimpleQueueService.QueueDeletedRecently", ErrorClass::NotReadyYet),
        ("InvalidVPCId", ErrorClass::NotReadyYet),
        ("LimitsExceeded", ErrorClass::Quota),
        ("IncorrectState", ErrorClass::Conflict),
        ("SomethingNew", ErrorClass::Other),
    ];
    for (code, expected) in table {
        assert_eq!(class(Access::Write, 400, code, "text"), expected, "{code}");
    }
}

#[test]
fn one_code_means_several_things_in_auto_scaling() {
    let of = |message| class(Access::Write, 400, "ValidationError", message);
    assert_eq!(of("AutoScalingGroup name not found - null"), ErrorClass::NotFound);
    assert_eq!(of("Invalid IamInstanceProfile: masters.example.com"), ErrorClass::NotReadyYet);
    assert_eq!(
        of("You must use a valid fully-formed launch template. Invalid IAM Instance Profile name"),
        ErrorClass::NotReadyYet
    );
    assert_eq!(of("The security group 'sg-1' does not exist in VPC 'vpc-1'"), ErrorClass::NotFound);
    assert_eq!(of("The subnet ID 'subnet-1' does not exist"), ErrorClass::NotFound);
    assert_eq!(of("MinSize must not be greater than MaxSize"), ErrorClass::Invalid);
}

#[test]
fn load_balancing_calls_invalid_what_it_does_not_know_yet() {
    let of = |code, message| class(Access::Write, 400, code, message);
    assert_eq!(of("InvalidSecurityGroup", "One or more security groups do not exist"), ErrorClass::NotFound);
    assert_eq!(of("InvalidSecurityGroup", "Security group sg-1 not found"), ErrorClass::NotFound);
    assert_eq!(of("InvalidSubnet", "VPC vpc-1 has no internet gateway"), ErrorClass::NotFound);
    assert_eq!(of("InvalidSubnet", "The subnets are in different VPCs"), ErrorClass::Invalid);
    assert_eq!(of("InvalidParameterValue", "The filter 'x' does not exist"), ErrorClass::Invalid);
}

#[test]
fn a_server_error_leaves_a_write_open() {
    assert_eq!(class(Access::Read, 500, "InternalError", ""), ErrorClass::Transient);
    assert_eq!(class(Access::Write, 500, "InternalError", ""), ErrorClass::Ambiguous);
    assert_eq!(class(Access::Write, 503, "RequestLimitExceeded", ""), ErrorClass::Throttled);
    assert_eq!(class(Access::Write, 503, "", ""), ErrorClass::Ambiguous);
}

#[test]
fn wrong_keys_and_foreign_addresses_share_a_code() {
    let keys = "AWS was not able to validate the provided access credentials";
    assert_eq!(class(Access::Read, 401, "AuthFailure", keys), ErrorClass::Credentials);
    assert_eq!(class(Access::Write, 400, "AuthFailure", "The address does not belong to you"), ErrorClass::Denied);
}

#[test]
fn a_denial_names_the_missing_action_and_hides_the_blob() {
    let plain = "You are not authorized to perform this operation. Encoded authorization failure message: abcdef";
    let error = from_code("ec2:CreateVpc", Access::Write, 403, Some("UnauthorizedOperation"), Some(plain));
    assert_eq!(error.message, "You are not authorized to perform this operation");
    assert_eq!(error.hint.as_deref(), Some("allow ec2:CreateVpc in an IAM policy of the caller"));
    let passed = "User: arn:aws:iam::1:user/u is not authorized to perform: iam:PassRole on resource: arn";
    let error = from_code("autoscaling:CreateAutoScalingGroup", Access::Write, 403, Some("AccessDenied"), Some(passed));
    assert_eq!(error.hint.as_deref(), Some("allow iam:PassRole in an IAM policy of the caller"));
}

#[test]
fn a_quota_is_named() {
    let error = from_code("ec2:CreateVpc", Access::Write, 400, Some("VpcLimitExceeded"), Some("limit reached"));
    assert!(error.hint.unwrap().contains("VPCs per Region"));
}

#[test]
fn an_empty_answer_still_says_something() {
    let error = from_code("ec2:CreateVpc", Access::Read, 502, None, None);
    assert_eq!(error.to_string(), "ec2:CreateVpc: HTTP status 502 without an explanation");
}
