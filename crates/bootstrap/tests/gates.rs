//! The table of feature gates is that of the programs, where there are some on the PATH.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "this test asks other programs")]
#![expect(clippy::unwrap_used, reason = "a test may panic about what it reads")]

use std::process::Command;

/// Components and flags with which each ends after it has looked at its gates, whatever these are.
const COMPONENTS: [(&str, &[&str]); 5] = [
    ("kube-apiserver", &[]),
    ("kube-controller-manager", &[]),
    ("kube-scheduler", &[]),
    ("kubelet", &["--config=/nonexistent/kubelet.yaml"]),
    ("kube-proxy", &[]),
];

/// A line of the table: name, and what this minor version says of it.
enum Known {
    Not,
    Fixed(bool),
    Free,
}

fn table(minor: u32) -> Vec<(&'static str, Known)> {
    let within = |versions: &str| {
        let (first, last) = versions.split_once('-').unwrap();
        (first.parse::<u32>().unwrap()..=last.parse().unwrap()).contains(&minor)
    };
    let lines = include_str!("../src/gates/known.txt").lines().filter(|line| !line.starts_with('#'));
    let read = lines.map(|line| {
        let mut words = line.split(' ');
        let (name, versions) = (words.next().unwrap(), words.next().unwrap());
        let mut fixed = words.map(|word| word.split_once('@').unwrap());
        let known = match fixed.find(|(_, versions)| within(versions)) {
            _ if !within(versions) => Known::Not,
            Some((value, _)) => Known::Fixed(value.parse().unwrap()),
            None => Known::Free,
        };
        (name, known)
    });
    read.collect()
}

/// What a component says of gates.
fn says(component: &str, further: &[&str], gates: &str) -> Option<String> {
    let output = Command::new(component).args(further).arg(format!("--feature-gates={gates}")).output().ok()?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn every_component_knows_the_gates_of_its_version() {
    for (component, further) in COMPONENTS {
        let Ok(version) = Command::new(component).arg("--version").output() else {
            println!("no {component} on the PATH: it was not asked");
            continue;
        };
        // `Kubernetes v1.36.2`
        let version = String::from_utf8(version.stdout).unwrap();
        let minor: u32 = version.split('.').nth(1).unwrap().parse().unwrap();
        let mut all = Vec::new();
        for (name, known) in table(minor) {
            let value = match known {
                Known::Free => true,
                Known::Fixed(value) => {
                    // One component is enough for what each is asked alone.
                    if component == "kube-scheduler" {
                        let said = says(component, further, &format!("{name}={}", !value)).unwrap();
                        assert!(said.contains(&format!("feature is locked to {value}")), "{version}: {name}: {said}");
                    }
                    value
                }
                Known::Not => {
                    if component == "kube-scheduler" {
                        let said = says(component, further, &format!("{name}=true")).unwrap();
                        assert!(said.contains("unrecognized feature gate"), "{version}: {name}: {said}");
                    }
                    continue;
                }
            };
            all.push(format!("{name}={value}"));
        }
        assert!(all.len() > 150, "{version}: {}", all.len());
        let said = says(component, further, &all.join(",")).unwrap();
        let refused = ["unrecognized feature gate", "cannot set feature gate"].iter().any(|words| said.contains(words));
        assert!(!refused, "{component} {version}: {said}");
    }
}
