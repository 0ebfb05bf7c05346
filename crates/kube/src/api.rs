//! Single requests.

use hyper::{Method, Request};
use serde_json::Value;

use crate::connect::Cluster;
use crate::error::{Class, KubeError};

/// Forms in which a change is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Server-side apply.
    Apply,
    /// A JSON merge patch.
    Merge,
    /// An object or a review.
    Json,
}

impl Form {
    fn content_type(self) -> &'static str {
        match self {
            Self::Apply => "application/apply-patch+yaml",
            Self::Merge => "application/merge-patch+json",
            Self::Json => "application/json",
        }
    }
}

impl Cluster {
    /// Reads.
    pub(crate) async fn get(&self, action: &str, path: &str) -> Result<Value, KubeError> {
        self.send(action, Method::GET, path, None).await
    }

    /// Reads what may not be there.
    pub(crate) async fn find(&self, action: &str, path: &str) -> Result<Option<Value>, KubeError> {
        match self.get(action, path).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads all pages of a list.
    pub(crate) async fn list(&self, action: &str, path: &str) -> Result<Vec<Value>, KubeError> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let mut page = self.get(action, &format!("{path}{sign}limit=500{next}")).await?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => next = format!("&continue={}", encode(token)),
                _ => return Ok(items),
            }
        }
    }

    /// Creates.
    pub(crate) async fn create(&self, action: &str, path: &str, object: &Value) -> Result<Value, KubeError> {
        self.send(action, Method::POST, path, Some((Form::Json, object))).await
    }

    /// Changes.
    pub(crate) async fn patch(&self, action: &str, path: &str, form: Form, patch: &Value) -> Result<Value, KubeError> {
        self.send(action, Method::PATCH, path, Some((form, patch))).await
    }

    /// Deletes, under the conditions of `options`.
    pub(crate) async fn delete(&self, action: &str, path: &str, options: &Value) -> Result<(), KubeError> {
        match self.send(action, Method::DELETE, path, Some((Form::Json, options))).await {
            Ok(_) => Ok(()),
            Err(error) if error.class == Class::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads a text.
    pub(crate) async fn text(&self, action: &str, path: &str) -> Result<String, KubeError> {
        let request = Request::builder().method(Method::GET).uri(path).body(Vec::new());
        let request = request.map_err(|error| KubeError::new(Class::Invalid, action, error.to_string()))?;
        self.client.request_text(request).await.map_err(|error| KubeError::of(action, error))
    }

    async fn send(
        &self,
        action: &str,
        method: Method,
        path: &str,
        body: Option<(Form, &Value)>,
    ) -> Result<Value, KubeError> {
        let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
        let mut bytes = Vec::new();
        if let Some((form, value)) = body {
            request = request.header("content-type", form.content_type());
            // Every key is a text, so that it always is JSON; and JSON is YAML.
            bytes = serde_json::to_vec(value).unwrap_or_default();
        }
        let request = request.body(bytes).map_err(|error| KubeError::new(Class::Invalid, action, error.to_string()))?;
        self.client.request::<Value>(request).await.map_err(|error| KubeError::of(action, error))
    }
}

/// A text as a part of a URL.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_urls() {
        assert_eq!(encode("system:a/b=c"), "system%3Aa%2Fb%3Dc");
        assert_eq!(encode("a-b.c"), "a-b.c");
    }
}
