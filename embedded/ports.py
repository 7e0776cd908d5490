"""The doors of a stack on the loopback interface: which ports it takes, and who already has one."""

import random
import socket
import time
from collections.abc import Iterable, Mapping

from embedded.errors import StackError

LOOPBACK = "127.0.0.1"

WINDS_DOWN_S = 2.0
LOOK_AGAIN_S = 0.05
LOWEST_FREE = 20_000
HIGHEST_FREE = 32_000
"""Free ports are sought below the range from which systems take ports for outgoing calls: a port
found there stays free until its server has it."""


class PortTakenError(StackError):
    """A component's port is already in use."""

    def __init__(self, component: str, port: int) -> None:
        super().__init__(
            f"port {port} for {component} is already in use: stop what holds it, choose another "
            f"with --{component}-port, or take free ports with --ephemeral"
        )
        self.component = component
        self.port = port


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without this a port whose last connections are still winding down looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def require_free(ports: Mapping[str, int]) -> None:
    """Refuse a stack whose ports are taken; the message names the port and its component. What a
    stack held that was killed a moment ago may still be winding down.

    Raises:
        PortTakenError: for the first component whose port is in use.
    """
    until = time.monotonic() + WINDS_DOWN_S
    for component, port in ports.items():
        while not is_free(port):
            if time.monotonic() > until:
                raise PortTakenError(component, port)
            time.sleep(LOOK_AGAIN_S)


def take_free(components: Iterable[str]) -> dict[str, int]:
    """A distinct free port for each component."""
    chance = random.SystemRandom()
    taken: dict[str, int] = {}
    for component in components:
        port = chance.randrange(LOWEST_FREE, HIGHEST_FREE)
        while port in taken.values() or not is_free(port):
            port = chance.randrange(LOWEST_FREE, HIGHEST_FREE)
        taken[component] = port
    return taken
