"""Key pairs."""

import base64
import hashlib

from moto.core.responses import ActionResult
from moto.ec2 import models as ec2
from moto.ec2.responses.key_pairs import KeyPairs

from mends.patching import mend


@mend(ec2.EC2Backend, "import_key_pair")
def import_key_pair(original, self, key_name, public_key_material, tags):
    """AWS: the fingerprint of an ed25519 key is the base64 of the SHA-256 of its SSH wire form.  moto: the hexadecimal
    SHA-256 of its DER form."""
    pair = original(self, key_name, public_key_material, tags)
    text = public_key_material.decode() if isinstance(public_key_material, bytes) else public_key_material
    words = text.split()
    if words and words[0] == "ssh-ed25519":
        digest = hashlib.sha256(base64.b64decode(words[1])).digest()
        pair.key_fingerprint = base64.b64encode(digest).decode()
    return pair


@mend(KeyPairs, "delete_key_pair")
def delete_key_pair(original, self):
    """AWS deletes by id as well.  moto ignores KeyPairId and answers success."""
    wanted = self._get_param("KeyPairId")
    for name, pair in list(self.ec2_backend.key_pairs.items()):
        if wanted and pair.id == wanted:
            self.ec2_backend.delete_key_pair(name)
            return ActionResult({"Return": True, "KeyPairId": wanted})
    return original(self)
