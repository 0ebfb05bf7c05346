use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::inventory::{Handle, Observed, Ownership, Unreadable};
use kedge_resource::kind::{self, Direction, Kind, Properties};
use kedge_resource::plan::{
    FieldChange, ForeignResource, Note, PLAN_FORMAT_VERSION, PlanReport, Purpose, Replacement, Severity,
};
use kedge_resource::policy::{PolicyDocument, Statement};
use kedge_resource::{Action, Change, ClusterName, Plan, Reason, Ref, ResourceKey, Tags};
use serde_json::json;
use snapbox::{assert_data_eq, str};

use super::*;

const CLUSTER: &str = "prod.example.com";

fn plan(purpose: Purpose, changes: Vec<Change>) -> Plan {
    Plan {
        format_version: PLAN_FORMAT_VERSION,
        purpose,
        cluster: ClusterName::parse(CLUSTER).unwrap(),
        account_id: "123456789012".to_owned(),
        region: "us-test-1".to_owned(),
        changes,
        unchanged: 0,
        handles: BTreeMap::new(),
        report: PlanReport::default(),
    }
}

fn change(kind: Kind, name: &str, action: Action, reason: Reason) -> Change {
    Change {
        key: ResourceKey::new(kind, name),
        action,
        reason,
        fields: Vec::new(),
        before: None,
        after: None,
        needs: BTreeSet::new(),
        remove_needs: BTreeSet::new(),
        replacement: None,
        batch: None,
    }
}

fn create(name: &str, after: impl Into<Properties>) -> Change {
    let after = after.into();
    Change { after: Some(after.clone()), ..change(after.kind(), name, Action::Create, Reason::Missing) }
}

fn observed(name: &str, id: &str, properties: impl Into<Properties>) -> Observed {
    let properties = properties.into();
    Observed {
        key: ResourceKey::new(properties.kind(), name),
        handle: Handle::new(id),
        ownership: Ownership::Owned,
        properties,
    }
}

fn delete(name: &str, id: &str, properties: impl Into<Properties>) -> Change {
    let before = observed(name, id, properties);
    Change { before: Some(before.clone()), ..change(before.key.kind, name, Action::Delete, Reason::ClusterDeleted) }
}

fn vpc() -> kind::Vpc {
    kind::Vpc {
        cidr_block: "172.20.0.0/16".to_owned(),
        amazon_provided_ipv6_cidr_block: true,
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: Tags::standard(&ClusterName::parse(CLUSTER).unwrap(), CLUSTER),
    }
}

fn group() -> kind::SecurityGroup {
    kind::SecurityGroup {
        vpc: Ref::managed(CLUSTER),
        group_description: "Security group for nodes".to_owned(),
        tags: Tags::default(),
    }
}

fn rule(port: i32) -> kind::SecurityGroupRule {
    kind::SecurityGroupRule {
        group: Ref::managed("nodes.prod.example.com"),
        direction: Direction::Ingress,
        ip_protocol: "tcp".to_owned(),
        from_port: Some(port),
        to_port: Some(port),
        cidr_ip: Some("0.0.0.0/0".to_owned()),
        cidr_ipv6: None,
        prefix_list_id: None,
        peer_group: None,
        tags: Tags::default(),
    }
}

fn role_policy() -> kind::RolePolicy {
    let mut statement = Statement::allow();
    statement.action = BTreeSet::from(["ec2:DescribeInstances".to_owned()]);
    statement.resource = BTreeSet::from(["*".to_owned()]);
    kind::RolePolicy {
        role: Ref::managed("nodes.prod.example.com"),
        policy_name: "nodes".to_owned(),
        policy_document: PolicyDocument::new(vec![statement]),
    }
}

fn text(plan: &Plan) -> String {
    render(plan, &PlanTextOptions::default()).to_string()
}

