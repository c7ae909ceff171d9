import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import override_settings

from kernel import http
from kernel.http import AddressForbidden, Answer, AnswerLost, Client, HttpUnavailable
from tests.support.serving import answering

FILE = bytes(range(256)) * 1_000
"""Larger than what is read at once."""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined] # of the fixture
        if self.path.startswith("/file"):
            self.send_file()
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/other")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = (self.headers["Authorization"] or "nobody").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_file(self) -> None:
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        part, status = FILE[int(first) : int(last) + 1], 206
        if self.path == "/file-whole":
            part, status = FILE, 200
        elif not part:
            status = 416
        self.send_response(status)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.seen = []  # type: ignore[attr-defined] # what was asked for
    with answering(made):
        yield made


def ask(server: ThreadingHTTPServer, path: str = "/", scheme: str = "http") -> Answer:
    with Client(read_seconds=5) as client:
        url = f"{scheme}://127.0.0.1:{server.server_port}{path}"
        return client.get(url, params={"a": "b c"}, auth=("ada", "secret"))


def test_an_answer_comes_back(server: ThreadingHTTPServer) -> None:
    answer = ask(server)
    assert (answer.status, answer.body) == (200, b"Basic YWRhOnNlY3JldA==")
    assert answer.headers["content-length"] == "22"
    assert server.seen == ["/?a=b+c"]  # type: ignore[attr-defined]


def test_redirects_are_not_followed(server: ThreadingHTTPServer) -> None:
    with Client() as client:
        answer = client.get(f"http://127.0.0.1:{server.server_port}/away")
    assert (answer.status, answer.headers["Location"]) == (302, "/other")
    assert server.seen == ["/away"]  # type: ignore[attr-defined]


def test_a_body_is_posted_as_it_is(server: ThreadingHTTPServer) -> None:
    with Client() as client:
        answer = client.post(f"http://127.0.0.1:{server.server_port}/", b'{"a": 1}')
    assert (answer.status, answer.body) == (200, b'{"a": 1}')


@pytest.mark.parametrize("path", ["/file", "/file-whole"])
@pytest.mark.parametrize(
    ("start", "size", "found"),
    [
        (0, 10, FILE[:10]),
        (100_000, 100_000, FILE[100_000:200_000]),
        (255_990, 100, FILE[255_990:]),
        (256_000, 10, b""),
    ],
)
def test_a_stretch_of_a_file_is_fetched_whether_or_not_the_server_knows_parts(
    server: ThreadingHTTPServer, path: str, start: int, size: int, found: bytes
) -> None:
    with Client() as client:
        answer = client.get_span(f"http://127.0.0.1:{server.server_port}{path}", start, size)
    assert (answer.status, answer.body) == (200, found)


def test_a_file_that_is_not_there_has_no_stretch(server: ThreadingHTTPServer) -> None:
    with Client() as client:
        answer = client.get_span(f"http://127.0.0.1:{server.server_port}/away", 0, 10)
    assert (answer.status, answer.body) == (302, b"")


@override_settings(OUTGOING_PRIVATE=False)
def test_nothing_is_sent_into_a_private_network(server: ThreadingHTTPServer) -> None:
    with pytest.raises(AddressForbidden, match="private network"):
        ask(server)
    assert server.seen == []  # type: ignore[attr-defined]


@override_settings(OUTGOING_PRIVATE=False)
def test_a_private_address_is_not_even_connected_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        with Client() as client, pytest.raises(AddressForbidden):
            client.get(f"http://localhost:{listening.getsockname()[1]}/")
        with pytest.raises(BlockingIOError):
            listening.accept()


@override_settings(OUTGOING_PRIVATE=False)
def test_the_connection_goes_to_what_was_checked_whatever_the_name_says_next(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, *rest: object) -> list[tuple[object, ...]]:
        asked.append(host)
        first = ["127.0.0.2", "127.0.0.1"] if asked == ["shop.example"] else ["127.0.0.2"]
        found = [host] if host == "127.0.0.1" else first
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(http, "_is_open", lambda address: address == "127.0.0.1")
    connected: list[tuple[str, int]] = []
    dial = socket.socket.connect

    def connect(own: socket.socket, to: tuple[str, int]) -> None:
        connected.append(to)
        dial(own, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    with Client() as client:
        answer = client.get(f"http://shop.example:{server.server_port}/")
    assert answer.status == 200
    assert asked.count("shop.example") == 1
    assert connected == [("127.0.0.1", server.server_port)]


@override_settings(OUTGOING_PRIVATE=False)
@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
    ],
)
def test_addresses_that_are_open_to_everybody(
    address: str, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def connect(to: tuple[str, int], seconds: float) -> socket.socket:
        tried.append(to[0])
        return socket.socket()

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 25))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert http._is_open(address) is is_open
    if is_open:
        http.connect_open("mail.example", 25, 5).close()
    else:
        with pytest.raises(AddressForbidden, match="private network"):
            http.connect_open("mail.example", 25, 5)
    assert tried == [address] * is_open


