"""A mail server that takes everything and keeps nothing but a count: less work is not possible.

Runs in a process of its own. It prints its port, speaks PIPELINING, and answers ``NOOP`` with how
many mails it took. ``--delay`` lets everything it says arrive later, as from a server far away;
``--keep`` writes the first mail of the server's life into a file.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

END: Final = b"\r\n.\r\n"
OK: Final = b"250 OK\r\n"
ANSWERS: Final = {
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink:
    """What all connections share.

    Attributes:
        taken: mails so far.
        delay: seconds until what it says arrives.
    """

    def __init__(self, delay: float, keep: Path | None) -> None:
        self.taken = 0
        self.delay = delay
        self._keep = keep

    def take(self, mail: bytes) -> None:
        """Count one mail."""
        self.taken += 1
        if self._keep is not None:
            self._keep.write_bytes(mail)
            self._keep = None


class Conversation(asyncio.Protocol):
    """One connection: commands by line, mails up to their last dot."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting = b""
        self._is_mail = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._say(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer everything that is complete, in one packet."""
        self._waiting += data
        answers = []
        while (answer := self._step()) is not None:
            answers.append(answer)
        if answers:
            self._say(b"".join(answers))

    def _step(self) -> bytes | None:
        end = END if self._is_mail else b"\r\n"
        head, found, rest = self._waiting.partition(end)
        if not found:
            return None
        self._waiting = rest
        if self._is_mail:
            self._is_mail = False
            self._sink.take(head + b"\r\n")
            return OK
        word = head[:4].upper()
        self._is_mail = word == b"DATA"
        return b"250 %d\r\n" % self._sink.taken if word == b"NOOP" else ANSWERS.get(word, OK)

    def _say(self, words: bytes) -> None:
        if self._sink.delay:
            asyncio.get_running_loop().call_later(self._sink.delay, self._write, words)
        else:
            self._write(words)

    def _write(self, words: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(words)
            if words.endswith(ANSWERS[b"QUIT"]):
                self._transport.close()


async def serve(sink: Sink) -> None:
    """Take mail on a free port until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(sink), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    options = parser.parse_args()
    asyncio.run(serve(Sink(options.delay, options.keep)))
