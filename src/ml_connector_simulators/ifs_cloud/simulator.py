"""The IFS Cloud simulator: who may ask, how often, and which part answers (fact sheet §2, §3, §6)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from multidict import CIMultiDict

from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator, Switches
from ..rights import known, put
from ..story import build_story
from ..truth import ShownRows
from .addresses import Address, parse_address
from .batch import Handling, run_batch, run_json_batch
from .catalog import Catalog
from .changing import WriteService
from .database import Database
from .listing import Reader
from .rate import RateWindow
from .reading import ReadService
from .refusals import RefusedError, forbidden, not_allowed
from .schema import ENTITY_SERVICES, PROJECTIONS, TABLES
from .switches import IfsSwitches
from .tokens import CLIENT_ID, CLIENT_SECRET, REALM, TOKEN_PATH, TokenService

_SET_IN_PATH = re.compile(r"\.svc/?([^/(?]*)")
_WRITE_IN_BATCH = re.compile(rb'(?:^|\n|"method"\s*:\s*")(?:PATCH|POST|DELETE|PUT)\b')
_TITLES = {
    "PurchaseOrderSet": "Purchase orders",
    "PurchaseOrderLineSet": "Purchase order lines",
    "PostingProposalHeadSet": "Supplier invoices",
    "PostingProposalLineSet": "Invoice postings",
    "SupplierInfoGeneralSet": "Suppliers",
    "SupplierInfoAddresses": "Supplier addresses",
    "SupplierInvoiceCompanies": "Suppliers by company: invoicing",
    "SupplierPayments": "Suppliers by company: payment",
    "SupplierPurchases": "Suppliers: purchasing",
    "AccountSet": "GL accounts",
    "CodeBSet": "Code part B",
    "CodeCSet": "Code part C",
    "AccountingCodePartSet": "Meaning of code parts",
    "PreAccountingSet": "Coding of order lines",
    "SiteSet": "Sites",
    "CompanySet": "Companies",
}
_FIRST_COLUMNS = {
    "PurchaseOrderSet": (
        "OrderNo", "Company", "VendorNo", "VendorName", "OrderDate", "CurrencyCode", "GrossAmount", "Objstate",
    ),
    "PurchaseOrderLineSet": (
        "OrderNo", "LineNo", "ReleaseNo", "PartNo", "Description", "BuyQtyDue", "BuyUnitPrice", "NetAmtCurr",
    ),
    "PostingProposalHeadSet": (
        "Company", "InvoiceId", "InvoiceNo", "Identity", "SupplierName", "InvoiceDate", "Currency", "GrossCurrAmount",
        "PoRefNumber", "Objstate",
    ),
    "PostingProposalLineSet": ("Company", "InvoiceId", "RowId", "CodeA", "CodeB", "CodeC", "CurrAmount", "PoOrderNo"),
}  # fmt: skip


class Rights(msgspec.Struct):
    """What the service user may: companies whose rows it sees, projections it has no grant for."""

    companies: list[str]
    refused_projections: list[str]
    disabled_clients: list[str]


class IfsCloudSimulator(Simulator):
    """A tenant with realm `demo` and one client; `story` is what it was filled with."""

    system = "ifs_cloud"
    title = "IFS Cloud, Halvorsen Pumpen"
    default_port = 9104
    switches: IfsSwitches

    def set_up(self) -> None:
        self.story = build_story(self.size, self.seed, self.clock.now())
        self.database = Database(self.story)
        self.switches = IfsSwitches()
        self.companies = {c.number for c in self.story.companies}
        self.refused_projections: set[str] = set()
        self.tokens = TokenService(self.clock)
        self._rate = RateWindow()
        self._reader = Reader()
        self._csrf: set[str] = set()
        self._use_switches()

    # Serving -----------------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> Answer:
        realm = TOKEN_PATH.fullmatch(call.path)
        if realm:
            return self.tokens.answer(call, realm[1], self.switches)
        try:
            return await self._answer_client(call)
        except RefusedError as refusal:
            return refusal.answer(self.switches.error_message == "value")

    def classify(self, call: Call) -> Label:
        if TOKEN_PATH.fullmatch(call.path):
            return Label("token")
        found = _SET_IN_PATH.search(call.path)
        entity = found[1] if found else ""
        if call.method in ("GET", "HEAD"):
            return Label("read", entity or "service document")
        if entity == "$batch" and not _WRITE_IN_BATCH.search(call.body):
            return Label("read", entity)
        return Label("write", entity)

    async def _answer_client(self, call: Call) -> Answer:
        client = self.tokens.client_of(call)
        if client is None:
            return Answer(401, headers=CIMultiDict({"WWW-Authenticate": 'Bearer error="invalid_token"'}))
        if not call.inner:
            self._check_rate(client)
        address = parse_address(call.path)
        if address.service in self.refused_projections:
            raise forbidden(f"No grant for {address.service}.")
        if call.method == "GET":
            answer = self._reads.answer(call, address, frozenset(self.companies), self.url)
            self._hand_out_csrf(call, address, answer)
            return answer
        self._check_csrf(call, address)
        if [s.name for s in address.segments] == ["$batch"]:
            return await self._batch(call, address)
        if call.method not in ("POST", "PATCH", "DELETE"):
            raise not_allowed(f"{call.method} is not supported.")
        return self._writes.answer(call, address, frozenset(self.companies), self.url)

    async def _batch(self, call: Call, address: Address) -> Answer:
        if call.method != "POST":
            raise not_allowed("A batch is sent by POST.")
        handling = Handling(
            root=address.root,
            authorization=call.header("Authorization"),
            answer=self.answer_inner,
            begin=self.database.begin,
            finish=self.database.finish,
        )
        if call.header("Content-Type").startswith("application/json") and self.switches.json_batch:
            return await run_json_batch(call, handling)
        return await run_batch(call, handling)

    def _check_rate(self, client: str) -> None:
        """429 beyond the limit of a sliding minute; Retry-After in one of its forms or none (§3)."""
        wait = self._rate.wait_s(client, self.clock.now(), self.switches.requests_per_minute)
        if not wait:
            return
        forms = {"seconds": {"Retry_After": str(wait)}, "date": {"Retry_After": self.clock.http_date(wait)}}
        more = forms.get(self.switches.retry_after, {})
        raise RefusedError(429, "TOO_MANY_REQUESTS", "Too many requests.", (), **more)

    def _hand_out_csrf(self, call: Call, address: Address, answer: Answer) -> None:
        if address.entrance == "int" or not self.switches.csrf or _csrf_cookie(call) in self._csrf:
            return
        token = secrets.token_hex(16)
        self._csrf.add(token)
        answer.headers["Set-Cookie"] = f"XSRF-TOKEN={token}; Path=/; SameSite=Strict"

    def _check_csrf(self, call: Call, address: Address) -> None:
        """On `main` and `b2b` a write must echo the cookie in a header (§6.5)."""
        if address.entrance == "int" or not self.switches.csrf or call.inner:
            return
        cookie = _csrf_cookie(call)
        if cookie not in self._csrf or call.header("X-XSRF-TOKEN") != cookie:
            raise RefusedError(403, "CSRF_ERROR", "The CSRF token is missing or wrong.")

    # Control -----------------------------------------------------------------------------------------------

    def set_switches(self, **values: object) -> Switches:
        """Changes switches; see IfsSwitches."""
        if "server_time_zone" in values:
            _check_zone(str(values["server_time_zone"]))
        return super().set_switches(**values)

    def switches_changed(self) -> None:
        self.database.forget()
        self._reader.forget()
        self._use_switches()

    def _use_switches(self) -> None:
        catalog = Catalog(self.switches)
        self._reads = ReadService(self.database, self._reader, catalog, self.switches)
        self._writes = WriteService(self.database, self._reads, catalog, self.switches, self.clock.now)

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All tables, each under its main set's name; stamps really in UTC."""
        return {
            name: ShownRows(rows, rows.truth)
            for name, rows in self.database.tables.items()
            if len(rows) or name in _FIRST_COLUMNS
        }

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        rows = self.database.rows(set_name)
        record = self.database.insert(rows, values, stamp or self.clock.now())
        return rows.truth(record)

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        rows = self.database.rows(set_name)
        record = rows.find(key)
        self.database.change(rows, record, values, stamp or self.clock.now())
        return rows.truth(record)

    def delete(self, set_name: str, key: Row) -> None:
        rows = self.database.rows(set_name)
        self.database.remove(rows, rows.key(rows.find(key).values))

    def grant(self, change: Row) -> Rights:
        """One of {"company", "granted"}, {"companies": [..]}, {"projection", "granted"}, {"client", "granted"},
        {"tokens": "revoke"}."""
        granted = bool(change.get("granted", True))
        if "companies" in change:
            self.companies = set(map(str, change["companies"]))
        elif "company" in change:
            put(self.companies, str(change["company"]), granted)
        elif "projection" in change:
            put(self.refused_projections, known(str(change["projection"]), PROJECTIONS, ENTITY_SERVICES), not granted)
        elif "client" in change:
            put(self.tokens.disabled, str(change["client"]), not granted)
        elif change.get("tokens") == "revoke":
            self.tokens.revoke_all()
        else:
            raise ValueError("say company, companies, projection, client or tokens")
        return Rights(sorted(self.companies), sorted(self.refused_projections), sorted(self.tokens.disabled))

    def settings(self) -> dict[str, object]:
        return {"realm": REALM, "companies": [c.number for c in self.story.companies]}

    def credentials(self) -> dict[str, object]:
        return {
            "auth_mode": "oauth2_client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        return _FIRST_COLUMNS.get(set_name) or [p.name for p in TABLES[set_name].properties if p.key]

    def page_title(self, set_name: str) -> str:
        return _TITLES.get(set_name, "")


def _csrf_cookie(call: Call) -> str:
    for pair in call.header("Cookie").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == "XSRF-TOKEN":
            return value
    return ""


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise ValueError(f"no time zone {name!r}") from error
