//! What is wrong with the objects of add-ons, as far as it can be said without an API server.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::is_cluster_wide;

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Roles that every cluster has.
const ROLES: [&str; 4] = [
    "extension-apiserver-authentication-reader",
    "system:auth-delegator",
    "system:node-problem-detector",
    "system:node-proxier",
];

/// Everything that is wrong with objects that are applied together, a line each.
pub(crate) fn faults(objects: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    let namespaces: BTreeSet<&str> = of_kind(objects, "Namespace").map(name).chain(NAMESPACES).collect();
    for object in objects {
        let at = label(object);
        let mut fault = |what: String| faults.push(format!("{at}: {what}"));
        for pointer in ["/apiVersion", "/kind", "/metadata/name"] {
            if text(object, pointer).is_empty() {
                fault(format!("no {pointer}"));
            }
        }
        if !seen.insert(at.clone()) {
            fault("is there twice".to_owned());
        }
        let namespace = text(object, "/metadata/namespace");
        let wide = is_cluster_wide(text(object, "/kind"));
        // Of custom resources only their authors know.
        let custom = text(object, "/apiVersion")
            .split('/')
            .next()
            .is_some_and(|group| group.contains('.') && !group.ends_with("k8s.io"));
        if !custom && wide != namespace.is_empty() {
            fault(format!("namespace `{namespace}`"));
        }
        if !namespace.is_empty() && !namespaces.contains(namespace) {
            fault(format!("there is no namespace `{namespace}`"));
        }
        if let Some(pods) = object.pointer("/spec/template") {
            for what in pods_faults(objects, object, pods) {
                fault(what);
            }
        }
        match text(object, "/kind") {
            "ClusterRoleBinding" | "RoleBinding" => {
                for what in binding_faults(objects, object) {
                    fault(what);
                }
            }
            "Service" | "PodDisruptionBudget" => {
                let pointer =
                    if text(object, "/kind") == "Service" { "/spec/selector" } else { "/spec/selector/matchLabels" };
                let Some(selector) = object.pointer(pointer).and_then(Value::as_object) else { continue };
                let selected: Vec<&Value> = workloads(objects)
                    .filter(|workload| text(workload, "/metadata/namespace") == namespace)
                    .map(|workload| &workload["spec"]["template"])
                    .filter(|pods| {
                        selector.iter().all(|(key, value)| pods["metadata"]["labels"].get(key) == Some(value))
                    })
                    .collect();
                if selected.is_empty() {
                    fault(format!("selects no pods: {}", object.pointer(pointer).unwrap_or(&Value::Null)));
                }
                for target in list(object, "/spec/ports").iter().filter_map(|port| port["targetPort"].as_str()) {
                    if !selected.iter().any(|pods| port_names(pods).contains(target)) {
                        fault(format!("leads to port `{target}`, which its pods do not have"));
                    }
                }
                if text(object, "/spec/type") == "LoadBalancer" {
                    let internal =
                        object.pointer("/metadata/annotations/service.beta.kubernetes.io~1aws-load-balancer-internal");
                    if internal.is_none() && object["metadata"]["labels"]["cilium.io/ingress"].is_null() {
                        fault("is open to the world".to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    faults.extend(shared_ports(objects));
    faults
}

fn binding_faults(objects: &[Value], binding: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for subject in list(binding, "/subjects") {
        let (namespace, account) = (text(subject, "/namespace"), text(subject, "/name"));
        let there = of_kind(objects, "ServiceAccount")
            .any(|known| name(known) == account && text(known, "/metadata/namespace") == namespace);
        if text(subject, "/kind") == "ServiceAccount" && !there {
            faults.push(format!("there is no service account {namespace}/{account}"));
        }
    }
    let (kind, role) = (text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
    if !ROLES.contains(&role) && !of_kind(objects, kind).any(|known| name(known) == role) {
        faults.push(format!("there is no {kind} {role}"));
    }
    faults
}

fn pods_faults(objects: &[Value], workload: &Value, pods: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let namespace = text(workload, "/metadata/namespace");
    if let Some(selector) = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object) {
        if !selector.iter().all(|(key, value)| pods["metadata"]["labels"].get(key) == Some(value)) {
            faults.push("selects other pods than its own".to_owned());
        }
    } else if text(workload, "/kind") != "Job" {
        faults.push("selects nothing".to_owned());
    }
    let account = text(pods, "/spec/serviceAccountName");
    let there = of_kind(objects, "ServiceAccount")
        .any(|known| name(known) == account && text(known, "/metadata/namespace") == namespace);
    if !there {
        faults.push(format!("there is no service account {namespace}/{account}"));
    }
    let mut volumes: BTreeMap<&str, &Value> =
        list(pods, "/spec/volumes").iter().map(|volume| (text(volume, "/name"), volume)).collect();
    for claim in list(workload, "/spec/volumeClaimTemplates") {
        volumes.insert(name(claim), claim);
    }
    for volume in volumes.values() {
        let map = text(volume, "/configMap/name");
        let optional = volume.pointer("/configMap/optional") == Some(&Value::Bool(true));
        let there = of_kind(objects, "ConfigMap")
            .any(|known| name(known) == map && text(known, "/metadata/namespace") == namespace);
        if !map.is_empty() && !optional && !there {
            faults.push(format!("there is no config map {namespace}/{map}"));
        }
    }
    let ports = port_names(pods);
    for container in list(pods, "/spec/containers").iter().chain(list(pods, "/spec/initContainers")) {
        let at = text(container, "/name");
        let image = text(container, "/image");
        if !image.rsplit('/').next().is_some_and(|last| last.contains(':')) || image.ends_with(":latest") {
            faults.push(format!("{at}: image `{image}` has no version"));
        }
        for mount in list(container, "/volumeMounts") {
            if !volumes.contains_key(text(mount, "/name")) {
                faults.push(format!("{at}: mounts `{}`, which is no volume", text(mount, "/name")));
            }
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let Some(port) = container.pointer(&format!("/{probe}/httpGet/port")).and_then(Value::as_str)
                && !ports.contains(port)
            {
                faults.push(format!("{at}: {probe} asks port `{port}`, which is not there"));
            }
        }
    }
    for container in list(pods, "/spec/containers") {
        let at = text(container, "/name");
        if container.pointer("/resources/requests/cpu").is_none()
            && container.pointer("/resources/requests/memory").is_none()
        {
            faults.push(format!("{at}: requests nothing"));
        }
    }
    faults
}

/// Ports that two pods would have on the same host.
fn shared_ports(objects: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<(u64, &str), String> = BTreeMap::new();
    for workload in workloads(objects) {
        let pods = &workload["spec"]["template"];
        if pods.pointer("/spec/hostNetwork") != Some(&Value::Bool(true)) {
            continue;
        }
        let ports = list(pods, "/spec/containers").iter().flat_map(|container| list(container, "/ports"));
        for port in ports {
            let number = port["containerPort"].as_u64().unwrap_or_default();
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            let other = known.insert((number, protocol), label(workload));
            if let Some(other) = other.filter(|other| *other != label(workload)) {
                faults.push(format!("{} and {other} share port {number} of their hosts", label(workload)));
            }
        }
    }
    faults
}

fn port_names(pods: &Value) -> BTreeSet<&str> {
    let containers = list(pods, "/spec/containers").iter();
    containers.flat_map(|container| list(container, "/ports")).filter_map(|port| port["name"].as_str()).collect()
}

fn workloads(objects: &[Value]) -> impl Iterator<Item = &Value> {
    let is_workload = |object: &&Value| object.pointer("/spec/template/spec/containers").is_some();
    objects.iter().filter(is_workload)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| text(object, "/kind") == kind)
}

fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn label(object: &Value) -> String {
    format!("{} {}/{}", text(object, "/kind"), text(object, "/metadata/namespace"), name(object))
}
