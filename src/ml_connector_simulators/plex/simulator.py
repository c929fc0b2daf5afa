"""The Plex simulator: who may ask, for which plant, how often, and which part answers (fact sheet §1 to §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator, Switches
from ..rights import known, put
from ..story import build_story
from ..truth import ShownRows
from .access import API_KEY, API_SECRET, CLIENT_ID, CLIENT_SECRET, Gate
from .database import Database
from .entry import references
from .reading import ReadService, tenant_guid, tenants
from .refusals import RefusedError, forbidden, not_allowed, not_authenticated, not_found
from .routes import DISCOVERY_PATH, PRODUCTS, SETS, TOKEN_PATH, Route, route
from .rows import Record
from .schema import TABLES
from .story_rows import PCN_OF, plex_story
from .switches import PlexSwitches

HOME_PCN = PCN_OF["10"]


class Rights(msgspec.Struct):
    """What the credentials may: plants, API products not subscribed, sets without a role, clients turned off."""

    pcns: list[str]
    unsubscribed_products: list[str]
    missing_roles: list[str]
    disabled_clients: list[str]


class PlexSimulator(Simulator):
    """Two plants of one customer, PCN 104455 and 104456; `story` is what they were filled with."""

    system = "plex"
    title = "Plex, Halvorsen Pumpen"
    default_port = 9101
    switches: PlexSwitches

    def set_up(self) -> None:
        self.story = plex_story(build_story(self.size, self.seed, self.clock.now(), division="plex"))
        self.database = Database(self.story, self.clock.now().date())
        self.switches = PlexSwitches()
        self.gate = Gate(self.clock)
        self.unsubscribed: set[str] = set()
        self.missing_roles: set[str] = set()
        self._reads = ReadService(self.database, self.switches)

    # Serving -----------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Answer:
        if call.path == TOKEN_PATH:
            return self.gate.token(call, self.switches)
        if call.path == DISCOVERY_PATH:
            return Answer.json({"issuer": self.url, "token_endpoint": self.url + TOKEN_PATH})
        try:
            return self._answer_client(call)
        except RefusedError as refusal:
            return refusal.answer(self.switches.error_body)

    def classify(self, call: Call) -> Label:
        if call.path == TOKEN_PATH:
            return Label("token")
        found = route(call.path)
        entity = found.name if found else ""
        return Label("read" if call.method in ("GET", "HEAD") else "write", entity)

    def _answer_client(self, call: Call) -> Answer:
        who = self.gate.credential(call, self.switches)
        pcn = self.gate.pcn(call, self.switches)
        found = route(call.path)
        self.gate.count(who, found.product if found else "", self.switches)
        if found is None:
            raise not_found()
        self._check_product(found)
        hidden = found.name in self.missing_roles
        if hidden and self.switches.role_missing == "403":
            raise forbidden(f"The role for {found.name} is missing.")
        if call.method != "GET":
            raise not_allowed(call.method)
        return self._reads.answer(call, found, pcn, frozenset(self.gate.plants), hidden)

    def _check_product(self, found: Route) -> None:
        """An API product that is not subscribed answers like a bad key (§0)."""
        if found.name == "departments" and self.switches.departments == "404":
            raise not_found()
        unknown = found.name == "departments" and self.switches.departments == "401"
        if unknown or found.product in self.unsubscribed or found.name in self.unsubscribed:
            raise not_authenticated()

    # Control -----------------------------------------------------------------------------------------------

    def set_switches(self, **values: object) -> Switches:
        """Changes switches; see PlexSwitches."""
        if str(values.get("default_pcn", HOME_PCN)) not in PCN_OF.values():
            raise ValueError(f"no plant {values['default_pcn']}")
        return super().set_switches(**values)

    def switches_changed(self) -> None:
        self.database.forget()
        self._reads = ReadService(self.database, self.switches)

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All sets of both plants; every row says its `pcn`. An invoice's AP control line is made on reading."""
        shown: dict[str, Sequence[Row]] = {name: self._truth(name) for name in TABLES}
        named = {t["id"]: t for t in tenants(self.switches.tenant_code)}
        shown["tenants"] = [{"pcn": pcn, **named[tenant_guid(pcn)]} for pcn in PCN_OF.values()]
        return shown

    def _truth(self, name: str) -> ShownRows[Record]:
        return ShownRows(self.database.rows(name), partial(self._reads.truth, name))

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        """Adds a row to the plant `pcn` (default: 104455); see `entry.entered` for what may be left out."""
        given = dict(values)
        pcn = str(given.pop("pcn", HOME_PCN))
        if pcn not in PCN_OF.values():
            raise KeyError(f"plant {pcn}")
        at = stamp or self.clock.now()
        record = self.database.insert(set_name, pcn, given, at, stamp is not None, self.switches)
        return self._reads.truth(set_name, record)

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        """Changes a row; a key without GUID or `pcn` means the plant 104455. An order's or invoice's total that is
        given stays as given; None lets it be computed from the lines again."""
        record = self._find(set_name, key)
        at = stamp or self.clock.now()
        self.database.change(set_name, record, values, at, stamp is not None, self.switches)
        return self._reads.truth(set_name, record)

    def delete(self, set_name: str, key: Row) -> None:
        """Removes a row and the rows that belong to it."""
        self.database.remove(set_name, self._find(set_name, key), self.clock.now(), self.switches)

    def _find(self, set_name: str, key: Row) -> Record:
        rows = self.database.rows(set_name)
        known = any(name in key for name in ("pcn", rows.table.key, *rows.table.indexes))
        wanted = dict(key) if known else {"pcn": HOME_PCN, **key}
        return rows.find(references(self.database.tables, str(wanted.get("pcn", "")), set_name, wanted))

    def grant(self, change: Row) -> Rights:
        """One of {"pcn", "granted"}, {"product", "granted"} (mdm, purchasing, accounting, or one set), {"role",
        "granted"} (a set), {"client", "granted"}, {"tokens": "revoke"}, {"key": "renew"}."""
        granted = bool(change.get("granted", True))
        if "pcn" in change:
            put(self.gate.plants, known(str(change["pcn"]), PCN_OF.values()), granted)
        elif "product" in change:
            put(self.unsubscribed, known(str(change["product"]), PRODUCTS, SETS), not granted)
        elif "role" in change:
            put(self.missing_roles, known(str(change["role"]), SETS), not granted)
        elif "client" in change:
            put(self.gate.disabled, str(change["client"]), not granted)
        elif change.get("tokens") == "revoke":
            self.gate.revoke_tokens()
        elif change.get("key") == "renew":
            self.gate.key_since = self.clock.now()
        else:
            raise ValueError("say pcn, product, role, client, tokens or key")
        return Rights(
            sorted(self.gate.plants), sorted(self.unsubscribed), sorted(self.missing_roles), sorted(self.gate.disabled)
        )

    def settings(self) -> dict[str, object]:
        """A connection that asks as fast as it can; as many calls are let through until a switch says otherwise."""
        return {"pcn": HOME_PCN, "max_calls_per_minute": PlexSwitches().calls_per_minute}

    def credentials(self) -> dict[str, object]:
        return {"auth_mode": "oauth2", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    def key_credentials(self) -> dict[str, object]:
        """The other way in."""
        return {"auth_mode": "connect_key", "api_key": API_KEY, "api_secret": API_SECRET}

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        return TABLES[set_name].columns or None if set_name in TABLES else None

    def page_title(self, set_name: str) -> str:
        return TABLES[set_name].title if set_name in TABLES else "Tenants"
