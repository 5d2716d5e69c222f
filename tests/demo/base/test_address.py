"""Where the app listens, and what it says where it cannot."""

import socket

import pytest

from demo.base.address import AddressError, listening_place


@pytest.fixture
def taken():
    """A port on which a program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_name_and_both_ways_to_write_ipv6_become_what_gradio_takes():
    assert listening_place("127.0.0.1")[0] == "127.0.0.1"
    assert listening_place("localhost")[0] == "localhost"
    if socket.has_ipv6:
        for host in ("::1", "[::1]"):
            assert listening_place(host)[0] == "[::1]"
        assert listening_place("::")[0] == "[::]"


def test_a_port_in_use_is_passed_over_or_named(taken):
    assert listening_place("127.0.0.1", first=taken)[1] > taken
    with pytest.raises(AddressError, match=rf"port {taken} is in use; choose another with --port"):
        listening_place("127.0.0.1", taken)
    with pytest.raises(AddressError, match="all ports from 65535 to 65535"), socket.create_server(("127.0.0.1", 65535)):
        listening_place("127.0.0.1", first=65535)


HOSTS = [
    "nosuchhost.invalid",
    "http://127.0.0.1",
    "127.0.0.1:7860",
    "",
    "x" * 300,
    "192.0.2.1",
    "*",
    "fe80::1%lo",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_not_here_is_named_with_what_to_set(host):
    with pytest.raises(AddressError, match=r"the host '.*set --host or GRADIO_SERVER_NAME") as error:
        listening_place(host)
    assert "\n" not in str(error.value)
