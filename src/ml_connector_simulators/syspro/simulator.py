"""The SYSPRO simulator: who may ask, which surface answers, and what people do inside the companies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator
from ..rights import known, put
from ..sign_in import basic_pair
from ..story import build_story
from ..truth import ShownRows
from . import iis
from .catalog import published
from .database import CompanyData, Values, encoded_version
from .editing import Editor
from .enet import OBJECTS, EnetService, operation_of
from .odata import ODataError, ODataService, segments_of
from .schema import TABLES
from .sessions import Sessions
from .story_rows import company_rows
from .story_words import COMPANY_IDS
from .switches import SysproSwitches

USERNAME, PASSWORD = "ODATA", "odata-password-of-the-simulator"
OPERATOR, OPERATOR_PASSWORD = "MLCON", "operator-password-of-the-simulator"
HUMAN = "AMEYER"  # somebody who works in SYSPRO
COMPANY_PASSWORD = "company-password-of-the-simulator"
DEFAULT_COMPANY = "EDU1"
_SEEDING = (
    "invoice_value", "analysis_values", "analysis_per", "second_analysis", "posted_status", "cost_centers",
)  # fmt: skip
_FIRST_COLUMNS = {
    "ApSupplier": ("CompanyId", "Supplier", "SupplierName", "Currency", "TermsCode", "OnHold"),
    "ApInvoice": (
        "CompanyId", "Supplier", "Invoice", "InvoiceDate", "JournalDate", "OrigInvValue", "MthInvBal1", "Currency",
        "InvoiceStatus",
    ),
    "PorMasterHdr": ("CompanyId", "PurchaseOrder", "Supplier", "OrderStatus", "OrderEntryDate", "Currency"),
    "PorMasterDetail": (
        "CompanyId", "PurchaseOrder", "Line", "LineType", "MStockCode", "MStockDes", "MOrderQty", "MForeignPrice",
    ),
    "GenMaster": ("CompanyId", "GlCode", "Description", "AccountType", "AccOnHoldFlag"),
}  # fmt: skip


class Rights(msgspec.Struct):
    """What is in force, as `grant` answers."""

    operators: list[str]  # enabled ones
    companies: list[str]  # that the operators may enter
    refused_tables: list[str]
    licensed_objects: list[str]
    odata: bool
    enet: bool
    sessions_open: int
    sessions_opened: int
    sessions_closed: int
    sessions_evicted: int
    sessions_expired: int
    evicted_operators: list[str]


class SysproSimulator(Simulator):
    """Two companies, EDU1 (the story's 10) and EDU2 (20); `story` is what they were filled with."""

    system = "syspro"
    title = "SYSPRO 8, Halvorsen Pumpen"
    default_port = 9102
    switches: SysproSwitches

    def set_up(self) -> None:
        self._began = self.clock.now()
        self.story = build_story(self.size, self.seed, self._began, division="syspro")
        self.switches = SysproSwitches()
        self.operators = {USERNAME, OPERATOR, HUMAN}
        self.operator_passwords = {OPERATOR: OPERATOR_PASSWORD, HUMAN: "a-person-s-password"}
        self.company_password = COMPANY_PASSWORD
        self.allowed_companies = set(COMPANY_IDS.values())
        self.refused_tables: set[str] = set()
        self.odata_running = True
        self._odata = ODataService()
        self._enet = EnetService(self)
        self._fill()

    def _fill(self) -> None:
        self.companies: dict[str, CompanyData] = {}
        self._filled_with = self._seeding()
        for company in self.story.companies:
            made = CompanyData(COMPANY_IDS[company.number], company.name, company.currency)
            made.fill(company_rows(self.story, company, self._began.date(), self.switches))
            self.companies[made.company_id] = made

    def _seeding(self) -> tuple[Any, ...]:
        return tuple(getattr(self.switches, name) for name in _SEEDING)

    def switches_changed(self) -> None:
        self._odata.forget()
        if self._seeding() != self._filled_with:
            self._fill()

    # Serving -----------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Answer:
        if len(call.target) > self.switches.url_limit:
            return iis.page(self.switches.url_too_long)
        segments = segments_of(call.path)
        if segments is not None:
            return self._answer_odata(call, segments)
        operation = operation_of(call.path)
        return iis.page(404) if operation is None else self._enet.answer(call, operation)

    def classify(self, call: Call) -> Label:
        segments = segments_of(call.path)
        if segments is None:
            operation = operation_of(call.path)
            return Label("read", "unknown") if operation is None else self._enet.classify(call, operation)
        rest = segments[1:] if self.switches.company_in_path else segments
        entity = rest[0].partition("(")[0] if rest else "service document"
        return Label("read" if call.method in ("GET", "HEAD") else "write", entity)

    def _answer_odata(self, call: Call, segments: list[str]) -> Answer:
        if not self.odata_running:
            return iis.page(404)
        if _basic(call) != (USERNAME, PASSWORD) or USERNAME not in self.operators:
            refusal = iis.page(401) if self.switches.body_of_401 == "html" else Answer(401)
            refusal.headers["WWW-Authenticate"] = "Basic"
            return refusal
        company_id, *rest = (segments or [""]) if self.switches.company_in_path else [DEFAULT_COMPANY, *segments]
        company = self.companies.get(company_id)
        if company is None:
            return iis.page(404)
        if company_id not in self.allowed_companies:
            return iis.page(403)
        if call.method != "GET":
            return iis.page(405)
        table = self._table_of_set(company, rest[0].partition("(")[0]) if rest else ""
        if table in self.refused_tables:
            return iis.page(403)
        root = f"{self.url}/SYSPRO8Odata/SYSPROOData" + (f"/{company_id}" if self.switches.company_in_path else "")
        try:
            return self._odata.answer(call, company, rest, root, self.switches)
        except ODataError as error:
            return error.answer()

    def _table_of_set(self, company: CompanyData, set_name: str) -> str:
        found = published(company, self.switches).get(set_name)
        return found.rows.table.name if found else ""

    # Control -----------------------------------------------------------------------------------------------

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All tables; each row carries its company as `CompanyId`."""
        return {name: self._shown(name) for name in TABLES}

    def _shown(self, name: str) -> ShownRows[tuple[CompanyData, Values]]:
        kept = [(company, row) for company in self.companies.values() for row in company.tables[name]]
        return ShownRows(kept, lambda each: _truth(*each))

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        """`CompanyId` says where, else `Company`, else it is EDU1. Of `stamp` only the day counts, as entry date."""
        company, plain = self._company_of(values)
        today = (stamp or self.clock.now()).date()
        return _truth(company, Editor(company, today, self.switches).insert(set_name, plain))

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        """Moves the row's TimeStamp; no date moves by itself."""
        company, row = self._find(set_name, key)
        today = (stamp or self.clock.now()).date()
        _, plain = self._company_of({"CompanyId": company.company_id, **values})
        Editor(company, today, self.switches).update(set_name, row, plain)
        return _truth(company, row)

    def delete(self, set_name: str, key: Row) -> None:
        company, row = self._find(set_name, key)
        company.tables[set_name].remove(row)

    def _company_of(self, values: Row) -> tuple[CompanyData, Values]:
        """The company that is meant, and the values without it. Raises KeyError."""
        plain = dict(values)
        company_id = plain.pop("CompanyId", None) or plain.get("Company") or DEFAULT_COMPANY
        return self.companies[str(company_id)], plain

    def _find(self, set_name: str, key: Row) -> tuple[CompanyData, Values]:
        """The one row that is meant, in the company that is meant, else in the first that has it. Raises KeyError."""
        if set_name not in TABLES:
            raise KeyError(set_name)
        wanted = dict(key)
        company_id = wanted.pop("CompanyId", None)
        for company in [self.companies[company_id]] if company_id else self.companies.values():
            found = company.tables[set_name].find(wanted)
            if len(found) > 1:
                raise ValueError(f"{len(found)} rows of {set_name} have {wanted}")
            if found:
                return company, found[0]
        raise KeyError(f"{set_name} {wanted}")

    def grant(self, change: Row) -> Rights:
        """Changes one thing; {} changes nothing. Returns the rights now in force and the counts of sessions.

        {"operator", "granted"}  {"company", "granted"}  {"table", "granted"}
        {"object": "GENSGC", "granted": false}           no licence for a business object
        {"odata": false}  {"enet": false}                the service is not installed
        {"sessions": "expire"}                           ends all sessions of e.net
        {"logon": "MLCON", "company": "EDU1"}            somebody else logs on as this operator
        """
        granted = bool(change.get("granted", True))
        if "operator" in change:
            put(self.operators, str(change["operator"]), granted)
        elif "company" in change and "logon" not in change:
            put(self.allowed_companies, str(change["company"]), granted)
        elif "table" in change:
            put(self.refused_tables, known(str(change["table"]), TABLES), not granted)
        elif "odata" in change:
            self.odata_running = bool(change["odata"])
        elif change:
            self._grant_enet(change, granted)
        return self._rights()

    def _grant_enet(self, change: Row, granted: bool) -> None:
        if "object" in change:
            put(self._enet.licensed, known(str(change["object"]), OBJECTS), granted)
        elif "enet" in change:
            self._enet.running = bool(change["enet"])
        elif change.get("sessions") == "expire":
            self.sessions.end_all()
        elif "logon" in change:
            self._enet.logon(str(change["logon"]), str(change.get("company", DEFAULT_COMPANY)))
        else:
            raise ValueError("say operator, company, table, object, odata, enet, sessions or logon")

    @property
    def sessions(self) -> Sessions:
        """The sessions of e.net and their counters."""
        return self._enet.sessions

    def _rights(self) -> Rights:
        sessions = self.sessions
        return Rights(
            operators=sorted(self.operators),
            companies=sorted(self.allowed_companies),
            refused_tables=sorted(self.refused_tables),
            licensed_objects=sorted(self._enet.licensed),
            odata=self.odata_running,
            enet=self._enet.running,
            sessions_open=len(sessions),
            sessions_opened=sessions.opened,
            sessions_closed=sessions.closed,
            sessions_evicted=sessions.evicted,
            sessions_expired=sessions.expired,
            evicted_operators=list(sessions.evicted_operators),
        )

    def settings(self) -> dict[str, object]:
        return {"company_id": DEFAULT_COMPANY, "enet_url": self.url}

    def credentials(self) -> dict[str, object]:
        return {
            "auth_mode": "basic",
            "username": USERNAME,
            "password": PASSWORD,
            "operator": OPERATOR,
            "operator_password": OPERATOR_PASSWORD,
            "company_password": COMPANY_PASSWORD,
        }

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        return _FIRST_COLUMNS.get(set_name) or ("CompanyId", *TABLES[set_name].keys)

    def page_title(self, set_name: str) -> str:
        return TABLES[set_name].title


def _truth(company: CompanyData, row: Values) -> Values:
    return {"CompanyId": company.company_id, **row, "TimeStamp": encoded_version(row["TimeStamp"])}


def _basic(call: Call) -> tuple[str, str]:
    scheme, _, text = call.header("Authorization").partition(" ")
    return basic_pair(text.strip()) if scheme.lower() == "basic" else ("", "")
