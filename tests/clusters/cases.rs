//! kops's own cases: made, found unchanged, and removed, in kops's account in the sandbox, and moved to a real region before
//! the test server.
//!
//! kops plans its cases before an account that refuses nothing. What they refer to without anybody having made it is made
//! here, so that an account that refuses what AWS refuses can hold them.

use std::collections::BTreeSet;

use kedge_cloud::{Handles, Observe, Realize, Step, StepChange, Verb};
use kedge_resource::inventory::{Handle, Observed};
use kedge_resource::kind::{ElasticIp, InternetGateway, PrivateDnsNameOptions, SecurityGroup, Subnet, Vpc};
use kedge_resource::plan::FieldChange;
use kedge_resource::{Action, ClusterName, Facts, Kind, Ownership, Properties, Ref, ResourceKey, Tags};

use crate::common::World;
use crate::{block_on, others, read, wire_server};

/// A replacement in a manifest.
type Edit = (&'static str, &'static str);

/// kops's region, partition and image are not the test server's.
const MOVED: &[Edit] = &[
    ("us-test-1", "us-east-1"),
    ("arn:aws-test:", "arn:aws:"),
    (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-20220404",
        "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714",
    ),
];

/// What a manifest refers to, and the manifest with the ids of it.
struct Others<'a, B> {
    world: &'a World<'a, B>,
    handles: Handles,
    manifest: String,
}

impl<'a, B: Observe + Realize> Others<'a, B> {
    /// Words of the manifest, such as ids, that begin so; the longest first.
    fn words(&self, beginning: &str) -> Vec<String> {
        let no_word = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        let words: BTreeSet<&str> = self.manifest.split(no_word).filter(|word| word.starts_with(beginning)).collect();
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    }

    async fn make(&mut self, word: &str, properties: Properties) -> String {
        let World { backend, cluster, .. } = self.world;
        let handle = others::create(*backend, cluster, &mut self.handles, word, properties).await;
        self.manifest = self.manifest.replace(word, &handle.id);
        handle.id
    }

    async fn addresses(&mut self) {
        for word in self.words("eipalloc-") {
            self.make(&word, ElasticIp { domain: "vpc".to_owned(), tags: named(&word) }.into()).await;
        }
    }

    /// A VPC with a gateway and the subnets of the manifest.
    async fn network(&mut self) {
        for word in self.words("vpc-") {
            let vpc = Vpc {
                cidr_block: "172.20.0.0/16".to_owned(),
                amazon_provided_ipv6_cidr_block: false,
                enable_dns_hostnames: true,
                enable_dns_support: true,
                tags: named(&word),
            };
            let vpc = self.make(&word, vpc.into()).await;
            let gateway = InternetGateway { vpc: Some(Ref::existing(&vpc)), tags: named("igw") };
            self.make("igw", gateway.into()).await;
            for word in self.words("subnet-") {
                let subnet = Subnet {
                    vpc: Ref::existing(&vpc),
                    availability_zone: "us-east-1a".to_owned(),
                    cidr_block: Some("172.20.32.0/19".to_owned()),
                    ipv6_cidr_block: None,
                    assign_ipv6_address_on_creation: false,
                    ipv6_native: false,
                    enable_dns64: false,
                    private_dns_name_options_on_launch: PrivateDnsNameOptions {
                        hostname_type: "ip-name".to_owned(),
                        enable_resource_name_dns_a_record: false,
                        enable_resource_name_dns_aaaa_record: false,
                    },
                    tags: named(&word),
                };
                self.make(&word, subnet.into()).await;
            }
        }
    }

    /// Security groups in the cluster's own VPC. Nobody can have made them before the VPC is there, and the first apply gets
    /// so far; what it made, the next one goes on with.
    async fn groups(&mut self) -> Vec<(String, SecurityGroup)> {
        let words = self.words("sg-");
        if words.is_empty() {
            return Vec::new();
        }
        for (number, word) in words.iter().enumerate() {
            self.manifest = self.manifest.replace(word, &format!("sg-{number:017x}"));
        }
        let plan = self.world.plan(&self.manifest).await;
        self.world.run(&plan).await;
        let inventory = self.world.inventory().await;
        let vpc = inventory.resources.iter().find(|it| it.key.kind == Kind::Vpc).expect("a VPC").handle.id.clone();
        let mut made = Vec::new();
        for (number, word) in words.into_iter().enumerate() {
            let word = word.replace("sg-", "others-");
            let description = "somebody else's".to_owned();
            let group = SecurityGroup { vpc: Ref::existing(&vpc), group_description: description, tags: named(&word) };
            let id = self.make(&word, group.clone().into()).await;
            self.manifest = self.manifest.replace(&format!("sg-{number:017x}"), &id);
            made.push((word, group));
        }
        made
    }

