import socket
from pathlib import Path

from kernel.embedded.ports import LOOPBACK, choose_ports, is_free


def test_the_same_folder_gets_the_same_ports() -> None:
    names = ("postgres", "redis")

    assert choose_ports(Path("/one"), names) == choose_ports(Path("/one"), names)


def test_a_port_in_use_is_passed_over(tmp_path: Path) -> None:
    first = choose_ports(tmp_path, ("only",))["only"]
    with socket.socket() as taken:
        # As servers do, for a connection that ended a moment ago may still hold the port.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, first))
        taken.listen()

        assert not is_free(first)
        assert choose_ports(tmp_path, ("only",))["only"] != first
