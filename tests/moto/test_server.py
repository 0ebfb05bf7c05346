#!/usr/bin/env python3
"""Tests of the test server: one or more for each mend.

    test_server.py                        every mend holds, and plain moto fails every test (each mend is still needed)
    test_server.py cases.network.Network  only these, against the mended server
"""

import io
import os
import sys
import unittest

from cases import buckets, compute, global_services, lists, network, scaling, services
from cases.account import Case, Server

AREAS = (lists, network, compute, scaling, global_services, services, buckets)


def tests(names):
    """The tests named, or all."""
    loader = unittest.defaultTestLoader
    if names:
        pending = [loader.loadTestsFromNames(names)]
    else:
        pending = [loader.loadTestsFromModule(area) for area in AREAS]
    found = []
    while pending:
        item = pending.pop(0)
        if isinstance(item, unittest.TestSuite):
            pending = list(item) + pending
        else:
            found.append(item)
    return found


def run(server, names, stream):
    Case.server = server
    suite = unittest.TestSuite(tests(names))
    return unittest.TextTestRunner(stream=stream, verbosity=1).run(suite)


def main():
    # What the caller has set must not reach another account than the test server's.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    names = sys.argv[1:]
    mended = Server()
    try:
        result = run(mended, names, sys.stderr)
    finally:
        mended.stop()
    if not result.wasSuccessful():
        return 1
    if names:
        return 0
    plain = Server("--plain")
    try:
        result = run(plain, [], io.StringIO())
    finally:
        plain.stop()
    failed = {test.id() for test, _ in result.failures + result.errors}
    idle = [test.id() for test in tests([]) if test.id() not in failed]
    for name in idle:
        print(f"{name}: plain moto passes this test: its mend does nothing", file=sys.stderr)
    if idle:
        return 1
    print(f"test server: {result.testsRun} tests pass, and plain moto fails each of them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