    /// Removes the groups, which keep their VPC from being deleted.
    async fn remove(&self, groups: Vec<(String, SecurityGroup)>) {
        if groups.is_empty() {
            return;
        }
        let plan = self.world.plan_deletion().await;
        assert!(!self.world.run(&plan).await.outcome.complete(), "the groups of others are in the VPC");
        for (word, group) in groups {
            let key = ResourceKey::new(Kind::SecurityGroup, &word);
            let handle = self.handles.get(&key).expect("the group").clone();
            remove(self.world.backend, &self.world.cluster, &word, &handle, group.into()).await;
        }
    }
}

/// Removes what was made here.
async fn remove<B: Realize>(backend: &B, cluster: &ClusterName, name: &str, handle: &Handle, properties: Properties) {
    let key = ResourceKey::new(properties.kind(), name);
    let before = Observed { key: key.clone(), handle: handle.clone(), ownership: Ownership::Foreign, properties };
    let change = StepChange { key, before: Some(before), after: None, fields: Vec::new() };
    let step = Step { verb: Verb::Delete, changes: vec![change] };
    backend.realize(cluster, &step, &Handles::default(), &|_| {}).await.expect("a foreign resource that goes");
}

/// Only what AWS wants to have.
fn named(name: &str) -> Tags {
    let mut tags = Tags::default();
    tags.set("Name", name);
    tags
}

/// What has to come true of a cluster between being made and being deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// kedge makes it.
    Made,
    /// kops made it, and kedge takes it over.
    Adopted,
}

/// Makes the account hold what kops leaves there: other user data, which starts nodeup, and rules without tags.
async fn as_kops_leaves_it<B: Observe + Realize>(world: &World<'_, B>, manifest: &str) {
    let mut desired = world.desired(manifest).await;
    for resource in &mut desired.resources {
        match &mut resource.properties {
            Properties::LaunchTemplate(template) => {
                template.user_data = Some("#!/bin/bash\n# what kops starts instances with\n".to_owned());
            }
            Properties::SecurityGroupRule(rule) => rule.tags = Tags::default(),
            _ => {}
        }
    }
    let plan = world.plan_for(&desired).await;
    let result = world.run(&plan).await;
    assert!(result.outcome.complete(), "{:#?}", result.errors);
}

/// Taking a cluster of kops's over changes what docs/reference/kops-differences.md says, and nothing else.
async fn adopt<B: Observe + Realize>(world: &World<'_, B>, manifest: &str) {
    as_kops_leaves_it(world, manifest).await;
    let others = foreign_but_rules(world).await;
    let plan = world.plan(manifest).await;
    let mut templates = 0;
    for change in &plan.changes {
        let fields: BTreeSet<&str> = change.fields.iter().map(FieldChange::property).collect();
        let only = match change.key.kind {
            Kind::LaunchTemplate => "UserData",
            Kind::SecurityGroupRule => "Tags",
            _ => "",
        };
        templates += usize::from(change.key.kind == Kind::LaunchTemplate);
        assert_eq!((change.action, fields), (Action::Update, [only].into()), "{}", change.key);
    }
    assert!(templates > 0, "the templates have another user data");
    assert_eq!(plan.report.instances_to_roll.len(), templates, "instances keep what they were launched with");
    let result = world.run(&plan).await;
    assert!(result.outcome.complete(), "{:#?}", result.errors);
    assert_eq!(foreign_but_rules(world).await, others);
}

/// Rules without tags are foreign until they have some.
async fn foreign_but_rules<B: Observe + Realize>(world: &World<'_, B>) -> Vec<String> {
    let mut found = others::snapshot(&world.inventory().await);
    found.retain(|line| !line.starts_with("security-group-rule/"));
    found
}

async fn live<B: Observe + Realize>(backend: &B, manifest: String, life: Life, network: bool) {
    let world = World::new(backend, &ClusterName::parse(name_in(&manifest)).expect("a cluster name"));
    let mut others = Others { world: &world, handles: Handles::default(), manifest };
    others.addresses().await;
    if network {
        others.network().await;
    }
    let groups = others.groups().await;
    match life {
        Life::Made => {
            world.apply(&others.manifest).await;
        }
        Life::Adopted => adopt(&world, &others.manifest).await,
    }
    world.assert_settled(&others.manifest).await;
    if life == Life::Adopted && !groups.is_empty() {
        // The rules that kops has made in the groups of others look like theirs: they stay, and with them the VPC.
        return;
    }
    others.remove(groups).await;
    world.delete().await;
}

