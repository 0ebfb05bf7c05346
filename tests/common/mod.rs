//! What the harnesses in this folder share: the whole way from a manifest to resources, over any backend.

use std::sync::Arc;

use kedge_cloud::{Observe, Realize, Scope};
use kedge_diag::{Severity, Source};
use kedge_engine::{RunOptions, RunResult, SimulatedSleeper, StopSignal};
use kedge_planner::PlanContext;
use kedge_resource::{ClusterName, Desired, Inventory, Ownership, Plan};
use kedge_spec::{ParseOptions, ResolveOptions, ResolvedSpec};

/// Reads and resolves a manifest that has to be right.
pub(crate) fn resolve(manifest: &str) -> ResolvedSpec {
    let source = Arc::new(Source { name: "test.yaml".to_owned(), text: manifest.to_owned() });
    let (manifests, mut diagnostics) = kedge_spec::parse(&[source], &ParseOptions::default());
    let (spec, more) = manifests.resolve(&ResolveOptions::default());
    diagnostics.extend(more);
    let errors: Vec<&str> =
        diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| d.detail.as_str()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{manifest}");
    spec.expect("a specification without errors")
}

/// A backend with one cluster that a test works on.
pub(crate) struct World<'a, B> {
    pub(crate) backend: &'a B,
    pub(crate) cluster: ClusterName,
    pub(crate) options: RunOptions,
}

impl<'a, B: Observe + Realize> World<'a, B> {
    pub(crate) fn new(backend: &'a B, cluster: &ClusterName) -> Self {
        let options = RunOptions { sleeper: Arc::new(SimulatedSleeper::default()), ..RunOptions::default() };
        Self { backend, cluster: cluster.clone(), options }
    }

    pub(crate) async fn desired(&self, manifest: &str) -> Desired {
        let spec = resolve(manifest);
        let facts = self.backend.facts(&kedge_model::facts_query(&spec)).await.expect("facts");
        kedge_model::lower(&spec, &facts).expect("resources")
    }

    pub(crate) async fn inventory(&self) -> Inventory {
        self.backend.inventory(&self.cluster, Scope::Everything).await.expect("an inventory")
    }

    async fn context(&self) -> PlanContext {
        let identity = self.backend.identity().await.expect("an identity");
        PlanContext { account_id: identity.account_id, region: identity.region }
    }

    pub(crate) async fn plan(&self, manifest: &str) -> Plan {
        self.plan_for(&self.desired(manifest).await).await
    }

    pub(crate) async fn plan_for(&self, desired: &Desired) -> Plan {
        let inventory = self.backend.inventory(&self.cluster, Scope::Manifests).await.expect("an inventory");
        kedge_planner::plan_apply(desired, &inventory, &self.context().await).expect("a plan")
    }

    pub(crate) async fn run(&self, plan: &Plan) -> RunResult {
        kedge_engine::run(plan, self.backend, &self.options, |_| {}, StopSignal::never()).await.expect("no cycle")
    }

    /// Applies and makes sure that nothing failed.
    pub(crate) async fn apply(&self, manifest: &str) -> Plan {
        let plan = self.plan(manifest).await;
        let result = self.run(&plan).await;
        assert!(result.outcome.complete(), "{:#?}", result.errors);
        plan
    }

    /// Property (a): after an apply, planning finds nothing.
    pub(crate) async fn assert_settled(&self, manifest: &str) {
        let plan = self.plan(manifest).await;
        let found: Vec<_> = plan.changes.iter().map(|c| (&c.key, c.action, &c.reason, &c.fields)).collect();
        assert!(plan.is_empty(), "planning again found {found:#?}");
    }

    /// Deletes the cluster; property (c): nothing of ours is left.
    pub(crate) async fn delete(&self) {
        let plan = self.plan_deletion().await;
        let result = self.run(&plan).await;
        assert!(result.outcome.complete(), "{:#?}", result.errors);
        self.assert_nothing_left().await;
    }

    pub(crate) async fn plan_deletion(&self) -> Plan {
        kedge_planner::plan_delete(&self.inventory().await, &self.context().await).expect("a plan")
    }

    pub(crate) async fn assert_nothing_left(&self) {
        let inventory = self.inventory().await;
        let left: Vec<_> =
            inventory.resources.iter().filter(|o| o.ownership == Ownership::Owned).map(|o| &o.key).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}
