#!/usr/bin/env python3
"""Lets kedge commands go wrong before the test server, and looks at what is in the account afterwards.

    tests/reliability/run.py --clusters FOLDER --write docs/reliability.md   everything: hours
    tests/reliability/run.py --small                                         a choice of it: minutes

FOLDER holds a.yaml and b.yaml, and amis.json with the account's images; --small takes the clusters of specs/.  Every run
begins with an empty account and ends with a comparison of everything in it with what a life without faults leaves, by
snapshot.py, which knows nothing of kedge.  Exits with 1 if a run ends otherwise.
"""

import argparse
import concurrent.futures
import os
import pathlib
import queue
import re
import signal
import sys
import tempfile
import time
import traceback

import campaigns
import report
from campaigns import Result
from world import STORES, PYTHON, ROOT, Broken, Cluster, World

CAMPAIGNS = ("kill", "lost", "faults")
# Calls of commands that run side by side come in another order each time, and their number differs a little.
BEYOND = 5
OCCURRENCES = 3
SMALL_KILLS, SMALL_SEEDS = 6, 2
SMALL_LOSSES = (
    "ec2:CreateVpc",
    "ec2:CreateDhcpOptions",
    "ec2:CreateInternetGateway",
    "ec2:CreateVolume",
    "elasticloadbalancing:CreateLoadBalancer",
)
CHANGES = (
    (r"^  cloudProvider: aws$", "  cloudProvider: aws\n  cloudLabels:\n    changed: everywhere"),
    # The volumes of the first etcd members.
    (r"name: a$", "name: a\n      volumeSize: 30"),
    (r"^  machineType: t3.medium$", "  machineType: t3.large"),
    (r"^  maxSize: 1$", "  maxSize: 2"),
    (r"^  - 0.0.0.0/0$", "  - 198.51.100.0/24"),
)
IMAGE = "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714"


def chosen(args, scenes):
    return [scene for scene in scenes.values() if not args.scene or scene.name in args.scene]


