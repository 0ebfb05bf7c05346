"""Private zones, TLS listeners, and OpenID Connect providers."""

from cases.account import Case


class Dns(Case):
    def setUp(self):
        super().setUp()
        self.dns = self.server.client("route53")

    def zone(self, name="example.com", **params):
        return self.dns.create_hosted_zone(Name=name, CallerReference=name, **params)["HostedZone"]["Id"]

    def test_a_vpc_sees_a_zone_once(self):
        vpc = {"VPCRegion": "us-east-1", "VPCId": self.vpc()}
        zone = self.zone(VPC=vpc, HostedZoneConfig={"PrivateZone": True, "Comment": ""})
        self.refused(
            "ConflictingDomainExists", self.dns.associate_vpc_with_hosted_zone, HostedZoneId=zone, VPC=vpc
        )


class Tls(Case):
    def test_a_listener_can_change_to_tls(self):
        vpc = self.vpc()
        balancer, group = self.balancer(self.subnet(vpc))["LoadBalancerArn"], self.target_group(vpc)
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer, Protocol="TCP", Port=443, DefaultActions=actions
        )["Listeners"][0]["ListenerArn"]
        certificate = self.server.client("iam").upload_server_certificate(
            ServerCertificateName="a", CertificateBody="body", PrivateKey="key"
        )["ServerCertificateMetadata"]["Arn"]
        changed = self.elb.modify_listener(
            ListenerArn=listener, Protocol="TLS", DefaultActions=actions, Certificates=[{"CertificateArn": certificate}]
        )["Listeners"][0]
        self.assertEqual(changed["Protocol"], "TLS")


class Providers(Case):
    def test_audiences_come_and_go(self):
        iam = self.server.client("iam")
        arn = iam.create_open_id_connect_provider(Url="https://oidc.example.com", ClientIDList=["a", "b"])[
            "OpenIDConnectProviderArn"
        ]
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
        has = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
        self.assertEqual(sorted(has), ["b", "c"])
