//! Objects of the state store below a prefix of a bucket.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use camino::Utf8Path;
use kedge_cloud::{CloudError, ErrorClass};
use kedge_store::objects::{Listed, MAX_OBJECT_BYTES};
use kedge_store::{Condition, Object, Objects, Put, StoreError, Version};

use super::headers::ReadHeaders;
use super::worries;
use crate::client::Aws;

/// How often a conditional write is tried whose answers were lost, or that S3 wants to have again.
const ATTEMPTS: u32 = 6;

/// Objects below a prefix of a bucket, with S3's conditional writes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
///
/// Objects are encrypted as the bucket says, which is at least with keys of S3.
pub struct Bucket {
    aws: Aws,
    bucket: String,
    prefix: String,
    /// The client of the region that the bucket turned out to be in.
    client: Mutex<Client>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Aws {
    /// The objects below a prefix of a bucket. Makes no call.
    #[must_use]
    pub fn bucket(&self, bucket: &str, prefix: &str) -> Bucket {
        let client = Client::from_conf(self.s3_config().build());
        Bucket { aws: self.clone(), bucket: bucket.to_owned(), prefix: prefix.to_owned(), client: Mutex::new(client) }
    }

    /// An endpoint of one's own rarely has a name for each bucket.
    fn s3_config(&self) -> Builder {
        Builder::from(self.config()).force_path_style(self.path_style())
    }
}

impl Bucket {
    /// The whole name of an object, as messages show it.
    fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.full(key))
    }

    fn full(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    pub(super) fn name(&self) -> &str {
        &self.bucket
    }

    pub(super) fn aws(&self) -> &Aws {
        &self.aws
    }

    pub(super) fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on in the region that S3 named when it refused a request, if that is another one.
    fn moved(&self, headers: &ReadHeaders) -> bool {
        let Some(region) = headers.get().region else { return false };
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if client.config().region().is_some_and(|known| known.as_ref() == region) {
            return false;
        }
        *client = Client::from_conf(self.aws.s3_config().region(Region::new(region)).build());
        true
    }

    fn failed(&self, doing: &'static str, key: &str, error: CloudError) -> StoreError {
        let hint = match (error.class, error.code.as_deref()) {
            (_, Some("NoSuchBucket")) => Some(format!(
                "make the bucket, with versioning and without public access: `aws s3api create-bucket --bucket {}`",
                self.bucket
            )),
            (ErrorClass::Denied, _) => Some(format!(
                "allow the caller s3:GetObject, s3:PutObject, s3:DeleteObject on arn:*:s3:::{0}/* and s3:ListBucket on \
                 arn:*:s3:::{0}; without s3:ListBucket S3 calls a missing object forbidden",
                self.bucket
            )),
            _ => None,
        };
        let error = if let Some(hint) = hint { error.with_hint(hint) } else { error };
        StoreError::Cloud { doing, key: self.shown(key), source: Box::new(error) }
    }

    /// One request for an object, in the right region.
    async fn read(&self, key: &str) -> Result<Option<Object>, CloudError> {
        let mut attempt = 0;
        loop {
            let headers = ReadHeaders::default();
            let client = self.client();
            let answer = self
                .aws
                .read("s3:GetObject", || {
                    let get = client.get_object().bucket(&self.bucket).key(self.full(key));
                    get.customize().interceptor(headers.clone()).send()
                })
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.code.as_deref() == Some("NoSuchKey") => return Ok(None),
                Err(_) if self.moved(&headers) => continue,
                Err(error) => return Err(error),
            };
            if answer.content_length().is_some_and(|length| u64::try_from(length).unwrap_or(0) > MAX_OBJECT_BYTES) {
                return Err(CloudError::new(
                    ErrorClass::Unreadable,
                    "s3:GetObject",
                    "the object is too large to be ours",
                ));
            }
            let version = Version::new(answer.e_tag().unwrap_or_default());
            let age = answer.last_modified().zip(headers.get().date).map(|(written, now)| {
                Duration::from_secs(u64::try_from(now.saturating_sub(written.secs())).unwrap_or_default())
            });
            let body = answer.body.collect().await.map_err(|error| {
                CloudError::new(ErrorClass::Transient, "s3:GetObject", format!("the answer broke off: {error}"))
            });
            match body {
                Ok(body) => return Ok(Some(Object { bytes: body.to_vec(), version, age })),
                Err(error) if attempt >= ATTEMPTS => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "again");
                    attempt += 1;
                    self.aws.back_off(attempt).await;
                }
            }
        }
    }

    /// One request to write an object.
    async fn write(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Version, CloudError> {
        loop {
            let headers = ReadHeaders::default();
            let client = self.client();
            let answer = self
                .aws
                .write("s3:PutObject", || {
                    let put = client
                        .put_object()
                        .bucket(&self.bucket)
                        .key(self.full(key))
                        .body(ByteStream::from(bytes.to_vec()));
                    let put = match condition {
                        Condition::Absent => put.if_none_match("*"),
                        Condition::Is(version) => put.if_match(version.as_str()),
                        Condition::Any => put,
                    };
                    put.customize().interceptor(headers.clone()).send()
                })
                .await;
            match answer {
                Ok(answer) => return Ok(Version::new(answer.e_tag().unwrap_or_default())),
                Err(_) if self.moved(&headers) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A digest as S3 has it: base64 of what the hexadecimal digits stand for. Without digits S3 checks nothing.
fn checksum(sha256: &str) -> Option<String> {
    let byte = |at| sha256.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Vec<u8> = (0..sha256.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    Some(STANDARD.encode(bytes))
}

/// The digest in an entity tag; none in that of an object that was written in parts.
fn md5(tag: &str) -> Option<String> {
    let digits = tag.trim_matches('"');
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| digits.to_owned())
}

#[async_trait]
impl Objects for Bucket {
    fn place(&self) -> String {
        if self.prefix.is_empty() {
            format!("s3://{}", self.bucket)
        } else {
            format!("s3://{}/{}", self.bucket, self.prefix)
        }
    }

    fn region(&self) -> Option<String> {
        self.client().config().region().map(|region| region.as_ref().to_owned())
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.read(key).await.map_err(|error| self.failed("read", key, error))
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let mut attempt = 0;
        loop {
            let error = match self.write(key, bytes, condition).await {
                Ok(version) => return Ok(Put::Done(version)),
                Err(error) => error,
            };
            attempt += 1;
            let settle = match error.code.as_deref() {
                // The first attempt may be what stands in the way of the second.
                Some("PreconditionFailed") if attempt > 1 => true,
                Some("PreconditionFailed") => return Ok(Put::Refused),
                // Two writes at the same moment: one of them has to come again.
                Some("ConditionalRequestConflict") => true,
                // A condition on a version of something that is gone.
                Some("NoSuchKey") => return Ok(Put::Refused),
                _ => error.class == ErrorClass::Ambiguous,
            };
            if !settle {
                return Err(self.failed("write", key, error));
            }
            let there = self.read(key).await.map_err(|error| self.failed("read", key, error))?;
            match (there, condition) {
                (Some(there), _) if there.bytes == bytes => return Ok(Put::Done(there.version)),
                (Some(there), Condition::Is(version)) if there.version == *version => {}
                (None, Condition::Absent) | (_, Condition::Any) => {}
                _ => return Ok(Put::Refused),
            }
            if attempt >= ATTEMPTS {
                return Err(self.failed("write", key, error));
            }
            self.aws.back_off(attempt).await;
        }
    }

    async fn put_file(&self, key: &str, path: &Utf8Path, sha256: &str) -> Result<(), StoreError> {
        let unreadable = |why| StoreError::Io { doing: "read", path: path.to_owned(), source: io::Error::other(why) };
        let body = ByteStream::from_path(path).await.map_err(|error| unreadable(error.to_string()))?.into_inner();
        // The file is opened anew for each attempt.
        if body.try_clone().is_none() {
            return Err(unreadable("it can be read once only".to_owned()));
        }
        loop {
            let headers = ReadHeaders::default();
            let client = self.client();
            let put = || {
                let body = ByteStream::new(body.try_clone().unwrap_or_else(SdkBody::taken));
                let put = client.put_object().bucket(&self.bucket).key(self.full(key)).body(body);
                put.set_checksum_sha256(checksum(sha256)).customize().interceptor(headers.clone()).send()
            };
            match self.aws.write_idempotent("s3:PutObject", put).await {
                Ok(_) => return Ok(()),
                Err(_) if self.moved(&headers) => {}
                Err(error) => return Err(self.failed("write", key, error)),
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let client = self.client();
        let delete = || client.delete_object().bucket(&self.bucket).key(self.full(key)).send();
        self.aws
            .write_idempotent("s3:DeleteObject", delete)
            .await
            .map(|_| ())
            .map_err(|error| self.failed("remove", key, error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.list_sizes(prefix).await?.into_iter().map(|listed| listed.key).collect())
    }

    async fn list_sizes(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let below = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let client = self.client();
            let headers = ReadHeaders::default();
            let page = self
                .aws
                .read("s3:ListObjectsV2", || {
                    let list = client
                        .list_objects_v2()
                        .bucket(&self.bucket)
                        .prefix(self.full(prefix))
                        .set_continuation_token(token.clone());
                    list.customize().interceptor(headers.clone()).send()
                })
                .await;
            let page = match page {
                Ok(page) => page,
                Err(_) if self.moved(&headers) => continue,
                Err(error) => return Err(self.failed("list", prefix, error)),
            };
            all.extend(page.contents().iter().filter_map(|object| {
                let key = object.key()?.strip_prefix(&below)?.to_owned();
                let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                Some(Listed { key, size, md5: object.e_tag().and_then(md5) })
            }));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                all.sort_by(|one, other| one.key.cmp(&other.key));
                return Ok(all);
            }
        }
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(worries::of(self).await)
    }
}
