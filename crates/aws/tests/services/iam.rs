//! Roles, policies, instance profiles and OpenID Connect providers.

use kedge_cloud::ErrorClass;
use kedge_resource::kind::{InstanceProfile, OidcProvider, PolicyAttachment, Role, RolePolicy};
use kedge_resource::{Kind, Ownership, PolicyDocument, Ref};

use crate::account::{Account, assert_is};

fn trust(service: &str) -> PolicyDocument {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    PolicyDocument::parse(&text).unwrap()
}

fn permissions(action: &str) -> PolicyDocument {
    let text =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
    PolicyDocument::parse(&text).unwrap()
}

/// Makes a managed policy, as a user would before naming it in a manifest.
async fn managed_policy(account: &Account) -> String {
    let iam = aws_sdk_iam::Client::new(&account.config);
    let request = iam.create_policy().policy_name(account.cluster.as_str());
    let answer = request.policy_document(permissions("ec2:DescribeVpcs").to_json()).send().await.unwrap();
    answer.policy.unwrap().arn.unwrap()
}

#[tokio::test]
async fn a_role_with_its_policies_and_profile_is_made_changed_and_removed() {
    let Some(mut account) = Account::of("roles.example.com").await else { return };
    let name = "masters.roles.example.com";
    let boundary = Some("arn:aws:iam::aws:policy/PowerUserAccess".to_owned());
    let mut role = Role {
        assume_role_policy_document: trust("ec2.amazonaws.com"),
        permissions_boundary: None,
        tags: account.tags(name),
    };
    account.create(name, role.clone()).await;
    assert_is(&account.get(Kind::Role, name).await, role.clone());

    let mut policy = RolePolicy {
        role: Ref::managed(name),
        policy_name: name.to_owned(),
        policy_document: permissions("ec2:DescribeInstances"),
    };
    let policy_key = format!("{name} {name}");
    account.create(&policy_key, policy.clone()).await;
    policy.role = Ref::existing(name);
    assert_is(&account.get(Kind::RolePolicy, &policy_key).await, policy.clone());

    let arn = &managed_policy(&account).await;
    let attachment_key = format!("{name} {arn}");
    let attachment = PolicyAttachment { role: Ref::existing(name), policy_arn: arn.clone() };
    account.create(&attachment_key, attachment.clone()).await;
    assert_is(&account.get(Kind::PolicyAttachment, &attachment_key).await, attachment);

    let mut profile = InstanceProfile { role: Some(Ref::existing(name)), tags: account.tags(name) };
    account.create(name, profile.clone()).await;
    assert_is(&account.get(Kind::InstanceProfile, name).await, profile.clone());

    // changed
    role.assume_role_policy_document = trust("ecs.amazonaws.com");
    role.permissions_boundary = boundary;
    role.tags.set("team", "blue");
    let before = account.get(Kind::Role, name).await;
    account.update(before, role.clone(), &["AssumeRolePolicyDocument", "PermissionsBoundary", "Tags"]).await;
    assert_is(&account.get(Kind::Role, name).await, role.clone());
    role.permissions_boundary = None;
    let before = account.get(Kind::Role, name).await;
    account.update(before, role.clone(), &["PermissionsBoundary"]).await;
    assert_is(&account.get(Kind::Role, name).await, role.clone());
    policy.policy_document = permissions("ec2:DescribeVolumes");
    let before = account.get(Kind::RolePolicy, &policy_key).await;
    account.update(before, policy.clone(), &["PolicyDocument"]).await;
    assert_is(&account.get(Kind::RolePolicy, &policy_key).await, policy);
    let other = "nodes.roles.example.com";
    account.create(other, Role { tags: account.tags(other), ..role.clone() }).await;
    profile.role = Some(Ref::existing(other));
    profile.tags.set("team", "blue");
    let before = account.get(Kind::InstanceProfile, name).await;
    account.update(before, profile.clone(), &["Role", "Tags"]).await;
    assert_is(&account.get(Kind::InstanceProfile, name).await, profile.clone());

    // made a second time, as after a crash: a profile without a role is completed, another role replaced
    role.tags.set("team", "red");
    account.create(name, role.clone()).await;
    assert_is(&account.get(Kind::Role, name).await, role);
    profile.role = Some(Ref::existing(name));
    account.create(name, profile.clone()).await;
    assert_is(&account.get(Kind::InstanceProfile, name).await, profile);

    // the role goes although policies and a profile still hang on it: nobody else can have put them there
    for (kind, name) in [(Kind::RolePolicy, policy_key.as_str()), (Kind::Role, name), (Kind::InstanceProfile, name)] {
        let observed = account.get(kind, name).await;
        account.delete(observed).await;
    }
    let observed = account.get(Kind::Role, other).await;
    account.delete(observed).await;
    let kinds = [Kind::Role, Kind::RolePolicy, Kind::PolicyAttachment, Kind::InstanceProfile];
    assert!(account.find(&kinds).await.is_empty());
}

