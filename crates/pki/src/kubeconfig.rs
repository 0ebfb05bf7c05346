//! Kubeconfigs: where a cluster is, how it proves who it is, and who comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::authority::Issued;
use crate::secret::SecretText;

/// Fields that say where a cluster is and how it proves itself: one that was left would count beside ours, or against them.
const WAY_TO_CLUSTER: &[&str] =
    &["server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"];

/// Fields by which a user proves who they are: of two ways clients refuse both, or take the other one.
const PROOF_OF_USER: &[&str] = &[
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "username",
    "password",
    "auth-provider",
    "exec",
];

/// A kubeconfig of one cluster and one user.
#[derive(Debug)]
pub struct KubeConfig {
    /// Name of the cluster, the context and the user in it.
    pub name: String,
    /// URL of the API.
    pub server: String,
    /// The authorities that the API may prove itself by, as PEM; none: those of the system.
    pub authorities: Option<String>,
    /// Who comes; nobody in what is only shown where the API is.
    pub user: Option<User>,
}

/// A user with a client certificate.
#[derive(Debug)]
pub struct User {
    certificate: String,
    key: SecretText,
}

impl From<&Issued> for User {
    fn from(issued: &Issued) -> Self {
        Self { certificate: issued.certificate.pem(), key: issued.key.pem().clone() }
    }
}

impl KubeConfig {
    /// As a document that holds the private key: it goes to its file and nowhere else.
    #[must_use]
    pub fn document(&self) -> Value {
        self.with_context(self.user.is_some())
    }

    /// The document; its context names the user if there is one.
    fn with_context(&self, has_user: bool) -> Value {
        let Self { name, server, authorities, user } = self;
        let data = |text: &str| STANDARD.encode(text);
        let cluster = match authorities {
            Some(authorities) => json!({ "server": server, "certificate-authority-data": data(authorities) }),
            None => json!({ "server": server }),
        };
        let context = if has_user { json!({ "cluster": name, "user": name }) } else { json!({ "cluster": name }) };
        let users: Vec<Value> = user
            .iter()
            .map(|User { certificate, key }| {
                let user = json!({
                    "client-certificate-data": data(certificate),
                    "client-key-data": data(key.expose()),
                });
                json!({ "name": name, "user": user })
            })
            .collect();
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": name, "cluster": cluster }],
            "contexts": [{ "name": name, "context": context }],
            "users": users,
            "current-context": name,
        })
    }

    /// Puts the cluster into an existing kubeconfig and makes it the current one. Of what is there under the same name only
    /// addresses, authorities and credentials are replaced: a namespace, a proxy and everything else stays as it is. So does
    /// the user of the context if this kubeconfig has none.
    ///
    /// # Errors
    /// What is there is no kubeconfig.
    pub fn merge_into(&self, existing: Value) -> Result<Value, String> {
        let mut merged = match existing {
            Value::Null => return Ok(self.document()),
            Value::Object(fields) => fields,
            _ => return Err("it is no kubeconfig: it is no mapping".to_owned()),
        };
        if let Some(kind) = merged.get("kind").filter(|kind| **kind != "Config") {
            return Err(format!("it is no kubeconfig: its kind is {kind}"));
        }
        let named = |list: &str| {
            let entries = merged.get(list).and_then(Value::as_array).into_iter().flatten();
            entries.into_iter().find(|entry| is_named(entry, &self.name))
        };
        // Without a user of ours the context goes on naming whom it names, or one who was there before.
        let user = named("contexts").and_then(|known| known.pointer("/context/user")?.as_str());
        let is_taken = user.is_some_and(|user| !user.is_empty());
        let has_user = self.user.is_some() || (!is_taken && named("users").is_some());
        let Value::Object(own) = self.with_context(has_user) else { return Ok(Value::Object(merged)) };
        for (field, value) in own {
            let Value::Array(entries) = value else {
                merged.insert(field, value);
                continue;
            };
            let there = merged.entry(&field).or_insert(Value::Null);
            if there.is_null() {
                *there = json!([]);
            }
            let there = there.as_array_mut().ok_or_else(|| format!("it is no kubeconfig: {field} is no list"))?;
            for entry in entries {
                match there.iter_mut().find(|known| is_named(known, &self.name)) {
                    Some(known) => renew(known, entry),
                    None => there.push(entry),
                }
            }
        }
        Ok(Value::Object(merged))
    }
}

/// Puts what is ours into an entry that is there.
fn renew(known: &mut Value, new: Value) {
    for (part, owned) in [("cluster", WAY_TO_CLUSTER), ("user", PROOF_OF_USER), ("context", &[])] {
        let Some(Value::Object(new)) = new.get(part) else { continue };
        if let Some(Value::Object(known)) = known.get_mut(part) {
            known.retain(|field, _| !owned.contains(&field.as_str()));
            known.extend(new.clone());
            return;
        }
    }
    *known = new;
}

