"""A bucket that speaks the protocol of S3 as far as pictures need it: put, get, list, delete."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.support.serving import answering

ACCESS_KEY = "AKIAPATRON"
BUCKET = "pictures"
_KEY = re.compile(r"<Key>([^<]+)</Key>")


@dataclass(slots=True)
class FakeBucket:
    """What lies in the bucket by name; a ``fault`` is answered to everything."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    fault: int = 0


def _list(bucket: FakeBucket, prefix: str, delimiter: str) -> str:
    names = sorted(name for name in bucket.files if name.startswith(prefix))
    here = [name for name in names if not delimiter or delimiter not in name[len(prefix) :]]
    contents = "".join(
        f"<Contents><Key>{escape(name)}</Key><Size>{len(bucket.files[name])}</Size></Contents>"
        for name in here
    )
    return (
        f"<ListBucketResult><Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix>"
        f"<IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    )


class _Handler(BaseHTTPRequestHandler):
    bucket: FakeBucket
    protocol_version = "HTTP/1.1"

    def _ask(self) -> tuple[str, dict[str, list[str]], bytes]:
        parts = urlsplit(self.path)
        name = unquote(parts.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return name, parse_qs(parts.query, keep_blank_values=True), body

    def _answer(self, status: int, body: bytes = b"", kind: str = "application/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_refused(self) -> bool:
        signed = self.headers.get("Authorization", "")
        is_ours = signed.startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/")
        status = self.bucket.fault or (0 if is_ours else 403)
        if status:
            code = "AccessDenied" if status == 403 else "SlowDown"
            self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())
        return bool(status)

    def do_PUT(self) -> None:
        name, _, body = self._ask()
        if not self._is_refused():
            self.bucket.files[name] = body
            self._answer(200)

    def do_GET(self) -> None:
        name, query, _ = self._ask()
        if self._is_refused():
            return
        if not name:
            prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
            self._answer(200, _list(self.bucket, prefix, delimiter).encode())
        elif name in self.bucket.files:
            self._answer(200, self.bucket.files[name], "application/octet-stream")
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        name, _, _ = self._ask()
        if not self._is_refused():
            self.bucket.files.pop(name, None)
            self._answer(204)

    def do_POST(self) -> None:
        _, query, body = self._ask()
        if not self._is_refused() and "delete" in query:
            for name in _KEY.findall(body.decode()):
                self.bucket.files.pop(name, None)
            self._answer(200, b"<DeleteResult></DeleteResult>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its own name
        pass


@contextmanager
def open_bucket() -> Iterator[FakeBucket]:
    """Run a bucket on the loopback for as long as the block lasts."""
    bucket = FakeBucket()
    handler = type("Handler", (_Handler,), {"bucket": bucket})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield bucket
