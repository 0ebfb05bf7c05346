//! Builders for objects of Kubernetes: what all manifests of kedge's own have in common stands here once.

use kedge_spec::Settings;
use serde_json::{Map, Value, json};

/// Namespace of add-ons.
pub(crate) const SYSTEM: &str = "kube-system";
/// Class of what a node cannot do without.
pub(crate) const NODE_CRITICAL: &str = "system-node-critical";
/// Class of what a cluster cannot do without.
pub(crate) const CLUSTER_CRITICAL: &str = "system-cluster-critical";

/// An object with its name; `namespace` is empty for those without one.
pub(crate) fn object(api_version: &str, kind: &str, namespace: &str, name: &str, fields: Value) -> Value {
    let mut metadata = json!({ "name": name });
    if !namespace.is_empty() {
        put(&mut metadata, &["namespace"], namespace.into());
    }
    let mut object = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    crate::patch::merge(&mut object, &fields);
    object
}

/// Puts a value where a path of keys leads, and makes blocks on the way.
pub(crate) fn put(value: &mut Value, path: &[&str], new: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    if let Some(fields) = value.as_object_mut() {
        put(fields.entry(*first).or_insert(Value::Null), rest, new);
    }
}

/// A service account.
pub(crate) fn service_account(namespace: &str, name: &str) -> Value {
    object("v1", "ServiceAccount", namespace, name, json!({}))
}

/// A config map with texts.
pub(crate) fn config_map<K: Into<String>>(
    namespace: &str,
    name: &str,
    data: impl IntoIterator<Item = (K, String)>,
) -> Value {
    let data: Map<String, Value> = data.into_iter().map(|(key, text)| (key.into(), text.into())).collect();
    object("v1", "ConfigMap", namespace, name, json!({ "data": data }))
}

/// A rule of a role: groups, resources and verbs, each as words with spaces between them; `core` is the group without a name.
pub(crate) fn rule(groups: &str, resources: &str, verbs: &str) -> Value {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let groups: Vec<&str> = groups.split_whitespace().map(|group| if group == "core" { "" } else { group }).collect();
    json!({ "apiGroups": groups, "resources": words(resources), "verbs": words(verbs) })
}

/// A rule for some objects only.
pub(crate) fn rule_for(groups: &str, resources: &str, names: &[&str], verbs: &str) -> Value {
    let mut rule = rule(groups, resources, verbs);
    put(&mut rule, &["resourceNames"], names.into());
    rule
}

/// A cluster role and its binding to a service account, both of the same name.
pub(crate) fn cluster_role(name: &str, (namespace, account): (&str, &str), rules: &[Value]) -> [Value; 2] {
    let role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "", name, json!({ "rules": rules }));
    [role, bind("ClusterRoleBinding", "", name, ("ClusterRole", name), (namespace, account))]
}

/// A role and its binding to a service account, both of the same name.
pub(crate) fn role(place: &str, name: &str, (namespace, account): (&str, &str), rules: &[Value]) -> [Value; 2] {
    let role = object("rbac.authorization.k8s.io/v1", "Role", place, name, json!({ "rules": rules }));
    [role, bind("RoleBinding", place, name, ("Role", name), (namespace, account))]
}

/// A binding of a role to a service account.
pub(crate) fn bind(
    kind: &str,
    place: &str,
    name: &str,
    (role_kind, role): (&str, &str),
    (namespace, account): (&str, &str),
) -> Value {
    let fields = json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
    });
    object("rbac.authorization.k8s.io/v1", kind, place, name, fields)
}

/// A service within the cluster; ports are name, port and target.
pub(crate) fn service(namespace: &str, name: &str, app: &str, ports: &[(&str, u16, &str)]) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|(name, port, target)| json!({ "name": name, "port": port, "protocol": "TCP", "targetPort": target }))
        .collect();
    let fields = json!({
        "metadata": { "labels": { "k8s-app": app } },
        "spec": { "type": "ClusterIP", "selector": { "k8s-app": app }, "ports": ports },
    });
    object("v1", "Service", namespace, name, fields)
}

/// A budget that lets one pod go at a time.
pub(crate) fn disruption_budget(namespace: &str, name: &str, app: &str) -> Value {
    let fields = json!({ "spec": { "maxUnavailable": 1, "selector": { "matchLabels": { "k8s-app": app } } } });
    object("policy/v1", "PodDisruptionBudget", namespace, name, fields)
}

/// A probe by HTTP.
fn probe(get: Value, times: &Value) -> Value {
    let mut probe = json!({ "httpGet": get });
    crate::patch::merge(&mut probe, times);
    probe
}

/// How pods of an application spread.
pub(crate) fn spread(app: &str, key: &str, otherwise: &str) -> Value {
    let mut constraint = json!({
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": otherwise,
        "labelSelector": { "matchLabels": { "k8s-app": app } },
    });
    if otherwise == "DoNotSchedule" {
        // Nodes that pods are not allowed on count as none: of two pods both go to an only worker beside control planes.
        put(&mut constraint, &["nodeTaintsPolicy"], "Honor".into());
    }
    constraint
}

