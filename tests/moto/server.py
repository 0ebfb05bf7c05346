#!/usr/bin/env python3
"""The AWS APIs that the tests talk to: moto, with its known faults mended.

moto (https://github.com/getmoto/moto) keeps an AWS account in memory and answers the real wire protocols.  Where it
differs from AWS in a way that matters to a tool that provisions clusters, the modules in mends/ correct it from
outside; each mend says what AWS does and what moto does instead, and the cases in cases/ have a test for each.

    server.py [--host HOST] [--port PORT] [--amis FILE] [--plain] [--log]

Prints `listening on http://HOST:PORT` once it accepts calls.  `POST /moto-api/reset` forgets everything but what the
account began with.
"""

import argparse
import io
import logging
import os
import pathlib
import signal
import sys
import threading


class Serialised:
    """Answers one call at a time, and calls `begin` when the account is reset.

    moto serves calls in threads, but what it holds has no locks: two calls at once lose updates.
    """

    def __init__(self, application, begin):
        self.application = application
        self.begin = begin
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        # The body is read before the lock is taken: a client that is slow to send must not stop the others.
        length = environ.get("CONTENT_LENGTH")
        if length:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with self.lock:
            answer = b"".join(self.application(environ, start_response))
            if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/moto-api/reset":
                self.begin()
            return [answer]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free port")
    parser.add_argument("--amis", metavar="FILE", help="images of the account, in the format of MOTO_AMIS_PATH")
    parser.add_argument("--hosted-zone", metavar="NAME", action="append", default=[], help="a public hosted zone to begin with")
    parser.add_argument("--plain", action="store_true", help="leave moto as it is")
    parser.add_argument("--log", action="store_true", help="log each call to stderr")
    return parser.parse_args()


def make_hosted_zones(names):
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.route53.models import route53_backends

    for name in names:
        route53_backends[DEFAULT_ACCOUNT_ID]["aws"].create_hosted_zone(f"{name}.", private_zone=False)


def main():
    args = arguments()
    # moto looks at the profile of whoever starts it, which need not exist.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    if args.amis:
        # moto reads the variable once, when it is imported.
        os.environ["MOTO_AMIS_PATH"] = str(pathlib.Path(args.amis).resolve())
    if not args.log:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    if not args.plain:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
        import mends

        mends.apply()

    def begin():
        make_hosted_zones(args.hosted_zone)

    begin()
    server = make_server(
        args.host,
        args.port,
        Serialised(DomainDispatcherApplication(create_backend_app), begin),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    # moto calls itself by this port in a few places.
    os.environ.setdefault("MOTO_PORT", str(server.port))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on http://{args.host}:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