@override_settings(OUTGOING_PRIVATE=False)
def test_a_conversation_goes_to_the_first_open_address_that_answers_within_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["10.0.0.5", "93.184.215.14", "93.184.215.15", "93.184.215.15"]
    asked: list[str] = []
    tried: list[tuple[str, float]] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in names]

    def connect(to: tuple[str, int], seconds: float) -> socket.socket:
        tried.append((to[0], seconds))
        clock[0] += 4
        if to[0] == "93.184.215.14":
            raise TimeoutError("timed out")
        return socket.socket()

    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with http.connect_open("mail.example", 25, 5) as made:
        assert made.gettimeout() == 5
    assert asked == ["mail.example"]
    assert tried == [("93.184.215.14", 5.0), ("93.184.215.15", 1.0)]
    tried.clear()
    with pytest.raises(TimeoutError):
        http.connect_open("mail.example", 25, 3)
    assert tried == [("93.184.215.14", 3.0)]


def test_an_answer_that_is_too_large_is_not_read(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 10)
    with pytest.raises(HttpUnavailable, match="too large"):
        ask(server)


def test_a_client_may_take_less_than_others(server: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}/"
    with Client(max_bytes=4) as client:
        assert client.post(url, b"four").body == b"four"
        with pytest.raises(AnswerLost, match="too large"):
            client.post(url, b"fives")


@pytest.fixture
def dripping() -> Iterator[tuple[str, list[bytes]]]:
    """Answers a byte every few milliseconds, for ever; where in the answer, the path says."""
    heads = {
        b"/head": b"",
        b"/body": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"/endless": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"/handshake": b"\x16\x03\x03\x3f\xff",  # the head of a long record
    }
    taken: list[bytes] = []

    def drip(listening: socket.socket) -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                asked = peer.recv(65_536)
                path = asked.split(b" ")[1] if asked.startswith(b"GET ") else b"/handshake"
                taken.append(path)
                peer.sendall(heads[path])
                while True:
                    peer.sendall(b"x")
                    stopped.wait(0.005)
                    if stopped.is_set():
                        return

    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=[listening])
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", taken
        stopped.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def wait_until_taken(taken: list[bytes]) -> None:
    """Wait for the server, which may come to what was asked after who asked gave up."""
    pause = threading.Event()
    for _ in range(6_000):
        if taken:
            return
        pause.wait(0.01)


@pytest.mark.parametrize("path", ["/head", "/body", "/endless"])
def test_an_answer_that_drips_in_for_ever_ends_all_the_same(
    dripping: tuple[str, list[bytes]], path: str
) -> None:
    url, taken = dripping
    with (
        Client(read_seconds=5, total_seconds=0.2) as client,
        pytest.raises(AnswerLost, match="in time"),
    ):
        client.get(f"{url}{path}")
    wait_until_taken(taken)
    assert taken == [path.encode()]


def test_a_handshake_that_drips_in_for_ever_ends_too(
    dripping: tuple[str, list[bytes]],
) -> None:
    url, taken = dripping
    with (
        Client(read_seconds=5, total_seconds=0.2) as client,
        pytest.raises(AnswerLost, match="in time"),
    ):
        client.get(url.replace("http:", "https:"))
    wait_until_taken(taken)
    assert taken == [b"/handshake"]


def test_a_request_in_time_is_not_ended_by_the_watch_of_the_one_before(
    server: ThreadingHTTPServer,
) -> None:
    url = f"http://127.0.0.1:{server.server_port}/"
    with Client(total_seconds=30) as client:
        assert [client.get(url).status for _ in range(3)] == [200, 200, 200]
    assert server.seen == ["/", "/", "/"]  # type: ignore[attr-defined]


def test_nobody_listens(server: ThreadingHTTPServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with Client() as client, pytest.raises(HttpUnavailable, match="no connection"):
            client.get(url)


def test_no_secure_connection(server: ThreadingHTTPServer) -> None:
    with pytest.raises(HttpUnavailable, match="no secure connection"):
        ask(server, scheme="https")


@pytest.mark.parametrize("url", ["ftp://shop.example/", "http://", "no address"])
def test_what_is_no_address(url: str) -> None:
    with Client() as client, pytest.raises(HttpUnavailable, match="cannot be asked"):
        client.get(url)
