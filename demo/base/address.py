"""Where the app listens, found out before Gradio tries: it takes every failure for a lack of ports."""

import errno
import os
import re
import socket

FIRST_PORT, PORTS = 7860, 100
"""As Gradio: the first free one of so many."""

LOOPBACK = "127.0.0.1"

_HOST = re.compile(r"[\w.:-]{1,253}")


class AddressError(OSError):
    """The app cannot listen there; the message says what to set."""


def listening_place(host: str, port: int | None = None, first: int = FIRST_PORT) -> tuple[str, int]:
    """A host as Gradio wants it, and a port that is free there.

    Args:
        host: A name or an address of this machine, IPv6 with or without brackets.
        port: The port; the first free one when left out.
        first: Where to begin to look for that.

    Raises:
        AddressError: There is no such host, or no such port is free.
    """
    bare = host.removeprefix("[").removesuffix("]")
    try:
        if not _HOST.fullmatch(bare):
            raise OSError
        found = socket.getaddrinfo(bare, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise AddressError(_wrong_host(host, "is not known")) from error
    # Gradio looks for a port that is free on the loopback, too, wherever it listens.
    places = {(family, address[0]) for family, *_, address in found} | {(socket.AF_INET, LOOPBACK)}
    candidates = [port] if port else range(first, min(first + PORTS, 2**16))
    for candidate in candidates:
        try:
            for family, address in places:
                _bind(family, str(address), candidate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            if error.errno == errno.EACCES:
                raise AddressError(f"port {candidate} needs more rights; choose one above 1023 with --port") from error
            raise AddressError(_wrong_host(host, f"cannot be listened on ({error.strerror})")) from error
        return f"[{bare}]" if ":" in bare else bare, candidate
    if port:
        raise AddressError(f"port {port} is in use; choose another with --port, or leave it out")
    raise AddressError(f"all ports from {first} to {candidates[-1]} are in use; choose another with --port")


def _wrong_host(host: str, what: str) -> str:
    return (
        f"the host {host[:80]!r} {what}; set --host or GRADIO_SERVER_NAME to 127.0.0.1, or to 0.0.0.0 for all networks"
    )


def _bind(family: int, address: str, port: int) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        if os.name == "posix":  # elsewhere it would share the port
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        trial.bind((address, port))