/// The name of the cluster.
fn name_in(manifest: &str) -> &str {
    manifest.lines().find_map(|line| line.strip_prefix("  name: ")).expect("a name of the cluster")
}

fn edited(manifest: &str, edits: &[Edit]) -> String {
    edits.iter().fold(manifest.to_owned(), |text, (from, to)| {
        assert!(text.contains(from) || MOVED.iter().any(|moved| moved.0 == *from), "nothing of {from:?} in the case");
        text.replace(from, to)
    })
}

fn in_the_sandbox(case: &str, life: Life, edits: &[Edit]) {
    let (Some(manifest), Some(facts)) = (read(&format!("cases/{case}/cluster.yaml")), read("account.json")) else {
        return;
    };
    let facts: Facts = serde_json::from_str(&facts).expect("account facts");
    let sandbox = kedge_sandbox::Sandbox::in_memory(Some(facts), None).expect("an account");
    sandbox.by_hand().put_classic_load_balancer("my-external-lb-1", None, &Tags::default()).expect("a load balancer");
    block_on(live(&sandbox, edited(&manifest, edits), life, false));
}

fn over_the_wire(case: &str, life: Life, edits: &[Edit], on_the_wire: &[Edit]) {
    let Some(manifest) = read(&format!("cases/{case}/cluster.yaml")).filter(|_| wire_server::is_there()) else {
        return;
    };
    let mut manifest = edited(&edited(&edited(&manifest, edits), on_the_wire), MOVED);
    if life == Life::Adopted {
        // The two lives of a case share the account.
        let name = name_in(&manifest).to_owned();
        manifest = manifest.replace(&name, &format!("k{name}"));
    }
    block_on(async { live(&wire_server::connect().await, manifest, life, true).await });
}

/// Tests in the sandbox and before the test server for each case: `name = folder, edits, edits before the test server`.
macro_rules! cases {
    ($($name:ident = $folder:literal, $anywhere:expr, $on_the_wire:expr;)*) => {
        mod sandbox {
            $(#[test]
            fn $name() {
                super::in_the_sandbox($folder, super::Life::Made, $anywhere);
            })*
        }

        mod adopted_in_the_sandbox {
            $(#[test]
            fn $name() {
                super::in_the_sandbox($folder, super::Life::Adopted, $anywhere);
            })*
        }

        mod wire {
            $(#[test]
            fn $name() {
                super::over_the_wire($folder, super::Life::Made, $anywhere, $on_the_wire);
            })*
        }

        mod adopted_over_the_wire {
            $(#[test]
            fn $name() {
                super::over_the_wire($folder, super::Life::Adopted, $anywhere, $on_the_wire);
            })*
        }
    };
}

cases! {
    bastionadditional_user_data = "bastionadditional_user-data", &[], &[];
    complex = "complex", &[], &[
        // The test server has no certificates, no transit gateways and no classic load balancers.
        ("      sslCertificate: arn:aws-test:acm:us-test-1:000000000000:certificate/123456789012-1234-1234-1234-12345678\n", ""),
        ("      sslPolicy: ELBSecurityPolicy-2016-08\n", ""),
        ("    egress: tgw-123456\n", ""),
        ("    additionalRoutes:\n    - cidr: \"192.168.1.10/32\"\n      target: \"tgw-0123456\"\n", ""),
        ("  externalLoadBalancers:\n    - loadBalancerName: my-external-lb-1\n", ""),
    ];
    existing_sg = "existing_sg", &[], &[];
    ha = "ha", &[], &[];
    irsa = "irsa", &[], &[
        ("minimal.example.com", "irsa.example.com"),
        // AWS's own policies are the only ones of the test server's account.
        ("arn:aws-test:iam::123456789012:policy/UsersManageOwnCredentials", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ];
    minimal_aws = "minimal-aws", &[], &[];
    minimal_dns_none = "minimal-dns-none", &[], &[];
    // AWS chooses the range of a VPC that the cluster makes, so that the subnets' ranges are blocks of it.
    minimal_ipv6 = "minimal-ipv6", &[("2001:db8:0:11", "/64#"), ("::/64\n", "\n")], &[];
    mixed_instances = "mixed_instances", &[], &[];
    privatecilium = "privatecilium", &[], &[];
    shared_subnet = "shared_subnet", &[], &[];
}
