//! Bootstrap tokens: secrets `bootstrap-token-<id>` by which new nodes show that they may join.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kedge_pki::SecretText;
use ring::rand::SecureRandom;
use serde_json::{Value, json};

use crate::api::{Form, encode};
use crate::connect::Cluster;
use crate::error::{Class, KubeError};
use crate::labels;

const COLLECTION: &str = "/api/v1/namespaces/kube-system/secrets";
const TYPE: &str = "bootstrap.kubernetes.io/token";
/// The group that kubeadm's rules let join.
const GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
/// Letters of tokens.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A token.
#[derive(Debug)]
pub struct BootstrapToken {
    /// Its public half.
    pub id: String,
    /// The token as kubeadm takes it, `id.secret`.
    pub token: SecretText,
    /// When it ends.
    pub until: Timestamp,
}

/// What can be said of a token without its secret half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its public half.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// When it ends; none for one that never does, which kedge does not make.
    pub until: Option<Timestamp>,
    /// Whether kedge made it.
    pub own: bool,
}

impl fmt::Display for TokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.description)
    }
}

impl Cluster {
    /// Makes a token that is good until then.
    ///
    /// # Errors
    /// The generator fails, or the API refuses.
    pub async fn create_token(
        &self,
        description: &str,
        until: Timestamp,
        random: &(dyn SecureRandom + Send + Sync),
    ) -> Result<BootstrapToken, KubeError> {
        let action = "make a bootstrap token";
        let broken = |_| KubeError::new(Class::Other, action, "the generator of random numbers fails");
        let id = letters(6, random).map_err(broken)?;
        let secret = letters(16, random).map_err(broken)?;
        let data = json!({
            "auth-extra-groups": GROUP,
            "description": description,
            "expiration": until.to_string(),
            "token-id": id,
            "token-secret": secret,
            "usage-bootstrap-authentication": "true",
            // Who has a token can check the cluster's public facts by it, as kubeadm's own do.
            "usage-bootstrap-signing": "true",
        });
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": format!("bootstrap-token-{id}"),
                "namespace": "kube-system",
                "labels": { labels::MANAGED_BY: "kedge" },
            },
            "type": TYPE,
            "stringData": data,
        });
        self.create(action, COLLECTION, &object).await?;
        let token = SecretText::new(format!("{id}.{secret}"));
        Ok(BootstrapToken { id, token, until })
    }

    /// Makes a token good for longer.
    ///
    /// # Errors
    /// It is not there, or the API refuses.
    pub async fn renew_token(&self, id: &str, until: Timestamp) -> Result<(), KubeError> {
        let patch = json!({ "stringData": { "expiration": until.to_string() } });
        let path = format!("{COLLECTION}/bootstrap-token-{}", encode(id));
        self.patch(&format!("renew bootstrap token {id}"), &path, Form::Merge, &patch).await.map(|_| ())
    }

    /// All tokens.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>, KubeError> {
        let secrets =
            self.list("list bootstrap tokens", &format!("{COLLECTION}?fieldSelector=type%3D{}", encode(TYPE))).await?;
        Ok(secrets.iter().map(info).collect())
    }

    /// Deletes a token.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn delete_token(&self, id: &str) -> Result<(), KubeError> {
        let path = format!("{COLLECTION}/bootstrap-token-{}", encode(id));
        self.delete(&format!("delete bootstrap token {id}"), &path, &json!({})).await
    }

    /// Deletes the tokens of kedge that have ended, and says which. Those of others their makers delete, or the controller
    /// manager does.
    ///
    /// # Errors
    /// The API refuses.
    pub async fn delete_ended_tokens(&self, now: Timestamp) -> Result<Vec<String>, KubeError> {
        let mut deleted = Vec::new();
        for token in self.tokens().await? {
            if token.own && token.until.is_some_and(|until| until <= now) {
                self.delete_token(&token.id).await?;
                deleted.push(token.id);
            }
        }
        Ok(deleted)
    }
}

fn info(secret: &Value) -> TokenInfo {
    let data = |key: &str| {
        let text = secret.pointer(&format!("/data/{key}")).and_then(Value::as_str).unwrap_or_default();
        STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    };
    let label = secret.get("metadata").and_then(|metadata| metadata.get("labels")?.get(labels::MANAGED_BY));
    TokenInfo {
        id: data("token-id"),
        description: data("description"),
        until: data("expiration").parse().ok(),
        own: label.and_then(Value::as_str) == Some("kedge"),
    }
}

/// Random letters, each as likely as the others.
fn letters(count: usize, random: &dyn SecureRandom) -> Result<String, ring::error::Unspecified> {
    let mut text = String::new();
    while text.len() < count {
        let mut bytes = [0; 32];
        random.fill(&mut bytes)?;
        // 252 is the greatest multiple of 36 that a byte holds: above it the first letters would be more likely.
        let usable =
            bytes.iter().filter(|byte| **byte < 252).filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
        text.extend(usable.take(count - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_form_that_kubeadm_wants() {
        let random = ring::rand::SystemRandom::new();
        let (one, two) = (letters(16, &random).unwrap(), letters(16, &random).unwrap());
        assert!(one.len() == 16 && one.bytes().all(|letter| LETTERS.contains(&letter)));
        assert_ne!(one, two);
    }
}