fn is_named(entry: &Value, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(user: Option<User>) -> KubeConfig {
        let server = "https://api.c.example.com".to_owned();
        KubeConfig { name: "c.example.com".to_owned(), server, authorities: Some("PEM".to_owned()), user }
    }

    fn user() -> User {
        User { certificate: "CERT".to_owned(), key: SecretText::new("KEY".to_owned()) }
    }

    #[test]
    fn a_kubeconfig() {
        assert_eq!(
            config(Some(user())).document(),
            json!({
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{
                    "name": "c.example.com",
                    "cluster": { "server": "https://api.c.example.com", "certificate-authority-data": "UEVN" },
                }],
                "contexts": [{
                    "name": "c.example.com",
                    "context": { "cluster": "c.example.com", "user": "c.example.com" },
                }],
                "users": [{
                    "name": "c.example.com",
                    "user": { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" },
                }],
                "current-context": "c.example.com",
            })
        );
        assert!(!format!("{:?}", config(Some(user()))).contains("KEY"));
    }

    #[test]
    fn merging_leaves_others_alone() {
        let other = json!({ "name": "other", "cluster": { "server": "https://other" } });
        let old = json!({ "name": "c.example.com", "cluster": { "server": "https://old" } });
        let existing = json!({
            "kind": "Config",
            "preferences": { "colors": true },
            "clusters": [other, old],
            "users": null,
            "current-context": "other",
        });
        let merged = config(Some(user())).merge_into(existing).unwrap();
        assert_eq!(merged["clusters"][0]["name"], "other");
        assert_eq!(merged["clusters"][1]["cluster"]["server"], "https://api.c.example.com");
        assert_eq!(merged["clusters"].as_array().unwrap().len(), 2);
        assert_eq!(merged["users"][0]["name"], "c.example.com");
        assert_eq!(merged["preferences"]["colors"], true);
        assert_eq!(merged["current-context"], "c.example.com");
        // doing it again changes nothing, and without a user the one that is there stays
        assert_eq!(config(Some(user())).merge_into(merged.clone()).unwrap(), merged);
        assert_eq!(config(None).merge_into(merged.clone()).unwrap(), merged);
        assert_eq!(config(None).merge_into(Value::Null).unwrap(), config(None).document());
    }

    #[test]
    fn what_a_user_has_set_stays_and_credentials_do_not() {
        let existing = json!({
            "clusters": [{ "name": "c.example.com", "cluster": {
                "server": "https://old",
                "certificate-authority": "/old.crt",
                "insecure-skip-tls-verify": true,
                "proxy-url": "socks5://localhost:1080",
            }}],
            "contexts": [{ "name": "c.example.com", "context": {
                "cluster": "old", "user": "old", "namespace": "payments", "extensions": [{ "name": "x" }],
            }}],
            "users": [{ "name": "c.example.com", "user": {
                "token": "OLD", "exec": { "command": "old" }, "client-key": "/old.key", "as": "someone",
            }}],
        });
        let merged = config(Some(user())).merge_into(existing).unwrap();
        assert_eq!(
            merged["clusters"][0]["cluster"],
            json!({
                "server": "https://api.c.example.com",
                "certificate-authority-data": "UEVN",
                "proxy-url": "socks5://localhost:1080",
            })
        );
        assert_eq!(
            merged["contexts"][0]["context"],
            json!({
                "cluster": "c.example.com",
                "user": "c.example.com",
                "namespace": "payments",
                "extensions": [{ "name": "x" }],
            })
        );
        assert_eq!(
            merged["users"][0]["user"],
            json!({ "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ", "as": "someone" })
        );
        // where the system's authorities are right, ours would be wrong
        let public = KubeConfig { authorities: None, ..config(None) };
        let merged = public.merge_into(merged).unwrap();
        assert_eq!(merged["clusters"][0]["cluster"].get("certificate-authority-data"), None);
        assert_eq!(merged["contexts"][0]["context"]["namespace"], "payments");
    }

    #[test]
    fn without_a_user_the_context_keeps_its_own() {
        let context = json!({ "name": "c.example.com", "context": { "cluster": "c.example.com", "user": "sso" } });
        let users = json!([{ "name": "sso", "user": {} }, { "name": "c.example.com", "user": {} }]);
        let merged = |existing| config(None).merge_into(existing).unwrap()["contexts"][0]["context"]["user"].clone();
        assert_eq!(merged(json!({ "contexts": [context], "users": users })), "sso");
        assert_eq!(merged(json!({ "users": users })), "c.example.com");
        let mixed = config(Some(user())).merge_into(json!({ "contexts": [context], "users": users })).unwrap();
        assert_eq!(mixed["contexts"][0]["context"]["user"], "c.example.com");
        // as kubectl writes it where there is none
        let nobody = json!({ "name": "c.example.com", "context": { "cluster": "c.example.com", "user": "" } });
        assert_eq!(merged(json!({ "contexts": [nobody], "users": users })), "c.example.com");
        // what is torn is replaced
        let torn = json!({ "contexts": [{ "name": "c.example.com", "context": null }] });
        assert_eq!(config(None).merge_into(torn).unwrap()["contexts"], config(None).document()["contexts"]);
    }

    #[test]
    fn what_is_no_kubeconfig_is_refused() {
        let refused = |value| config(None).merge_into(value).unwrap_err();
        assert_eq!(refused(json!([])), "it is no kubeconfig: it is no mapping");
        assert_eq!(refused(json!({ "kind": "Pod" })), "it is no kubeconfig: its kind is \"Pod\"");
        assert_eq!(refused(json!({ "users": {} })), "it is no kubeconfig: users is no list");
    }
}
