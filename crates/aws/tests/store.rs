//! The state store over the wire: S3 and KMS behind an endpoint for tests.

#[cfg(test)]
#[path = "../../../tests/common/objects.rs"]
mod objects;
#[cfg(test)]
#[path = "state/wire.rs"]
mod wire;
