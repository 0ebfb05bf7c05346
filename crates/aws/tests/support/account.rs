//! An account behind an endpoint for tests, and steps done in it.

use std::collections::BTreeMap;

use kedge_aws::{Aws, AwsOptions};
use kedge_cloud::{Handles, Observe, Realize, Step, StepChange, Verb};
use kedge_resource::{ClusterName, Inventory, Kind, Observed, Ownership, Properties, ResourceKey, Tags};
use serde_json::Value;

pub(crate) type Resource = (ResourceKey, Properties);

pub(crate) fn cluster(name: &str) -> ClusterName {
    ClusterName::parse(name).unwrap()
}

pub(crate) fn tags(c: &str, name: &str) -> Tags {
    Tags::standard(&cluster(c), name)
}

pub(crate) struct Account {
    pub(crate) aws: Aws,
    pub(crate) cluster: ClusterName,
    pub(crate) handles: Handles,
}

impl Account {
    /// `None` where there is no endpoint to test against.
    #[expect(clippy::disallowed_methods, reason = "the environment says where the tests run")]
    pub(crate) async fn connect(name: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("KEDGE_TEST_ENDPOINT") else {
            eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
            return None;
        };
        let used = std::env::var("AWS_ENDPOINT_URL").ok();
        assert_eq!(used, Some(endpoint), "AWS_ENDPOINT_URL has to point to the endpoint of the tests");
        let aws = Aws::connect(&AwsOptions::default()).await.unwrap();
        Some(Self { aws, cluster: cluster(name), handles: Handles::default() })
    }

    pub(crate) async fn inventory(&self) -> Inventory {
        self.aws.inventory(&self.cluster, kedge_cloud::Scope::Everything).await.unwrap()
    }

    async fn observed(&self, key: &ResourceKey) -> Observed {
        let all = self.inventory().await.resources;
        all.into_iter().find(|one| one.key == *key).unwrap_or_else(|| panic!("{key} is not there"))
    }

    pub(crate) async fn owned(&self) -> Vec<ResourceKey> {
        let all = self.inventory().await.resources.into_iter();
        all.filter(|one| one.ownership == Ownership::Owned).map(|one| one.key).collect()
    }

    pub(crate) async fn instances(&self) -> Vec<Observed> {
        self.inventory().await.resources.into_iter().filter(|one| one.key.kind == Kind::Instance).collect()
    }

    async fn step(&mut self, verb: Verb, changes: Vec<StepChange>) {
        let keys: Vec<String> = changes.iter().map(|change| change.key.to_string()).collect();
        let step = Step { verb, changes };
        let outcome = self.aws.realize(&self.cluster, &step, &self.handles, &|_| {}).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{verb:?} of {keys:?}: {error} {:?}", error.hint));
        if verb != Verb::Delete {
            let made: Vec<String> = outcome.handles.iter().map(|(key, _)| key.to_string()).collect();
            assert_eq!(made, keys, "every resource of a step gets its handle");
        }
        for (key, handle) in outcome.handles {
            self.handles.insert(key, handle);
        }
    }

    pub(crate) async fn realize(&mut self, verb: Verb, resources: &[Resource]) {
        let changes = resources.iter().map(|(key, properties)| StepChange {
            key: key.clone(),
            before: None,
            after: Some(properties.clone()),
            fields: Vec::new(),
        });
        self.step(verb, changes.collect()).await;
    }

    pub(crate) async fn create_all(&mut self, steps: &[Vec<Resource>]) {
        for step in steps {
            self.realize(Verb::Create, step).await;
        }
    }

    /// Changes one resource and checks that it is so.
    pub(crate) async fn update(&mut self, resource: Resource, fields: &[&str]) {
        let (key, properties) = resource;
        let change = StepChange {
            before: Some(self.observed(&key).await),
            key: key.clone(),
            after: Some(properties.clone()),
            fields: fields.iter().map(ToString::to_string).collect(),
        };
        self.step(Verb::Update, vec![change]).await;
        self.check(&[vec![(key, properties)]]).await;
    }

