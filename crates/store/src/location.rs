//! Where a store is: `s3://bucket/prefix` or `file:///directory`.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::StoreError;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory of this machine.
    Directory(Utf8PathBuf),
    /// Objects below a prefix of an S3 bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// Prefix without slashes at its ends; empty for the whole bucket.
        prefix: String,
    },
}

impl Location {
    /// Reads a location. A `file://` path is absolute.
    ///
    /// # Errors
    /// Says what the text is not.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let wrong = |why: &str| StoreError::Location { text: text.to_owned(), why: why.to_owned() };
        if let Some(path) = text.strip_prefix("file://") {
            let path = Utf8Path::new(path);
            if !path.is_absolute() {
                return Err(wrong("the path after file:// has to be absolute, as in file:///var/lib/kedge"));
            }
            if path.components().any(|part| part.as_str() == "..") {
                return Err(wrong("the path must not have .. in it"));
            }
            return Ok(Self::Directory(path.components().collect()));
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(match text.split_once("://") {
                Some((scheme, _)) => wrong(&format!("{scheme}:// is not supported")),
                None => wrong("it has neither s3:// nor file:// in front"),
            });
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some(why) = wrong_bucket(bucket) {
            return Err(wrong(why));
        }
        let prefix = prefix.trim_matches('/');
        if prefix.split('/').any(|part| matches!(part, "." | "..")) || prefix.contains("//") {
            return Err(wrong("the prefix must not have empty parts, . or .. in it"));
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// The rules for names of general purpose buckets.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn wrong_bucket(bucket: &str) -> Option<&'static str> {
    if bucket.is_empty() {
        return Some("no bucket is named");
    }
    if !(3..=63).contains(&bucket.len()) {
        return Some("a bucket's name has 3 to 63 characters");
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !bucket.bytes().all(|byte| plain(byte) || matches!(byte, b'-' | b'.')) {
        return Some("a bucket's name has only a-z, 0-9, '-' and '.'");
    }
    if !bucket.bytes().next().is_some_and(plain) || !bucket.bytes().last().is_some_and(plain) {
        return Some("a bucket's name begins and ends with a letter or digit");
    }
    None
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "file://{path}"),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_shown() {
        for (text, shown) in [
            ("s3://state", "s3://state"),
            ("s3://state/", "s3://state"),
            ("s3://state.example.com/kedge/prod/", "s3://state.example.com/kedge/prod"),
            ("file:///var/lib/kedge/", "file:///var/lib/kedge"),
        ] {
            assert_eq!(Location::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn wrong_locations_say_why() {
        for (text, why) in [
            ("state", "neither"),
            ("gs://state", "gs:// is not supported"),
            ("file://state", "absolute"),
            ("file:///a/../b", ".."),
            ("s3://", "no bucket"),
            ("s3://ab", "3 to 63"),
            ("s3://State", "a-z"),
            ("s3://-state", "begins"),
            ("s3://state/a//b", "empty parts"),
            ("s3://state/../b", ".."),
        ] {
            let error = Location::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