/// A container. It may not become root, write to its own files or gain rights, unless it is told to.
#[derive(Clone, Debug)]
pub(crate) struct Container(Map<String, Value>);

impl Container {
    pub(crate) fn new(name: &str, image: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), name.into());
        fields.insert("image".to_owned(), image.into());
        fields.insert("imagePullPolicy".to_owned(), "IfNotPresent".into());
        let security = json!({
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
        });
        fields.insert("securityContext".to_owned(), security);
        Self(fields)
    }

    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    fn push(mut self, field: &str, value: Value) -> Self {
        if let Some(list) = self.0.entry(field).or_insert_with(|| json!([])).as_array_mut() {
            list.push(value);
        }
        self
    }

    pub(crate) fn command(self, words: &[&str]) -> Self {
        self.set("command", words)
    }

    pub(crate) fn args<T: Into<Value>>(self, args: impl IntoIterator<Item = T>) -> Self {
        self.set("args", args.into_iter().map(Into::into).collect::<Vec<Value>>())
    }

    pub(crate) fn env(self, name: &str, value: impl Into<String>) -> Self {
        self.push("env", json!({ "name": name, "value": value.into() }))
    }

    /// A variable with a field of the pod.
    pub(crate) fn env_field(self, name: &str, path: &str) -> Self {
        self.push("env", json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } }))
    }

    pub(crate) fn port(self, name: &str, port: u16) -> Self {
        self.push("ports", json!({ "name": name, "containerPort": port, "protocol": "TCP" }))
    }

    pub(crate) fn udp_port(self, name: &str, port: u16) -> Self {
        self.push("ports", json!({ "name": name, "containerPort": port, "protocol": "UDP" }))
    }

    /// Probes of a path on a named port: whether it lives.
    pub(crate) fn alive(self, path: &str, port: &str, scheme: &str) -> Self {
        let get = json!({ "path": path, "port": port, "scheme": scheme });
        let times =
            json!({ "initialDelaySeconds": 20, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 5 });
        self.set("livenessProbe", probe(get, &times))
    }

    /// Probes of a path on a named port: whether it is ready.
    pub(crate) fn ready(self, path: &str, port: &str, scheme: &str) -> Self {
        let get = json!({ "path": path, "port": port, "scheme": scheme });
        self.set(
            "readinessProbe",
            json!({ "httpGet": get, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3 }),
        )
    }

    /// A field that is rarely wanted.
    pub(crate) fn with(self, field: &str, value: Value) -> Self {
        self.set(field, value)
    }

    /// Requests; those of the settings win over the usual ones, and limits are only those of the settings.
    pub(crate) fn resources(self, settings: &Settings, cpu: &str, memory: &str) -> Self {
        let mut resources = json!({ "requests": {
            "cpu": settings.text("cpuRequest").unwrap_or(cpu),
            "memory": settings.text("memoryRequest").unwrap_or(memory),
        } });
        for (setting, name) in [("cpuLimit", "cpu"), ("memoryLimit", "memory")] {
            if let Some(limit) = settings.text(setting) {
                put(&mut resources, &["limits", name], limit.into());
            }
        }
        self.set("resources", resources)
    }

    pub(crate) fn mount(self, volume: &str, path: &str) -> Self {
        self.push("volumeMounts", json!({ "name": volume, "mountPath": path }))
    }

    pub(crate) fn mount_read_only(self, volume: &str, path: &str) -> Self {
        self.push("volumeMounts", json!({ "name": volume, "mountPath": path, "readOnly": true }))
    }

    /// Its mount of a volume, in full.
    pub(crate) fn mount_as(self, mount: Value) -> Self {
        self.push("volumeMounts", mount)
    }

    /// May do everything on its node.
    pub(crate) fn privileged(self) -> Self {
        self.set("securityContext", json!({ "privileged": true }))
    }

    /// May do these things, and write to its own files.
    pub(crate) fn capabilities(self, add: &[&str]) -> Self {
        self.set(
            "securityContext",
            json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"], "add": add } }),
        )
    }

    /// Another security context.
    pub(crate) fn security(self, context: Value) -> Self {
        self.set("securityContext", context)
    }
}

/// The pods of a workload.
#[derive(Clone, Debug)]
pub(crate) struct Pods {
    namespace: String,
    name: String,
    annotations: Map<String, Value>,
    spec: Map<String, Value>,
}

impl Pods {
    /// Pods of an application under a service account; `priority` is empty for those that may wait. Their user is that of
    /// their images unless another is said.
    pub(crate) fn new(namespace: &str, name: &str, account: &str, priority: &str) -> Self {
        let mut spec = Map::new();
        spec.insert("serviceAccountName".to_owned(), account.into());
        if !priority.is_empty() {
            spec.insert("priorityClassName".to_owned(), priority.into());
        }
        spec.insert("nodeSelector".to_owned(), json!({ "kubernetes.io/os": "linux" }));
        spec.insert("securityContext".to_owned(), json!({ "seccompProfile": { "type": "RuntimeDefault" } }));
        spec.insert("containers".to_owned(), json!([]));
        Self { namespace: namespace.to_owned(), name: name.to_owned(), annotations: Map::new(), spec }
    }

