use std::path::{Path, PathBuf};

use super::*;

/// Every text such as `ec2:CreateVpc` in the sources of this crate, apart from tests and from the list itself.
fn calls_in_sources() -> BTreeSet<String> {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut calls = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let is = |name: &str| path.file_name().is_some_and(|found| found == name);
            if path.is_dir() && !is("permissions") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["tests.rs", "testing.rs", "permissions.rs"].iter().any(|name| is(name))
            {
                calls.extend(calls_in(&path));
            }
        }
    }
    calls
}

fn calls_in(path: &Path) -> Vec<String> {
    let text = fs_err::read_to_string(path).unwrap();
    // Unit tests stand at the end.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let services: BTreeSet<&str> = CALLS.iter().filter_map(|known| known.call.split(':').next()).collect();
    let is_call = |word: &&str| {
        word.split_once(':').is_some_and(|(service, action)| {
            services.contains(service)
                && action.starts_with(|c: char| c.is_ascii_uppercase())
                && action.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    code.split('"').filter(is_call).map(str::to_owned).collect()
}

#[test]
fn the_list_has_the_calls_of_the_sources_and_no_other() {
    let listed: BTreeSet<String> = CALLS.iter().map(|known| known.call.to_owned()).collect();
    let of_instances = OF_INSTANCES.iter().map(|(call, _)| (*call).to_owned());
    assert_eq!(calls_in_sources(), listed.iter().cloned().chain(of_instances).collect());
    assert!(CALLS.is_sorted_by_key(|known| known.call), "by name");
}

#[test]
fn reading_changes_nothing() {
    let document =
        policy(&PolicyRequest { read_only: true, store: Some(("b".to_owned(), "p".to_owned())), ..Default::default() });
    for action in document.statement.iter().flat_map(|statement| &statement.action) {
        let (_, verb) = action.split_once(':').unwrap();
        assert!(["Describe", "Get", "List"].iter().any(|word| verb.starts_with(word)), "{action}");
    }
    assert!(document.statement.iter().all(|statement| statement.condition.is_empty()));
}

#[test]
fn a_change_is_limited_wherever_the_api_can() {
    let document = policy(&PolicyRequest {
        cluster: Some("prod.example.com".to_owned()),
        account: Some("123456789012".to_owned()),
        region: Some("eu-west-1".to_owned()),
        ..Default::default()
    });
    let writes: BTreeSet<&str> =
        CALLS.iter().filter(|known| known.access == Access::Write).map(|known| known.call).collect();
    for statement in
        document.statement.iter().filter(|it| it.action.iter().any(|action| writes.contains(action.as_str())))
    {
        let limited = !statement.condition.is_empty() || !statement.resource.contains("*");
        assert!(limited, "{statement:?}");
    }
    let of = |sid: &str| document.statement.iter().find(|statement| statement.sid.as_deref() == Some(sid)).unwrap();
    assert!(of("NewInEc2").resource.contains("arn:aws:ec2:eu-west-1:123456789012:subnet/*"));
    assert!(of("InWhatIsThere").resource.contains("arn:aws:ec2:eu-west-1:123456789012:vpc/*"));
    let tag = &of("Change").condition["StringEquals"]["aws:ResourceTag/kubernetes.io/cluster/prod.example.com"];
    assert_eq!(*tag, ["owned".to_owned()].into());
    let names = &of("Records").condition["ForAllValues:StringLike"];
    assert!(names["route53:ChangeResourceRecordSetsNormalizedRecordNames"].contains("*.prod.example.com"));
    // What AWS takes for a policy that is written into a role.
    assert!(document.to_json().len() < 10_240, "{}", document.to_json().len());
    let sids: BTreeSet<_> = document.statement.iter().map(|statement| &statement.sid).collect();
    assert_eq!(sids.len(), document.statement.len(), "labels are told apart");
}
