"""Mail providers on loopback: each takes a mail as the real one does, and says no in its own way.

One server speaks for one provider. What it took lies in ``taken``; ``script`` says what the next
requests get instead of a yes, and ``lost`` how many are taken without an answer.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser

from messaging.domain.sigv4 import AwsKeys, sign_request
from tests.support.serving import answering

KEY = "key-of-the-tests"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: Any
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    def part(self, said: Any) -> "Call":
        """Return what a request says of one mail, as if it had come by itself."""
        return Call(self.method, self.path, self.headers, json.dumps(said).encode())


Speak = Callable[["EspServer", Call], Reply]


class EspServer:
    """One provider.

    Attributes:
        calls: every request, refused ones included.
        taken: those whose mail will be delivered.
        script: what the next requests are answered instead.
        lost: so many of the next are taken, and then the connection ends without an answer.
    """

    def __init__(self, speak: Speak) -> None:
        self.calls: list[Call] = []
        self.taken: list[Call] = []
        self.script: list[Reply] = []
        self.lost = 0
        self.seen: dict[str, tuple[bytes, Reply]] = {}
        self._speak = speak
        self.web = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self.web.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.web.server_port}"

    def stop(self) -> None:
        """Be gone, as a provider that cannot be reached."""
        self.web.shutdown()
        self.web.server_close()

    def answer(self, call: Call) -> Reply | None:
        """Return what a request gets; None ends the connection without a word."""
        self.calls.append(call)
        if self.script:
            return self.script.pop(0)
        reply = self._speak(self, call)
        if self.lost:
            self.lost -= 1
            return None
        return reply

    def take(self, call: Call) -> str:
        """Take a mail; returns a number that names it."""
        self.taken.append(call)
        return str(len(self.taken))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._reply(server.answer(Call(self.command, self.path, self.headers, body)))

            do_GET = do_POST  # noqa: N815 the name in the base

            def _reply(self, reply: Reply | None) -> None:
                if reply is None:
                    self.close_connection = True
                    return
                body = reply.body
                content = b"" if body is None else json.dumps(body).encode()
                self.send_response(reply.status)
                kind = "text/html; charset=utf-8" if body is None else "application/json"
                for name, value in {"Content-Type": kind, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with suppress(BrokenPipeError):  # who asked may not have waited
                    self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 in the base
                """Say nothing."""

        return Handler


@contextmanager
def esp_server(provider: str) -> Iterator[EspServer]:
    """Let a provider answer inside the block."""
    server = EspServer(SPEAKERS[provider])
    with answering(server.web):
        yield server


def read_form(call: Call) -> dict[str, list[str]]:
    """Return the fields of a form, in either encoding."""
    kind = call.headers.get("Content-Type", "")
    if not kind.startswith("multipart/"):
        return parse_qs(call.body.decode())
    meta = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(call.body))}
    data, _ = MultiPartParser(meta, io.BytesIO(call.body), [MemoryFileUploadHandler()]).parse()
    return {name: list(values) for name, values in data.lists()}


def _basic(call: Call, login: str) -> bool:
    given: str | None = call.headers.get("Authorization")
    return given == "Basic " + base64.b64encode(login.encode()).decode()


def _postmark(server: EspServer, call: Call) -> Reply:
    if call.headers.get("X-Postmark-Server-Token") != KEY:
        return Reply(
            401, {"ErrorCode": 10, "Message": "No Account or Server API tokens were supplied"}
        )
    if call.path == "/server":
        return Reply(200, {"ID": 1, "Name": "Production"})
    if call.path == "/email/batch":
        mails = [_postmark_mail(server, call.part(said)) for said in call.said]
        return Reply(200, [reply.body for reply in mails])
    return _postmark_mail(server, call)


def _postmark_mail(server: EspServer, call: Call) -> Reply:
    if not call.path.startswith("/email") or "From" not in call.said:
        return Reply(422, {"ErrorCode": 300, "Message": "Invalid 'From' address: ''."})
    to = call.said["To"]
    if "inactive" in to:
        words = (
            "You tried to send to a recipient that has been marked as inactive. Found inactive "
            f"addresses: {to}. Inactive recipients are ones that have generated a hard bounce."
        )
        return Reply(422, {"ErrorCode": 406, "Message": words})
    number = server.take(call)
    said = {"To": to, "SubmittedAt": "2026-06-01T12:00:00Z", "ErrorCode": 0, "Message": "OK"}
    return Reply(200, {**said, "MessageID": f"b7bc2f4a-{number}"})


def _brevo(server: EspServer, call: Call) -> Reply:
    if call.headers.get("api-key") != KEY:
        return Reply(401, {"code": "unauthorized", "message": "Key not found"})
    if call.path == "/account":
        return Reply(200, {"email": "ada@example.com"})
    if "sender" not in call.said:
        return Reply(400, {"code": "missing_parameter", "message": "sender is missing"})
    if "messageVersions" in call.said:
        return _brevo_set(server, call)
    return Reply(201, {"messageId": _brevo_mail(server, call)})


def _brevo_set(server: EspServer, call: Call) -> Reply:
    """Take all versions, or none where one is not valid."""
    whole = {"sender": call.said["sender"]}
    parts = [call.part({**whole, **version}) for version in call.said["messageVersions"]]
    if any("inactive" in part.said["to"][0]["email"] for part in parts):
        return Reply(400, {"code": "invalid_parameter", "message": "email is not valid in to"})
    return Reply(201, {"messageIds": [_brevo_mail(server, part) for part in parts]})


def _brevo_mail(server: EspServer, call: Call) -> str:
    return f"<2026060112.{server.take(call)}@smtp-relay.mailin.fr>"


def _mailgun(server: EspServer, call: Call) -> Reply:
    if not _basic(call, f"api:{KEY}"):
        return Reply(401, {"message": "Invalid private key"})
    if call.path == "/domains/mg.ada-soap.example":
        return Reply(200, {"domain": {"name": "mg.ada-soap.example"}})
    if call.path != "/mg.ada-soap.example/messages":
        return Reply(404, {"message": "Domain not found: " + call.path.split("/")[1]})
    if "from" not in read_form(call):
        return Reply(400, {"message": "from parameter is missing"})
    number = server.take(call)
    said = {"id": f"<20260601.{number}@mg.ada-soap.example>", "message": "Queued. Thank you."}
    return Reply(200, said)


def _resend(server: EspServer, call: Call) -> Reply:
    if call.headers.get("Authorization") != f"Bearer {KEY}":
        return Reply(
            401, {"statusCode": 401, "name": "missing_api_key", "message": "Missing API key"}
        )
    if call.path == "/domains":
        words = "This API key is restricted to only send emails"
        return Reply(401, {"statusCode": 401, "name": "restricted_api_key", "message": words})
    key = call.headers.get("Idempotency-Key", "")
    digest = hashlib.sha256(call.body).digest()
    if key in server.seen:
        before, reply = server.seen[key]
        if before == digest:
            return reply
        words = "This idempotency key has been used with another request body"
        return Reply(
            409, {"statusCode": 409, "name": "invalid_idempotent_request", "message": words}
        )
    reply = (
        _resend_set(server, call) if call.path == "/emails/batch" else _resend_mail(server, call)
    )
    if key:
        server.seen[key] = (digest, reply)
    return reply


def _resend_mail(server: EspServer, call: Call) -> Reply:
    return Reply(200, {"id": f"49a3999c-{server.take(call)}"})


def _resend_set(server: EspServer, call: Call) -> Reply:
    """Take those that are valid; without the word for it one that is not stops them all."""
    words = "Invalid `to` field."
    bad = [place for place, said in enumerate(call.said) if "inactive" in said["to"][0]]
    if bad and call.headers.get("x-batch-validation") != "permissive":
        return Reply(422, {"statusCode": 422, "name": "validation_error", "message": words})
    good = [said for place, said in enumerate(call.said) if place not in bad]
    taken = [_resend_mail(server, call.part(said)).body for said in good]
    errors = {"errors": [{"index": place, "message": words} for place in bad]} if bad else {}
    return Reply(200, {"data": taken, **errors})


def _sparkpost(server: EspServer, call: Call) -> Reply:
    if call.headers.get("Authorization") != KEY:
        return Reply(401, {"errors": [{"message": "Unauthorized."}]})
    if call.path == "/account":
        return Reply(200, {"results": {"company_name": "Ada Soap"}})
    if not call.said["recipients"]:
        return Reply(400, {"errors": [{"message": "recipients is required", "code": "1400"}]})
    number = server.take(call)
    results = {
        "total_rejected_recipients": 0,
        "total_accepted_recipients": 1,
        "id": f"6698{number}",
    }
    return Reply(200, {"results": results})


def _mailersend(server: EspServer, call: Call) -> Reply:
    if call.headers.get("Authorization") != f"Bearer {KEY}":
        return Reply(401, {"message": "Unauthenticated."})
    if call.path == "/domains":
        return Reply(200, {"data": []})
    if "headers" in call.said:
        return Reply(422, {"message": "The headers field needs another plan.", "errors": {}})
    return Reply(202, None, {"X-Message-Id": f"62fb66bef54a{server.take(call)}"})


def _mailjet(server: EspServer, call: Call) -> Reply:
    if not _basic(call, f"{KEY}:secret"):
        return Reply(401, {"ErrorMessage": "API key authentication/authorization failure."})
    if call.path.startswith("/sender"):
        return Reply(200, {"Count": 0, "Data": []})
    told = call.said
    whole = {"Globals": told.get("Globals", {})}
    done = [_mailjet_mail(server, call.part({**whole, "Messages": [m]})) for m in told["Messages"]]
    is_fine = all(each["Status"] == "success" for each in done)
    return Reply(200 if is_fine else 400, {"Messages": done})


def _mailjet_mail(server: EspServer, call: Call) -> dict[str, Any]:
    [message] = call.said["Messages"]
    if "inactive" in message["To"][0]["Email"]:
        error = {
            "ErrorIdentifier": "06df1144",
            "ErrorCode": "mj-0013",
            "StatusCode": 400,
            "ErrorMessage": "inactive@example.com is an invalid email address.",
            "ErrorRelatedTo": ["To[0].Email"],
        }
        return {"Status": "error", "Errors": [error]}
    number = int(server.take(call))
    to = [
        {
            "Email": each["Email"],
            "MessageUUID": f"uuid-{number}",
            "MessageID": 70650219165027410 + number,
            "MessageHref": "https://api.mailjet.com/v3/REST/message/1",
        }
        for each in message["To"]
    ]
    return {"Status": "success", "CustomID": "", "To": to, "Cc": [], "Bcc": []}


def _ses(server: EspServer, call: Call) -> Reply:
    if not _is_signed_by_aws(server, call):
        words = "The request signature we calculated does not match the signature you provided."
        return Reply(403, {"message": words}, {"x-amzn-ErrorType": "InvalidSignatureException:"})
    if call.path == "/v2/email/account":
        return Reply(200, {"ProductionAccessEnabled": True, "SendingEnabled": True})
    raw = base64.b64decode(call.said["Content"]["Raw"]["Data"])
    if b"unverified.example" in raw:
        words = "Email address is not verified. The following identities failed the check."
        return Reply(400, {"message": words}, {"x-amzn-ErrorType": "MessageRejected:http://x/"})
    return Reply(200, {"MessageId": f"0100018c-{server.take(call)}-000000"})


def _is_signed_by_aws(server: EspServer, call: Call) -> bool:
    """Sign the request once more, as Amazon does, and compare."""
    stamp = call.headers.get("X-Amz-Date", "")
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    named = call.headers.get("Authorization", "").partition("SignedHeaders=")[2].partition(",")[0]
    names = set(named.split(";")) - {"host", "x-amz-date"}
    headers = {name: call.headers[name] for name in names}
    keys = AwsKeys(key_id="AKIDTEST", secret=KEY, region="eu-west-1", service="ses")
    expected = sign_request(keys, call.method, server.url + call.path, headers, call.body, at)
    return str(call.headers.get("Authorization")) == expected["Authorization"]


SPEAKERS: dict[str, Speak] = {
    "brevo": _brevo,
    "mailersend": _mailersend,
    "mailgun": _mailgun,
    "mailjet": _mailjet,
    "postmark": _postmark,
    "resend": _resend,
    "ses": _ses,
    "sparkpost": _sparkpost,
}