#[tokio::test]
async fn an_attachment_is_removed_alone() {
    let Some(mut account) = Account::of("attachment.example.com").await else { return };
    let name = "dns-controller.kube-system.sa.attachment.example.com";
    let role = Role {
        assume_role_policy_document: trust("ec2.amazonaws.com"),
        permissions_boundary: None,
        tags: account.tags(name),
    };
    account.create(name, role).await;
    let arn = &managed_policy(&account).await;
    let key = format!("{name} {arn}");
    account.create(&key, PolicyAttachment { role: Ref::managed(name), policy_arn: arn.clone() }).await;
    let observed = account.get(Kind::PolicyAttachment, &key).await;
    account.delete(observed).await;
    assert!(account.find(&[Kind::PolicyAttachment]).await.is_empty());
    assert_eq!(account.find(&[Kind::Role]).await.len(), 1);
}

#[tokio::test]
async fn roles_and_profiles_of_somebody_else_are_in_the_way() {
    let Some(mut account) = Account::of("foreign-roles.example.com").await else { return };
    let name = "nodes.foreign-roles.example.com";
    let iam = aws_sdk_iam::Client::new(&account.config);
    let document = trust("ec2.amazonaws.com");
    iam.create_role().role_name(name).assume_role_policy_document(document.to_json()).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name(name).send().await.unwrap();
    assert_eq!(account.get(Kind::Role, name).await.ownership, Ownership::Foreign);
    assert_eq!(account.get(Kind::InstanceProfile, name).await.ownership, Ownership::Foreign);

    let role = Role { assume_role_policy_document: document, permissions_boundary: None, tags: account.tags(name) };
    let error = account.try_create(name, role).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    let profile = InstanceProfile { role: Some(Ref::existing(name)), tags: account.tags(name) };
    let error = account.try_create(name, profile).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Conflict, "{error}");
    assert_eq!(account.get(Kind::Role, name).await.ownership, Ownership::Foreign);
}

#[tokio::test]
async fn a_provider_is_made_changed_and_removed() {
    let Some(mut account) = Account::of("oidc.example.com").await else { return };
    let name = "oidc.example.com";
    let mut provider = OidcProvider {
        url: "https://discovery.example.com/oidc.example.com".to_owned(),
        client_id_list: vec!["amazonaws.com".to_owned(), "sts.amazonaws.com".to_owned()],
        thumbprint_list: vec!["9e99a48a9960b14926bb7f3b02e22da2b0ab7280".to_owned()],
        tags: account.tags(name),
    };
    let handle = account.create(name, provider.clone()).await;
    let observed = account.get(Kind::OidcProvider, name).await;
    assert_eq!(observed.handle, handle);
    assert_is(&observed, provider.clone());

    provider.client_id_list = vec!["amazonaws.com".to_owned(), "other".to_owned()];
    provider.thumbprint_list.push("a9d53002e97e00e043244f3d170d6f4c414104fd".to_owned());
    provider.tags.set("team", "blue");
    account.update(observed, provider.clone(), &["ClientIdList", "ThumbprintList", "Tags"]).await;
    let observed = account.get(Kind::OidcProvider, name).await;
    assert_is(&observed, provider.clone());

    provider.thumbprint_list.pop();
    assert_eq!(account.create(name, provider.clone()).await, handle);
    assert_is(&account.get(Kind::OidcProvider, name).await, provider);
    account.delete(observed).await;
    assert!(account.find(&[Kind::OidcProvider]).await.is_empty());
}
