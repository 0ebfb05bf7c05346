//! Buckets and keys behind an endpoint for tests.

use std::sync::Arc;

use kedge_aws::{Aws, AwsOptions};
use kedge_store::{Condition, Listed, Objects, OuterKey, Secret, StoreError};

use super::objects;

/// An account, or `None` where there is no endpoint to test against.
#[expect(clippy::disallowed_methods, reason = "the environment says where the tests run")]
async fn aws() -> Option<(Aws, aws_config::SdkConfig)> {
    if std::env::var("KEDGE_TEST_ENDPOINT").is_err() {
        eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
        return None;
    }
    let aws = Aws::connect(&AwsOptions::default()).await.unwrap();
    Some((aws, kedge_aws_config().await))
}

async fn kedge_aws_config() -> aws_config::SdkConfig {
    let client = aws_smithy_http_client::Builder::new().build_http();
    aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12()).http_client(client).load().await
}

async fn bucket(config: &aws_config::SdkConfig, name: &str) {
    let s3 = aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(true).build());
    s3.create_bucket().bucket(name).send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_keeps_objects() {
    let Some((aws, config)) = aws().await else { return };
    bucket(&config, "kedge-objects").await;
    objects::suite(Arc::new(aws.bucket("kedge-objects", "a/prefix"))).await;
    let whole = aws.bucket("kedge-objects", "").list("").await.unwrap();
    assert!(whole.iter().all(|key| key.starts_with("a/prefix/")), "{whole:?}");
    let objects = aws.bucket("kedge-objects", "sizes");
    objects.put("a/b", b"content", &Condition::Any).await.unwrap();
    let md5 = Some("9a0364b9e99bb480dd25e1f0284c8555".to_owned());
    assert_eq!(objects.list_sizes("a/").await.unwrap(), [Listed { key: "a/b".to_owned(), size: 7, md5 }]);
}

#[tokio::test]
async fn a_missing_bucket_says_how_to_make_it() {
    let Some((aws, _)) = aws().await else { return };
    let error = aws.bucket("kedge-no-such-bucket", "").get("a").await.unwrap_err();
    let StoreError::Cloud { source, .. } = &error else { panic!("{error}") };
    assert!(source.hint.as_ref().unwrap().contains("create-bucket"), "{source:?}");
}

#[tokio::test]
async fn a_careless_bucket_is_a_worry() {
    let Some((aws, config)) = aws().await else { return };
    bucket(&config, "kedge-careless").await;
    let worries = aws.bucket("kedge-careless", "").worries().await.unwrap().join("\n");
    assert!(worries.contains("public access") && worries.contains("old versions"), "{worries}");
}

#[tokio::test]
async fn a_key_of_kms_wraps_keys() {
    let Some((aws, config)) = aws().await else { return };
    let kms = aws_sdk_kms::Client::new(&config);
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    let outer = aws.kms_key(&key);
    let wrapped = outer.wrap(&Secret::new(vec![7; 32]), "c/secrets/key/1").await.unwrap();
    assert!(!serde_json::to_string(&wrapped).unwrap().contains("BwcHBwcH"));
    assert_eq!(outer.unwrap(&wrapped, "c/secrets/key/1").await.unwrap().expose(), [7; 32]);
    let moved = outer.unwrap(&wrapped, "c/secrets/key/2").await.unwrap_err();
    assert!(moved.contains("kms:Decrypt"), "{moved}");
}
