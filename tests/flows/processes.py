"""ml-connector as a process of its own, to be killed or to run beside others.

Importing what the program needs takes longer than most of its runs here, so it is done once: each process is a fork of
one that has done it and nothing else.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flows.plant import Plant
from ml_connector.systems import registry

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["ml_connector.cli.program", "ml_connector.app", "uvloop", *registry.MODULES.values()])


class Program:
    """A command under way; `returncode` is that of the process, negative when a signal ended it."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ml-connector-says-")
        self._said = [Path(self._folder.name, name) for name in ("out", "err")]
        arguments = (words, dict(environment), self._said)
        self._process = _FORKS.Process(target=_main, args=arguments, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("ml-connector", timeout or 0)
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed and said, once it has ended."""
        self.wait(timeout)
        out, said = (path.read_text() if path.exists() else "" for path in self._said)
        return out, said


def _main(words: tuple[str, ...], environment: dict[str, str], said: list[Path]) -> None:
    """In the fork: as if it had been started by itself; `-c` and Python instead of a command is possible, too."""
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    from ml_connector.cli import main
    from ml_connector.store import faults

    importlib.reload(faults)  # it looks at the environment when it is imported
    status = 0
    if words[0] == "-c":
        exec(words[1], {})
    else:
        status = main(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def start(plant: Plant, *words: str) -> Program:
    """Any command on a plant's installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_CONNECTOR")}
    environment = {**kept, "ML_CONNECTOR_HOME": str(plant.folder / f"home-{plant.installations}")}
    return Program((*words, "--json"), environment)


def expire_locks(plant: Plant) -> None:
    """Those of a dead process end by themselves after a quarter of a minute."""
    with plant.app.workspace.database.transaction() as cursor:
        cursor.execute("UPDATE store_lock SET expires_at = 0")
