"""Which of the two sets of tables the instance has: decided once per connection, with the reason."""

from __future__ import annotations

import asyncio
from enum import StrEnum

import msgspec

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.systems.servicenow.instance import Instance, Page

PAGES, S2P = "pages", "s2p_staging"
PAGES_TABLES = ("proc_po", "sn_apo_invoice")
S2P_TABLES = ("sn_shop_purchase_order", "sn_shop_invoice")


class Presence(StrEnum):
    """Whether a table is there."""

    THERE = "there"
    FORBIDDEN = "forbidden"
    """It exists; our user lacks the role."""
    MISSING = "missing"


class Probe(msgspec.Struct, frozen=True):
    """One row of a table, asked for with all its columns."""

    presence: Presence
    page: Page | None = None


class Decision(msgspec.Struct, frozen=True):
    """The profile in use, and why."""

    profile: str
    reason: str


class Profiles:
    """Probes tables and decides."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._probes: dict[str, Probe] = {}
        self._deciding = asyncio.Lock()
        self.decision: Decision | None = None

    async def decide(self) -> Decision:
        """`pages` where its tables answer, else `s2p_staging`; settings may name one."""
        async with self._deciding:
            if self.decision is None:
                self.decision = await self._decide()
        return self.decision

    async def _decide(self) -> Decision:
        chosen = self._instance.settings.profile
        if chosen != "auto":
            return Decision(chosen, "named in the settings")
        pages = await self._presence(PAGES_TABLES)
        if Presence.MISSING not in pages.values():
            return Decision(PAGES, f"{' and '.join(pages)} answer")
        missing = [name for name, presence in pages.items() if presence is Presence.MISSING]
        s2p = await self._presence(S2P_TABLES)
        if Presence.MISSING not in s2p.values():
            return Decision(S2P, f"{' and '.join(missing)} not there, {' and '.join(s2p)} answer")
        return Decision(PAGES, f"{' and '.join(missing)} not there, and neither are the Source-to-Pay tables")

    async def _presence(self, names: tuple[str, ...]) -> dict[str, Presence]:
        tables = [self._instance.settings.table(name) for name in names]
        probes = await asyncio.gather(*map(self.probe, tables))
        return {table: probe.presence for table, probe in zip(tables, probes, strict=True)}

    async def probe(self, table: str) -> Probe:
        """Ask for one row."""
        try:
            page = await self._instance.page(table)
        except ModuleMissingError:
            probe = Probe(Presence.MISSING)
        except PermissionMissingError:
            probe = Probe(Presence.FORBIDDEN)
        else:
            probe = Probe(Presence.THERE, page)
        self._probes[table] = probe
        return probe

    async def fresh(self, table: str) -> Probe:
        """A probe that nobody has used yet, made anew where there is none."""
        return self._probes.pop(table, None) or await self._once(table)

    async def _once(self, table: str) -> Probe:
        probe = await self.probe(table)
        self._probes.pop(table, None)
        return probe
