#!/usr/bin/env python3
"""A proxy that counts and delays the calls of an AWS API client, and lets them go wrong on request.

    proxy.py --listen 127.0.0.1:PORT --upstream 127.0.0.1:PORT

Calls are delayed independently of each other, as by a network.  The control answers under /_proxy/ are neither forwarded
nor counted:

    POST /_proxy/config  {"latency_ms": 50, "seed": 1, "rules": [RULE, …]}; what is left out is 0 or empty
    POST /_proxy/reset   forget the calls; a body becomes the configuration
    POST /_proxy/quiet   answers when the client is gone and nothing is being forwarded
    POST /_proxy/victim  {"pid": …}: whom rules kill; one that strikes before that waits for it
    GET  /_proxy/stats   {"calls": …, "serial_depth": …, "errors": …, "by_action": {…}, "struck": [{…}, …]}

`serial_depth` is the length of the longest sequence of calls of which none overlaps another: how often the client waited
for an answer before it could go on.  It is what the latency of the network is multiplied with.

A RULE says which calls it strikes (see faults.py) and its effect:

    throttle     the service refuses the call because there were too many
    fail         the service answers with a failure of its own and has done nothing
    lose         the call is processed and the connection closed without an answer
    reset        the connection is reset and the call not processed
    kill-before  the client is killed and the call not processed
    kill-after   the call is processed and the client killed before the answer
"""

import argparse
import asyncio
import collections
import json
import os
import signal
import socket
import struct
import time

from faults import Faults, answer
from wire import call_of, read_message, write_message

CONTROL = "/_proxy/"
OK = ("HTTP/1.1 200 OK", {"content-type": "application/json"})


def serial_depth(spans):
    depth, end = 0, float("-inf")
    for start, stop in sorted(spans, key=lambda span: span[1]):
        if start >= end:
            depth, end = depth + 1, stop
    return depth


class Proxy:
    def __init__(self, host, port):
        self.upstream = (host, port)
        self.latency = 0.0
        self.faults = Faults()
        self.calls = []
        self.victim = None
        # Connections that no control request came over so far.
        self.clients = set()

    async def serve(self, reader, writer):
        self.clients.add(writer)
        upstream = None
        try:
            while message := await read_message(reader, writer=writer):
                path = message[0].split(" ")[1]
                if path.startswith(CONTROL):
                    self.clients.discard(writer)
                    body = json.dumps(await self.control(path[len(CONTROL) :], message[2])).encode()
                    write_message(writer, *OK, body)
                    await writer.drain()
                    continue
                start = time.monotonic()
                call = call_of(message)
                effect = self.faults.strike(call)
                await asyncio.sleep(self.latency)
                said, upstream = await self.handle(call, effect, message, upstream, writer)
                status = int(said[0].split(" ")[1]) if said else 0
                self.calls.append((str(call), status, start, time.monotonic()))
                if said is None:
                    break
                write_message(writer, *said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if upstream:
                upstream[1].close()
            writer.close()
            self.clients.discard(writer)

    async def handle(self, call, effect, message, upstream, writer):
        """The answer to a call, none if there shall not be one, and the connection for the next call."""
        if effect in ("throttle", "fail"):
            return answer(call, effect), upstream
        if effect == "reset":
            # Without lingering a connection ends with a reset.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return None, upstream
        if effect == "kill-before":
            await self.kill()
            return None, upstream
        said, upstream = await self.forward(upstream, message)
        if effect == "kill-after":
            await self.kill()
        return (said if effect is None else None), upstream

    async def forward(self, upstream, message):
        """The answer, and the connection for the next call.  Nothing is sent twice."""
        if upstream is None or upstream[0].at_eof():
            upstream = await asyncio.open_connection(*self.upstream, limit=1 << 20)
        write_message(upstream[1], *message)
        said = await read_message(upstream[0], bodiless=message[0].startswith("HEAD "))
        if said is None or said[1].pop("connection", "").lower() == "close":
            upstream[1].close()
            upstream = None
        return said, upstream

    async def kill(self):
        while self.victim is None:
            await asyncio.sleep(0.001)
        try:
            os.kill(self.victim, signal.SIGKILL)
        except ProcessLookupError:
            pass

    async def control(self, name, body):
        if name in ("config", "reset") and body:
            config = json.loads(body)
            self.latency = config.get("latency_ms", 0) / 1000
            self.faults = Faults(config.get("rules", ()), config.get("seed", 0))
        if name == "reset":
            self.calls, self.victim = [], None
        elif name == "victim":
            self.victim = json.loads(body)["pid"]
        elif name == "quiet":
            while self.clients:
                await asyncio.sleep(0.001)
        elif name == "stats":
            return {
                "calls": len(self.calls),
                "serial_depth": serial_depth([(start, stop) for _, _, start, stop in self.calls]),
                "errors": sum(status >= 400 for _, status, _, _ in self.calls),
                "by_action": dict(collections.Counter(name for name, _, _, _ in self.calls).most_common()),
                "struck": self.faults.struck,
            }
        return {}


def address(text):
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", type=address, required=True)
    parser.add_argument("--upstream", type=address, required=True)
    args = parser.parse_args()
    server = await asyncio.start_server(Proxy(*args.upstream).serve, *args.listen, limit=1 << 20, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
