//! A key of AWS KMS that wraps the keys of a state store.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>: what the wrapped key is for goes into the
//! encryption context, so that it shows in CloudTrail and a wrapped key that is moved does not unwrap.

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use kedge_cloud::CloudError;
use kedge_store::{OuterKey, Secret, Wrapped};

use crate::client::Aws;

/// Key of the encryption context.
const CONTEXT: &str = "kedge:key";

/// A key of AWS KMS.
#[derive(Debug)]
pub struct KmsKey {
    aws: Aws,
    key: String,
}

impl Aws {
    /// A key of KMS, by its id, ARN or alias (`alias/kedge`). Makes no call.
    #[must_use]
    pub fn kms_key(&self, key: &str) -> KmsKey {
        KmsKey { aws: self.clone(), key: key.to_owned() }
    }
}

#[async_trait]
impl OuterKey for KmsKey {
    async fn wrap(&self, key: &Secret, context: &str) -> Result<Wrapped, String> {
        let client = Client::new(self.aws.config());
        // Encrypting changes nothing: it may be tried again like a read.
        let answer = self
            .aws
            .read("kms:Encrypt", || {
                client
                    .encrypt()
                    .key_id(&self.key)
                    .plaintext(Blob::new(key.expose()))
                    .encryption_context(CONTEXT, context)
                    .send()
            })
            .await
            .map_err(explain)?;
        let ciphertext = answer.ciphertext_blob.ok_or("KMS answered without a ciphertext")?.into_inner();
        Ok(Wrapped::Kms { key: answer.key_id.unwrap_or_else(|| self.key.clone()), ciphertext })
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &str) -> Result<Secret, String> {
        let Wrapped::Kms { key, ciphertext } = wrapped else {
            return Err("it is wrapped by a passphrase, not by a key of KMS".to_owned());
        };
        let client = Client::new(self.aws.config());
        let answer = self
            .aws
            .read("kms:Decrypt", || {
                client
                    .decrypt()
                    .key_id(key)
                    .ciphertext_blob(Blob::new(ciphertext.clone()))
                    .encryption_context(CONTEXT, context)
                    .send()
            })
            .await
            .map_err(explain)?;
        Ok(Secret::new(answer.plaintext.ok_or("KMS answered without a plaintext")?.into_inner()))
    }
}

fn explain(error: CloudError) -> String {
    match &error.hint {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}
