//! Kubeconfigs: where a cluster is, how it proves who it is, and who comes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::authority::Issued;
use crate::secret::SecretText;

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

    /// Puts the cluster into an existing kubeconfig and makes it the current one; what is there under the same name is
    /// replaced, everything else is left alone. A user stays if this kubeconfig has none.
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
        let known = merged.get("users").and_then(Value::as_array).into_iter().flatten();
        // The context goes on naming a user who was there before.
        let has_user = self.user.is_some() || known.into_iter().any(|user| is_named(user, &self.name));
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
                    Some(known) => *known = entry,
                    None => there.push(entry),
                }
            }
        }
        Ok(Value::Object(merged))
    }
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
    fn what_is_no_kubeconfig_is_refused() {
        let refused = |value| config(None).merge_into(value).unwrap_err();
        assert_eq!(refused(json!([])), "it is no kubeconfig: it is no mapping");
        assert_eq!(refused(json!({ "kind": "Pod" })), "it is no kubeconfig: its kind is \"Pod\"");
        assert_eq!(refused(json!({ "users": {} })), "it is no kubeconfig: users is no list");
    }
}
