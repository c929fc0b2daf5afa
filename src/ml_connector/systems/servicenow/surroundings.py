"""What records are written into beside their own values: the stockroom, and what the ERP is called there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.errors import ConfigurationError
from ml_connector.systems.servicenow.columns import stored
from ml_connector.systems.servicenow.dictionary import HIDDEN
from ml_connector.systems.servicenow.instance import Instance
from ml_connector.systems.servicenow.rows import SYS_ID
from ml_connector.systems.servicenow.settings import Settings

STOCKROOMS = "alm_stockroom"
SOURCES = "sn_fin_erp_source"
SHOWN = 12
"""Candidates named in a message."""
NONE_SEEN = "none that we may see"


async def stockroom(instance: Instance) -> str:
    """The sys_id that goes into proc_po.ship_to, which is mandatory (FACTS 22).

    Raises ConfigurationError with the candidates when it is not exactly one.
    """
    wanted = instance.settings.ship_to_stockroom.strip()
    column = "sys_id" if SYS_ID.fullmatch(wanted.lower()) else "name"
    table = instance.settings.table(STOCKROOMS)
    if wanted:
        rows = await instance.by_values(table, [column], [wanted], ["name"])
        hits = [row for row in rows if (stored(row.get(column)) or "").casefold() == wanted.casefold()]
        if len(hits) == 1:
            return stored(hits[0].get("sys_id")) or ""
    else:
        hits = rows = (await instance.page(table, fields=["sys_id", "name"], limit=SHOWN)).rows
        if len(rows) == 1:
            return stored(rows[0].get("sys_id")) or ""
    raise await _no_stockroom(instance, table, wanted, len(hits))


async def _no_stockroom(instance: Instance, table: str, wanted: str, hits: int) -> ConfigurationError:
    rows = (await instance.page(table, fields=["sys_id", "name"], limit=SHOWN)).rows
    names = ", ".join(sorted(f"{stored(row.get('name'))!r}" for row in rows)) or NONE_SEEN
    how = f"{wanted!r} is {hits or 'none'} of them" if wanted else "the setting ship_to_stockroom is empty"
    return ConfigurationError(
        f"Purchase orders need a stockroom to ship to, and {how}. Stockrooms on the instance: {names}.",
        fix="Set ship_to_stockroom to the name or sys_id of one.",
        candidates=names,
    )


class ErpSources:
    """What the ERP is called on the instance, by company or other scope."""

    def __init__(self, settings: Settings, names: Mapping[str, str] | None) -> None:
        self._settings = settings
        self._ids = names
        """Name -> sys_id of the instance's ERP sources; None: any name will do."""

    @classmethod
    async def read(cls, instance: Instance) -> ErpSources:
        """Those of sn_fin_erp_source; where they are hidden, the settings must name one."""
        try:
            rows = await instance.rows(instance.settings.table(SOURCES), "", ["name"])
        except HIDDEN:
            rows = []
        names = {stored(row.get("name")) or "": stored(row.get("sys_id")) or "" for row in rows}
        return cls(instance.settings, names)

    @property
    def names(self) -> list[str]:
        """Those to be seen."""
        return sorted(self._ids or ())

    def knows(self, name: str) -> bool:
        """Whether there is one of that name; True where they are hidden."""
        return not self._ids or name in self._ids

    def name(self, system: str, scope: str) -> str:
        """The ERP source of a record; ConfigurationError when it cannot be told."""
        told = self._settings.erp_sources.get(scope) or self._settings.erp_source
        if told or self._ids is None:
            return told or system
        if len(self._ids) == 1:
            return next(iter(self._ids))
        ours = (_letters(system), system.partition("_")[0])
        alike = [name for name in self._ids if _letters(name) in ours]
        if len(alike) == 1:
            return alike[0]
        names = ", ".join(sorted(self._ids)) or NONE_SEEN
        raise ConfigurationError(
            f"Which ERP source stands for {system}? On the instance: {names}.",
            fix="Set erp_source to the name of one (table sn_fin_erp_source).",
        )

    def is_ours(self, row: Mapping[str, Any], name: str) -> bool:
        """Whether a row may belong to this source: it has the same one, or none."""
        found = stored(row.get("erp_source")) or ""
        return not found or found in (name, (self._ids or {}).get(name))


class SourcesOnce:
    """The ERP sources of an instance, read once a connection."""

    def __init__(self) -> None:
        self._found: ErpSources | None = None

    async def read(self, instance: Instance) -> ErpSources:
        """As `ErpSources.read`."""
        if self._found is None:
            self._found = await ErpSources.read(instance)
        return self._found


def _letters(name: str) -> str:
    """`SAGE-X3`, `Sage X3` and `sage_x3` are the same to people."""
    return "".join(filter(str.isalnum, name.casefold()))
