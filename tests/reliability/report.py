"""What the campaigns found: tables for people, and the page that keeps them."""

import json
import os
import pathlib
import platform

def table(first, results):
    """A table with a row for each campaign and cluster; `first` heads the column of cases."""
    rows = [
        f"| what | cluster | {first} | converged | most commands | left over | twice | missing or different | failed |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    # In the order in which they were asked for, which is not the one in which they ended.
    for campaign, cluster in dict.fromkeys((result.campaign, result.cluster) for result in results):
        own = [result for result in results if (result.campaign, result.cluster) == (campaign, cluster) and result.struck]
        if not own:
            continue
        found = [result.difference for result in own if result.difference]
        cells = [
            len(own),
            sum(result.good for result in own),
            max(result.commands for result in own),
            sum(bool(difference.leaked) for difference in found),
            sum(bool(difference.duplicated) for difference in found),
            sum(bool(difference.missing or difference.changed) for difference in found),
            sum(bool(result.broken) for result in own),
        ]
        rows.append(f"| {campaign} | {cluster} | " + " | ".join(map(str, cells)) + " |")
    return [*rows, ""]


def lost_actions(results):
    """Which calls had their answers lost, and how often."""
    actions = {}
    for result in results:
        if result.struck:
            action = result.case.split(" #")[0]
            actions[action] = actions.get(action, 0) + 1
    listed = ", ".join(f"{action} {count}" if count > 1 else action for action, count in sorted(actions.items()))
    return [f"The calls whose answers were lost, and how many times if more than once: {listed}.", ""]


def failure(result):
    """What people need to find out why."""
    head = f"FAILED {result.campaign}, cluster {result.cluster}, {result.case}"
    return "\n".join(filter(None, [head, result.broken, str(result.difference or "")]))


def line(result):
    """A run as a line of JSON."""
    return json.dumps({**vars(result), "difference": str(result.difference or "")})


def machine():
    found = [line for line in cpuinfo() if line.startswith("model name")]
    model = found[0].split(":", 1)[1].strip() if found else platform.machine()
    return f"{platform.system()}, {os.cpu_count()} cores, {model}"


def cpuinfo():
    path = pathlib.Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def write(path, campaign, text):
    """Puts what a campaign found between its marks in a page."""
    start, end = f"<!-- {campaign}: written by tests/reliability/run.py --write -->", f"<!-- end of {campaign} -->"
    before, rest = path.read_text().split(start)
    _, after = rest.split(end)
    path.write_text(f"{before}{start}\n\n{text}\n{end}{after}")
