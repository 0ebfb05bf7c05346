#!/usr/bin/env python3
"""Measures whole kedge commands before the test server: API calls, depth, time, CPU and memory.

    tests/bench/run.py --clusters FOLDER [--boot] [--kedge target/release/kedge] [--write docs/benchmarks.md]

FOLDER holds a.yaml, b.yaml and c.yaml, and amis.json with the account's images.  Each cluster is created, planned again
with nothing to do, and deleted, in an account of its own behind a proxy that counts the calls and delays each by 50 ms.
Every figure is the median of the rounds.  Exits with 1 if a limit is exceeded.

With --boot the commands have a state store in S3 and a key of KMS, and deliver what instances boot with: the program,
configurations, add-ons, certificate authorities.  The limits are the same; kops's figures have its own store in them.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
LATENCY_MS = 50
CLUSTERS = ("a", "b", "c")
START, END = "<!-- measured: tests/bench/run.py --write -->", "<!-- end of what was measured -->"
BOOT_START, BOOT_END = "<!-- measured: tests/bench/run.py --boot --write -->", "<!-- end of what was measured with --boot -->"
BUCKET = "kedge-state"

# What kops 1.37 needed for the same commands, from which the limits were set.
KOPS = {
    "plan": {"calls": (206, 367, 947), "depth": (50, 70, 155), "wall": (4.4, 7.4, 25.0), "cpu": (1.0, 2.0, 10.7)},
    "create": {"calls": (361, 624, 1313), "depth": (80, 105, 190), "wall": (6.6, 10.0, 28.3)},
    "delete": {"wall": (13.6, 14.6, 12.4)},
}
KOPS_MEMORY = (144, 151, 173)
LIMITS = {
    "plan": {"depth": (6, 6, 6), "wall": (0.8, None, 2.0), "cpu": (0.1, None, 0.4)},
    "create": {"calls": (160, 280, 450), "depth": (22, 22, 22), "wall": (2.2, None, 6.0)},
    "delete": {"wall": (3.0, 3.0, 3.0)},
}
PLAN_CALLS_OF_A = 60
MEMORY_LIMIT, HELP_LIMIT, SIZE_LIMIT = 50, 20, 60
TITLES = {
    "plan": "plan, nothing to do",
    "create": "create",
    "delete": "delete",
    "calls": "API calls",
    "depth": "depth",
    "wall": f"wall, {LATENCY_MS} ms per call",
    "cpu": "CPU",
}


# Makes the hosted zone, and calls each service once: the server loads it at the first call, which takes seconds.
PREPARE = """
import boto3, sys
def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")
client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
client("ec2").describe_vpcs()
client("autoscaling").describe_auto_scaling_groups()
client("elb").describe_load_balancers()
client("elbv2").describe_load_balancers()
client("events").list_rules()
client("iam").list_roles()
client("sqs").list_queues()
client("ssm").describe_parameters()
client("sts").get_caller_identity()
if sys.argv[2:]:
    client("s3").create_bucket(Bucket=sys.argv[2])
    print(client("kms").create_key()["KeyMetadata"]["Arn"])
"""


@dataclasses.dataclass
class Sample:
    """One command, measured from outside."""

    wall: float
    cpu: float
    memory: float
    calls: int = 0
    depth: int = 0
    errors: int = 0
    actions: dict = dataclasses.field(default_factory=dict)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


class Account:
    """A test server with an empty account and a hosted zone, behind the proxy."""

    def __init__(self, args):
        self.children = []
        port, self.port = free_port(), free_port()
        amis = ["--amis", str(args.clusters / "amis.json")]
        self.start(PYTHON, ROOT / "tests/moto/server.py", "--port", str(port), *amis)
        wait_for(port)
        self.start(PYTHON, args.proxy, "--listen", f"127.0.0.1:{self.port}", "--upstream", f"127.0.0.1:{port}")
        wait_for(self.port)
        prepare = [PYTHON, "-c", PREPARE, f"http://127.0.0.1:{port}", *([BUCKET] if args.boot else [])]
        self.key = subprocess.run(prepare, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.control("config", {"latency_ms": LATENCY_MS})

    def start(self, *command):
        quiet = subprocess.DEVNULL
        self.children.append(subprocess.Popen([str(word) for word in command], stdout=quiet, stderr=quiet))

    def control(self, name, body=None):
        """Asks or tells the proxy."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_proxy/{name}", data=data)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()


