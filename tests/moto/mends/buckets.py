"""Buckets."""

from moto.s3.responses import S3Response

from mends.patching import mend


@mend(S3Response, "get_bucket_versioning")
def get_bucket_versioning(original, self):
    """AWS names the answer VersioningConfiguration, and clients refuse another name.  moto names it after the call."""
    status, headers, body = original(self)
    text = body.decode() if isinstance(body, bytes) else body
    return status, headers, text.replace("GetBucketVersioningResponse", "VersioningConfiguration")
