//! The account under test.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, SdkConfig};
use kedge_aws::{Aws, AwsOptions};
use kedge_cloud::{CloudError, Handles, Observe, Realize, Step, StepChange, StepOutcome, Verb};
use kedge_resource::{ClusterName, Handle, Inventory, Kind, Observed, Ownership, Properties, ResourceKey, Tags};

/// One cluster of the account under test, and a client of its own for what kedge itself would not do.
pub(crate) struct Account {
    pub(crate) aws: Aws,
    pub(crate) config: SdkConfig,
    pub(crate) cluster: ClusterName,
    handles: Handles,
}

impl Account {
    /// The account for a cluster of this name, which no other test uses; `None`, said aloud, without a server.
    pub(crate) async fn of(cluster: &str) -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
        let endpoint = std::env::var_os("KEDGE_TEST_ENDPOINT");
        if endpoint.is_none() {
            #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
            {
                eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
            }
            return None;
        }
        let aws = Aws::connect(&AwsOptions::default()).await.unwrap();
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await;
        let cluster = ClusterName::parse(cluster).unwrap();
        Some(Self { aws, config, cluster, handles: Handles::default() })
    }

    pub(crate) async fn inventory(&self) -> Inventory {
        let inventory = self.aws.inventory(&self.cluster, kedge_cloud::Scope::Everything).await.unwrap();
        assert_eq!(inventory.unreadable, []);
        inventory
    }

    /// The resources of the kinds, by kind and name.
    pub(crate) async fn find(&self, kinds: &[Kind]) -> BTreeMap<ResourceKey, Observed> {
        let all = self.inventory().await.resources.into_iter();
        all.filter(|one| kinds.contains(&one.key.kind)).map(|one| (one.key.clone(), one)).collect()
    }

    /// The one resource of this key.
    pub(crate) async fn get(&self, kind: Kind, name: &str) -> Observed {
        let key = ResourceKey::new(kind, name);
        self.find(&[kind]).await.remove(&key).unwrap_or_else(|| panic!("{key} is not there"))
    }

    pub(crate) async fn realize(&mut self, verb: Verb, changes: Vec<StepChange>) -> Result<StepOutcome, CloudError> {
        let step = Step { verb, changes };
        let outcome = self.aws.realize(&self.cluster, &step, &self.handles, &|_| {}).await?;
        for (key, handle) in &outcome.handles {
            self.handles.insert(key.clone(), handle.clone());
        }
        Ok(outcome)
    }

    pub(crate) async fn create(&mut self, name: &str, after: impl Into<Properties>) -> Handle {
        self.try_create(name, after).await.unwrap()
    }

    pub(crate) async fn try_create(&mut self, name: &str, after: impl Into<Properties>) -> Result<Handle, CloudError> {
        let outcome = self.realize(Verb::Create, vec![creation(name, after)]).await?;
        Ok(outcome.handles.first().unwrap().1.clone())
    }

    pub(crate) async fn update(&mut self, before: Observed, after: impl Into<Properties>, fields: &[&str]) {
        let change = StepChange {
            key: before.key.clone(),
            before: Some(before),
            after: Some(after.into()),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        };
        self.realize(Verb::Update, vec![change]).await.unwrap();
    }

    /// Deletes twice: a thing that is gone is no failure.
    pub(crate) async fn delete(&mut self, before: Observed) {
        for _ in 0..2 {
            self.realize(Verb::Delete, vec![deletion(before.clone())]).await.unwrap();
        }
    }

    /// The standard tags.
    pub(crate) fn tags(&self, name: &str) -> Tags {
        Tags::standard(&self.cluster, name)
    }

    pub(crate) fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.config)
    }

    /// A VPC that is none of the cluster's business, with subnets in two zones.
    pub(crate) async fn network(&self) -> (String, Vec<String>) {
        let ec2 = self.ec2();
        let vpc = ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap();
        let vpc = vpc.vpc.unwrap().vpc_id.unwrap();
        let mut subnets = Vec::new();
        for (zone, cidr) in [("us-east-1a", "10.9.1.0/24"), ("us-east-1b", "10.9.2.0/24")] {
            let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block(cidr).availability_zone(zone);
            subnets.push(subnet.send().await.unwrap().subnet.unwrap().subnet_id.unwrap());
        }
        (vpc, subnets)
    }

    /// A security group in a VPC.
    pub(crate) async fn security_group(&self, vpc: &str, name: &str) -> String {
        let group = self.ec2().create_security_group().vpc_id(vpc).group_name(name).description(name);
        group.send().await.unwrap().group_id.unwrap()
    }
}

pub(crate) fn creation(name: &str, after: impl Into<Properties>) -> StepChange {
    let after = after.into();
    StepChange { key: ResourceKey::new(after.kind(), name), before: None, after: Some(after), fields: Vec::new() }
}

pub(crate) fn deletion(before: Observed) -> StepChange {
    StepChange { key: before.key.clone(), before: Some(before), after: None, fields: Vec::new() }
}

/// Asserts that a thing is the cluster's and as wanted.
pub(crate) fn assert_is(observed: &Observed, wanted: impl Into<Properties>) {
    assert_eq!(observed.ownership, Ownership::Owned);
    assert_eq!(observed.properties, wanted.into());
}
