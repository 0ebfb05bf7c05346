"""HTTP messages, and what an AWS API client asks for in them."""

import asyncio
import dataclasses
import re
import urllib.parse

SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]*/([a-z0-9-]+)/aws4_request")
READS = ("Describe", "Get", "List", "GET ", "HEAD ")


@dataclasses.dataclass(frozen=True)
class Call:
    """A call, as far as the request tells."""

    service: str
    action: str

    def __str__(self):
        return f"{self.service}:{self.action}"

    @property
    def writes(self):
        """Whether the call may change something."""
        return not self.action.startswith(READS)


def call_of(message):
    """Service and action of a request.  A REST call is known by its method and its path without ids."""
    first, headers, body = message
    method, target, _ = first.split(" ", 2)
    found = SERVICE.search(headers.get("authorization", ""))
    service = found.group(1) if found else "unknown"
    if "x-amz-target" in headers:
        return Call(service, headers["x-amz-target"].rsplit(".", 1)[-1])
    form = urllib.parse.parse_qs(body.decode("utf-8", "replace")) if b"Action=" in body[:4096] else {}
    if "Action" in form:
        return Call(service, form["Action"][0])
    path = re.sub(r"/[A-Z0-9]{8,}", "/*", target.split("?")[0])
    return Call(service, f"{method} {path}")


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
