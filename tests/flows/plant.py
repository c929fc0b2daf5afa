"""A whole plant for a test: two simulators in a thread of their own, and the program as its users run it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from flows.compare_simulators import disagreements
from flows.desks import Desk, desk
from ml_connector.app import Application, Environment
from ml_connector.sync.report import Report, Silence
from ml_connector_simulators.framework import Simulator
from ml_connector_simulators.registry import simulator_class

T = TypeVar("T")
FLOW = "erp-to-target"


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
        self.do(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end_all(self) -> None:
        """Answers that never came are given up."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def configuration(source: Simulator, target: Simulator, settings: Mapping[str, Mapping[str, Any]]) -> str:
    """A file for the two, with further `settings` of `erp` and of `target`."""
    ends = {"erp": (source, settings.get("erp", {})), "target": (target, settings.get("target", {}))}
    connections = [
        {
            "name": name,
            "system": end.system,
            "base_url": end.url,
            "settings": {**end.settings(), **more},
            "credentials": end.credentials(),
        }
        for name, (end, more) in ends.items()
    ]
    flow = {"name": FLOW, "source": "erp", "target": "target", "start_from": "2026-01-01"}
    return yaml.safe_dump({"connections": connections, "flows": [flow]}, allow_unicode=True).replace(
        "'2026-01-01'", "2026-01-01"
    )


class Plant:
    """An ERP, a procurement system, and ml-connector between them with a data folder of its own."""

    def __init__(
        self,
        folder: Path,
        profile: str = "pages",
        window: float = 0,
        database_url: str = "",
        *,
        source: str = "ifs_cloud",
        target: str = "servicenow",
    ) -> None:
        self.folder, self.profile, self.window, self.database_url = folder, profile, window, database_url
        self.loop = Loop()
        self.source: Any = simulator_class(source)(size="small", seed=1)
        self.target: Any = simulator_class(target)(size="small", seed=1)
        for simulator in (self.source, self.target):
            self.loop.do(simulator.start())
        self.installations = 0
        self.install()

    def close(self) -> None:
        self.app.__exit__()
        for simulator in (self.source, self.target):
            self.loop.do(simulator.stop())
        self.loop.close()

    @property
    def desk(self) -> Desk:
        """Somebody at work in the ERP."""
        return desk(self.source, self.loop.call)

    def install(self) -> None:
        """A fresh installation with the same configuration and an empty store."""
        if self.installations:
            self.app.__exit__()
        self.installations += 1
        home = self.folder / f"home-{self.installations}"
        self.app = Application(Environment(home, self.database_url, "", {}), actor="test")
        self.app.apply(self.configuration(), file="ml-connector.yaml")

    def configuration(self) -> str:
        more: dict[str, Any] = {"late_write_window_s": self.window}
        if self.target.system == "servicenow":
            more["profile"] = self.profile
        return configuration(self.source, self.target, {"target": more})

    def run(self, **options: Any) -> Report:
        return self.app.run(FLOW, Silence(), **options)

    def replay(self, **options: Any) -> Report:
        return self.app.replay(FLOW, Silence(), **options)

    def row(self, route: str, key: str) -> dict[str, Any]:
        """The record as `records` lists it."""
        found = [line for line in self.app.records(FLOW, route=route) if line["key"] == key]
        assert found, f"no {route} {key}"
        return found[0]

    def disagreements(self) -> list[str]:
        """All in which source and target disagree, by an independent judge."""
        return disagreements((self.target.system, self.target.url), (self.source.system, self.source.url))

    def forget_requests(self) -> None:
        for simulator in (self.source, self.target):
            self.loop.call(simulator.journal.reset)

    @property
    def writes(self) -> int:
        """Business rows that were written since the requests were forgotten."""
        return int(self.target.writes)

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table of the target."""
        return [dict(row) for row in self.loop.call(self.target.truth)[name]]

    def switch(self, simulator: Simulator, **switches: Any) -> None:
        self.loop.call(lambda: simulator.set_switches(**switches))

    def edit(self, set_name: str, key: dict[str, Any], **values: Any) -> None:
        """Somebody changes a row in the ERP."""
        self.loop.call(lambda: self.source.update(set_name, key, values))

    def pass_time(self, seconds: float) -> None:
        """On the simulators' clocks."""
        for simulator in (self.source, self.target):
            self.loop.call(lambda s=simulator: s.clock.advance(seconds))  # type: ignore[misc]


def counts(report: Report, route: str) -> dict[str, int]:
    """A route's outcomes that are not zero."""
    found = next(each for each in report.routes if each.route == route)
    assert found.read == sum(found.counts[o] for o in ("from_source", "resumed", "replayed"))
    outcomes = {n: c for n, c in found.counts.items() if c and n not in ("from_source", "resumed", "replayed")}
    assert found.read == sum(outcomes.values())
    return outcomes


def numbers(rows: list[dict[str, Any]], column: str) -> Counter[str]:
    """How often each value of a column occurs."""
    return Counter(row[column] for row in rows)