def run(command, folder, port=None, expect=(0,)):
    """Runs a command in an environment without anything of the caller's and measures it."""
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "NO_COLOR": "1"}
    if port:
        environment |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in expect:
            output.seek(0)
            text = output.read().decode("utf-8", "replace")
            raise SystemExit(f"{' '.join(map(str, command))}: exit code {child.returncode}\n{text[-4000:]}")
    # Linux counts kilobytes, macOS bytes.
    memory = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Sample(wall, usage.ru_utime + usage.ru_stime, memory)


def measured(account, command, folder):
    account.control("reset", {"latency_ms": LATENCY_MS})
    sample = run(command, folder, account.port)
    stats = account.control("stats")
    sample.calls, sample.depth = stats["calls"], stats.get("serial_depth", 0)
    sample.errors, sample.actions = stats.get("errors", 0), stats.get("by_action", {})
    return sample


def programs(folder):
    """A folder with something in the place of the programs of instances, of their size."""
    for arch in ("amd64", "arm64"):
        pathlib.Path(folder, f"kedge-node-{arch}").write_bytes(arch.encode() * 4_000_000)
    return folder


def life(args, cluster):
    """Creates, plans and deletes a cluster once."""
    manifest, name = args.clusters / f"{cluster}.yaml", f"{cluster}.example.com"
    account = Account(args)
    try:
        with tempfile.TemporaryDirectory() as folder:
            store, keys = [], []
            if args.boot:
                store, keys = ["--store", f"s3://{BUCKET}", "--node-binaries", programs(folder)], ["--kms-key", account.key]
            create = measured(account, [args.kedge, "apply", "-f", manifest, "--yes", *store, *keys], folder)
            plan = [args.kedge, "plan", "-f", manifest, "--detailed-exitcode", *store]
            plans = [measured(account, plan, folder) for _ in range(args.plans)]
            delete = measured(account, [args.kedge, "delete", "cluster", "--name", name, "--yes", *store[:2]], folder)
    finally:
        account.stop()
    return {"create": [create], "plan": plans, "delete": [delete]}


def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def groups(args, cluster):
    """How many instance groups a manifest has."""
    return len(re.findall(r"^kind: InstanceGroup$", (args.clusters / f"{cluster}.yaml").read_text(), re.MULTILINE))


def shown(value, field):
    if value is None:
        return "–"
    if field in ("calls", "depth"):
        return f"{value:.0f}"
    return f"{value:.2f} s" if field in ("wall", "cpu") else f"{value:.0f} MB"


def table(args, results):
    """The rows, and how many of them exceed a limit."""
    chosen = [cluster for cluster in CLUSTERS if cluster in results]
    plan_calls = tuple(PLAN_CALLS_OF_A + groups(args, cluster) - groups(args, "a") for cluster in CLUSTERS)
    rows = [
        ("| what | " + " | ".join(f"{cluster}: kops | limit | kedge" for cluster in chosen) + " |"),
        "|---|" + "---:|" * 3 * len(chosen),
    ]
    exceeded = 0

    def row(title, field, values, limits, kops):
        nonlocal exceeded
        cells = []
        for cluster in chosen:
            place = CLUSTERS.index(cluster)
            limit, value = limits[place] if limits else None, values[cluster]
            over = limit is not None and value > limit
            exceeded += over
            bound = "–" if limit is None else f"≤ {shown(limit, field)}"
            mine = f"**{shown(value, field)} (over)**" if over else shown(value, field)
            cells.append(f"{shown(kops[place] if kops else None, field)} | {bound} | {mine}")
        rows.append(f"| {title} | {' | '.join(cells)} |")

    for command in ("plan", "create", "delete"):
        for field in ("calls", "depth", "wall", "cpu"):
            limits = LIMITS[command].get(field)
            if (command, field) == ("plan", "calls"):
                limits = plan_calls
            values = {cluster: median(results[cluster][command], field) for cluster in chosen}
            row(f"{TITLES[command]}: {TITLES[field]}", field, values, limits, KOPS[command].get(field))
    peak = {
        cluster: max(sample.memory for samples in results[cluster].values() for sample in samples) for cluster in chosen
    }
    row("peak memory", "memory", peak, (MEMORY_LIMIT,) * 3, KOPS_MEMORY)
    return rows, exceeded


