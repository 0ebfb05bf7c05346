//! The views that programs read: they are what their formats say, and older documents still read.

use std::collections::BTreeMap;

use kedge_render::view::html;
use kedge_render::view::json::{self, PlanView, PlansView};
use kedge_render::view::{Failure, Planned, Review, Reviewed, junit, sarif, slack};
use kedge_resource::finding::Severity;
use kedge_resource::plan::PLAN_FORMAT_VERSION;
use kedge_resource::{Finding, Plan, Position};
use serde_json::{Value, json};

use crate::common::{MINIMAL, PRIVATE, plan, planned, removal};

/// Whether a value fits a schema, as far as schemars writes schemas.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    let Value::Object(rules) = schema else {
        return if *schema == json!(false) { Err(format!("{value} may not be here")) } else { Ok(()) };
    };
    for (rule, wanted) in rules {
        match rule.as_str() {
            "$ref" => {
                let path = wanted.as_str().unwrap().trim_start_matches('#');
                fits(value, root.pointer(path).ok_or(format!("no {path}"))?, root)
                    .map_err(|why| format!("{path}: {why}"))?;
            }
            "type" => {
                let is = |name: &Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("{other}"),
                };
                let fits = wanted.as_array().map_or_else(|| is(wanted), |types| types.iter().any(is));
                if !fits {
                    return Err(format!("{value} is not of type {wanted}"));
                }
            }
            "const" if wanted != value => return Err(format!("{value} is not {wanted}")),
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                return Err(format!("{value} is none of {wanted}"));
            }
            "oneOf" | "anyOf" => {
                let branches = wanted.as_array().unwrap();
                let fitting = branches.iter().filter(|branch| fits(value, branch, root).is_ok()).count();
                if fitting == 0 || rule == "oneOf" && fitting > 1 {
                    return Err(format!("{value} fits {fitting} of the branches"));
                }
            }
            "allOf" => wanted.as_array().unwrap().iter().try_for_each(|branch| fits(value, branch, root))?,
            "required" => {
                for name in wanted.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return Err(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, inner) in wanted.as_object().unwrap() {
                    if let Some(found) = value.get(name) {
                        fits(found, inner, root).map_err(|why| format!("{name}: {why}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                for (name, found) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        fits(found, wanted, root).map_err(|why| format!("{name}: {why}"))?;
                    }
                }
            }
            "items" => value.as_array().into_iter().flatten().try_for_each(|inner| fits(inner, wanted, root))?,
            "uniqueItems" => {
                let items = value.as_array().unwrap();
                if items.iter().enumerate().any(|(at, item)| items.iter().skip(at + 1).any(|other| other == item)) {
                    return Err(format!("{value} has an item twice"));
                }
            }
            "minimum" if value.as_f64() < wanted.as_f64() => return Err(format!("{value} is less than {wanted}")),
            "const" | "enum" | "minimum" | "$schema" | "$defs" | "title" | "description" | "format" | "default" => {}
            other => panic!("the test does not know the rule {other}"),
        }
    }
    Ok(())
}

/// Entries of every sort: changes of every action, remarks, findings, and one that cannot be planned.
fn entries() -> Vec<Reviewed> {
    let finding = |severity, policy: &str| Finding {
        severity,
        policy: policy.to_owned(),
        message: "A production cluster has three zones.".to_owned(),
        key: Some("vpc/minimal.example.com".parse().unwrap()),
        position: Some(Position { path: "clusters/a b.yaml".to_owned(), line: 7, column: 3 }),
    };
    let mut found = planned(&plan(MINIMAL, &MINIMAL.replace("172.20.32.0/19", "172.20.32.0/20")));
    found.findings = Some(vec![finding(Severity::Deny, "zones"), finding(Severity::Warn, "owners")]);
    let mut clean = planned(&plan(PRIVATE, &PRIVATE.replace("name: batch\n", "name: jobs\n")));
    clean.findings = Some(Vec::new());
    let failure = Failure {
        name: "clusters/broken.yaml".to_owned(),
        summary: "the manifests cannot be used as they are".to_owned(),
        causes: vec!["something".to_owned()],
        ..Failure::default()
    };
    vec![found.into(), clean.into(), Reviewed::Failed(failure)]
}

fn parsed(clusters: Vec<Reviewed>) -> Value {
    serde_json::from_str(&json::render(&Review { clusters }).unwrap()).unwrap()
}

