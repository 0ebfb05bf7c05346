//! Every flag that instances give a program is one that the program has.
//!
//! `testdata/flags.txt` says which those are; where a program is on the PATH, it is asked as well.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test asks other programs")]
#![expect(clippy::unwrap_used, reason = "a test may panic about what it reads")]

mod common;
#[path = "common/every.rs"]
mod every;

use std::collections::BTreeSet;
use std::process::Command;

use kedge_spec::text;
use serde_json::Value;

use every::every_setting;

/// Where the documents of kubeadm have the flags of each program.
const PLACES: [(&str, &str); 5] = [
    ("kube-apiserver", "/apiServer/extraArgs"),
    ("kube-controller-manager", "/controllerManager/extraArgs"),
    ("kube-scheduler", "/scheduler/extraArgs"),
    ("etcd", "/etcd/local/extraArgs"),
    ("kubelet", "/nodeRegistration/kubeletExtraArgs"),
];

/// The flags that some setting makes, with their programs.
fn written() -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    for config in every_setting().into_iter().filter_map(|(_, manifests)| manifests.configs().ok()).flatten() {
        let documents = config.init.iter().chain([&config.join]).flat_map(|documents| documents.split("---\n"));
        for document in documents.map(|document| text::read(document).unwrap()) {
            for (program, place) in PLACES {
                let args = document.pointer(place).and_then(Value::as_array).into_iter().flatten();
                found.extend(args.map(|arg| (program, arg["name"].as_str().unwrap().to_owned())));
            }
        }
    }
    found
}

#[test]
fn every_flag_is_one_of_its_program() {
    let known: BTreeSet<(&str, &str)> = include_str!("../testdata/flags.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let written = written();
    let written: BTreeSet<(&str, &str)> = written.iter().map(|(program, flag)| (*program, flag.as_str())).collect();
    let differ: Vec<_> = written.symmetric_difference(&known).collect();
    assert!(differ.is_empty(), "written or known only: {differ:#?}");
    for (program, _) in PLACES {
        let Ok(help) = Command::new(program).arg("--help").output() else {
            println!("no {program} on the PATH: it was not asked");
            continue;
        };
        let help = [help.stdout, help.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        let flags: BTreeSet<&str> = help.split_whitespace().filter_map(|word| word.strip_prefix("--")).collect();
        let has = |flag: &str| flags.contains(flag) || flags.iter().any(|known| known.split('=').next() == Some(flag));
        let missing: Vec<_> = known.iter().filter(|(of, flag)| *of == program && !has(flag)).collect();
        assert!(missing.is_empty(), "{program} does not know {missing:?}");
    }
}