    fn push(mut self, field: &str, value: Value) -> Self {
        if let Some(list) = self.spec.entry(field).or_insert_with(|| json!([])).as_array_mut() {
            list.push(value);
        }
        self
    }

    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.spec.insert(field.to_owned(), value.into());
        self
    }

    pub(crate) fn annotations<'a>(mut self, annotations: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.annotations.extend(annotations.into_iter().map(|(key, value)| (key.to_owned(), value.into())));
        self
    }

    pub(crate) fn container(self, container: Container) -> Self {
        self.push("containers", Value::Object(container.0))
    }

    pub(crate) fn init_container(self, container: Container) -> Self {
        self.push("initContainers", Value::Object(container.0))
    }

    pub(crate) fn volume(self, name: &str, source: Value) -> Self {
        let mut volume = json!({ "name": name });
        crate::patch::merge(&mut volume, &source);
        self.push("volumes", volume)
    }

    /// A place of the host.
    pub(crate) fn host_path(self, name: &str, path: &str, kind: &str) -> Self {
        self.volume(name, json!({ "hostPath": { "path": path, "type": kind } }))
    }

    /// They run under a user without rights, and groups own what they mount.
    pub(crate) fn user(self, id: u32) -> Self {
        let context = json!({
            "fsGroup": id, "runAsGroup": id, "runAsNonRoot": true, "runAsUser": id,
            "seccompProfile": { "type": "RuntimeDefault" },
        });
        self.with("securityContext", context)
    }

    /// They run on every node, whatever it is tainted with.
    pub(crate) fn tolerate_everything(self) -> Self {
        self.with("tolerations", json!([{ "operator": "Exists" }]))
    }

    /// They run on control planes only.
    pub(crate) fn on_control_planes(self) -> Self {
        let term =
            json!({ "matchExpressions": [{ "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" }] });
        let affinity = json!({ "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] } });
        self.with("affinity", json!({ "nodeAffinity": affinity })).with(
            "tolerations",
            json!([
                { "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" },
                { "key": "CriticalAddonsOnly", "operator": "Exists" },
            ]),
        )
    }

    pub(crate) fn host_network(self) -> Self {
        self.with("hostNetwork", true)
    }

    /// Pods of the same application spread over zones, and share a node only if there are more of them than nodes for them.
    fn spread(self) -> Self {
        let zones = spread(&self.name, "topology.kubernetes.io/zone", "ScheduleAnyway");
        let nodes = spread(&self.name, "kubernetes.io/hostname", "DoNotSchedule");
        self.with("topologySpreadConstraints", vec![zones, nodes])
    }

    fn template(self) -> (String, String, Value) {
        let mut metadata = json!({ "labels": { "k8s-app": self.name } });
        if !self.annotations.is_empty() {
            put(&mut metadata, &["annotations"], Value::Object(self.annotations));
        }
        (self.namespace, self.name, json!({ "metadata": metadata, "spec": self.spec }))
    }

    /// A deployment. Where pods may not share a node, an old one goes before a new one comes.
    pub(crate) fn deployment(self, replicas: u32) -> Value {
        let pods = if self.spec.contains_key("topologySpreadConstraints") { self } else { self.spread() };
        let (namespace, name, template) = pods.template();
        let fields = json!({
            "metadata": { "labels": { "k8s-app": name } },
            "spec": {
                "replicas": replicas,
                "revisionHistoryLimit": 10,
                "selector": { "matchLabels": { "k8s-app": name } },
                "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } },
                "template": template,
            },
        });
        object("apps/v1", "Deployment", &namespace, &name, fields)
    }

    /// A set of one pod with volumes of its own: names and sizes.
    pub(crate) fn stateful_set(self, volumes: &[(&str, &str)]) -> Value {
        let (namespace, name, template) = self.template();
        let claim = |(volume, size): &(&str, &str)| {
            json!({
                "metadata": { "name": volume },
                "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } },
            })
        };
        let claims: Vec<Value> = volumes.iter().map(claim).collect();
        let fields = json!({
            "metadata": { "labels": { "k8s-app": name } },
            "spec": {
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "selector": { "matchLabels": { "k8s-app": name } },
                "serviceName": name,
                "template": template,
                "volumeClaimTemplates": claims,
            },
        });
        object("apps/v1", "StatefulSet", &namespace, &name, fields)
    }

    /// A daemon set.
    pub(crate) fn daemon_set(self, max_unavailable: impl Into<Value>) -> Value {
        let (namespace, name, template) = self.template();
        let fields = json!({
            "metadata": { "labels": { "k8s-app": name } },
            "spec": {
                "revisionHistoryLimit": 10,
                "selector": { "matchLabels": { "k8s-app": name } },
                "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxUnavailable": max_unavailable.into() } },
                "template": template,
            },
        });
        object("apps/v1", "DaemonSet", &namespace, &name, fields)
    }
}
