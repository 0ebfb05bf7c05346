"""Buckets."""

from cases.account import Case


class Buckets(Case):
    def test_versioning_is_named_as_clients_expect(self):
        s3 = self.server.client("s3")
        s3.create_bucket(Bucket="versions")
        answers = []
        s3.meta.events.register("after-call.s3.GetBucketVersioning", lambda http_response, **_: answers.append(http_response.content))
        self.assertNotIn("Status", s3.get_bucket_versioning(Bucket="versions"))
        s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        self.assertEqual(s3.get_bucket_versioning(Bucket="versions")["Status"], "Enabled")
        for answer in answers:
            self.assertIn(b"<VersioningConfiguration", answer)
