"""Stand-ins for a browser's push service (RFC 8030) and for Firebase with Google's tokens."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.support.serving import answering

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass
class Asked:
    """One request: path, headers by lower-case name, and body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """What it was asked, and what it answers instead, in turn, by the end of a path.

    Attributes:
        answers: status, headers and body by last part of the path; None hangs up.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], Any] | None] = field(default_factory=dict)


class Browser:
    """A browser that subscribed: it alone can read what it is sent."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = b"0123456789abcdef"

    @property
    def subscription(self) -> dict[str, Any]:
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": to_text(point), "auth": to_text(self._secret)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt a message."""
        salt, size = body[:16], body[20]
        theirs, sealed = body[21 : 21 + size], body[21 + size :]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        agreed = self._key.exchange(ec.ECDH(), sender)
        point = from_text(self.subscription["keys"]["p256dh"])
        material = _derive(agreed, self._secret, b"WebPush: info\0" + point + theirs, 32)
        opener = AESGCM(_derive(material, salt, b"Content-Encoding: aes128gcm\0", 16))
        nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
        plain = opener.decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain[-1:] == b"\x02"
        found: dict[str, Any] = json.loads(plain[:-1])
        return found


def read_vapid(header: str) -> tuple[dict[str, Any], str]:
    """Return the claims of an Authorization header and the key that they are signed with."""
    parts = dict(part.strip().split("=", 1) for part in header.removeprefix("vapid ").split(","))
    head, claims, signature = parts["t"].split(".")
    point = from_text(parts["k"])
    raw = from_text(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    signed = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    found: dict[str, Any] = json.loads(from_text(claims))
    return found, parts["k"]


class Firebase:
    """A project with a service account, and the server that checks who asks."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._key = rsa.generate_private_key(65537, 2048)

    @property
    def service_account(self) -> str:
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "soap",
                "client_email": "patron@soap.example",
                "private_key": pem.decode(),
                "token_uri": f"{self._server.url}/token",
            }
        )

    def check_assertion(self, asked: Asked) -> dict[str, Any]:
        """Verify the statement with which a token was asked for, and return its claims."""
        form = parse_qs(asked.body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        head, claims, signature = form["assertion"][0].split(".")
        self._key.public_key().verify(
            from_text(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        found: dict[str, Any] = json.loads(from_text(claims))
        return found


def fcm_error(code: int, status: str, word: str = "", message: str = "no") -> Any:
    """Return the body of an error as Firebase writes it; ``word`` is FCM's own."""
    details = [{"@type": FCM_ERROR, "errorCode": word}] if word else []
    return {"error": {"code": code, "status": status, "message": message, "details": details}}


@contextmanager
def serve_push() -> Iterator[Server]:
    """Run a server that takes every message unless it is told otherwise."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append(Asked(self.path, headers, self.rfile.read(length)))
            name = self.path.rpartition("/")[2]
            if name in state.answers and state.answers[name] is None:
                self.close_connection = True
                return
            status, more, body = state.answers.get(name) or _usual(self.path, len(state.asked))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for header, value in {**more, "Content-Length": str(len(raw))}.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield state


def _usual(path: str, number: int) -> tuple[int, dict[str, str], Any]:
    if path == "/token":
        token = {"access_token": f"ya29.{number}", "expires_in": 3599, "token_type": "Bearer"}
        return 200, {}, token
    if path.endswith("messages:send"):
        return 200, {}, {"name": f"projects/soap/messages/{number}"}
    return 201, {"Location": f"https://push.example/m/{number}"}, b""


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def to_text(raw: bytes) -> str:
    """Write bytes as browsers do."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Read what `to_text` wrote."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
