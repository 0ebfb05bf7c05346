#!/usr/bin/env python3
"""The feature gates of releases of Kubernetes, for crates/bootstrap/src/gates/known.txt.

    gates.py 1.35=/src/kubernetes-1.35 1.36=/src/kubernetes-1.36 > crates/bootstrap/src/gates/known.txt

Reads the sources of each release: the lists that they carry, and the table of the client library. All minor versions are
named each time. It needs PyYAML, which .venv has.
"""

import pathlib
import re
import sys

import yaml

# Where releases have their lists.
LISTS = ("test/compatibility_lifecycle/reference", "test/featuregates_linter/test_data")
# Gates of the client library, which every component has as well and which the lists leave out.
CLIENT = "staging/src/k8s.io/client-go/features/known_features.go"
# The lists have the names of constants, and these gates are called otherwise.
NAMES = {"CPUCFSQuotaPeriod": "CustomCPUCFSQuotaPeriod", "RuntimeClassInImageCriAPI": "RuntimeClassInImageCriApi"}


def minor_of(version):
    return int(re.fullmatch(r"1\.(\d+)", version)[1])


def gates_of(source, minor):
    """Name to the value that the gate is fixed to, or None."""
    folder = next(source / place for place in LISTS if (source / place).is_dir())
    found = {}
    for name in ("versioned_feature_list.yaml", "unversioned_feature_list.yaml"):
        listed = yaml.safe_load((folder / name).read_text()) if (folder / name).exists() else []
        for gate in listed or []:
            specs = [spec for spec in gate["versionedSpecs"] if not spec["version"] or minor_of(spec["version"]) <= minor]
            if specs:
                name = NAMES.get(gate["name"], gate["name"])
                found[name] = specs[-1]["default"] if specs[-1]["lockToDefault"] else None
    _, _, table = (source / CLIENT).read_text().partition("= map[Feature]")
    name = None
    for line in table.splitlines():
        if begins := re.match(r"\t(\w+): +{", line):
            name = begins[1]
        since = re.search(r'MustParse\("([\d.]+)"\)', line)
        default = re.search(r"Default: (true|false)", line)
        if default and (not since or minor_of(since[1]) <= minor):
            found[name] = default[1] == "true" if "LockToDefault: true" in line else None
    return found


def span(name, minors):
    """The first and the last version; what comes, goes and comes again would need another format."""
    if sorted(minors) != list(range(min(minors), max(minors) + 1)):
        sys.exit(f"{name}: not in every version between: {minors}")
    return f"{min(minors)}-{max(minors)}"


def main():
    pairs = [name.split("=", 1) for name in sys.argv[1:]]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        sys.exit(__doc__)
    by_gate = {}
    for version, source in pairs:
        for name, fixed in gates_of(pathlib.Path(source), minor_of(version)).items():
            by_gate.setdefault(name, {})[minor_of(version)] = fixed
    print("# Feature gates, the minor versions of Kubernetes 1 that know them, and those in which they are fixed to a value.")
    print("# Made by tests/kubernetes/gates.py.")
    for name, known in sorted(by_gate.items()):
        words = [name, span(name, known)]
        for value in (True, False):
            fixed = [minor for minor, fixed in known.items() if fixed is value]
            if fixed:
                words.append(f"{str(value).lower()}@{span(name, fixed)}")
        print(*words)


main()
