//! The AWS executor: observes and realises over the AWS APIs.
