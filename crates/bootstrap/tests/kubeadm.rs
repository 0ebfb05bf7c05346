//! kubeadm itself, where there is one on the PATH, takes what instances give it.
//!
//! The manifests are those of the project, those of a folder that the environment names, and the small cluster with every
//! setting; all with the version of that kubeadm, as the documents of one version are not for another.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test asks another program")]
#![expect(clippy::unwrap_used, reason = "a test may panic about what it reads")]

mod common;
#[path = "common/every.rs"]
mod every;
#[path = "../../spec/tests/folder/mod.rs"]
mod folder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use common::Manifests;
use every::every_setting;
use kedge_bootstrap::File;

#[test]
fn kubeadm_takes_what_instances_give_it() {
    let Ok(version) = Command::new("kubeadm").args(["version", "-o", "short"]).output() else {
        println!("skipped: no kubeadm on the PATH");
        return;
    };
    let version = String::from_utf8(version.stdout).unwrap().trim().trim_start_matches('v').to_owned();
    let folder = camino_tempfile::tempdir().unwrap();
    let discovery = folder.path().join("discovery.conf");
    fs_err::write(&discovery, "").unwrap();
    // The same document comes from many manifests; it is tried once, for the first of them.
    let mut documents: BTreeMap<String, String> = BTreeMap::new();
    // Not every value of every setting is sound; those are told before there is a document.
    let settings = every_setting().into_iter().map(|(origin, manifests)| (origin, manifests, false));
    for (origin, mut manifests, is_sound) in settings.chain(real()) {
        manifests.set("Cluster", "spec.kubernetesVersion", &json!(version));
        let configs = match manifests.configs() {
            Err(problems) if is_sound => panic!("{origin}: {problems}"),
            configs => configs.unwrap_or_default(),
        };
        for config in configs {
            let found = discovery.as_str();
            let join = config.join.replace("/etc/kubernetes/discovery.conf", found);
            assert!(join.contains(found), "{origin}: {join}");
            // What kubelets are given is a patch: as a document, kubeadm tells whether it knows all of it.
            let patch = config.files.iter().find(|file| file.path.ends_with("/kubeletconfiguration+merge.yaml"));
            let patch = patch.and_then(File::as_text).unwrap();
            let kubelet =
                format!("{join}---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{patch}");
            for document in [Some(join), Some(kubelet), config.init].into_iter().flatten() {
                documents.entry(document).or_insert_with(|| origin.clone());
            }
        }
    }
    assert!(documents.len() > 200, "{}", documents.len());
    let mut faults = Vec::new();
    for (document, origin) in documents {
        let path = folder.path().join("config.yaml");
        fs_err::write(&path, document).unwrap();
        let answer = Command::new("kubeadm").args(["config", "validate", "--config", path.as_str()]).output().unwrap();
        let said = String::from_utf8_lossy(&answer.stderr);
        // A warning is what kubeadm would rather not see: nothing of the manifests of others asks for one.
        if !answer.status.success() || said.contains("unknown field") {
            faults.push(format!("{origin}: {said}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Manifests as people write them, which are sound.
fn real() -> Vec<(String, Manifests, bool)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")];
    folders.extend(std::env::var("KEDGE_KOPS_CASES").map(Into::into));
    let files = folders.iter().flat_map(|folder| folder::manifests(folder));
    let read = |file: &PathBuf| Manifests::read(&fs_err::read_to_string(file).unwrap());
    files.map(|file| (file.display().to_string(), read(&file), true)).collect()
}
