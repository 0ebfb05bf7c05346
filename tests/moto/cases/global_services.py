"""DNS records, EventBridge, roles."""

from cases.account import Case


class Records(Case):
    def setUp(self):
        super().setUp()
        self.dns = self.server.client("route53")
        self.zone = self.dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]

    def change(self, *changes):
        batch = [
            {
                "Action": action,
                "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]},
            }
            for action, name, value in changes
        ]
        self.dns.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": batch})

    def records(self):
        found = self.dns.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [(r["Name"], r["ResourceRecords"][0]["Value"]) for r in found if r["Type"] == "A"]

    def wrong(self, *changes):
        before = self.records()
        self.refused("InvalidChangeBatch", lambda: self.change(*changes))
        self.assertEqual(self.records(), before)

    def test_a_record_is_created_once(self):
        self.change(("CREATE", "api.example.com", "10.0.0.1"))
        self.wrong(("CREATE", "api.example.com.", "10.0.0.2"))

    def test_a_record_is_deleted_with_its_values(self):
        self.change(("CREATE", "api.example.com", "10.0.0.1"))
        self.change(("UPSERT", "api.example.com", "10.0.0.2"))
        self.wrong(("DELETE", "api.example.com", "10.0.0.1"))
        self.wrong(("DELETE", "other.example.com", "10.0.0.1"))
        self.change(("DELETE", "API.example.com.", "10.0.0.2"))
        self.assertEqual(self.records(), [])

    def test_a_batch_is_whole(self):
        self.wrong(("CREATE", "api.example.com", "10.0.0.1"), ("CREATE", "api.example.org", "10.0.0.1"))

    def test_deleted_records_can_be_created_in_the_same_batch(self):
        self.change(("CREATE", "api.example.com", "10.0.0.1"))
        self.change(("DELETE", "api.example.com", "10.0.0.1"), ("CREATE", "api.example.com", "10.0.0.2"))
        self.assertEqual(self.records(), [("api.example.com.", "10.0.0.2")])
        self.wrong(("DELETE", "api.example.com", "10.0.0.1"))


class Rules(Case):
    def test_tags_of_a_rule_that_is_put_again(self):
        events = self.server.client("events")
        for value in ("first", "second"):
            tags = [{"Key": "owner", "Value": value}]
            rule = events.put_rule(Name="rule", EventPattern='{"source": ["aws.ec2"]}', Tags=tags)["RuleArn"]
        found = events.list_tags_for_resource(ResourceARN=rule)["Tags"]
        self.assertEqual(found, [{"Key": "owner", "Value": "first"}])


class Identities(Case):
    TRUST = '{"Version": "2012-10-17", "Statement": []}'
    ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
    TAGS = [{"Key": "owner", "Value": "me"}]

    def setUp(self):
        super().setUp()
        self.iam = self.server.client("iam")

    def test_tags_of_an_instance_profile(self):
        self.iam.create_instance_profile(InstanceProfileName="profile", Tags=self.TAGS)
        found = self.iam.list_instance_profile_tags(InstanceProfileName="profile")["Tags"]
        self.assertEqual(found, self.TAGS)
        self.refused("NoSuchEntity", self.iam.list_instance_profile_tags, InstanceProfileName="other")

    def test_lists_have_no_tags(self):
        boundary = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        self.iam.create_role(
            RoleName="role", AssumeRolePolicyDocument=self.TRUST, Tags=self.TAGS, PermissionsBoundary=boundary
        )
        self.iam.create_instance_profile(InstanceProfileName="profile", Tags=self.TAGS)
        role, profile = self.iam.list_roles()["Roles"][0], self.iam.list_instance_profiles()["InstanceProfiles"][0]
        self.assertEqual([row.get("Tags", []) for row in (role, profile)], [[], []])
        self.assertNotIn("PermissionsBoundary", role)
        role = self.iam.get_role(RoleName="role")["Role"]
        self.assertEqual((role["Tags"], role["PermissionsBoundary"]["PermissionsBoundaryArn"]), (self.TAGS, boundary))

    def test_details_of_roles_come_in_pages(self):
        for name in "abc":
            self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=self.TRUST, Tags=self.TAGS)
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=self.ALLOW)
        self.iam.create_instance_profile(InstanceProfileName="profile", Tags=self.TAGS)
        self.iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="a")
        pages, marker = [], {}
        while not pages or pages[-1]["IsTruncated"]:
            pages.append(self.iam.get_account_authorization_details(Filter=["Role"], MaxItems=2, **marker))
            marker = {"Marker": pages[-1].get("Marker")}
        roles = [role for page in pages for role in page["RoleDetailList"]]
        self.assertEqual([len(page["RoleDetailList"]) for page in pages], [2, 1])
        self.assertEqual([role["RoleName"] for role in roles], ["a", "b", "c"])
        self.assertEqual([role["Tags"] for role in roles], [self.TAGS] * 3)
        self.assertEqual([role["RolePolicyList"][0]["PolicyName"] for role in roles], ["inline"] * 3)
        self.assertEqual([profile.get("Tags", []) for profile in roles[0]["InstanceProfileList"]], [[]])

    def test_a_role_leaves_a_profile_once(self):
        self.iam.create_role(RoleName="role", AssumeRolePolicyDocument=self.TRUST)
        self.iam.create_instance_profile(InstanceProfileName="profile")
        names = {"InstanceProfileName": "profile", "RoleName": "role"}
        self.iam.add_role_to_instance_profile(**names)
        self.iam.remove_role_from_instance_profile(**names)
        self.refused("NoSuchEntity", self.iam.remove_role_from_instance_profile, **names)

    def test_managed_policies_exist(self):
        arn = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
        for _ in range(2):
            self.iam.create_role(RoleName="role", AssumeRolePolicyDocument=self.TRUST)
            self.iam.attach_role_policy(RoleName="role", PolicyArn=arn)
            self.assertEqual(self.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
            self.server.reset()