#[test]
fn creations_are_one_line_each() {
    let route = kind::Route {
        route_table: Ref::managed(CLUSTER),
        destination_cidr_block: Some("0.0.0.0/0".to_owned()),
        destination_ipv6_cidr_block: None,
        gateway: Some(Ref::managed(CLUSTER)),
        nat_gateway: None,
        egress_only_internet_gateway: None,
        transit_gateway_id: None,
        instance_id: None,
        vpc_peering_connection_id: None,
    };
    let mut plan = plan(
        Purpose::Apply,
        vec![
            create(CLUSTER, vpc()),
            create(CLUSTER, kind::RouteTable { vpc: Ref::managed(CLUSTER), tags: Tags::default() }),
            create("prod.example.com 0.0.0.0/0", route),
            create("nodes.prod.example.com", group()),
            create("nodes.prod.example.com tcp 22 from 0.0.0.0/0", rule(22)),
            create("nodes.prod.example.com nodes", role_policy()),
        ],
    );
    plan.report.notes.push(Note {
        severity: Severity::Info,
        code: "instances-do-not-join".to_owned(),
        text: "The instances do not become nodes of a Kubernetes cluster yet.".to_owned(),
        key: None,
    });
    assert_data_eq!(
        text(&plan),
        str![[r#"
Plan for prod.example.com (account 123456789012, region us-test-1)
To make AWS hold what the manifests say:

  +   create   in the manifests, not in AWS

Network
  +   vpc/prod.example.com  172.20.0.0/16, with an IPv6 range of Amazon
  +   route-table/prod.example.com
      +   route 0.0.0.0/0  via internet-gateway/prod.example.com

Security groups
  +   security-group/nodes.prod.example.com  Security group for nodes
      +   rule tcp 22 from 0.0.0.0/0  open to everybody

Permissions
      iam-role/nodes.prod.example.com  (unchanged)
      +   policy nodes  1 statement

note[instances-do-not-join]: The instances do not become nodes of a Kubernetes
  cluster yet.

Plan: 6 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.

"#]]
    );
}

#[test]
fn verbose_creations_show_every_property() {
    let plan =
        plan(Purpose::Apply, vec![create(CLUSTER, vpc()), create("nodes.prod.example.com nodes", role_policy())]);
    let shown = render(&plan, &PlanTextOptions { verbose: true, ..PlanTextOptions::default() }).to_string();
    assert_data_eq!(
        shown,
        str![[r#"
Plan for prod.example.com (account 123456789012, region us-test-1)
To make AWS hold what the manifests say:

  +   create   in the manifests, not in AWS

Network
  +   vpc/prod.example.com
          AmazonProvidedIpv6CidrBlock: true
          CidrBlock: "172.20.0.0/16"
          EnableDnsHostnames: true
          EnableDnsSupport: true
          Tags.KubernetesCluster: "prod.example.com"
          Tags.Name: "prod.example.com"
          Tags.kubernetes.io/cluster/prod.example.com: "owned"

Permissions
      iam-role/nodes.prod.example.com  (unchanged)
      +   policy nodes
              PolicyDocument:
                  {
                    "Statement": [
                      {
                        "Action": [
                          "ec2:DescribeInstances"
                        ],
                        "Effect": "Allow",
                        "Resource": [
                          "*"
                        ]
                      }
                    ],
                    "Version": "2012-10-17"
                  }
              PolicyName: "nodes"
              Role: (known after apply: iam-role/nodes.prod.example.com)

Plan: 2 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.

"#]]
    );
}

#[test]
fn updates_and_replacements_show_what_differs() {
    let field = |path: &str, before, after, forces_replacement| FieldChange {
        path: path.to_owned(),
        before,
        after,
        forces_replacement,
    };
    let mut replaced = change(
        Kind::SecurityGroup,
        "nodes.prod.example.com",
        Action::Replace,
        Reason::Immutable { fields: vec!["GroupDescription".to_owned()] },
    );
    replaced.replacement = Some(Replacement::DeleteFirst);
    replaced.before = Some(observed("nodes.prod.example.com", "sg-0123", group()));
    replaced.after = Some(group().into());
    replaced.fields = vec![
        field("GroupDescription", Some(json!("Nodes")), Some(json!("Security group for nodes")), true),
        field("Vpc", Some(json!("vpc-0123")), Some(json!("${vpc/prod.example.com}")), false),
    ];
    let mut updated = change(Kind::Vpc, CLUSTER, Action::Update, Reason::Differs);
    updated.before = Some(observed(CLUSTER, "vpc-0123", vpc()));
    updated.after = Some(vpc().into());
    updated.fields = vec![
        field("EnableDnsSupport", Some(json!(false)), Some(json!(true)), false),
        field("Tags.team", None, Some(json!("platform")), false),
        field(
            "Tags.purpose",
            Some(json!("a rather long text that fills most of a line")),
            Some(json!("another rather long text that fills most of a line")),
            false,
        ),
    ];
    let mut policy = change(Kind::RolePolicy, "nodes.prod.example.com nodes", Action::Update, Reason::Differs);
    policy.after = Some(role_policy().into());
    let document =
        |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action]}]});
    policy.fields =
        vec![field("PolicyDocument", Some(document("ec2:Describe*")), Some(document("ec2:DescribeTags")), false)];
    let mut template = change(Kind::LaunchTemplate, "nodes.prod.example.com", Action::Update, Reason::Differs);
    template.fields =
        vec![field("UserData", Some(json!("#!/bin/sh\necho one\n")), Some(json!("#!/bin/sh\necho two\n")), false)];
    let mut plan = plan(Purpose::Apply, vec![updated, replaced, template, policy]);
    plan.unchanged = 90;
    plan.report.instances_to_roll = vec!["nodes".to_owned()];
    assert_data_eq!(
        text(&plan),
        str![[r#"
Plan for prod.example.com (account 123456789012, region us-test-1)
To make AWS hold what the manifests say:

  ~   update   AWS holds other values
  -/+ replace  cannot change in place

Network
  ~   vpc/prod.example.com  vpc-0123  (3 unchanged)
          EnableDnsSupport: false -> true
          Tags.team: (not set) -> "platform"
          Tags.purpose:
               "a rather long text that fills most of a line"
            -> "another rather long text that fills most of a line"

Security groups
  -/+ security-group/nodes.prod.example.com  sg-0123
          # GroupDescription cannot change in place; the old one is removed
          first
          GroupDescription:  # forces replacement
               "Nodes"
            -> "Security group for nodes"
          Vpc: "vpc-0123" -> (known after apply: vpc/prod.example.com)

Permissions
      iam-role/nodes.prod.example.com  (unchanged)
      ~   policy nodes  (2 unchanged)
              PolicyDocument:
                @@ -2,7 +2,7 @@
                   "Statement": [
                     {
                       "Action": [
                -        "ec2:Describe*"
                +        "ec2:DescribeTags"
                       ],
                       "Effect": "Allow"
                     }

Instance groups
  ~   launch-template/nodes.prod.example.com
          UserData:
            @@ -1,2 +1,2 @@
             #!/bin/sh
            -echo one
            +echo two

Left to do after applying
  Running instances of these groups keep the template that they were launched
  from until they are replaced: nodes

Plan: 0 to create, 3 to update, 1 to replace, 0 to delete, 90 unchanged.

"#]]
    );
}

#[test]
fn deletions_fold_what_goes_with_its_container() {
    let duplicate = Change {
        key: ResourceKey::new(Kind::Vpc, "prod.example.com (vpc-0999)"),
        ..delete(CLUSTER, "vpc-0999", vpc())
    };
    let duplicate = Change { reason: Reason::Duplicate { keep: "vpc-0123".to_owned() }, ..duplicate };
    let changes = vec![
        delete(CLUSTER, "vpc-0123", vpc()),
        duplicate,
        delete("nodes.prod.example.com", "sg-0123", group()),
        delete("nodes.prod.example.com tcp 22 from 0.0.0.0/0", "sgr-1", rule(22)),
        delete("nodes.prod.example.com tcp 80 from 0.0.0.0/0", "sgr-2", rule(80)),
    ];
    let mut plan = plan(Purpose::Delete, changes);
    plan.report.foreign.push(ForeignResource {
        key: ResourceKey::new(Kind::Role, "nodes.prod.example.com"),
        id: "nodes.prod.example.com".to_owned(),
        in_the_way: false,
    });
    assert_data_eq!(
        text(&plan),
        str![[r#"
Plan for prod.example.com (account 123456789012, region us-test-1)
To delete the cluster with everything that it owns:

  -   delete   carries the ownership tag of the cluster

Network
  -   vpc/prod.example.com  vpc-0123
  -   vpc/prod.example.com (vpc-0999)
          # a second one of this name; vpc-0123 stays

Security groups
  -   security-group/nodes.prod.example.com  sg-0123  with 2 parts

Not ours; nothing is done to them
  iam-role/nodes.prod.example.com

Plan: 0 to create, 0 to update, 0 to replace, 5 to delete, 0 unchanged.

"#]]
    );
    let all = render(&plan, &PlanTextOptions { verbose: true, ..PlanTextOptions::default() }).to_string();
    assert!(all.contains("-   rule tcp 80 from 0.0.0.0/0  sgr-2\n"), "{all}");
}

#[test]
fn a_part_of_something_that_stays_names_it() {
    let mut part = create("nodes.prod.example.com tcp 22 from 0.0.0.0/0", rule(22));
    part.reason = Reason::Missing;
    let shown = text(&plan(Purpose::Apply, vec![part]));
    assert!(
        shown
            .contains("      security-group/nodes.prod.example.com  (unchanged)\n      +   rule tcp 22 from 0.0.0.0/0"),
        "{shown}"
    );
}

#[test]
fn every_kind_of_nothing_has_its_sentence() {
    let foreign = |in_the_way| ForeignResource {
        key: ResourceKey::new(Kind::SecurityGroup, "nodes.prod.example.com"),
        id: "sg-0666".to_owned(),
        in_the_way,
    };
    let unreadable =
        Unreadable { kind: Kind::Role, call: "iam:ListRoles".to_owned(), why: "not authorized".to_owned() };
    let last = |purpose, unchanged, report: PlanReport| {
        let mut plan = plan(purpose, Vec::new());
        plan.unchanged = unchanged;
        plan.report = report;
        text(&plan).split("\n\n").last().unwrap().replace('\n', " ")
    };
    let report = PlanReport::default;
    let mut sentences = vec![
        last(Purpose::Apply, 92, report()),
        last(Purpose::Apply, 0, report()),
        last(Purpose::Apply, 92, PlanReport { instances_to_roll: vec!["nodes".to_owned()], ..report() }),
        last(Purpose::Apply, 92, PlanReport { foreign: vec![foreign(true)], ..report() }),
        last(Purpose::Apply, 92, PlanReport { unreadable: vec![unreadable.clone()], ..report() }),
        last(Purpose::Delete, 0, report()),
        last(Purpose::Delete, 0, PlanReport { foreign: vec![foreign(false)], ..report() }),
        last(Purpose::Delete, 0, PlanReport { unreadable: vec![unreadable], ..report() }),
    ];
    assert_data_eq!(
        sentences.join("\n"),
        str![[r#"
Nothing to do: AWS already holds what the manifests say (92 resources). 
Nothing to do: the manifests ask for nothing that kedge would have to make. 
Nothing to apply: AWS holds what the manifests say (92 resources); only running instances are left to replace. 
Nothing can be done: what is missing stands there already and belongs to somebody else. 
Nothing to do as far as can be seen: 1 part of the account could not be read, and what was read is as the manifests say. 
Nothing to delete: account 123456789012 holds nothing of prod.example.com in us-test-1. 
Nothing to delete: 1 resource stands under names of prod.example.com, and none carries its ownership tag. 
Nothing to delete as far as can be seen: 1 part of the account could not be read, and what was read holds nothing of prod.example.com. 
"#]]
    );
    sentences.sort();
    sentences.dedup();
    assert_eq!(sentences.len(), 8);
}
