"""The Sage X3 simulator: who may ask, which sessions are free, and which part answers (fact sheet §2, §3)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator
from ..rights import put
from ..story import build_story
from ..truth import ShownRows
from .access import (
    BASIC_PASSWORD,
    BASIC_USER,
    JWT_AUDIENCE,
    JWT_CLIENT_ID,
    JWT_CLIENT_SECRET,
    JWT_USER,
    LOGIN_PATH,
    Gate,
    login_page,
)
from .catalog import Catalog
from .database import By, Database
from .reading import ReadService
from .refusals import NO_SESSION, RefusedError, diagnosis, page
from .schema import TABLES, Table
from .story_rows import CHART, COST_CENTER_DIMENSION
from .switches import Diagnosis, SageSwitches
from .tokens import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN_PATH, TokenService, grant_type

FOLDER = "SEED"
_ROOT = f"/api1/x3/erp/{FOLDER}/"
_PROTOTYPE = re.compile(r"(?P<code>\w+)/\$prototypes\('(?P<representation>[^']*)'\)")
_RECORD = re.compile(r"(?P<code>\w+)\('(?P<key>.*)'\)", re.DOTALL)
_NOT_FOUND = "<html><body><h1>404: the resource was not found</h1></body></html>"
_TITLES = {
    "BPSUPPLIER": "Suppliers",
    "BPARTNER": "Business partners",
    "BPADDRESS": "Addresses",
    "PORDER": "Purchase orders",
    "PORDERQ": "Purchase order lines",
    "PINVOICE": "Supplier invoices",
    "PINVOICED": "Lines of purchase invoices",
    "BPSINVLIG": "Lines of BP invoices",
    "BPSINVLIGA": "Coding of BP invoices",
    "GACCOUNT": "GL accounts",
    "CACCE": "Dimensions",
    "GACCENTRY": "GL entries",
    "GACCENTRYD": "GL entry lines",
    "GACCENTRYA": "Coding of GL entries",
}
_FIRST_COLUMNS = {
    "BPSUPPLIER": ("BPSNUM", "BPSNAM", "CUR", "PTE", "ENAFLG", "UPDDATTIM"),
    "PORDER": ("POHNUM", "CPY", "POHFCY", "BPSNUM", "ORDDAT", "CUR", "TOTORD", "TTVORD", "CLEFLG", "RCPFLG"),
    "PORDERQ": ("POHNUM", "POPLIN", "POQSEQ", "ITMREF", "ITMDES", "QTYUOM", "NETPRI", "LINAMT", "ACC"),
    "PINVOICE": ("NUM", "CPY", "BPR", "BPRVCR", "BPRDAT", "INVTYP", "SNS", "CUR", "AMTNOT", "AMTATI", "STA"),
    "PINVOICED": ("NUM", "PIDLIN", "POHNUM", "POPLIN", "POQSEQ", "ITMDES", "QTYUOM", "AMTNOTLIN", "ACC"),
    "BPSINVLIG": ("NUM", "LIG", "DES", "ACC", "AMTNOTLIN"),
}  # fmt: skip


class Rights(msgspec.Struct):
    """What is taken away: classes without a profile right, sites without a right, users and clients turned away."""

    refused_classes: list[str]
    refused_sites: list[str]
    disabled: list[str]


class SageX3Simulator(Simulator):
    """A folder SEED with two companies; `story` is what it was filled with, `tokens.counts` counts renewals."""

    system = "sage_x3"
    title = "Sage X3, Halvorsen Pumpen"
    default_port = 9103
    switches: SageSwitches

    def set_up(self) -> None:
        self.story = build_story(self.size, self.seed, self.clock.now(), division=self.system)
        self.database = Database(self.story)
        self.switches = SageSwitches()
        self.tokens = TokenService(self.clock)
        self.most_at_once = 0
        """The most requests that held a session at the same time."""
        self._gate = Gate(self.clock, self.tokens)
        self._sites = {site.number: site.company for site in self.story.sites}
        self._refused_classes: set[str] = set()
        self._refused_sites: frozenset[str] = frozenset()
        self._at_once = 0
        self._use_switches()

    # Serving -----------------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Answer:
        if call.path == TOKEN_PATH:
            return await self.tokens.answer(call, self.switches)
        if call.path == LOGIN_PATH:
            return login_page()
        if not call.path.startswith(_ROOT):
            return page(404, _NOT_FOUND)
        refusal = self._gate.refusal(call, self.switches)
        if refusal is not None:
            return self._with_error_body(refusal)
        if self._is_busy():
            return page(503, NO_SESSION)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.switches.pause_s:
                await asyncio.sleep(self.switches.pause_s)
            return self._answer_class(call)
        except RefusedError as error:
            return self._with_error_body(error.answer())
        finally:
            self._at_once -= 1

    def classify(self, call: Call) -> Label:
        """A token request's entity is its grant type, a read's its class."""
        if call.path == TOKEN_PATH:
            return Label("token", grant_type(call))
        entity = ""
        if call.path.startswith(_ROOT):
            found = re.match(r"\w+", call.decoded_path[len(_ROOT) :])
            code = found[0] if found else ""
            entity = {self._catalog.code(t): name for name, t in TABLES.items()}.get(code, code)
        return Label("read" if call.method in ("GET", "HEAD") else "write", entity)

    def _with_error_body(self, answer: Answer) -> Answer:
        """401 and 403 come in one of three forms; what is plain text stays so."""
        form = self.switches.error_body
        if answer.status not in (401, 403) or form == "diagnoses" or "json" not in answer.headers["Content-Type"]:
            return answer
        return page(answer.status, "" if form == "empty" else f"<html><body>{answer.status}</body></html>")

    def _is_busy(self) -> bool:
        if self.switches.busy > 0:
            self.switches.busy -= 1
            return True
        return 0 < self.switches.sessions <= self._at_once

    def _answer_class(self, call: Call) -> Answer:
        rest = call.decoded_path[len(_ROOT) :]
        if call.method != "GET":
            raise RefusedError(405, "The representation has no facet for this operation")
        prototype = _PROTOTYPE.fullmatch(rest)
        if prototype:
            table = self._allowed(prototype["code"])
            return self._reads.prototype(table, self._catalog.facet(table, prototype["representation"]))
        record = _RECORD.fullmatch(rest)
        table = self._allowed(record["code"] if record else rest)
        asked = call.parameters().get("representation", "")
        facet = self._catalog.facet(table, asked)
        if (facet == "query") == bool(record):
            raise RefusedError(400, f"Facet {asked.partition('.')[2]} does not fit this address")
        if record:
            answer = self._reads.details(table, record["key"], self._may_see)
        else:
            self._check_sites(table)
            answer = self._reads.query(call, table, self._may_see, self._refused_sites, self.url)
        return self._diagnosed(table, answer)

    def _allowed(self, code: str) -> Table:
        table = self._catalog.table(code)
        if table.name in self._refused_classes:
            raise RefusedError(403, f"Your profile has no right on {code}")
        return table

    def _check_sites(self, table: Table) -> None:
        has_site = bool(table.site) or bool(table.parent and TABLES[table.parent].site)
        if has_site and self._refused_sites and self.switches.sites == "refuse":
            raise RefusedError(403, f"You have no right on site {min(self._refused_sites)}")

    def _may_see(self, site: str) -> bool:
        return site not in self._refused_sites

    def _diagnosed(self, table: Table, answer: Answer) -> Answer:
        """A good answer with the ordered diagnosis inside; without rows unless the order says so."""
        due = self._due_diagnosis(table)
        if due is None or answer.status != 200:
            return answer
        body = msgspec.json.decode(answer.body, type=dict[str, msgspec.Raw])
        shown: dict[str, Any] = dict(body) if due.keeps_rows else {}
        if "$resources" in body and not due.keeps_rows:
            shown |= {"$resources": []}
        return Answer.json({**shown, "$diagnoses": [diagnosis(due.message, due.severity)]})

    def _due_diagnosis(self, table: Table) -> Diagnosis | None:
        for order in self.switches.diagnoses:
            if order.entity not in ("", table.name) or order.times < 1:
                continue
            if order.after > 0:
                order.after -= 1
                continue
            order.times -= 1
            return order
        return None

    # Control -----------------------------------------------------------------------------------------------------

    def switches_changed(self) -> None:
        self.database.forget()
        self._use_switches()

    def _use_switches(self) -> None:
        self._catalog = Catalog(self.switches)
        self._reads = ReadService(self.database, self._catalog, self.switches)

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """Every table under its class's name as in the fact sheet; PORDERQ holds its PORDERP columns too."""
        return {name: ShownRows(rows, rows.truth) for name, rows in self.database.tables.items()}

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None, by: By = "class") -> Row:
        """`by` says how: through the class; by a `classic` program, which sets UPDDAT only; or by an SQL `import`,
        which sets no stamp at all. Over the control surface it is the value `$by`."""
        given, by = _taken_by(values, by)
        touch = self.switches.line_edits_touch_header
        record = self.database.insert(set_name, given, stamp or self.clock.now(), by, touch)
        return self.database.rows(set_name).truth(record)

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None, by: By = "class") -> Row:
        """See insert for `by`. An address never moves its supplier's stamp, a line its header's by a switch."""
        given, by = _taken_by(values, by)
        touch = self.switches.line_edits_touch_header
        record = self.database.change(set_name, key, given, stamp or self.clock.now(), by, touch)
        return self.database.rows(set_name).truth(record)

    def delete(self, set_name: str, key: Row) -> None:
        self.database.remove(set_name, key, self.clock.now(), self.switches.line_edits_touch_header)

    def grant(self, change: Row) -> Rights:
        """One of {"class", "granted"} (a profile's right), {"site", "granted"}, {"company", "granted"} (all its
        sites), {"sites": [..]} (the only ones), {"user" or "client", "granted"}, {"tokens": "revoke"},
        {"refresh_tokens": "revoke"}."""
        granted = bool(change.get("granted", True))
        if "class" in change:
            put(self._refused_classes, self.database.rows(str(change["class"])).table.name, not granted)
        elif "site" in change:
            self._put_sites({str(change["site"])}, granted)
        elif "company" in change:
            self._put_sites({site for site, company in self._sites.items() if company == change["company"]}, granted)
        elif "sites" in change:
            self._refused_sites = frozenset(self._sites) - set(map(str, change["sites"]))
        elif "user" in change or "client" in change:
            who = str(change.get("user", change.get("client")))
            put(self.tokens.disabled, who, not granted)
            put(self._gate.disabled, who, not granted)
        elif change.get("tokens") == "revoke":
            self.tokens.revoke_access()
        elif change.get("refresh_tokens") == "revoke":
            self.tokens.revoke_refresh()
        else:
            raise ValueError("say class, site, sites, company, user, client, tokens or refresh_tokens")
        return Rights(sorted(self._refused_classes), sorted(self._refused_sites), sorted(self._gate.disabled))

    def _put_sites(self, sites: set[str], granted: bool) -> None:
        unknown = sites - set(self._sites)
        if unknown or not sites:
            raise KeyError(*unknown)
        self._refused_sites = self._refused_sites - sites if granted else self._refused_sites | sites

    def settings(self) -> dict[str, object]:
        return {
            "folder": FOLDER,
            "chart_code": CHART,
            "cost_center_dimension": COST_CENTER_DIMENSION,
            "token_url": f"{self.url}{TOKEN_PATH}",
        }

    def credentials(self, auth_mode: str = "oauth2_client_credentials") -> dict[str, object]:
        """What opens the folder in one of the four ways of signing in."""
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        modes: dict[str, dict[str, object]] = {
            "oauth2_client_credentials": {**client},
            "oauth2_authorization_code": {**client, "refresh_token": REFRESH_TOKEN},
            "signed_jwt": {
                "client_id": JWT_CLIENT_ID,
                "client_secret": JWT_CLIENT_SECRET,
                "user": JWT_USER,
                "audience": JWT_AUDIENCE,
            },
            "basic": {"username": BASIC_USER, "password": BASIC_PASSWORD},
        }
        return {"auth_mode": auth_mode, **modes[auth_mode]}

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        return _FIRST_COLUMNS.get(set_name, TABLES[set_name].key)

    def page_title(self, set_name: str) -> str:
        return _TITLES.get(set_name, "")


def _taken_by(values: Row, by: By) -> tuple[dict[str, Any], By]:
    given = dict(values)
    return given, msgspec.convert(given.pop("$by", by), By)
