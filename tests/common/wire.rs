//! The AWS executor before the test server that `KEDGE_TEST_ENDPOINT` names.

use kedge_aws::{Aws, AwsOptions};

/// Whether there is a test server; says that the test is skipped if there is none.
#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
#[expect(clippy::disallowed_methods, reason = "the test runner hands the endpoint over in the environment")]
pub(crate) fn is_there() -> bool {
    let there = std::env::var_os("KEDGE_TEST_ENDPOINT").is_some();
    if !there {
        eprintln!("skipped: KEDGE_TEST_ENDPOINT is not set (tests/run sets it)");
    }
    there
}

/// A client of it.
pub(crate) async fn connect() -> Aws {
    let options = AwsOptions { region: Some("us-east-1".to_owned()), profile: None, path_style: true };
    Aws::connect(&options).await.expect("a client")
}
