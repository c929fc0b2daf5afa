"""Connections to the simulated instance."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec

from ml_connector.systems.base import Opening, Ports
from ml_connector.systems.servicenow import CONNECTOR
from ml_connector.systems.servicenow.connection import ServiceNow
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator

DEFAULTS: dict[str, Any] = {"ship_to_stockroom": "Central Receiving"}


class Connect:
    """Opens connections to the simulator; `connect(profile="pages")`."""

    def __init__(self, sim: ServiceNowSimulator, stack: AsyncExitStack) -> None:
        self.sim = sim
        self.stack = stack

    async def __call__(
        self, *, credentials: dict[str, Any] | None = None, ports: Ports | None = None, **settings: Any
    ) -> ServiceNow:
        values = {key: str(value) for key, value in (credentials or self.sim.credentials()).items()}
        mode = values.pop("auth_mode")
        opening = Opening(
            "snow",
            self.sim.url,
            msgspec.convert({**DEFAULTS, **settings}, CONNECTOR.settings),
            mode,
            values,
            ports or Ports(),
        )
        system = await self.stack.enter_async_context(CONNECTOR.open(opening))
        assert isinstance(system, ServiceNow)
        return system
