//! Changes to the account behind kedge's back: things of others, drift, failures. For tests and rehearsals.

use kedge_resource::facts::HostedZone;
use kedge_resource::{PolicyDocument, Tags};

use crate::account::Account;
use crate::account::api_error::ApiResult;
use crate::account::hosted_zone::{Alias, ChangeAction, Record};
use crate::account::load_balancer::ClassicLoadBalancer;
use crate::account::security_group::SecurityGroup;
use crate::account::security_group_rule::Rule;
use crate::account::volume::VolumeSpec;
use crate::error::SandboxError;
use crate::sandbox::Sandbox;
use crate::seed;

/// Hands that reach into the account. They obey the account's own rules and pass no gate.
#[derive(Clone, Copy, Debug)]
pub struct ByHand<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> ByHand<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    fn act<T>(self, what: &str, act: impl FnOnce(&mut Account) -> ApiResult<T>) -> Result<T, SandboxError> {
        let why = |why: String| SandboxError::ByHand { what: what.to_owned(), why };
        self.sandbox.change(act)?.map_err(|error| why(format!("{} ({})", error.message, error.code)))
    }

    /// A VPC; returns its id.
    ///
    /// # Errors
    /// The account refuses it; so with every function here.
    pub fn put_foreign_vpc(self, cidr: &str, tags: &Tags) -> Result<String, SandboxError> {
        self.act("a VPC", |account| account.create_vpc(cidr, false, tags).map(|it| it.id))
    }

    /// An internet gateway, attached to a VPC; returns its id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_internet_gateway(self, vpc: &str, tags: &Tags) -> Result<String, SandboxError> {
        self.act("an internet gateway", |account| {
            let id = account.create_internet_gateway(tags)?.id;
            account.attach_internet_gateway(&id, vpc)?;
            Ok(id)
        })
    }

    /// A subnet; returns its id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_subnet(self, vpc: &str, zone: &str, cidr: &str, tags: &Tags) -> Result<String, SandboxError> {
        self.act("a subnet", |account| account.create_subnet(vpc, zone, Some(cidr), None, false, tags).map(|it| it.id))
    }

    /// A security group; returns its id. With `id` it gets that one, as manifests name existing groups by id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_security_group(
        self,
        vpc: &str,
        name: &str,
        id: Option<&str>,
        tags: &Tags,
    ) -> Result<String, SandboxError> {
        self.act("a security group", |account| {
            account.vpc(vpc)?;
            match id {
                None => account.create_security_group(vpc, name, name, tags).map(|it| it.id),
                Some(id) => {
                    let group = SecurityGroup::new(id, vpc, name, name, tags.clone());
                    account.security_groups.insert(id.to_owned(), group);
                    account.put_default_egress(id);
                    Ok(id.to_owned())
                }
            }
        })
    }

    /// A rule that lets TCP to a port in from a range; returns its id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_rule(self, group: &str, port: i32, cidr: &str, tags: &Tags) -> Result<String, SandboxError> {
        self.act("a rule", |account| {
            let rule = Rule {
                ingress: true,
                protocol: "tcp".to_owned(),
                from_port: Some(port),
                to_port: Some(port),
                ..Rule::all_egress(cidr)
            };
            let made = account.authorize(group, &[rule], tags)?;
            Ok(made.into_iter().next().map(|rule| rule.id).unwrap_or_default())
        })
    }

    /// A volume of 20 GiB; returns its id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_volume(self, zone: &str, tags: &Tags) -> Result<String, SandboxError> {
        let spec = VolumeSpec { size: 20, volume_type: "gp3".to_owned(), iops: None, throughput: None };
        self.act("a volume", |account| account.create_volume(zone, &spec, (false, None), tags, None).map(|it| it.id))
    }

    /// A network interface that nothing uses; returns its id.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_interface(self, subnet: &str, groups: &[String], tags: &Tags) -> Result<String, SandboxError> {
        self.act("a network interface", |account| {
            account.create_network_interface(subnet, groups, "made by hand", tags)
        })
    }

    /// A role.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_foreign_role(self, name: &str, trust: &PolicyDocument, tags: &Tags) -> Result<(), SandboxError> {
        self.act("a role", |account| account.create_role(name, trust, None, tags).map(|_| ()))
    }

    /// A classic load balancer, of which there is nothing but the name.
    ///
    /// # Errors
    /// The account cannot be kept.
    pub fn put_classic_load_balancer(self, name: &str, vpc: Option<&str>, tags: &Tags) -> Result<(), SandboxError> {
        self.act("a classic load balancer", |account| {
            let (name, vpc) = (name.to_owned(), vpc.map(str::to_owned));
            let balancer = ClassicLoadBalancer { name: name.clone(), vpc, tags: tags.clone() };
            account.classic_load_balancers.insert(name, balancer);
            Ok(())
        })
    }

    /// A hosted zone.
    ///
    /// # Errors
    /// The account cannot be kept.
    pub fn put_hosted_zone(self, zone: &HostedZone) -> Result<(), SandboxError> {
        self.act("a hosted zone", |account| {
            account.hosted_zones.insert(zone.id.clone(), seed::hosted_zone(zone));
            Ok(())
        })
    }

    /// An address record, over one that there is.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_record(self, zone: &str, name: &str, kind: &str, value: &str) -> Result<(), SandboxError> {
        let (name, kind, values) = (name.to_owned(), kind.to_owned(), vec![value.to_owned()]);
        let record = Record { name, kind, alias: None, values };
        self.act("a record", |account| account.change_records(zone, &[(ChangeAction::Upsert, record)]))
    }

    /// A record that is an alias of a load balancer, over one that there is.
    ///
    /// # Errors
    /// The account refuses it.
    pub fn put_alias(self, zone: &str, name: &str, kind: &str, address: &str) -> Result<(), SandboxError> {
        self.act("an alias", |account| {
            let alias =
                Alias { zone: account.balancer_zone(), dns_name: address.to_owned(), evaluate_target_health: false };
            let record =
                Record { name: name.to_owned(), kind: kind.to_owned(), alias: Some(alias), values: Vec::new() };
            account.change_records(zone, &[(ChangeAction::Upsert, record)])
        })
    }

    /// Sets a tag of anything by its id, ARN or name, or takes it away.
    ///
    /// # Errors
    /// There is no such thing, or the tag is refused.
    pub fn tag(self, id: &str, key: &str, value: Option<&str>) -> Result<(), SandboxError> {
        self.act(&format!("a tag of {id}"), |account| match value {
            Some(value) => account.tag_anything(id, &[(key, value)].into_iter().collect()),
            None => account.untag_anything(id, key),
        })
    }

    /// Deletes a thing by its id, ARN or name, as somebody would in the console.
    ///
    /// # Errors
    /// There is no such thing, or something still uses it.
    pub fn delete(self, id: &str) -> Result<(), SandboxError> {
        self.act(&format!("deleting {id}"), |account| account.delete_anything(id))
    }

    /// Terminates instances; their groups launch others.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn terminate(self, instances: &[String]) -> Result<(), SandboxError> {
        self.act("terminating", |account| account.terminate_instances(instances))
    }

    /// Attaches a volume to an instance, which then holds it.
    ///
    /// # Errors
    /// There is no such volume or instance, or they are in different zones.
    pub fn attach_volume(self, volume: &str, instance: &str) -> Result<(), SandboxError> {
        self.act("attaching a volume", |account| account.attach_volume(volume, instance))
    }
}
