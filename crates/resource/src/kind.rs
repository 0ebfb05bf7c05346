//! One typed struct for each kind of AWS resource, and what can change in place.
//!
//! The structs hold what kedge *wants* of a resource, under the property names of CloudFormation. What AWS holds is read
//! into the same structs and wrapped in [`crate::inventory::Observed`] with the ids that only AWS knows. Adding a kind
//! means a file here and a row in the table below; the compiler then names every place that has to handle it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod auto_scaling_group;
mod classic_load_balancer;
mod dhcp_options;
mod dhcp_options_association;
mod egress_only_internet_gateway;
mod elastic_ip;
mod event_rule;
mod event_target;
mod hosted_zone_association;
mod instance;
mod instance_profile;
mod internet_gateway;
mod key_pair;
mod launch_template;
mod lifecycle_hook;
mod listener;
mod load_balancer;
mod nat_gateway;
mod network_interface;
mod oidc_provider;
mod policy_attachment;
mod queue;
mod record_set;
mod role;
mod role_policy;
mod route;
mod route_table;
mod route_table_association;
mod security_group;
mod security_group_rule;
mod store_object;
mod subnet;
mod target_group;
mod volume;
mod vpc;
mod vpc_cidr_block;
mod warm_pool;

pub use auto_scaling_group::AutoScalingGroup;
pub use auto_scaling_group::{
    CountRange, InstanceRequirements, InstancesDistribution, LaunchTemplateOverride, MetricsCollection,
    MixedInstancesPolicy, MixedLaunchTemplate,
};
pub use classic_load_balancer::ClassicLoadBalancer;
pub use dhcp_options::DhcpOptions;
pub use dhcp_options_association::DhcpOptionsAssociation;
pub use egress_only_internet_gateway::EgressOnlyInternetGateway;
pub use elastic_ip::ElasticIp;
pub use event_rule::EventRule;
pub use event_target::EventTarget;
pub use hosted_zone_association::HostedZoneAssociation;
pub use instance::Instance;
pub use instance_profile::InstanceProfile;
pub use internet_gateway::InternetGateway;
pub use key_pair::KeyPair;
pub use launch_template::LaunchTemplate;
pub use launch_template::{
    BlockDeviceMapping, CreditSpecification, EbsBlockDevice, InstanceMarketOptions, MetadataOptions, Monitoring,
    NetworkInterfaceSpecification, Placement, SpotOptions, TagSpecification,
};
pub use lifecycle_hook::LifecycleHook;
pub use listener::Listener;
pub use load_balancer::LoadBalancer;
pub use load_balancer::SubnetMapping;
pub use nat_gateway::NatGateway;
pub use network_interface::NetworkInterface;
pub use oidc_provider::OidcProvider;
pub use policy_attachment::PolicyAttachment;
pub use queue::Queue;
pub use record_set::AliasTarget;
pub use record_set::RecordSet;
pub use role::Role;
pub use role_policy::RolePolicy;
pub use route::Route;
pub use route_table::RouteTable;
pub use route_table_association::RouteTableAssociation;
pub use security_group::SecurityGroup;
pub use security_group_rule::Direction;
pub use security_group_rule::SecurityGroupRule;
pub use store_object::StoreObject;
pub use subnet::PrivateDnsNameOptions;
pub use subnet::Subnet;
pub use target_group::TargetGroup;
pub use volume::Volume;
pub use vpc::Vpc;
pub use vpc_cidr_block::VpcCidrBlock;
pub use warm_pool::WarmPool;

/// The kind that a properties struct belongs to.
pub trait KindOf {
    /// That kind.
    const KIND: Kind;
}

/// What has to happen when a property differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// An update call changes it.
    InPlace,
    /// Only a new resource can have another value.
    Replace,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $slug:literal, $cfn:literal;)*) => {
        /// Kind of an AWS resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $cfn)] $kind,)*
        }

        impl Kind {
            /// Every kind, in the order of this table: roughly what is needed first comes first.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Short name in keys, such as `subnet`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)* }
            }

            /// CloudFormation's name of the type (or, where it has none, one in its style).
            #[must_use]
            pub fn cloudformation(self) -> &'static str {
                match self { $(Self::$kind => $cfn,)* }
            }

            /// The kind with this slug.
            #[must_use]
            pub fn from_slug(slug: &str) -> Option<Self> {
                match slug { $($slug => Some(Self::$kind),)* _ => None }
            }

            /// Whether the property `field` of this kind can change without a new resource.
            #[must_use]
            pub fn mutability(self, field: &str) -> Mutability {
                match self { $(Self::$kind => $kind::mutability(field),)* }
            }
        }

        /// Properties of a resource of any kind.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "Type", content = "Properties")]
        pub enum Properties {
            $($(#[$doc])* #[serde(rename = $cfn)] $kind(Box<$kind>),)*
        }

        impl Properties {
            /// The kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)* }
            }

            /// The properties as a JSON object, under CloudFormation's names; references as text.
            ///
            /// # Panics
            /// Never: the structs have string keys only and no fallible serialisation.
            #[must_use]
            pub fn to_value(&self) -> serde_json::Value {
                match self {
                    $(Self::$kind(inner) => serde_json::to_value(inner).expect("property structs serialise"),)*
                }
            }
        }

        $(impl From<$kind> for Properties {
            fn from(inner: $kind) -> Self {
                Self::$kind(Box::new(inner))
            }
        }

        impl<'a> TryFrom<&'a Properties> for &'a $kind {
            type Error = Kind;

            fn try_from(properties: &'a Properties) -> Result<Self, Kind> {
                match properties {
                    Properties::$kind(inner) => Ok(inner),
                    other => Err(other.kind()),
                }
            }
        })*
    };
}

