"""A mailbox on loopback that speaks IMAP4rev1 as far as it is read, and answers as it is told."""

import re
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.support.serving import answering

USER: Final = "hello@shop.example"
PASSWORD: Final = "secret"
_DAY: Final = '"01-Jun-2026 11:59:00 +0000"'


@dataclass
class ImapServer:
    """One account with one folder.

    Attributes:
        mails: by UID.
        validity: changed by a server that was set up anew.
        commands: what was asked, in order.
        hang_up_at: a command at which the connection ends, such as ``FETCH``.
        drip_at: one at which no more than a letter now and then comes; ``GREETING`` before any.
        flood_at: one at which more is said than anybody asked for.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    next_uid: int = 1
    commands: list[str] = field(default_factory=list)
    hang_up_at: str = ""
    drip_at: str = ""
    flood_at: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        return f"imap://{quote(USER, safe='')}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"

    def deliver(self, raw: bytes) -> int:
        """Put a mail into the folder; returns its UID."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = raw
        return uid


class _Session(socketserver.StreamRequestHandler):
    timeout = 10

    @property
    def box(self) -> ImapServer:
        server: Any = self.server
        found: ImapServer = server.box
        return found

    def handle(self) -> None:
        if self.box.drip_at == "GREETING":
            self.drip()
            return
        self.say("* OK IMAP4rev1 of the tests")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            self.box.commands.append(rest)
            words = rest.upper().split()
            name = words[1] if words[0] == "UID" else words[0]
            if name == self.box.hang_up_at:
                return
            if name == self.box.drip_at:
                self.drip()
                return
            if name == self.box.flood_at:
                self.wfile.write(b"* 1 FETCH (BODY[] {4000000000}\r\n")
                continue
            answer = getattr(self, f"do_{name.lower()}", None)
            done = answer(rest) if answer else "BAD what?"
            self.say(f"{tag} {done}")
            if name == "LOGOUT":
                return

    def drip(self) -> None:
        """Begin a line and never end it, until nobody listens any more."""
        self.connection.settimeout(0.02)
        self.wfile.write(b"*")
        while True:
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                self.wfile.write(b" ")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def do_capability(self, rest: str) -> str:
        self.say("* CAPABILITY IMAP4rev1")
        return "OK done"

    def do_login(self, rest: str) -> str:
        given = [part.strip('"') for part in rest.split()[1:]]
        return "OK in" if given == [USER, PASSWORD] else "NO wrong password"

    def do_examine(self, rest: str) -> str:
        if rest.split()[1].strip('"') != "INBOX":
            return "NO no such folder"
        self.say(f"* {len(self.box.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.box.validity}] UIDs")
        self.say(f"* OK [UIDNEXT {self.box.next_uid}] next")
        return "OK [READ-ONLY] done"

    def do_search(self, rest: str) -> str:
        found = sorted(self.box.mails)
        asked = re.search(r"UID (\d+):\*", rest[4:])
        if asked and found:
            first = int(asked[1])
            found = [uid for uid in found if uid >= first] or found[-1:]  # as RFC 3501 has it
        self.say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        return "OK done"

    def do_fetch(self, rest: str) -> str:
        asked = re.match(r"UID FETCH (\d+) \(.*<0\.(\d+)>\)", rest)
        assert asked is not None
        raw = self.box.mails.get(int(asked[1]))
        if raw is None:
            return "OK nothing"
        part = raw[: int(asked[2])]
        head = f"* 1 FETCH (UID {asked[1]} RFC822.SIZE {len(raw)} INTERNALDATE {_DAY} "
        self.wfile.write(f"{head}BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        return "OK done"

    def do_logout(self, rest: str) -> str:
        self.say("* BYE")
        return "OK out"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    box: ImapServer


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """Serve an empty mailbox for as long as the block lasts."""
    server = _Server(("127.0.0.1", 0), _Session)
    server.box = ImapServer(port=server.server_address[1])
    with answering(server):
        yield server.box