def start_up(args):
    """Start-up time in ms and binary size in MB, as rows."""
    with tempfile.TemporaryDirectory() as folder:
        walls = [run([args.kedge, "--help"], folder).wall * 1000 for _ in range(30)]
    wall, size = statistics.median(walls), args.kedge.stat().st_size / 1e6
    rows = ["| what | limit | kedge |", "|---|---:|---:|"]
    exceeded = 0
    for title, value, limit, unit in (
        ("start-up of `kedge --help`", wall, HELP_LIMIT, "ms"),
        ("release binary", size, SIZE_LIMIT, "MB"),
    ):
        over = value >= limit
        exceeded += over
        mine = f"**{value:.1f} {unit} (over)**" if over else f"{value:.1f} {unit}"
        rows.append(f"| {title} | < {limit} {unit} | {mine} |")
    return rows, exceeded


def machine():
    model = platform.processor() or platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        model = found.group(1) if found else model
    return f"{platform.system()}, {os.cpu_count()} cores, {model}"


def write(path, text, start, end):
    page = path.read_text()
    before, rest = page.split(start)
    _, after = rest.split(end)
    path.write_text(f"{before}{start}\n\n{text}\n{end}{after}")


def arguments():
    clusters = os.environ.get("KEDGE_BENCH_CLUSTERS", ROOT.parent / "shared/kops/clusters")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedge", type=pathlib.Path, default=ROOT / "target/release/kedge")
    parser.add_argument("--clusters", type=pathlib.Path, default=clusters)
    parser.add_argument("--only", choices=CLUSTERS, action="append", help="only this cluster; may be repeated")
    proxy = os.environ.get("KEDGE_PROXY", ROOT / "tests/proxy/proxy.py")
    parser.add_argument("--proxy", type=pathlib.Path, default=proxy, help="another proxy with the same control answers")
    parser.add_argument("--boot", action="store_true", help="with a state store in S3 and what instances boot with")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plans", type=int, default=3, help="plans in each round")
    parser.add_argument("--write", type=pathlib.Path, metavar="PAGE", help="put the tables into this page")
    parser.add_argument("--actions", action="store_true", help="also print how often each API action was called")
    args = parser.parse_args()
    for field in ("kedge", "clusters", "proxy"):
        path = getattr(args, field).resolve()
        if not path.exists():
            parser.error(f"--{field}: there is no {path}")
        setattr(args, field, path)
    if not PYTHON.exists():
        parser.error("there is no .venv: run `tests/run server` first")
    return args


def main():
    args = arguments()
    results = {}
    for cluster in args.only or CLUSTERS:
        results[cluster] = {"create": [], "plan": [], "delete": []}
        for number in range(args.rounds):
            print(f"cluster {cluster}, round {number + 1} of {args.rounds}", file=sys.stderr)
            for command, samples in life(args, cluster).items():
                results[cluster][command] += samples
    rows, over = table(args, results)
    more, more_over = start_up(args)
    text = "\n".join([f"Measured on {machine()}.", "", *rows, "", *more, ""])
    print(text)
    if args.actions:
        for cluster, commands in results.items():
            for command, samples in commands.items():
                print(f"\n{cluster} {command}: {samples[-1].errors} errors")
                for action, count in samples[-1].actions.items():
                    print(f"  {count:4} {action}")
    if args.write:
        write(args.write, text, *((BOOT_START, BOOT_END) if args.boot else (START, END)))
    if over + more_over:
        print(f"{over + more_over} figures exceed their limit", file=sys.stderr)
    return 1 if over + more_over else 0


if __name__ == "__main__":
    sys.exit(main())
