//! Compares what the model makes of kops's manifests with what kops makes of them.
//!
//! The cases are not part of this repository: `KEDGE_KOPS_CASES` names the folder with `cases/*/`, `account.json` and
//! `compare.py`. Every difference is a failure, except those of `docs/reference/kops-differences.ignore`, which
//! `docs/reference/kops-differences.md` explains. `KEDGE_KOPS_ONLY` picks cases by name, with commas between.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads its cases, runs the comparison and may panic about either"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use kedge_diag::{Diagnostics, Source};
use kedge_resource::{Desired, Facts, Kind};
use kedge_spec::resolved::Feature;
use kedge_spec::{ParseOptions, ResolveOptions};

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn texts(diagnostics: &Diagnostics) -> String {
    let all = diagnostics.sorted();
    let line = |d: &kedge_diag::Diagnostic| {
        format!("  {} {}: {}: {}\n", d.severity, d.code, d.path.as_deref().unwrap_or_default(), d.detail)
    };
    all.into_iter().map(line).collect()
}

/// The neutral list of a case, or what stood against it.
fn lower_case(case: &Path, facts: &Facts) -> Result<serde_json::Value, String> {
    let meta: serde_json::Value = serde_json::from_str(&read(&case.join("meta.json"))).unwrap();
    let features: BTreeSet<Feature> = match meta["featureFlags"].as_str() {
        Some(flags) if flags.to_lowercase().contains("apiservernodes") => BTreeSet::from([Feature::ApiServerNodes]),
        _ => BTreeSet::new(),
    };
    let ssh_public_key = (meta["sshPublicKey"] == true).then(|| read(&case.join("id_rsa.pub")).trim().to_owned());
    let options = ResolveOptions { cluster: None, ssh_public_key, features };
    Ok(kedge_model::neutral(&lower(&case.join("cluster.yaml"), &options, facts)?))
}

fn lower(manifest: &Path, options: &ResolveOptions, facts: &Facts) -> Result<Desired, String> {
    let source = Source { name: manifest.display().to_string(), text: read(manifest) };
    // One case has a field that kops itself drops silently.
    let (manifests, problems) = kedge_spec::parse(&[Arc::new(source)], &ParseOptions { allow_unknown_fields: true });
    if problems.has_errors() {
        return Err(format!("parsing:\n{}", texts(&problems)));
    }
    let (spec, problems) = manifests.resolve(options);
    let Some(spec) = spec else {
        return Err(format!("resolving:\n{}", texts(&problems)));
    };
    let desired = kedge_model::lower(&spec, facts).map_err(|problems| format!("lowering:\n{}", texts(&problems)))?;
    assert!(desired.resources.windows(2).all(|pair| pair[0].key < pair[1].key), "keys are sorted and unique");
    assert_eq!(Ok(&desired), kedge_model::lower(&spec, facts).as_ref().map_err(|_| ()), "lowering is deterministic");
    Ok(desired)
}

/// The folder with the cases, if there is one.
fn cases() -> Option<PathBuf> {
    let folder = environment("KEDGE_KOPS_CASES").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: KEDGE_KOPS_CASES is not set");
    }
    folder
}

#[test]
fn every_case_comes_out_as_with_kops() {
    let Some(folder) = cases() else {
        return;
    };
    let only: Option<BTreeSet<String>> =
        environment("KEDGE_KOPS_ONLY").map(|names| names.split(',').map(str::to_owned).collect());
    let facts: Facts = serde_json::from_str(&read(&folder.join("account.json"))).unwrap();
    let ignore = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/kops-differences.ignore");
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kops-cases");
    fs_err::create_dir_all(&output).unwrap();

    let mut failures = Vec::new();
    let mut compared = 0;
    let mut cases: Vec<PathBuf> =
        fs_err::read_dir(folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !only.contains(&name)) {
            continue;
        }
        compared += 1;
        match lower_case(&case, &facts) {
            Err(problem) => failures.push(format!("{name}: {problem}")),
            Ok(list) => {
                let actual = output.join(format!("{name}.json"));
                fs_err::write(&actual, serde_json::to_string_pretty(&list).unwrap()).unwrap();
                if let Some(difference) = compare(&folder, &case, &actual, &ignore) {
                    failures.push(format!("{name}:\n{difference}"));
                }
            }
        }
    }
    assert!(compared > 0, "no cases in {}", folder.display());
    assert!(failures.is_empty(), "{} of {compared} cases differ\n\n{}", failures.len(), failures.join("\n"));
    println!("{compared} cases are the same");
}

#[test]
fn clusters_that_kops_wrote_fit_their_account() {
    let Some(folder) = cases().map(|folder| folder.join("clusters")) else {
        return;
    };
    let facts: Facts = serde_json::from_str(&read(&folder.join("facts.json"))).unwrap();
    for (file, groups) in [("a.yaml", 2), ("b.yaml", 7), ("c.yaml", 51)] {
        let desired = lower(&folder.join(file), &ResolveOptions::default(), &facts)
            .unwrap_or_else(|problems| panic!("{file}: {problems}"));
        let kinds = desired.resources.iter().map(|resource| resource.key.kind);
        assert_eq!(kinds.filter(|kind| *kind == Kind::AutoScalingGroup).count(), groups, "{file}");
    }
}

/// What `compare.py` has to say about a case, unless nothing differs.
fn compare(folder: &Path, case: &Path, actual: &Path, ignore: &Path) -> Option<String> {
    let report = actual.with_extension("report");
    let run = Command::new("python3")
        .arg("-B")
        .arg(folder.join("compare.py"))
        .arg("--ignore")
        .arg(ignore)
        .args(["--width", "0", "--json"])
        .arg(&report)
        .arg(case.join("expected.json"))
        .arg(actual)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "compare.py failed:\n{text}");
    let report: serde_json::Value = serde_json::from_str(&read(&report)).unwrap();
    let differs = ["different", "missing", "extra"]
        .iter()
        .any(|kind| report["cases"][0][*kind].as_array().is_none_or(|list| !list.is_empty()));
    differs.then_some(text)
}
