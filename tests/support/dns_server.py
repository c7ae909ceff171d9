"""A name server on loopback that knows what it is told, and can keep silent."""

import socketserver
import threading
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class NameServer:
    """Answers questions over UDP.

    Attributes:
        texts: TXT records by name in lower case, without the last dot; a name with none exists.
        others: records of other types, as in a zone file, by name and type.
        silent: names that get no answer.
        asked: every name that was asked for, in order.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    others: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    _server: socketserver.UDPServer | None = None

    @property
    def address(self) -> str:
        assert self._server is not None
        return f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                if answer := names.answer(wire):
                    sock.sendto(answer, self.client_address)

        self._server = socketserver.UDPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, wire: bytes) -> bytes | None:
        """Return the answer to one question; None keeps silent."""
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if name in self.silent:
            return None
        response: Any = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        known = {name for name, _ in self.others} | self.texts.keys()
        found = self.others.get((name, kind), [])
        if kind == "TXT":
            found = [_quote(text) for text in self.texts.get(name, [])]
        if name not in known:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            response.answer.append(
                dns.rrset.from_text(query.question[0].name, 60, "IN", kind, *found)
            )
        return bytes(response.to_wire())


def _quote(text: str) -> str:
    """Cut a text into the strings of at most 255 bytes that a record is made of."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
