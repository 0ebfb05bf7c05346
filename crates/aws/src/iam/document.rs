//! Policy documents as IAM sends them: URL-encoded JSON.

use kedge_cloud::{CloudError, ErrorClass};
use kedge_resource::PolicyDocument;

/// Reads the policy document that `call` returned.
pub(super) fn parse(call: &str, what: &str, encoded: &str) -> Result<PolicyDocument, CloudError> {
    PolicyDocument::parse(&decode(encoded)).map_err(|error| {
        CloudError::new(ErrorClass::Unreadable, call, format!("the policy of {what} cannot be read: {error}"))
    })
}

/// Undoes URL encoding (RFC 3986, as IAM says it uses).
fn decode(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        match (byte, ahead.next().and_then(digit), ahead.next().and_then(digit)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_and_nothing_else() {
        assert_eq!(decode("%7B%22a%22%3A%20%22%C3%A9%22%7D"), "{\"a\": \"é\"}");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz+"), "%zz+");
    }

    #[test]
    fn a_document_that_is_none_names_its_role() {
        let error = parse("iam:GetRole", "nodes.a.example.com", "%7B").unwrap_err();
        assert_eq!(error.class, ErrorClass::Unreadable);
        assert!(error.message.contains("nodes.a.example.com"), "{error}");
    }
}
