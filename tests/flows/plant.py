"""A whole plant for a test: both simulators in a thread of their own, and the program as its users run it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from ml_connector.app import Application, Environment
from ml_connector.sync.report import Report, Silence
from ml_connector_simulators.framework import Simulator
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from ml_connector_simulators.servicenow import ServiceNowSimulator

T = TypeVar("T")

CONFIGURATION = """
connections:
  - name: ifs
    system: ifs_cloud
    base_url: {ifs.url}
    settings: {{realm: demo, companies: ["10", "20"]}}
    credentials: {{client_id: mlc, client_secret: "${{IFS_SECRET}}"}}
  - name: snow
    system: servicenow
    base_url: {snow.url}
    settings: {{profile: {profile}, late_write_window_s: {window}}}
    credentials: {{client_id: mlc, client_secret: "${{SNOW_SECRET}}"}}
flows:
  - name: ifs-to-snow
    source: ifs
    target: snow
    start_from: 2026-01-01
"""


class Loop:
    """An event loop in a thread, in which the simulators live while the test and the program run elsewhere."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def call(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return self.do(run())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Plant:
    """IFS Cloud, ServiceNow, and ml-connector between them with a data folder of its own."""

    def __init__(self, folder: Path, profile: str = "pages", window: float = 0, database_url: str = "") -> None:
        self.folder, self.profile, self.window, self.database_url = folder, profile, window, database_url
        self.loop = Loop()
        self.ifs = IfsCloudSimulator(size="small", seed=1)
        self.snow = ServiceNowSimulator(size="small", seed=1)
        for simulator in (self.ifs, self.snow):
            self.loop.do(simulator.start())
        self.installations = 0
        self.install()

    def close(self) -> None:
        self.app.__exit__()
        for simulator in (self.ifs, self.snow):
            self.loop.do(simulator.stop())
        self.loop.close()

    def install(self) -> None:
        """A fresh installation with the same configuration and an empty store."""
        if self.installations:
            self.app.__exit__()
        self.installations += 1
        home = self.folder / f"home-{self.installations}"
        self.app = Application(Environment(home, self.database_url, "", self.variables()), actor="test")
        self.app.apply(self.configuration(), file="ml-connector.yaml")

    def configuration(self) -> str:
        return CONFIGURATION.format(ifs=self.ifs, snow=self.snow, profile=self.profile, window=self.window)

    def variables(self) -> dict[str, str]:
        secrets = [simulator.credentials()["client_secret"] for simulator in (self.ifs, self.snow)]
        return {"IFS_SECRET": str(secrets[0]), "SNOW_SECRET": str(secrets[1])}

    def run(self, **options: Any) -> Report:
        return self.app.run("ifs-to-snow", Silence(), **options)

    def replay(self, **options: Any) -> Report:
        return self.app.replay("ifs-to-snow", Silence(), **options)

    def row(self, route: str, key: str) -> dict[str, Any]:
        """The record as `records` lists it."""
        found = [line for line in self.app.records("ifs-to-snow", route=route) if line["key"] == key]
        assert found, f"no {route} {key}"
        return found[0]

    def forget_requests(self) -> None:
        for simulator in (self.ifs, self.snow):
            self.loop.call(simulator.journal.reset)

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of a ServiceNow table."""
        return [dict(row) for row in self.loop.call(self.snow.truth)[name]]

    def switch(self, simulator: Simulator, **switches: Any) -> None:
        def turn() -> None:
            for name, value in switches.items():
                setattr(simulator.switches, name, value)

        self.loop.call(turn)

    def edit(self, set_name: str, key: dict[str, Any], **values: Any) -> None:
        """Somebody changes a row in IFS."""
        self.loop.call(lambda: self.ifs.update(set_name, key, values))


def counts(report: Report, route: str) -> dict[str, int]:
    """A route's outcomes that are not zero."""
    found = next(each for each in report.routes if each.route == route)
    assert found.read == sum(found.counts[o] for o in ("from_source", "resumed", "replayed"))
    outcomes = {n: c for n, c in found.counts.items() if c and n not in ("from_source", "resumed", "replayed")}
    assert found.read == sum(outcomes.values())
    return outcomes


def numbers(rows: list[dict[str, str]], column: str) -> Counter[str]:
    """How often each value of a column occurs."""
    return Counter(row[column] for row in rows)
