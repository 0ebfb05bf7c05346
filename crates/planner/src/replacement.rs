//! What a replacement does first.
//!
//! Making the new one first loses nothing if it fails and leaves no gap. It is possible where AWS lets the two stand side
//! by side: where nothing that both need (a name, a range, an address) is unique.

use kedge_resource::Kind;
use kedge_resource::plan::Replacement;

/// The order for one resource by itself; `forcing` are the top-level properties that force the replacement.
pub(crate) fn by_kind(kind: Kind, forcing: &[String]) -> Replacement {
    use Replacement::{CreateFirst, DeleteFirst};
    let forced_by = |property: &str| forcing.iter().any(|forcing| forcing == property);
    let create_first_if = |possible: bool| if possible { CreateFirst } else { DeleteFirst };
    match kind {
        // Ranges of VPCs may overlap; option sets and addresses have no names; tables have routes of their own.
        Kind::Vpc | Kind::DhcpOptions | Kind::ElasticIp | Kind::RouteTable => CreateFirst,
        // These move only with what they belong to, to a new one beside the old.
        Kind::VpcCidrBlock
        | Kind::DhcpOptionsAssociation
        | Kind::EgressOnlyInternetGateway
        | Kind::RouteTableAssociation => CreateFirst,
        // A private zone always keeps one VPC.
        Kind::HostedZoneAssociation => CreateFirst,
        // The ranges of two subnets of a VPC never overlap; group names are unique within a VPC.
        Kind::Subnet | Kind::SecurityGroup => create_first_if(forced_by("Vpc")),
        // A table has one route for a destination.
        Kind::Route => create_first_if(forced_by("RouteTable")),
        // An address serves one gateway at a time.
        Kind::NatGateway => create_first_if(forced_by("Eip")),
        Kind::SecurityGroupRule => create_first_if(forced_by("Group") || forced_by("PeerGroup")),
        // Names are unique in the region.
        Kind::LoadBalancer => create_first_if(forced_by("Name")),
        // An account has one provider for an issuer.
        Kind::OidcProvider => create_first_if(forced_by("Url")),
        // While the old volume is in use, removing it fails and nothing is lost. The other way round two volumes would
        // claim to be the same etcd member.
        Kind::Volume => DeleteFirst,
        // A VPC has one internet gateway.
        Kind::InternetGateway => DeleteFirst,
        // Their names, or what they are made of, are unique.
        Kind::KeyPair
        | Kind::StoreObject
        | Kind::LaunchTemplate
        | Kind::AutoScalingGroup
        | Kind::LifecycleHook
        | Kind::WarmPool
        | Kind::TargetGroup
        | Kind::Listener
        | Kind::RecordSet
        | Kind::Role
        | Kind::InstanceProfile
        | Kind::RolePolicy
        | Kind::PolicyAttachment
        | Kind::Queue
        | Kind::EventRule
        | Kind::EventTarget => DeleteFirst,
        // Never desired, so never replaced.
        Kind::Instance | Kind::NetworkInterface | Kind::ClassicLoadBalancer => DeleteFirst,
    }
}

/// Whether a resource of `kind` has to be replaced, although it could be changed in place, because `property` refers to
/// something that is replaced: AWS refuses to remove that while it is referred to, and its name is unique, so that the new
/// one cannot stand beside it.
pub(crate) fn goes_with(kind: Kind, property: &str) -> bool {
    // DeleteTargetGroup answers ResourceInUse while a listener forwards to the group.
    kind == Kind::Listener && property == "TargetGroup"
}
