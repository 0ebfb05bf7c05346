//! What becomes of a resource when a property changes: a case for every property of every kind.
//!
//! A case says what the plan has to do: change the resource in place, replace it and in which order, or make another resource
//! in its place; and whether the plan is refused unless somebody allows it. Then the plan is carried out, in the sandbox and
//! before a test server, and has to lead to what was asked for, with the ids that should last.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

#[path = "updates/balancing.rs"]
mod balancing;
#[path = "updates/harness.rs"]
mod harness;
#[path = "updates/identity.rs"]
mod identity;
#[path = "updates/machines.rs"]
mod machines;
#[path = "updates/network.rs"]
mod network;
#[path = "updates/security.rs"]
mod security;
#[path = "common/wire.rs"]
mod wire_server;
#[path = "../crates/sandbox/tests/steps/world.rs"]
mod world;

use std::collections::BTreeSet;

use harness::{Case, Outcome};
use kedge_resource::{Kind, Properties};

fn all() -> Vec<Case> {
    [network::cases(), security::cases(), machines::cases(), balancing::cases(), identity::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every property of every kind that is ever desired.
fn properties() -> BTreeSet<(Kind, String)> {
    let schema = schemars::schema_for!(Properties);
    let schema = schema.as_value();
    let observed_only = [Kind::Instance, Kind::NetworkInterface, Kind::ClassicLoadBalancer];
    // No account has these; what becomes of them is in tests/boot.rs.
    let elsewhere = [Kind::StoreObject];
    let mut found = BTreeSet::new();
    for variant in schema["oneOf"].as_array().expect("a schema for each kind") {
        let kind: Kind = serde_json::from_value(variant["properties"]["Type"]["const"].clone()).expect("a kind");
        if observed_only.contains(&kind) || elsewhere.contains(&kind) {
            continue;
        }
        let reference = variant["properties"]["Properties"]["$ref"].as_str().expect("a definition");
        let pointer = reference.strip_prefix('#').expect("a definition of this schema");
        let definition = schema.pointer(pointer).expect("the definition");
        let names = definition["properties"].as_object().expect("properties").keys();
        found.extend(names.map(|name| (kind, name.clone())));
    }
    found
}

#[test]
fn every_property_of_every_kind_has_a_case() {
    let mut missing = properties();
    assert!(missing.len() > 150, "the schema names only {} properties", missing.len());
    for (kind, property, _) in all().iter().flat_map(|case| case.expected.iter().chain(&case.possible)) {
        missing.remove(&(*kind, (*property).to_owned()));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The tables in `kedge_resource::kind` say the same as what the cases see.
#[test]
fn what_can_change_in_place_is_declared_so() {
    for (kind, property, outcome) in all().iter().flat_map(|case| case.expected.iter().chain(&case.possible)) {
        let declared = kind.mutability(property);
        let seen = match outcome {
            Outcome::InPlace => kedge_resource::Mutability::InPlace,
            Outcome::CreateFirst | Outcome::DeleteFirst | Outcome::Other | Outcome::Beside => {
                kedge_resource::Mutability::Replace
            }
            // In place for itself.
            Outcome::Along => continue,
        };
        assert_eq!(declared, seen, "{kind} {property}");
    }
}

#[test]
fn in_the_sandbox() {
    harness::in_the_sandbox(all());
}

/// Before the test server, one after the other: they share an account.
mod wire {
    use crate::{balancing, harness, identity, machines, network, security};

    #[test]
    fn of_networks() {
        harness::over_the_wire(network::cases());
    }

    #[test]
    fn of_security_groups() {
        harness::over_the_wire(security::cases());
    }

    #[test]
    fn of_machines() {
        harness::over_the_wire(machines::cases());
    }

    #[test]
    fn of_load_balancers() {
        harness::over_the_wire(balancing::cases());
    }

    #[test]
    fn of_identities() {
        harness::over_the_wire(identity::cases());
    }
}
