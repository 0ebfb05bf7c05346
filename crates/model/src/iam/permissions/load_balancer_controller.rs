//! The AWS load balancer controller: load balancers of Ingresses and Services.

use kedge_spec::resolved::LoadBalancerController;

use super::super::policy::Policy;

/// What the AWS load balancer controller may do.
pub(in super::super) fn load_balancer_controller(policy: &mut Policy<'_>, settings: LoadBalancerController) {
    policy.allow("acm", &["DescribeCertificate", "ListCertificates"]);
    policy.allow("cognito-idp", &["DescribeUserPoolClient"]);
    policy.allow(
        "ec2",
        &[
            "DescribeAccountAttributes",
            "DescribeAvailabilityZones",
            "DescribeInstances",
            "DescribeInternetGateways",
            "DescribeNetworkInterfaces",
            "DescribeSecurityGroups",
            "DescribeSubnets",
            "DescribeVpcPeeringConnections",
            "DescribeVpcs",
            "GetSecurityGroupsForVpc",
        ],
    );
    policy.allow(
        "elasticloadbalancing",
        &[
            "DescribeCapacityReservation",
            "DescribeListenerAttributes",
            "DescribeListenerCertificates",
            "DescribeListeners",
            "DescribeLoadBalancerAttributes",
            "DescribeLoadBalancers",
            "DescribeRules",
            "DescribeTags",
            "DescribeTargetGroupAttributes",
            "DescribeTargetGroups",
            "DescribeTargetHealth",
            "DescribeTrustStores",
            "SetRulePriorities",
        ],
    );
    policy.allow_tagged("ec2", &["AuthorizeSecurityGroupIngress", "DeleteSecurityGroup", "RevokeSecurityGroupIngress"]);
    policy.allow_tagged(
        "elasticloadbalancing",
        &[
            "AddListenerCertificates",
            "AddTags",
            "DeleteListener",
            "DeleteLoadBalancer",
            "DeleteRule",
            "DeleteTargetGroup",
            "DeregisterTargets",
            "ModifyCapacityReservation",
            "ModifyListener",
            "ModifyListenerAttributes",
            "ModifyLoadBalancerAttributes",
            "ModifyRule",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
            "RegisterTargets",
            "RemoveListenerCertificates",
            "RemoveTags",
            "SetIpAddressType",
            "SetSecurityGroups",
            "SetSubnets",
        ],
    );
    policy.allow_creating(
        "elasticloadbalancing",
        &["CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup"],
    );
    policy.allow_creating_ec2(&["CreateSecurityGroup"], &["security-group"]);
    firewalls(policy, settings);
}

/// Web application firewalls and DDoS protection, each where it is on.
fn firewalls(policy: &mut Policy<'_>, settings: LoadBalancerController) {
    const WEB_ACL: [&str; 4] = ["AssociateWebACL", "DisassociateWebACL", "GetWebACL", "GetWebACLForResource"];
    for (service, on) in [("waf-regional", settings.waf), ("wafv2", settings.wafv2)] {
        if on {
            policy.allow("elasticloadbalancing", &["SetWebACL"]);
            policy.allow(service, &WEB_ACL);
        }
    }
    if settings.shield {
        policy.allow("shield", &["CreateProtection", "DeleteProtection", "DescribeProtection", "GetSubscriptionState"]);
    }
}
