//! Whatever the bytes, reading manifests ends, with diagnostics or with a specification, and what is sound can be lowered.

#![no_main]

use std::sync::{Arc, LazyLock};

use kedge_diag::Source;
use kedge_resource::Facts;
use kedge_spec::{ParseOptions, ResolveOptions, parse};
use libfuzzer_sys::fuzz_target;

/// An account in which every machine type exists, so that lowering goes on beyond its checks.
static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    serde_json::from_value(serde_json::json!({
        "region": "us-east-1", "partition": "aws", "accountId": "123456789012",
        "availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "hostedZones": [{"id": "Z1", "name": "example.com", "private": false}],
        "images": [{
            "id": "ami-0123456789abcdef0", "owner": "owner (123456789012)", "name": "image",
            "rootDeviceName": "/dev/xvda", "architecture": "x86_64", "creationDate": "2026-01-01T00:00:00.000Z",
        }],
        "instanceTypes": {"default": {"vcpus": 2, "memoryMiB": 4096, "maxNetworkInterfaces": 3, "ipv4PerInterface": 6}},
    }))
    .expect("the facts are in order")
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Arc::new(Source { name: "fuzz.yaml".to_owned(), text: text.to_owned() });
    for allow_unknown_fields in [false, true] {
        let (manifests, read) = parse(&[Arc::clone(&source)], &ParseOptions { allow_unknown_fields });
        let (spec, resolved) = manifests.resolve(&ResolveOptions::default());
        for diagnostic in read.iter().chain(resolved.iter()) {
            if let Some(span) = &diagnostic.span {
                assert!(span.start <= span.end && span.end <= text.len());
                span.line_column();
            }
        }
        assert_eq!(spec.is_none(), read.has_errors() || resolved.has_errors());
        if let Some(spec) = spec {
            // Facts may not fit; that is an answer too.
            let _ = kedge_model::lower(&spec, &FACTS);
        }
    }
});
