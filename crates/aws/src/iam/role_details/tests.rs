use super::*;
use crate::testing::{Endpoint, Reply};

const TRUST: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22\
                     ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
const POLICY: &str = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ec2%3ADescribeInstances\
                      %22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
const TAGS: &str = "<Tags><member><Key>kubernetes.io/cluster/a.example.com</Key><Value>owned</Value></member></Tags>";
const BOUNDARY: &str = "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::1:policy/b</PermissionsBoundaryArn>\
                        </PermissionsBoundary>";
const ATTACHED: &str = "<member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::aws:policy/p</PolicyArn></member>";

fn cluster() -> ClusterName {
    ClusterName::parse("a.example.com").unwrap()
}

fn answer(action: &str, result: &str) -> Reply {
    Reply::Answer(200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

fn role(name: &str) -> String {
    let dates = "<Path>/</Path><RoleId>AROA</RoleId><Arn>arn</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>";
    format!("<RoleName>{name}</RoleName>{dates}<AssumeRolePolicyDocument>{TRUST}</AssumeRolePolicyDocument>")
}

fn details(marker: Option<&str>) -> Reply {
    let detail = |name: &str| {
        let inline =
            format!("<member><PolicyName>inline</PolicyName><PolicyDocument>{POLICY}</PolicyDocument></member>");
        let role = role(name);
        format!(
            "<member>{role}{TAGS}{BOUNDARY}<RolePolicyList>{inline}</RolePolicyList>\
             <AttachedManagedPolicies>{ATTACHED}</AttachedManagedPolicies></member>"
        )
    };
    let roles = detail("nodes.a.example.com") + &detail("nodes.b.example.com");
    let more = marker.map(|marker| format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"));
    let more = more.unwrap_or_default();
    answer("GetAccountAuthorizationDetails", &format!("<RoleDetailList>{roles}</RoleDetailList>{more}"))
}

/// An account with a role of the cluster and one of another cluster, asked for one by one.
fn single(body: &str) -> Reply {
    let action = body.strip_prefix("Action=").and_then(|rest| rest.split('&').next()).unwrap();
    let result = match action {
        "ListRoles" => {
            let listed = ["nodes.a.example.com", "nodes.b.example.com"].map(|name| {
                let role = role(name);
                format!("<member>{role}</member>")
            });
            format!("<Roles>{}</Roles>", listed.concat())
        }
        "GetRole" => format!("<Role>{}{TAGS}{BOUNDARY}</Role>", role("nodes.a.example.com")),
        "ListRolePolicies" => "<PolicyNames><member>inline</member></PolicyNames>".to_owned(),
        "ListAttachedRolePolicies" => format!("<AttachedPolicies>{ATTACHED}</AttachedPolicies>"),
        "GetRolePolicy" => {
            format!("<RoleName>x</RoleName><PolicyName>inline</PolicyName><PolicyDocument>{POLICY}</PolicyDocument>")
        }
        other => panic!("a request that nobody expected: {other}"),
    };
    answer(action, &result)
}

async fn read(endpoint: &Endpoint) -> Part {
    role::observe(&Aws::at(&endpoint.url), &cluster()).await.unwrap()
}

#[tokio::test]
async fn both_ways_of_reading_agree() {
    let list = Endpoint::answering(|_| details(None)).await;
    let in_one = read(&list).await;
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let singles = Endpoint::answering(|body| {
        if body.contains("AuthorizationDetails") { Reply::Answer(403, denied.to_owned()) } else { single(body) }
    })
    .await;
    let one_by_one = read(&singles).await;
    assert_eq!(in_one.resources, one_by_one.resources);
    assert!(in_one.unreadable.is_empty() && one_by_one.unreadable.is_empty());
    let keys: Vec<_> = in_one.resources.iter().map(|one| one.key.to_string()).collect();
    let expected = [
        "iam-role/nodes.a.example.com",
        "policy-attachment/nodes.a.example.com arn:aws:iam::aws:policy/p",
        "role-policy/nodes.a.example.com inline",
    ];
    assert_eq!(keys, expected);
    assert_eq!((list.requests(), singles.requests()), (1, 6));
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let endpoint =
        Endpoint::answering(
            |body| {
                if body.contains("AuthorizationDetails") { details(Some("more")) } else { single(body) }
            },
        )
        .await;
    let part = read(&endpoint).await;
    assert_eq!(part.resources.len(), 3, "{:?}", part.resources);
    assert_eq!(endpoint.requests(), PAGES + 5);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_noted_and_those_of_others_do_not_matter() {
    let endpoint = Endpoint::answering(|_| {
        let policy = |name: &str, document: &str| {
            let role = role(name);
            format!(
                "<member>{role}<RolePolicyList><member><PolicyName>p</PolicyName><PolicyDocument>{document}\
                 </PolicyDocument></member></RolePolicyList></member>"
            )
        };
        let roles = policy("nodes.a.example.com", "%7B") + &policy("nodes.b.example.com", "%7B");
        answer("GetAccountAuthorizationDetails", &format!("<RoleDetailList>{roles}</RoleDetailList>"))
    })
    .await;
    let part = read(&endpoint).await;
    assert_eq!(part.resources.len(), 1, "{:?}", part.resources);
    let noted: Vec<_> = part.unreadable.iter().map(|one| (one.kind, one.call.as_str())).collect();
    assert_eq!(noted, [(Kind::RolePolicy, CALL)]);
}
