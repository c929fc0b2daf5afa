"""Simulated systems as child processes: started, announced, and stopped whatever happens."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ml_connector.errors import ConfigurationError

START_S = 60.0
STOP_S = 5.0
PORTS = {"plex": 9101, "syspro": 9102, "sage_x3": 9103, "ifs_cloud": 9104, "procurify": 9105, "servicenow": 9106}
"""Where each one listens unless told otherwise."""

NAMES = {
    "plex": "plex",
    "syspro": "syspro",
    "sage_x3": "sage",
    "ifs_cloud": "ifs",
    "procurify": "procurify",
    "servicenow": "snow",
}
"""What connections to them are called in the configuration that we write."""


def flow_name(source: str, target: str) -> str:
    """What a flow between two systems is called in the configuration that we write."""
    return f"{NAMES[source]}-to-{NAMES[target]}"


class Simulators:
    """Some simulators; a context manager."""

    def __init__(self, size: str = "small") -> None:
        self._size = size
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Simulators:
        """From here on being told to end is taken like Ctrl-C, also in the background, so that no child is left."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, system: str, port: int) -> dict[str, Any]:
        """Start one; what it says about itself: system, url, settings, credentials. Port 0 takes a free one."""
        child = _child(system, port, self._size)
        self._children.append(child)
        assert child.stdout is not None
        line = _first_line(child.stdout, START_S)
        if not line:
            raise ConfigurationError(
                f"The simulator of {system} did not start.",
                fix=f"Is port {port} taken? Choose another one with --port." if port else "See what it printed above.",
            )
        found: dict[str, Any] = json.loads(line)
        return found

    def wait(self) -> None:
        """Until one of them ends."""
        for child in self._children:
            child.wait()

    def stop(self) -> None:
        """Ask all to end, and end those that do not."""
        for child in self._children:
            if child.poll() is None:
                child.terminate()
        for child in self._children:
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()


def _child(system: str, port: int, size: str) -> subprocess.Popen[bytes]:
    """A group of its own, so that Ctrl-C reaches us alone and we end it in order."""
    command = [sys.executable, "-m", "ml_connector_simulators", system, "--port", str(port), "--size", size]
    return subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )


def _end_with_parent() -> None:
    """Linux ends this child when its parent is killed and cannot stop it any more."""
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def _first_line(stream: IO[bytes], timeout_s: float) -> bytes:
    found: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=lambda: found.put(stream.readline()), daemon=True).start()
    try:
        return found.get(timeout=timeout_s)
    except queue.Empty:
        return b""


def port_for(system: str) -> int:
    """The system's usual port if it is free, else 0."""
    port = PORTS.get(system, 0)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def configuration_text(described: Sequence[dict[str, Any]], flows: Sequence[tuple[str, str]]) -> str:
    """A configuration file for these simulators: a connection each, and a flow per (source, target) system."""
    import yaml

    connections = [
        {
            "name": NAMES[each["system"]],
            "system": each["system"],
            "base_url": each["url"],
            "settings": each["settings"],
            "credentials": each["credentials"],
        }
        for each in described
    ]
    made = []
    for source, target in flows:
        made.append(
            {
                "name": flow_name(source, target),
                "source": NAMES[source],
                "target": NAMES[target],
                "start_from": "2026-01-01",
            }
        )
    text = yaml.safe_dump({"connections": connections, "flows": made}, sort_keys=False, allow_unicode=True)
    head = "# Connections to simulated systems. The secrets below open nothing else; for real ones write ${NAME}.\n"
    return head + text.replace("'2026-01-01'", "2026-01-01")


def program_name() -> str:
    """How the user calls this program, for suggestions."""
    if not sys.argv[0].endswith("__main__.py"):
        return "ml-connector"
    script = Path(sys.prefix).parent / "ml-connector"
    if not os.access(script, os.X_OK):
        return "python -m ml_connector"
    return "./ml-connector" if script.parent == Path.cwd() else str(script)