#[test]
fn json_fits_its_schema_and_reads_again() {
    let one = schemars::schema_for!(PlanView).to_value();
    let many = schemars::schema_for!(PlansView).to_value();
    for reviewed in entries() {
        let Reviewed::Planned(entry) = &reviewed else { continue };
        let document = parsed(vec![reviewed.clone()]);
        fits(&document, &one, &one).unwrap();
        assert_eq!(serde_json::from_value::<Plan>(document).unwrap(), *entry.plan());
    }
    let document = parsed(entries());
    fits(&document, &many, &many).unwrap();
    let read: PlansView = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(read.clusters.iter().map(|cluster| cluster.plan.is_some()).collect::<Vec<_>>(), [false, true, true]);
    // The test tells wrong documents from right ones.
    let mut wrong = document;
    wrong["clusters"][1]["plan"]["changes"][0]["action"] = json!("destroy");
    assert!(fits(&wrong, &many, &many).is_err());
    wrong["clusters"][1]["plan"].as_object_mut().unwrap().remove("region");
    assert!(fits(&wrong, &many, &many).is_err());
}

#[test]
fn a_document_of_the_first_version_still_reads() {
    let text = include_str!("plan-1.json");
    let plan: Plan = serde_json::from_str(text).unwrap();
    assert_eq!((plan.format_version, PLAN_FORMAT_VERSION), (1, 1));
    assert_eq!(plan.totals().replace, 2);
    let view: PlanView = serde_json::from_str(text).unwrap();
    assert_eq!(view.findings, None);
    let schema = schemars::schema_for!(PlanView).to_value();
    fits(&serde_json::from_str(text).unwrap(), &schema, &schema).unwrap();
}

#[test]
fn findings_are_in_the_reports() {
    let review = Review { clusters: entries() };
    let log = sarif::document(&review, "1.2.3");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let zones = results.iter().find(|result| result["ruleId"] == "policy/zones").unwrap();
    assert_eq!(zones["level"], "error");
    let place = &zones["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "clusters/a%20b.yaml");
    assert_eq!(place["region"], json!({"startLine": 7, "startColumn": 3}));
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    let mut fingerprints: BTreeMap<&str, usize> = BTreeMap::new();
    for result in results {
        *fingerprints.entry(result["partialFingerprints"]["kedge/v1"].as_str().unwrap()).or_default() += 1;
    }
    assert!(fingerprints.values().all(|count| *count == 1), "{fingerprints:?}");
    let report = junit::render(&review);
    assert!(report.contains("<testcase classname=\"minimal.example.com\" name=\"policy zones\">"), "{report}");
    assert!(report.contains("<testsuites name=\"kedge plan\" tests="), "{report}");
    assert_eq!(report.matches("<failure ").count(), 1, "{report}");
    assert_eq!(report.matches("<error ").count(), 1, "{report}");
}

#[test]
fn messages_are_within_the_limits_of_slack() {
    let mut clusters = entries();
    clusters.extend((0..60).map(|_| Reviewed::from(Planned::new(&removal(PRIVATE)))));
    let message = slack::document(&Review { clusters }, Some("https://ci.example.com/1?a=b|c>"));
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    for block in blocks {
        let text = block["text"]["text"].as_str().unwrap();
        let most = if block["type"] == "header" { 150 } else { 3000 };
        assert!(!text.is_empty() && text.chars().count() <= most, "{text}");
    }
    assert!(message.to_string().contains("<https://ci.example.com/1?a=bc|The whole plan>"), "{message}");
}

#[test]
fn a_page_asks_nobody_and_says_everything_without_scripts() {
    let mut entry = planned(&plan(PRIVATE, &PRIVATE.replace("name: batch\n", "name: jobs\n")));
    entry.desired = crate::common::desired(PRIVATE).resources;
    let page = html::render(&Review { clusters: vec![entry.into()] });
    for outside in ["http://", "https://", "//", "src=", "@import", "url(", "<link", "<iframe", "<img"] {
        let allowed = page.matches("http://www.w3.org/2000/svg").count();
        let own = usize::from(outside == "http://" || outside == "//") * allowed;
        assert_eq!(page.matches(outside).count(), own, "{outside}");
    }
    assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (1, 1));
    assert!(page.contains("default-src 'none'"));
    for said in [
        "auto-scaling-group/batch.private.example.com",
        "10.80.64.0/18 private",
        "10.80.0.0/21 public",
        "In which order",
    ] {
        assert!(page.contains(said), "{said}");
    }
    // Elements are closed.
    for element in ["details", "summary", "svg", "g", "ul", "table", "pre", "section", "a", "p"] {
        let opened = page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
    }
}