    pub(crate) async fn delete_observed(&mut self, observed: &[Observed]) {
        let changes = observed.iter().map(|one| StepChange {
            key: one.key.clone(),
            before: Some(one.clone()),
            after: None,
            fields: Vec::new(),
        });
        let changes: Vec<_> = changes.collect();
        if !changes.is_empty() {
            self.step(Verb::Delete, changes).await;
        }
    }

    /// Removes what steps made, the last first. Instances go with the groups that launched them.
    pub(crate) async fn delete_all(&mut self, steps: &[Vec<Resource>]) {
        let inventory = self.inventory().await;
        let by_key: BTreeMap<_, _> = inventory.resources.iter().map(|one| (&one.key, one)).collect();
        for step in steps.iter().rev() {
            let observed: Vec<Observed> = step.iter().map(|(key, _)| (*by_key[key]).clone()).collect();
            let groups = observed.iter().any(|one| one.key.kind == Kind::AutoScalingGroup);
            self.delete_observed(&observed).await;
            if groups {
                let instances: Vec<Observed> =
                    inventory.resources.iter().filter(|one| one.key.kind == Kind::Instance).cloned().collect();
                self.delete_observed(&instances).await;
            }
        }
    }

    /// Removes what an earlier run of the same test left behind.
    pub(crate) async fn clear(&mut self) {
        const ORDER: &[Kind] = &[
            Kind::AutoScalingGroup,
            Kind::Instance,
            Kind::LaunchTemplate,
            Kind::KeyPair,
            Kind::Volume,
            Kind::NatGateway,
            Kind::ElasticIp,
            Kind::Subnet,
            Kind::RouteTable,
            Kind::SecurityGroupRule,
            Kind::SecurityGroup,
            Kind::InternetGateway,
            Kind::EgressOnlyInternetGateway,
            Kind::Vpc,
            Kind::DhcpOptions,
        ];
        let owned: Vec<Observed> = self.inventory().await.resources;
        for kind in ORDER {
            let of_kind = owned.iter().filter(|one| one.key.kind == *kind && one.ownership == Ownership::Owned);
            for one in of_kind.cloned().collect::<Vec<_>>() {
                self.delete_observed(&[one]).await;
            }
        }
    }

    /// Removes volumes that instances left behind.
    pub(crate) async fn delete_leftovers(&mut self) {
        let all = self.inventory().await.resources;
        for volume in all.into_iter().filter(|one| one.key.kind == Kind::Volume) {
            self.delete_observed(&[volume]).await;
        }
    }

    /// Compares resources with what the account holds under their keys.
    pub(crate) async fn check(&self, steps: &[Vec<Resource>]) {
        let inventory = self.inventory().await;
        assert_eq!(inventory.unreadable, []);
        for (key, properties) in steps.iter().flatten() {
            let found: Vec<&Observed> = inventory.resources.iter().filter(|one| one.key == *key).collect();
            assert_eq!(found.len(), 1, "{key}: {found:#?}");
            assert_eq!(found[0].ownership, Ownership::Owned, "{key}");
            assert_eq!(self.handles.get(key), Some(&found[0].handle), "{key}");
            let mut wanted = properties.to_value();
            self.resolve(&mut wanted);
            let mut there = found[0].properties.to_value();
            settle(key.kind, &mut wanted);
            settle(key.kind, &mut there);
            assert_eq!(there, wanted, "{key}");
        }
    }

    /// Puts ids where references are.
    fn resolve(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(key) = kedge_resource::reference::parse_managed(text) {
                    *text = self.handles.get(&key).unwrap_or_else(|| panic!("{key} has no handle")).id.clone();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.resolve(field)),
            _ => {}
        }
    }
}

/// Takes out what AWS does not give back, or gives back in its own words or order.
fn settle(kind: Kind, value: &mut Value) {
    let Value::Object(fields) = value else { return };
    match kind {
        Kind::KeyPair => {
            fields.remove("PublicKeyMaterial");
            fields.remove("Fingerprint");
        }
        Kind::Subnet => {
            fields.remove("Ipv6CidrBlock");
        }
        Kind::AutoScalingGroup => {
            if let Some(Value::Array(subnets)) = fields.get_mut("Subnets") {
                subnets.sort_by_key(ToString::to_string);
            }
        }
        _ => {}
    }
}
