#!/usr/bin/env python3
"""Fetches kedge-node and the configuration of this instance's group, checks them, and runs the one with the other.

cloud-init runs this once in the life of an instance. So it leaves a unit that runs it again until kedge-node has one of its own.
"""

import datetime
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CONFIG = {}
METADATA = ["http://169.254.169.254", "http://[fd00:ec2::254]"]
DEADLINE = 1800
PROGRAM = "/opt/kedge/kedge-node"
GROUP = "/etc/kedge/group.json"
KEPT = "/opt/kedge/boot.py"
LOCK = "/run/kedge-boot.lock"
UNITS = "/etc/systemd/system"
UNIT = "kedge-boot.service"
UNIT_TEXT = """\
[Unit]
Description=kedge: fetches kedge-node
Wants=network-online.target
After=network-online.target
ConditionPathExists=!/etc/systemd/system/multi-user.target.wants/kedge-node.service
StartLimitIntervalSec=0

[Service]
ExecStart=%s %s
Restart=on-failure
RestartSec=30

[Install]
WantedBy=multi-user.target
"""


class Refused(Exception):
    """What trying again does not mend."""


def say(text):
    line = "kedge: " + text
    print(line, flush=True)
    try:
        with open("/dev/console", "w") as console:
            console.write(line + "\n")
    except OSError:
        pass


def request(url, headers, method="GET"):
    proxy, host = CONFIG.get("proxy"), urllib.parse.urlsplit(url).hostname
    direct = not proxy or urllib.request.proxy_bypass_environment(host, {"no": ",".join(proxy["direct"])})
    proxies = {} if direct else {"http": proxy["url"], "https": proxy["url"]}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(urllib.request.Request(url, headers=headers, method=method), timeout=30) as answer:
            return answer.read()
    except http.client.HTTPException as error:
        # An answer that was cut, among others.
        raise OSError("%s: %r" % (url, error)) from error


def credentials():
    """The credentials of the instance's role."""
    failure = None
    for host in METADATA:
        try:
            ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
            token = request(host + "/latest/api/token", ttl, "PUT").decode()
            header = {"X-aws-ec2-metadata-token": token}
            place = host + "/latest/meta-data/iam/security-credentials/"
            role = request(place, header).decode().strip()
            return json.loads(request(place + role, header))
        except OSError as error:
            failure = error
    raise OSError("the metadata service does not answer: %s" % failure)


def sign(method, host, path, headers, keys, region, now):
    """Headers with a signature of version 4 for S3, without a body."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = "%s/%s/s3/aws4_request" % (stamp[:8], region)
    empty = hashlib.sha256(b"").hexdigest()
    headers = dict(headers, **{"host": host, "x-amz-content-sha256": empty, "x-amz-date": stamp})
    if keys.get("Token"):
        headers["x-amz-security-token"] = keys["Token"]
    names = sorted(headers)
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in names)
    canonical = "\n".join([method, path, "", lines, ";".join(names), empty])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (
        keys["AccessKeyId"],
        scope,
        ";".join(names),
        hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
    )
    return headers


def place(key):
    """Scheme, host and path of an object. Names with dots do not fit the certificate of S3."""
    key = urllib.parse.quote(key)
    if CONFIG.get("endpoint"):
        scheme, host = CONFIG["endpoint"].split("://", 1)
        return scheme, host, "/%s/%s" % (CONFIG["bucket"], key)
    domain = "amazonaws.com.cn" if CONFIG["region"].startswith("cn-") else "amazonaws.com"
    host = "s3.dualstack.%s.%s" % (CONFIG["region"], domain)
    if "." in CONFIG["bucket"]:
        return "https", host, "/%s/%s" % (CONFIG["bucket"], key)
    return "https", "%s.%s" % (CONFIG["bucket"], host), "/" + key


def fetch(payload):
    """An object of the store, if it is what user data says."""
    scheme, host, path = place(payload["key"])
    now = datetime.datetime.now(datetime.timezone.utc)
    headers = sign("GET", host, path, {}, credentials(), CONFIG["region"], now)
    body = request("%s://%s%s" % (scheme, host, path), headers)
    found = hashlib.sha256(body).hexdigest()
    if found != payload["sha256"]:
        raise Refused("%s has the digest %s, and %s is wanted" % (payload["key"], found, payload["sha256"]))
    return body


def write(path, body, mode):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = path + ".new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(new, mode)
    os.replace(new, path)


def systemctl(*arguments):
    subprocess.run(("systemctl",) + arguments, check=True)


def keep():
    """Leaves this program as a unit, so that a reboot is gone on from."""
    try:
        with open(__file__, "rb") as file:
            write(KEPT, file.read(), 0o755)
        write(UNITS + "/" + UNIT, (UNIT_TEXT % (sys.executable, KEPT)).encode(), 0o644)
        systemctl("daemon-reload")
        systemctl("enable", "--quiet", UNIT)
    except (OSError, subprocess.SubprocessError) as error:
        say("%s is not in place, so that a reboot is not gone on from: %s" % (UNIT, error))


def boot():
    machine = platform.machine()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine)
    if arch not in CONFIG["node"]:
        raise Refused("there is no kedge-node for the machine %s" % machine)
    write(PROGRAM, fetch(CONFIG["node"][arch]), 0o755)
    write(GROUP, fetch(CONFIG["config"]), 0o600)


def explain(error):
    if isinstance(error, urllib.error.HTTPError):
        return "%s answers %s: %s" % (error.url, error.code, error.read(300).decode(errors="replace"))
    return str(error)


def fetch_and_run():
    begin, wait = time.monotonic(), 2
    while True:
        try:
            boot()
            break
        except Refused as error:
            say("stopped: %s" % error)
            return 1
        except (OSError, ValueError, KeyError) as error:
            left = DEADLINE - (time.monotonic() - begin)
            if left < wait:
                say("given up after %d s, and begun again soon: %s" % (DEADLINE, explain(error)))
                return 1
            say("trying again in %d s: %s" % (wait, explain(error)))
        time.sleep(wait)
        wait = min(wait * 2, 30)
    say("kedge-node begins")
    os.execv(PROGRAM, [PROGRAM, "boot", "--config", GROUP])
    return 0


def main():
    """As user data it does the work itself, so that parts of the manifest come after it. With what fails, the unit goes on."""
    of_unit = os.path.realpath(__file__) == os.path.realpath(KEPT)
    code = 1
    try:
        # One at a time. The lock ends with this program, also where it becomes kedge-node.
        with open(LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not of_unit:
                keep()
            code = fetch_and_run()
    except (OSError, subprocess.SubprocessError) as error:
        say("failed: %s" % explain(error))
    if code and not of_unit:
        systemctl("start", "--no-block", UNIT)
    return code


if __name__ == "__main__":
    sys.exit(main())
