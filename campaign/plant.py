"""One scenario's world: both simulators, a store of its own, and the product as a process that can be killed."""

from __future__ import annotations

import base64
import functools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from campaign.books import Books
from campaign.kills import Kill, RequestKill, StoreKill, Strike
from campaign.promises import Promises
from flows.desks import Desk, desk
from flows.plant import FLOW, Loop
from flows.processes import Program
from ml_connector.app import Application, Environment
from ml_connector.sync.report import Report, Silence
from ml_connector_simulators.framework import Simulator
from ml_connector_simulators.registry import simulator_class

T = TypeVar("T")
Row = dict[str, Any]

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""Of the simulated clocks, so that every plant is filled with the same story."""
LONGEST_RUN_S = 180.0
KEYS = tuple(base64.b64encode(digit * 32).decode() for digit in (b"1", b"2"))
"""Two keys to encrypt credentials under, the older first."""
UNHURRIED = {
    "plex": {"max_calls_per_minute": 100_000},
    "sage_x3": {"requests_per_minute": 100_000},
    "ifs_cloud": {"requests_per_minute": 100_000},
}
"""Settings of sources without the pauses that a vendor asks for; `UNLIMITED` are the switches that go with them."""
UNLIMITED = {"plex": {"calls_per_minute": 0}}


@dataclass(frozen=True)
class Setup:
    """How a plant is set up."""

    source: str = "ifs_cloud"
    target: str = "servicenow"
    profile: str = "pages"
    """Of ServiceNow."""
    batch_size: int = 200
    """Of ServiceNow: writes in a Batch call; 0: one by one."""
    window_s: float = 0.2
    companies: tuple[str, ...] = ("10", "20")
    """Of IFS Cloud."""
    signed: Literal["client", "refresh"] = "client"
    """Of ServiceNow."""

    def source_settings(self) -> dict[str, Any]:
        """Beside those that the simulator itself tells."""
        companies = {"companies": list(self.companies)} if self.source == "ifs_cloud" else {}
        return {**UNHURRIED.get(self.source, {}), **companies}

    def target_settings(self) -> dict[str, Any]:
        window = {"late_write_window_s": self.window_s}
        if self.target == "servicenow":
            return {**window, "profile": self.profile, "batch_size": self.batch_size}
        return {**window, "min_interval_ms": 0, "create_locations": True, "location_phone": "+49 711 555 0100"}


@dataclass(frozen=True)
class Ended:
    """How a process of the product ended."""

    status: int
    report: dict[str, Any] | None
    said: str

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    @property
    def finished(self) -> bool:
        """The run came to its end, and nothing is in doubt."""
        return self.status in (0, 3)


class Plant:
    """An ERP, a procurement system, and the product between them."""

    def __init__(self, loop: Loop, setup: Setup, home: Path, database_url: str = "") -> None:
        self.loop, self.setup, self.home, self.database_url = loop, setup, home, database_url
        self.source: Any = simulator_class(setup.source)(size="small", seed=1, start=START)
        self.target: Any = simulator_class(setup.target)(size="small", seed=1, start=START)
        self.source.set_switches(**UNLIMITED.get(setup.source, {}))
        for simulator in (self.source, self.target):
            self.loop.do(simulator.start())
        self.promises = self._promises(setup)
        self.processes: list[Program] = []
        self.runs = 0
        self.keys: tuple[str, ...] = KEYS[:1]

    def _promises(self, setup: Setup) -> Promises:
        settings = {**self.source.settings(), **setup.source_settings()}
        return Promises(setup.source, self.source.url, settings, self.source.credentials())

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()
        for simulator in (self.source, self.target):
            self.loop.do(simulator.stop())

    # the product in this process: for what is not to be killed

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ML_CONNECTOR_HOME": str(self.home),
            "ML_CONNECTOR_DATABASE_URL": self.database_url,
            "ML_CONNECTOR_SECRET_KEY": ",".join(self.keys),
        }

    @property
    def books(self) -> Books:
        return Books(self.home, self.database_url)

    def application(self) -> Application:
        return Application(Environment.of(self.environment), actor="campaign")

    def configuration(self, setup: Setup | None = None) -> str:
        setup = setup or self.setup
        signed = self.target.refresh_credentials() if setup.signed == "refresh" else self.target.credentials()
        connections = [
            _connection("erp", self.source, setup.source_settings(), self.source.credentials()),
            _connection("target", self.target, setup.target_settings(), signed),
        ]
        flow = {"name": FLOW, "source": "erp", "target": "target", "start_from": date(2026, 1, 1)}
        return yaml.safe_dump({"connections": connections, "flows": [flow]}, allow_unicode=True)

    def apply(self, setup: Setup | None = None) -> None:
        with self.application() as app:
            app.apply(self.configuration(setup), file="ml-connector.yaml")

    def run_here(self) -> Report:
        with self.application() as app:
            return app.run(FLOW, Silence())

    # the product as a process

    def start(self, *arguments: str, store_kill: StoreKill | None = None) -> Program:
        """`ml-connector ...` as its users start it; what begins with `-c` is Python instead."""
        environment = {**os.environ, **self.environment}
        if store_kill is not None:
            environment["ML_CONNECTOR_KILL_AT"] = store_kill.text
        process = Program(arguments or ("run", FLOW, "--json"), environment)
        self.processes.append(process)
        self.runs += 1
        return process

    def end(self, process: Program, timeout_s: float = LONGEST_RUN_S) -> Ended:
        """Wait for it; a process that hangs is killed and counts as failed."""
        try:
            told, said = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Ended(1, None, f"hung for {timeout_s:.0f} s")
        self.processes.remove(process)
        report = None
        with suppress(ValueError):
            report = json.loads(told)
        return Ended(process.returncode, report if isinstance(report, dict) else None, said)

    def run(self, kill: Kill | None = None, *arguments: str) -> Ended:
        """One run as a process, killed as ordered."""
        if isinstance(kill, StoreKill):
            ended = self.end(self.start(*arguments, store_kill=kill))
        else:
            process = self.start(*arguments)
            if kill is not None:
                self.order(kill, process.pid)
            ended = self.end(process)
            self.take_back_orders()
        self.wait_until_quiet()
        return ended

    def order(self, kill: RequestKill, pid: int) -> None:
        simulator = self.source if kill.end == "source" else self.target

        def give() -> None:
            if kill.late_s:
                late = {"do": "process_late", "seconds": kill.late_s}
                simulator.add_fault(match=kill.match, nth=kill.nth, action=late)
                simulator.kill_order = Strike(pid, kill.nth, kill.match)
            else:
                simulator.kill_order = kill.order(pid)

        self.call(give)

    def take_back_orders(self) -> None:
        for simulator in (self.source, self.target):
            simulator.kill_order = None

    def wait_until_quiet(self) -> None:
        """A request that reached a simulator before its sender died is still worked on for a moment."""
        quiet = 0
        while quiet < 2:
            open_ones = self.call(lambda: any(not e.status and not e.fault for e in self._entries()))
            quiet = 0 if open_ones else quiet + 1
            time.sleep(0.01)

    def _entries(self) -> list[Any]:
        return [*self.source.journal.entries, *self.target.journal.entries]

    # the simulators

    @property
    def desk(self) -> Desk:
        """Somebody at work in the ERP."""
        return desk(self.source, self.call)

    def call(self, function: Callable[[], T]) -> T:
        found: T = self.loop.call(function)
        return found

    def truth(self, simulator: Simulator) -> dict[str, list[Row]]:
        """All rows that a simulator holds, copied."""
        return self.call(lambda: {name: [dict(row) for row in rows] for name, rows in simulator.truth().items()})

    def edited(self) -> None:
        """What was read of the source before is no longer so."""
        self.promises.forget()

    def forget_requests(self) -> None:
        for simulator in (self.source, self.target):
            self.call(simulator.journal.reset)

    @property
    def writes(self) -> int:
        """Business rows that anybody tried to write since the requests were forgotten."""
        return int(self.target.writes)

    def pass_time(self, seconds: float) -> None:
        """On the simulators' clocks."""
        for simulator in (self.source, self.target):
            self.call(functools.partial(simulator.clock.advance, seconds))


def _connection(name: str, end: Simulator, settings: dict[str, Any], credentials: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "system": end.system,
        "base_url": end.url,
        "settings": {**end.settings(), **settings},
        "credentials": credentials,
    }