kinds! {
    /// See [`Vpc`](struct@Vpc).
    Vpc = "vpc", "AWS::EC2::VPC";
    /// See [`VpcCidrBlock`](struct@VpcCidrBlock).
    VpcCidrBlock = "vpc-cidr-block", "AWS::EC2::VPCCidrBlock";
    /// See [`DhcpOptions`](struct@DhcpOptions).
    DhcpOptions = "dhcp-options", "AWS::EC2::DHCPOptions";
    /// See [`DhcpOptionsAssociation`](struct@DhcpOptionsAssociation).
    DhcpOptionsAssociation = "dhcp-options-association", "AWS::EC2::VPCDHCPOptionsAssociation";
    /// See [`InternetGateway`](struct@InternetGateway).
    InternetGateway = "internet-gateway", "AWS::EC2::InternetGateway";
    /// See [`EgressOnlyInternetGateway`](struct@EgressOnlyInternetGateway).
    EgressOnlyInternetGateway = "egress-only-internet-gateway", "AWS::EC2::EgressOnlyInternetGateway";
    /// See [`Subnet`](struct@Subnet).
    Subnet = "subnet", "AWS::EC2::Subnet";
    /// See [`RouteTable`](struct@RouteTable).
    RouteTable = "route-table", "AWS::EC2::RouteTable";
    /// See [`RouteTableAssociation`](struct@RouteTableAssociation).
    RouteTableAssociation = "route-table-association", "AWS::EC2::SubnetRouteTableAssociation";
    /// See [`Route`](struct@Route).
    Route = "route", "AWS::EC2::Route";
    /// See [`ElasticIp`](struct@ElasticIp).
    ElasticIp = "elastic-ip", "AWS::EC2::EIP";
    /// See [`NatGateway`](struct@NatGateway).
    NatGateway = "nat-gateway", "AWS::EC2::NatGateway";
    /// See [`SecurityGroup`](struct@SecurityGroup).
    SecurityGroup = "security-group", "AWS::EC2::SecurityGroup";
    /// See [`SecurityGroupRule`](struct@SecurityGroupRule).
    SecurityGroupRule = "security-group-rule", "AWS::EC2::SecurityGroupRule";
    /// See [`KeyPair`](struct@KeyPair).
    KeyPair = "key-pair", "AWS::EC2::KeyPair";
    /// See [`Volume`](struct@Volume).
    Volume = "volume", "AWS::EC2::Volume";
    /// See [`StoreObject`](struct@StoreObject).
    StoreObject = "store-object", "Kedge::Store::Object";
    /// See [`LaunchTemplate`](struct@LaunchTemplate).
    LaunchTemplate = "launch-template", "AWS::EC2::LaunchTemplate";
    /// See [`AutoScalingGroup`](struct@AutoScalingGroup).
    AutoScalingGroup = "auto-scaling-group", "AWS::AutoScaling::AutoScalingGroup";
    /// See [`LifecycleHook`](struct@LifecycleHook).
    LifecycleHook = "lifecycle-hook", "AWS::AutoScaling::LifecycleHook";
    /// See [`WarmPool`](struct@WarmPool).
    WarmPool = "warm-pool", "AWS::AutoScaling::WarmPool";
    /// See [`LoadBalancer`](struct@LoadBalancer).
    LoadBalancer = "load-balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer";
    /// See [`TargetGroup`](struct@TargetGroup).
    TargetGroup = "target-group", "AWS::ElasticLoadBalancingV2::TargetGroup";
    /// See [`Listener`](struct@Listener).
    Listener = "listener", "AWS::ElasticLoadBalancingV2::Listener";
    /// See [`RecordSet`](struct@RecordSet).
    RecordSet = "record-set", "AWS::Route53::RecordSet";
    /// See [`HostedZoneAssociation`](struct@HostedZoneAssociation).
    HostedZoneAssociation = "hosted-zone-association", "AWS::Route53::HostedZoneVPCAssociation";
    /// See [`Role`](struct@Role).
    Role = "iam-role", "AWS::IAM::Role";
    /// See [`InstanceProfile`](struct@InstanceProfile).
    InstanceProfile = "instance-profile", "AWS::IAM::InstanceProfile";
    /// See [`RolePolicy`](struct@RolePolicy).
    RolePolicy = "role-policy", "AWS::IAM::RolePolicy";
    /// See [`PolicyAttachment`](struct@PolicyAttachment).
    PolicyAttachment = "policy-attachment", "AWS::IAM::ManagedPolicyAttachment";
    /// See [`OidcProvider`](struct@OidcProvider).
    OidcProvider = "oidc-provider", "AWS::IAM::OIDCProvider";
    /// See [`Queue`](struct@Queue).
    Queue = "queue", "AWS::SQS::Queue";
    /// See [`EventRule`](struct@EventRule).
    EventRule = "event-rule", "AWS::Events::Rule";
    /// See [`EventTarget`](struct@EventTarget).
    EventTarget = "event-target", "AWS::Events::Target";
    /// See [`Instance`](struct@Instance).
    Instance = "instance", "AWS::EC2::Instance";
    /// See [`NetworkInterface`](struct@NetworkInterface).
    NetworkInterface = "network-interface", "AWS::EC2::NetworkInterface";
    /// See [`ClassicLoadBalancer`](struct@ClassicLoadBalancer).
    ClassicLoadBalancer = "classic-load-balancer", "AWS::ElasticLoadBalancing::LoadBalancer";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
