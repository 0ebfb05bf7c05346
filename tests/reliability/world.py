"""An account of the test server behind the proxy, and kedge commands that work on it."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

from snapshot import Account

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
# A command that takes longer hangs.
PATIENCE_SECONDS = 300


# Kinds of state store.  With `boot` the bucket also has what instances boot with.
STORES = ("none", "file", "s3", "boot")
# With a bucket the lease of a killed command has to end before the next one may go on.
LEASE_SECONDS = 4
BUCKET = "kedge-state"
HELD = "is being changed by somebody else"
# What a cluster has keys for, as the store calls it.
PURPOSES = ("kubernetes-ca", "etcd-ca", "apiserver-aggregator-ca", "service-account")


class Broken(Exception):
    """A command ended otherwise than it should."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster of the campaigns, and what it is changed to."""

    manifest: pathlib.Path
    changed: "Cluster | None" = None

    @property
    def letter(self):
        return self.manifest.stem

    @property
    def name(self):
        return re.search(r"^kind: Cluster\n(?:.*\n)*?  name: (\S+)$", self.manifest.read_text(), re.MULTILINE).group(1)


@dataclasses.dataclass
class Ended:
    """How a command ended, and the calls that it made."""

    code: int
    output: str
    calls: int
    by_action: dict
    struck: list

    @property
    def killed(self):
        return self.code == -9

    @property
    def written(self):
        """The actions that change something."""
        reads = ("Describe", "Get", "List", "GET ", "HEAD ")
        return [name for name in self.by_action if not name.split(":", 1)[1].startswith(reads)]

    @property
    def writes(self):
        return sum(self.by_action[name] for name in self.written)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*command):
    """A process that says `listening on …`, or one that listens on the port that its arguments name."""
    words = [str(word) for word in command]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


class World:
    """One test server and one proxy; `reset` gives it an account as new."""

    def __init__(self, args):
        self.args = args
        self.folder = tempfile.TemporaryDirectory()
        server = start(PYTHON, ROOT / "tests/moto/server.py", "--amis", args.amis, "--hosted-zone", "example.com")
        self.children = [server]
        line = server.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit("the test server did not start")
        self.url = line.split()[-1]
        self.port = free_port()
        upstream = self.url.removeprefix("http://")
        self.children.append(start(PYTHON, args.proxy, "--listen", f"127.0.0.1:{self.port}", "--upstream", upstream))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        self.account = Account(self.url)

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()
            child.stdout.close()
        self.folder.cleanup()

    def reset(self):
        """An account that has nothing but a hosted zone and images."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).read()
        shutil.rmtree(pathlib.Path(self.folder.name) / "store", ignore_errors=True)
        if self.has_bucket:
            scope = "Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
            headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}
            bucket = urllib.request.Request(f"{self.url}/{BUCKET}", method="PUT", headers=headers)
            urllib.request.urlopen(bucket).read()
        if self.args.store == "boot":
            self.key = self.account.client("kms").create_key()["KeyMetadata"]["Arn"]

    @property
    def has_bucket(self):
        return self.args.store in ("s3", "boot")

    def keys(self):
        """What is wrong with the cluster's keys and authorities, which are others each time: nothing else tells whether they
        are whole."""
        if self.args.store != "boot":
            return ""
        listed = self.account.all("s3", "list_objects_v2", "Contents", Bucket=BUCKET)
        held = {item["Key"] for item in listed}
        found = [key for key in held if key.endswith("/pki/keysets.json")]
        if len(found) != 1:
            return f"{len(found)} objects say which keys the cluster has"
        [place] = found
        body = self.account.client("s3").get_object(Bucket=BUCKET, Key=place)["Body"].read()
        keysets = json.loads(body)["keysets"]
        folder = place.removesuffix("keysets.json")
        named = {f"{folder}private/{keyset['purpose']}/{item['id']}.json" for keyset in keysets for item in keyset["items"]}
        if len(keysets) != len(PURPOSES) or named - held:
            return f"of keys there are {[keyset['purpose'] for keyset in keysets]}, without {sorted(named - held)}"
        return ""

    def programs(self):
        """A folder with what instances would run."""
        folder = pathlib.Path(self.folder.name) / "programs"
        folder.mkdir(exist_ok=True)
        for arch in ("amd64", "arm64"):
            (folder / f"kedge-node-{arch}").write_text(f"a program for {arch}\n")
        return str(folder)

    def control(self, name, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_proxy/{name}", data=data)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def environment(self, killed=False):
        """Nothing of the caller's but how long a lease lasts.  Only a command that is killed has one that ends soon: a machine
        that is busy may keep others from renewing it in time."""
        passed = {name: os.environ[name] for name in ("PATH", "KEDGE_LEASE_DURATION") if name in os.environ}
        if self.args.store == "boot":
            passed["KEDGE_NODE_BINARIES"] = self.programs()
        if self.has_bucket and killed:
            passed.setdefault("KEDGE_LEASE_DURATION", f"{LEASE_SECONDS}s")
        return passed | {
            "HOME": self.folder.name,
            "NO_COLOR": "1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *words, rules=(), seed=0, expect=None):
        """Runs a kedge command while the proxy follows `rules`; one that ends otherwise than expected breaks the run.  One
        that finds the lease of a killed command is given again until that has ended."""
        patience = time.monotonic() + 3 * LEASE_SECONDS
        while True:
            ended = self.run_once(*words, rules=rules, seed=seed)
            if ended.code != 1 or HELD not in ended.output or time.monotonic() > patience:
                break
            time.sleep(LEASE_SECONDS / 4)
        if expect is not None and ended.code not in expect:
            raise Broken(f"{' '.join(map(str, words))}: exit code {ended.code}\n{ended.output[-6000:]}")
        return ended

    def run_once(self, *words, rules=(), seed=0):
        """Runs a kedge command once."""
        self.control("reset", {"rules": list(rules), "seed": seed})
        killed = any(rule["effect"].startswith("kill") for rule in rules)
        with tempfile.TemporaryFile() as output:
            child = subprocess.Popen(
                [str(word) for word in (self.args.kedge, *words)], cwd=self.folder.name, env=self.environment(killed),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
            self.control("victim", {"pid": child.pid})
            try:
                code = child.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                raise Broken(f"{' '.join(map(str, words))}: not done after {PATIENCE_SECONDS} s") from None
            # What was sent before the end is processed, as on AWS.
            self.control("quiet", {})
            output.seek(0)
            text = output.read().decode("utf-8", "replace")
        stats = self.control("stats")
        return Ended(code, text, stats["calls"], stats["by_action"], stats["struck"])

    def apply(self, cluster, **options):
        key = ("--kms-key", self.key) if self.args.store == "boot" else ()
        return self.run("apply", "-f", cluster.manifest, "--yes", *self.store(), *key, **options)

    def delete(self, cluster, **options):
        return self.run("delete", "cluster", "--name", cluster.name, "--yes", *self.store(), **options)

    def plan(self, cluster, **options):
        return self.run("plan", "-f", cluster.manifest, "--detailed-exitcode", *self.store(), **options)

    def store(self):
        """Arguments that name the state store."""
        places = {"file": f"file://{self.folder.name}/store", "s3": f"s3://{BUCKET}", "boot": f"s3://{BUCKET}"}
        return ("--store", places[self.args.store]) if self.args.store in places else ()
