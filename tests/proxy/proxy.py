#!/usr/bin/env python3
"""A proxy that counts and delays the calls of an AWS API client.

    proxy.py --listen 127.0.0.1:PORT --upstream 127.0.0.1:PORT

Calls are delayed independently of each other, as by a network.  The control answers under /_proxy/ are neither forwarded
nor counted:

    POST /_proxy/config  {"latency_ms": 50}
    POST /_proxy/reset   forget the calls; a body becomes the configuration
    GET  /_proxy/stats   {"calls": …, "serial_depth": …, "errors": …, "by_action": {…}}

`serial_depth` is the length of the longest sequence of calls of which none overlaps another: how often the client waited
for an answer before it could go on.  It is what the latency of the network is multiplied with.
"""

import argparse
import asyncio
import collections
import json
import re
import time
import urllib.parse

SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([a-z0-9-]+)/aws4_request")
CONTROL = "/_proxy/"


async def read_message(reader, bodiless=False, writer=None):
    """The first line, the headers and the body of a message; none at the end of the connection.

    A client that waits for permission to send its body gets it through `writer`."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if writer and headers.pop("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
    if bodiless or first.split(" ")[1] in ("204", "304"):
        body = None
    elif "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
        headers.pop("transfer-encoding")
    else:
        body = await reader.readexactly(int(headers.get("content-length") or 0))
    return first, headers, body


def write_message(writer, first, headers, body):
    if body is not None:
        headers = {**headers, "content-length": str(len(body))}
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))


def action(first, headers, body):
    """Service and action of a call, as far as the request tells."""
    method, target, _ = first.split(" ", 2)
    found = SERVICE.search(headers.get("authorization", ""))
    service = found.group(1) if found else "unknown"
    if "x-amz-target" in headers:
        return f"{service}:{headers['x-amz-target'].rsplit('.', 1)[-1]}"
    form = urllib.parse.parse_qs(body.decode("utf-8", "replace")) if b"Action=" in body[:4096] else {}
    path = re.sub(r"/[A-Z0-9]{8,}", "/*", target.split("?")[0])
    return f"{service}:{form['Action'][0] if 'Action' in form else f'{method} {path}'}"


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
        self.calls = []

    async def serve(self, reader, writer):
        upstream = None
        try:
            while message := await read_message(reader, writer=writer):
                first, headers, body = message
                if first.split(" ")[1].startswith(CONTROL):
                    answer = json.dumps(self.control(first.split(" ")[1], body)).encode()
                    write_message(writer, "HTTP/1.1 200 OK", {"content-type": "application/json"}, answer)
                    await writer.drain()
                    continue
                start = time.monotonic()
                await asyncio.sleep(self.latency)
                answer, upstream = await self.forward(upstream, message)
                if answer is None:
                    break
                status = int(answer[0].split(" ")[1])
                self.calls.append((action(first, headers, body), status, start, time.monotonic()))
                write_message(writer, *answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if upstream:
                upstream[1].close()
            writer.close()

    async def forward(self, upstream, message):
        """The answer, and the connection for the next call."""
        for connection in (upstream, None):
            # The server may have closed a connection that was idle: then the call goes over a new one.
            connection = connection or await asyncio.open_connection(*self.upstream)
            write_message(connection[1], *message)
            answer = await read_message(connection[0], bodiless=message[0].startswith("HEAD "))
            if answer is not None:
                if answer[1].pop("connection", "").lower() == "close":
                    connection[1].close()
                    connection = None
                return answer, connection
            connection[1].close()
        return None, None

    def control(self, path, body):
        name = path[len(CONTROL) :]
        if name in ("config", "reset") and body:
            self.latency = json.loads(body)["latency_ms"] / 1000
        if name == "reset":
            self.calls = []
        elif name == "stats":
            return {
                "calls": len(self.calls),
                "serial_depth": serial_depth([(start, stop) for _, _, start, stop in self.calls]),
                "errors": sum(status >= 400 for _, status, _, _ in self.calls),
                "by_action": dict(collections.Counter(name for name, _, _, _ in self.calls).most_common()),
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
