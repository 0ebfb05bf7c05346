"""Tests of the program in user data: `python3 boot_test.py USER_DATA`, as `user_data.rs` runs it."""

import datetime
import email
import hashlib
import http.server
import json
import os
import sys
import tempfile
import threading
import types
import unittest

USER_DATA = sys.argv.pop(1)
KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "Token": "session"}


def program():
    """The program, as cloud-init would find it, as a module."""
    with open(USER_DATA) as file:
        message = email.message_from_file(file)
    part = message.get_payload()[0]
    assert part.get_content_type() == "text/x-shellscript", part.get_content_type()
    module = types.ModuleType("boot")
    exec(compile(part.get_payload(decode=True), "boot.py", "exec"), module.__dict__)
    return module


class Server(http.server.BaseHTTPRequestHandler):
    """A metadata service and a store in one."""

    objects = {}
    failures = 0
    cuts = 0
    boot = None

    def log_message(self, *_):
        pass

    def answer(self, code, body):
        self.send_response(code)
        cut = Server.cuts and code == 200 and "x-amz-date" in self.headers
        if cut:
            Server.cuts -= 1
        self.send_header("Content-Length", str(len(body) + (10 if cut else 0)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        known = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if known else 404, b"token")

    def do_GET(self):
        place = "/latest/meta-data/iam/security-credentials/"
        if self.path.startswith(place):
            if self.headers["X-aws-ec2-metadata-token"] != "token":
                return self.answer(401, b"")
            return self.answer(200, json.dumps(KEYS).encode() if self.path != place else b"nodes.c.example.com\n")
        if Server.failures:
            Server.failures -= 1
            return self.answer(503, b"slow down")
        stamp = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        stamp = stamp.replace(tzinfo=datetime.timezone.utc)
        wanted = Server.boot.sign("GET", self.headers["host"], self.path, {}, KEYS, "us-east-1", stamp)
        if self.headers["authorization"] != wanted["authorization"]:
            return self.answer(403, b"SignatureDoesNotMatch")
        body = Server.objects.get(self.path)
        return self.answer(404, b"NoSuchKey") if body is None else self.answer(200, body)


class Boot(unittest.TestCase):
    def setUp(self):
        self.boot = program()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        url = "http://127.0.0.1:%d" % server.server_port
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.said, self.ran, self.slept, self.asked = [], [], [], []
        self.boot.CONFIG["endpoint"] = url
        self.boot.METADATA = ["http://127.0.0.1:1", url]
        self.boot.PROGRAM = folder.name + "/opt/kedge-node"
        self.boot.GROUP = folder.name + "/etc/group.json"
        self.boot.__file__ = folder.name + "/user-data.py"
        self.boot.KEPT = folder.name + "/opt/boot.py"
        self.boot.LOCK = folder.name + "/lock"
        self.boot.UNITS = folder.name + "/units"
        with open(self.boot.__file__, "w") as file:
            file.write("# the program\n")
        self.boot.systemctl = lambda *arguments: self.asked.append(" ".join(arguments))
        self.boot.say = self.said.append
        self.boot.os = types.SimpleNamespace(**vars(os))
        self.boot.os.execv = lambda path, arguments: self.ran.append(arguments)
        self.boot.time = types.SimpleNamespace(monotonic=lambda: sum(self.slept), sleep=self.slept.append)
        self.boot.platform = types.SimpleNamespace(machine=lambda: "x86_64")
        Server.boot, Server.failures, Server.cuts, Server.objects = self.boot, 0, 0, {}
        self.put("node", b"\x7fELF", "amd64")
        self.put("config", b"{}")

    def put(self, name, body, arch=None):
        payload = self.boot.CONFIG[name][arch] if arch else self.boot.CONFIG[name]
        payload["sha256"] = hashlib.sha256(body).hexdigest()
        Server.objects["/examplebucket/" + payload["key"]] = body

    def test_it_fetches_checks_and_runs(self):
        self.boot.main()
        self.assertEqual(self.ran, [[self.boot.PROGRAM, "boot", "--config", self.boot.GROUP]])
        self.assertEqual(os.stat(self.boot.PROGRAM).st_mode & 0o777, 0o755)
        self.assertEqual(os.stat(self.boot.GROUP).st_mode & 0o777, 0o600)
        self.assertEqual(self.said, ["kedge-node begins"])

    def test_it_tries_again(self):
        Server.failures = 3
        self.boot.main()
        self.assertEqual(self.slept, [2, 4, 8])
        self.assertIn("answers 503: slow down", self.said[0])
        self.assertEqual(len(self.ran), 1)

    def test_a_cut_answer_is_tried_again(self):
        Server.cuts = 1
        self.boot.main()
        self.assertEqual(self.slept, [2])
        self.assertIn("IncompleteRead", self.said[0])
        self.assertEqual(len(self.ran), 1)

    def test_the_store_is_reached_by_the_proxy_and_metadata_is_not(self):
        seen = []

        class Proxy(Server):
            def do_GET(self):
                seen.append(self.path)
                self.path = "/" + self.path.split("/", 3)[3]
                Server.do_GET(self)

        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        self.addCleanup(proxy.shutdown)
        url = "http://127.0.0.1:%d" % proxy.server_port
        self.boot.CONFIG.update(proxy={"url": url, "direct": ["127.0.0.1", ".internal"]}, endpoint="http://s3.example.com")
        self.boot.main()
        self.assertEqual(self.said, ["kedge-node begins"])
        self.assertEqual(seen, ["http://s3.example.com" + path for path in Server.objects])
        self.boot.CONFIG["proxy"]["direct"].append("s3.example.com")
        self.boot.DEADLINE = 0
        self.assertEqual(self.boot.main(), 1)
        self.assertEqual(len(seen), 2)

    def test_a_unit_goes_on_after_a_reboot(self):
        def reboot(*_):
            raise KeyboardInterrupt

        self.boot.fetch = reboot
        with self.assertRaises(KeyboardInterrupt):
            self.boot.main()
        self.assertEqual(self.asked, ["daemon-reload", "enable --quiet kedge-boot.service"])
        with open(self.boot.KEPT) as file:
            self.assertEqual(file.read(), "# the program\n")
        with open(self.boot.UNITS + "/kedge-boot.service") as file:
            self.assertIn("\nExecStart=%s %s\n" % (sys.executable, self.boot.KEPT), file.read())

    def test_the_unit_begins_again_and_installs_nothing(self):
        Server.failures = 10**9
        self.boot.__file__ = self.boot.KEPT
        self.assertEqual(self.boot.main(), 1)
        self.assertEqual(self.asked, [])
        Server.failures = 0
        self.boot.main()
        self.assertEqual((len(self.ran), self.asked), (1, []))

    def test_what_cannot_be_run_is_gone_on_with(self):
        def fails(*_):
            raise OSError("Exec format error")

        self.boot.os.execv = fails
        self.assertEqual(self.boot.main(), 1)
        self.assertIn("Exec format error", self.said[-1])
        self.assertEqual(self.asked[-1], "start --no-block kedge-boot.service")

    def test_an_image_without_units_boots(self):
        def fails(*_):
            raise OSError("there is no systemctl")

        self.boot.systemctl = fails
        self.boot.main()
        self.assertIn("there is no systemctl", self.said[0])
        self.assertEqual(len(self.ran), 1)

    def test_it_gives_up_in_the_end(self):
        Server.failures = 10**9
        self.assertEqual(self.boot.main(), 1)
        self.assertIn("given up after 1800 s", self.said[-1])
        self.assertLessEqual(sum(self.slept), 1800)
        self.assertEqual(self.ran, [])
        self.assertEqual(self.asked[-1], "start --no-block kedge-boot.service")

    def test_another_digest_is_refused_and_both_are_said(self):
        self.boot.CONFIG["config"]["sha256"] = "f" * 64
        self.assertEqual(self.boot.main(), 1)
        self.assertEqual(len(self.said), 1)
        self.assertIn("f" * 64, self.said[0])
        self.assertIn(hashlib.sha256(b"{}").hexdigest(), self.said[0])
        self.assertEqual((self.ran, self.slept), ([], []))
        self.assertFalse(os.path.exists(self.boot.GROUP))

    def test_an_unknown_machine_is_refused(self):
        self.boot.platform = types.SimpleNamespace(machine=lambda: "riscv64")
        self.assertEqual(self.boot.main(), 1)
        self.assertIn("riscv64", self.said[0])

    def test_the_metadata_service_is_named_when_it_is_silent(self):
        self.boot.METADATA = ["http://127.0.0.1:1"]
        self.assertEqual(self.boot.main(), 1)
        self.assertIn("the metadata service does not answer", self.said[0])

    def test_signatures_are_those_of_the_documentation(self):
        keys = {
            "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        }
        now = datetime.datetime(2013, 5, 24, tzinfo=datetime.timezone.utc)
        host = "examplebucket.s3.amazonaws.com"
        headers = self.boot.sign("GET", host, "/test.txt", {"range": "bytes=0-9"}, keys, "us-east-1", now)
        signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        self.assertTrue(headers["authorization"].endswith("Signature=" + signature), headers["authorization"])

    def test_buckets_are_where_their_names_fit(self):
        del self.boot.CONFIG["endpoint"]
        https = ("https", "examplebucket.s3.dualstack.us-east-1.amazonaws.com", "/a/b%20c")
        self.assertEqual(self.boot.place("a/b c"), https)
        self.boot.CONFIG.update(bucket="a.b", region="cn-north-1")
        self.assertEqual(self.boot.place("k"), ("https", "s3.dualstack.cn-north-1.amazonaws.com.cn", "/a.b/k"))


if __name__ == "__main__":
    unittest.main()