def points(args, where, ended):
    """The numbers of the calls or writes to kill at: all, or some that are far apart."""
    last = ended.writes if where.endswith("write") else ended.calls
    if not args.small:
        return range(1, last + BEYOND + 1)
    return [1 + at * (last - 1) // (SMALL_KILLS - 1) for at in range(SMALL_KILLS)]


def kills(args, scenes):
    for where in ("after call", "before write"):
        for scene in chosen(args, scenes):
            if not args.small or scene.name != "change":
                for number in points(args, where, scene.ended):
                    yield campaigns.killed, scene, where, number
    if args.scene:
        return
    if not args.small:
        for number in points(args, "after write", scenes["delete"].ended):
            yield campaigns.undone, scenes["apply"], scenes["delete"], "after write", number
    for number in [3] if args.small else [1, 2, 3, 5, 8]:
        for where in ("after write", "before write"):
            # A client that is killed before its first write never gets anywhere.
            if (where, number) != ("before write", 1):
                yield campaigns.killed_again, scenes["apply"], where, number


def losses(args, scenes):
    if args.small:
        for action in SMALL_LOSSES:
            yield campaigns.lost, scenes["apply"], action, 1
        return
    for scene in chosen(args, scenes):
        for name in sorted(scene.ended.written):
            for occurrence in range(1, min(scene.ended.by_action[name], OCCURRENCES) + 1):
                yield campaigns.lost, scene, name, occurrence


def faults(args, scenes):
    letter = scenes["apply"].cluster.letter
    seeds = SMALL_SEEDS if args.small else args.seeds if letter == args.letters[0] else args.seeds // 5
    for seed in range(1, seeds + 1):
        for scene in chosen(args, scenes):
            if not args.small or scene.name != "change":
                yield campaigns.faulty, scene, seed


PLANS = {"kill": kills, "lost": losses, "faults": faults}


def attempt(world, job, scene, *case):
    """One run; whatever goes wrong is its result."""
    try:
        return job(world, scene, *case)
    except Broken as broken:
        why = str(broken)
    except Exception:
        why = traceback.format_exc()
    words = [part for part in case if isinstance(part, (str, int))]
    return Result(f"{scene.name}, {job.__name__}", scene.cluster.letter, " ".join(map(str, words)), broken=why)


def run(args, worlds, name, everything):
    """All runs of a campaign, on as many accounts as there are."""
    jobs = [case for scenes in everything for case in PLANS[name](args, scenes)]
    free = queue.SimpleQueue()
    for world in worlds:
        free.put(world)
    started = time.monotonic()
    done = 0

    def work(job):
        nonlocal done
        world = free.get()
        try:
            result = attempt(world, *job)
        finally:
            free.put(world)
        done += 1
        seconds = time.monotonic() - started
        if not result.good:
            print(report.failure(result), file=sys.stderr, flush=True)
        if args.log:
            print(report.line(result), file=args.log, flush=True)
        if done % 25 == 0 or not result.good:
            print(f"{name}: {done} of {len(jobs)} runs, {seconds:.0f} s", file=sys.stderr, flush=True)
        return result

    with concurrent.futures.ThreadPoolExecutor(len(worlds)) as pool:
        try:
            return list(pool.map(work, jobs))
        except BaseException:
            # Runs that have not begun would otherwise all be done first.
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedge", type=pathlib.Path, default=ROOT / "target/debug/kedge")
    parser.add_argument("--clusters", type=pathlib.Path, help="folder with a.yaml, b.yaml and amis.json")
    parser.add_argument("--letters", default="ab", help="which clusters of the folder; the first one is tried most")
    parser.add_argument("--only", choices=CAMPAIGNS, action="append", help="only this campaign; may be repeated")
    parser.add_argument("--scene", choices=("apply", "change", "delete"), action="append", help="only this command")
    parser.add_argument("--small", action="store_true", help="a choice that takes minutes, over specs/")
    parser.add_argument("--seeds", type=int, default=100, help="runs with faults over the first cluster; a fifth over others")
    parser.add_argument("--accounts", type=int, default=(os.cpu_count() or 1) + 1, help="runs at the same time")
    parser.add_argument("--proxy", type=pathlib.Path, default=ROOT / "tests/proxy/proxy.py", help=argparse.SUPPRESS)
    parser.add_argument("--store", choices=STORES, default="none", help="kind of state store; the tables of others than none have its name")
    parser.add_argument("--log", type=argparse.FileType("w"), metavar="FILE", help="a line of JSON for each run")
    parser.add_argument("--write", type=pathlib.Path, metavar="PAGE", help="put the tables into this page, which keeps those of other campaigns")
    args = parser.parse_args()
    if args.store == "boot":
        # What instances boot with names the endpoint, so that accounts behind two of them cannot be compared.
        args.accounts = 1
    if not args.small and not args.clusters:
        parser.error("--clusters FOLDER or --small")
    if not PYTHON.exists():
        parser.error("there is no .venv: run `tests/run server` first")
    args.kedge = args.kedge.resolve()
    if not args.kedge.exists():
        parser.error(f"--kedge: there is no {args.kedge}")
    if args.small:
        args.manifests, args.amis = [ROOT / "specs/minimal.yaml"], ROOT / "tests/moto/amis.json"
    else:
        args.manifests = [args.clusters.resolve() / f"{letter}.yaml" for letter in args.letters]
        args.amis = args.clusters.resolve() / "amis.json"
    return args


def clusters(args):
    """The clusters to work on, each with what it is changed to."""
    for manifest in args.manifests:
        # The test server has no parameters of Canonical's.
        text = re.sub(r"image: ssm:\S+", f"image: {IMAGE}", manifest.read_text())
        made = []
        for folder in ("changed", "made"):
            path = pathlib.Path(args.folder.name) / folder / manifest.name
            path.parent.mkdir(exist_ok=True)
            path.write_text(altered(text) if folder == "changed" else text)
            made.append(Cluster(path, *made))
        yield made[-1]


def altered(text):
    """A manifest with other tags, machines, sizes, volumes and networks that are let in."""
    for pattern, other in CHANGES:
        text, count = re.subn(pattern, other, text, flags=re.MULTILINE)
        if not count:
            raise SystemExit(f"no manifest without {pattern}")
    return text


CASES = {"kill": "kills", "lost": "answers lost", "faults": "runs"}


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args.folder = tempfile.TemporaryDirectory()
    worlds = [World(args) for _ in range(args.accounts)]
    bad = 0
    try:
        everything = [campaigns.scenes(worlds[0], cluster) for cluster in clusters(args)]
        for name in args.only or CAMPAIGNS:
            started = time.monotonic()
            results = run(args, worlds, name, everything)
            minutes = (time.monotonic() - started) / 60
            lines = [f"{len(results)} runs in {minutes:.0f} minutes on {report.machine()}.", "", *report.table(CASES[name], results)]
            if name == "lost":
                lines += report.lost_actions(results)
            text = "\n".join(lines)
            print(f"{name}: {text}")
            if args.write:
                section = name if args.store == "none" else f"{name}-{args.store}"
                report.write(args.write, section, text)
            bad += sum(not result.good for result in results)
    except Broken as broken:
        print(broken, file=sys.stderr)
        return 1
    finally:
        for world in worlds:
            world.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
