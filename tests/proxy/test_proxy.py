#!/usr/bin/env python3
"""Tests of the proxy: what it forwards, what it lets go wrong, and what it counts."""

import http.client
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest

from faults import Faults
from wire import Call

PROXY = pathlib.Path(__file__).resolve().parent / "proxy.py"
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers every call and remembers that it did."""

    protocol_version = "HTTP/1.1"
    done = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.done.append(body.decode())
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Tests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        threading.Thread(target=cls.upstream.serve_forever, daemon=True).start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            cls.port = probe.getsockname()[1]
        upstream = f"127.0.0.1:{cls.upstream.server_port}"
        cls.proxy = subprocess.Popen([sys.executable, PROXY, "--listen", f":{cls.port}", "--upstream", upstream])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", cls.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the proxy did not start")

    @classmethod
    def tearDownClass(cls):
        cls.proxy.terminate()
        cls.proxy.wait()
        cls.upstream.shutdown()
        cls.upstream.server_close()

    def setUp(self):
        Upstream.done.clear()

    def control(self, name, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET" if body is None else "POST", f"/_proxy/{name}", body and json.dumps(body))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def rules(self, *rules, **config):
        self.control("reset", {"rules": list(rules), **config})

    def call(self, service, action):
        """Status and body of the answer to a call; none without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"authorization": CREDENTIAL.format(service), **FORM}
        try:
            connection.request("POST", "/", f"Action={action}&Version=1", headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def test_calls_are_forwarded_and_counted(self):
        self.rules()
        self.assertEqual(self.call("ec2", "CreateVpc"), (200, "done"))
        self.assertEqual(self.call("ec2", "DescribeVpcs"), (200, "done"))
        stats = self.control("stats")
        self.assertEqual((stats["calls"], stats["serial_depth"], stats["struck"]), (2, 2, []))
        self.assertEqual(stats["by_action"], {"ec2:CreateVpc": 1, "ec2:DescribeVpcs": 1})

    def test_latency_is_added(self):
        self.rules(latency_ms=200)
        start = time.monotonic()
        self.call("ec2", "CreateVpc")
        self.assertGreaterEqual(time.monotonic() - start, 0.2)

    def test_errors_have_the_format_of_the_service_and_nothing_is_done(self):
        for service, throttled, failed in [
            ("ec2", (503, "<Errors><Error><Code>RequestLimitExceeded<"), (500, "<Errors><Error><Code>InternalError<")),
            ("iam", (400, "<Type>Sender</Type><Code>Throttling<"), (500, "<Type>Receiver</Type><Code>InternalFailure<")),
            ("route53", (400, "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling<"), (500, "<Code>InternalError<")),
            ("s3", (503, "<Error><Code>SlowDown<"), (500, "<Error><Code>InternalError<")),
            ("sqs", (403, '"__type": "RequestThrottled"'), (500, '"__type": "InternalError"')),
            ("events", (400, '"__type": "ThrottlingException"'), (500, '"__type": "InternalException"')),
        ]:  # fmt: skip
            for effect, (status, text) in {"throttle": throttled, "fail": failed}.items():
                self.rules({"effect": effect})
                answer = self.call(service, "Anything")
                self.assertEqual(answer[0], status, (service, effect))
                self.assertIn(text, answer[1])
        self.assertEqual(Upstream.done, [])

    def test_a_lost_call_is_done_once_and_has_no_answer(self):
        self.rules({"effect": "lose", "action": "Create*", "nth": 2})
        self.call("ec2", "CreateVpc")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.call("ec2", "CreateSubnet")
        self.call("ec2", "CreateSubnet")
        self.assertEqual(len(Upstream.done), 3)
        self.assertEqual(self.control("stats")["struck"], [{"effect": "lose", "call": "ec2:CreateSubnet", "occurrence": 1}])

    def test_a_reset_call_is_not_done(self):
        self.rules({"effect": "reset", "at_most": 1})
        with self.assertRaises(ConnectionResetError):
            self.call("ec2", "CreateVpc")
        self.assertEqual(Upstream.done, [])
        self.assertEqual(self.call("ec2", "CreateVpc"), (200, "done"))

    def test_the_client_is_killed_before_or_after_the_call(self):
        for effect, done in {"kill-before": 1, "kill-after": 2}.items():
            Upstream.done.clear()
            self.rules({"effect": effect, "nth": 2})
            code = (
                "import http.client\n"
                "for _ in range(3):\n"
                f"    connection = http.client.HTTPConnection('127.0.0.1', {self.port})\n"
                f"    connection.request('POST', '/', 'Action=CreateVpc', {FORM})\n"
                "    connection.getresponse().read()\n"
            )
            client = subprocess.Popen([sys.executable, "-c", code])
            self.control("victim", {"pid": client.pid})
            self.assertEqual(client.wait(10), -9)
            self.control("quiet", {})
            self.assertEqual(len(Upstream.done), done)

    def test_probabilities_add_up_and_follow_from_the_seed(self):
        def strike(seed):
            rules = [{"effect": "throttle", "chance": 0.2}, {"effect": "fail", "chance": 0.05}]
            faults = Faults(rules, seed)
            return [faults.strike(Call("ec2", f"Create{number % 7}")) for number in range(4000)]

        effects = strike(1)
        self.assertAlmostEqual(effects.count("throttle") / 4000, 0.2, delta=0.02)
        self.assertAlmostEqual(effects.count("fail") / 4000, 0.05, delta=0.01)
        self.assertEqual(effects, strike(1))
        self.assertNotEqual(effects, strike(2))

    def test_rules_choose_calls(self):
        faults = Faults([{"effect": "fail", "service": "ec2", "writes": True, "nth": [1, 3]}])
        calls = [("ec2", "DescribeVpcs"), ("ec2", "CreateVpc"), ("iam", "CreateRole"), ("ec2", "CreateTags"), ("ec2", "CreateVpc")]
        struck = [faults.strike(Call(*call)) is not None for call in calls]
        self.assertEqual(struck, [False, True, False, False, True])
        with self.assertRaises(ValueError):
            Faults([{"effect": "explode"}])


if __name__ == "__main__":
    unittest.main()
