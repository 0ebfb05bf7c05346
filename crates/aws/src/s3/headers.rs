//! Headers of answers that the SDK keeps to itself.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

/// What the last answer said beside its content.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    /// S3's own time, in seconds.
    pub(super) date: Option<i64>,
    /// Region of the bucket; S3 says it also when it refuses a request that went to another one.
    pub(super) region: Option<String>,
}

/// Reads [`Headers`] of the answers to one call.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadHeaders(Arc<Mutex<Headers>>);

impl ReadHeaders {
    /// Those of the last answer.
    pub(super) fn get(&self) -> Headers {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for ReadHeaders {
    fn name(&self) -> &'static str {
        "ReadHeaders"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _runtime: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let date = headers.get("date").and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Headers {
            date: date.map(|date| date.secs()),
            region: headers.get("x-amz-bucket-region").map(str::to_owned),
        };
        Ok(())
    }
}
