//! What lets others verify service account tokens: the two documents of OpenID Connect discovery.
//!
//! They are those that an API server would serve, published where AWS can read them, so that a role trusts the cluster.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::der::rsa_parts;
use crate::public_key::{Kind, PublicKey};

/// Path of the keys below the issuer.
pub const JWKS_PATH: &str = "/openid/v1/jwks";

/// A public key as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    r#use: &'static str,
    kty: &'static str,
    kid: String,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

/// `<issuer>/openid/v1/jwks`: the keys that verify tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys; which one signed a token stands in its header.
    pub keys: Vec<Jwk>,
}

/// `<issuer>/.well-known/openid-configuration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discovery {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: &'static str,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    claims_supported: [&'static str; 2],
}

impl PublicKey {
    /// As JSON.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        let number = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let mut jwk = Jwk {
            r#use: "sig",
            kty: "EC",
            kid: self.key_id(),
            alg: self.token_algorithm(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
        };
        if let Some((modulus, exponent)) = rsa_parts(&self.bytes).filter(|_| self.kind == Kind::Rsa) {
            return Jwk { kty: "RSA", n: number(modulus), e: number(exponent), ..jwk };
        }
        jwk.crv = Some(if self.kind == Kind::P256 { "P-256" } else { "P-384" });
        // Behind the mark of an uncompressed point its two coordinates have the same length.
        let point = self.bytes.get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        Jwk { x: number(x), y: number(y), ..jwk }
    }

    fn token_algorithm(&self) -> &'static str {
        match self.kind {
            Kind::P256 => "ES256",
            Kind::P384 => "ES384",
            Kind::Rsa => "RS256",
        }
    }
}

impl Jwks {
    /// The document for some keys.
    #[must_use]
    pub fn of(keys: &[PublicKey]) -> Self {
        Self { keys: keys.iter().map(PublicKey::jwk).collect() }
    }
}

impl Discovery {
    /// The document of an issuer, whose URL has no slash at its end.
    #[must_use]
    pub fn of(issuer: &str, keys: &[PublicKey]) -> Self {
        let mut algorithms: Vec<&'static str> = keys.iter().map(PublicKey::token_algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        Self {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            authorization_endpoint: "urn:kubernetes:programmatic_authorization",
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: algorithms,
            claims_supported: ["sub", "iss"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyPair;
    use crate::testing::{RSA_KEY, random};

    #[test]
    fn documents_as_an_api_server_serves_them() {
        let (ec, rsa) = (KeyPair::generate(&random()).unwrap(), KeyPair::from_pem(RSA_KEY, &random()).unwrap());
        let keys = [ec.public().clone(), rsa.public().clone()];
        let discovery = serde_json::to_value(Discovery::of("https://d.example.com/c", &keys)).unwrap();
        assert_eq!(
            discovery,
            serde_json::json!({
                "issuer": "https://d.example.com/c",
                "jwks_uri": "https://d.example.com/c/openid/v1/jwks",
                "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256", "RS256"],
                "claims_supported": ["sub", "iss"],
            })
        );
        let jwks = serde_json::to_value(Jwks::of(&keys)).unwrap();
        let bytes =
            |key: usize, field: &str| URL_SAFE_NO_PAD.decode(jwks["keys"][key][field].as_str().unwrap()).unwrap();
        assert_eq!(jwks["keys"][0]["crv"], "P-256");
        assert_eq!([&[4][..], &bytes(0, "x"), &bytes(0, "y")].concat(), ec.public().bytes);
        assert_eq!((bytes(1, "n").len(), bytes(1, "e")), (256, vec![1, 0, 1]));
        assert_eq!(jwks["keys"][1]["kid"], rsa.public().key_id());
    }

    #[test]
    fn keys_are_written_as_an_api_server_writes_them() {
        let keys = [
            include_str!("../testdata/rsa-pkcs1.pem"),
            include_str!("../testdata/p256-sec1.pem"),
            include_str!("../testdata/p384-sec1.pem"),
        ];
        let keys = keys.map(|key| KeyPair::from_pem(key, &random()).unwrap().public().clone());
        // What kube-apiserver 1.36 served that had these keys.
        let served = serde_json::from_str::<serde_json::Value>(include_str!("../testdata/served-jwks.json")).unwrap();
        assert_eq!(serde_json::to_value(Jwks::of(&keys)).unwrap(), served);
    }

    #[test]
    fn a_public_key_comes_back_from_its_text() {
        for key in [KeyPair::generate(&random()).unwrap(), KeyPair::from_pem(RSA_KEY, &random()).unwrap()] {
            assert_eq!(PublicKey::from_pem(&key.public().pem()).unwrap(), *key.public());
        }
    }
}
