"""SYSPRO: sessions of e.net, invoices that no date betrays, postings, and installations that differ."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import processes
from flows.compare_simulators import target_of
from flows.desks.syspro import COMPANY, SUPPLIERS, Desk
from flows.judge import syspro as judge
from flows.judge.model import Source
from flows.judge.rows import fetch, grouped
from flows.judge.verdict import compare
from flows.plant import FLOW, Plant, configuration, counts
from flows.repeated import run_often
from ml_connector import clock
from ml_connector.sync.report import Silence

OPERATOR, HUMAN = "MLCON", "AMEYER"
ENET = {"read_transport": "enet"}


class SysproPlant(Plant):
    """`erp` are further settings of the connection to SYSPRO."""

    def __init__(
        self, folder: Path, profile: str = "pages", *, target: str = "servicenow", erp: dict[str, Any] | None = None
    ) -> None:
        self.erp = erp or {}
        super().__init__(folder, profile, source="syspro", target=target)

    def configuration(self) -> str:
        more: dict[str, Any] = {"late_write_window_s": self.window}
        if self.target.system == "servicenow":
            more["profile"] = self.profile
        return configuration(self.source, self.target, {"erp": self.erp, "target": more})

    @property
    def sessions(self) -> Any:
        """Sessions of e.net, opened and what became of them."""
        return self.loop.call(lambda: self.source.grant({}))

    def check(self) -> bool:
        """Whether nothing is missing."""
        return all(each.verdict.value != "missing" for found in self.app.check("erp") for each in found.findings)

    def killed_at(self, nth: int, when: str, *words: str) -> bool:
        """Whether SIGKILL at the `nth` request to SYSPRO hit the command; it was over before otherwise."""
        process = processes.start(self, *words)
        self.loop.call(lambda: self.source.kill(process.pid, nth, when))
        process.wait(120)
        self.source.kill_order = None
        processes.expire_locks(self)
        return process.returncode == -signal.SIGKILL


@pytest.fixture
def make(build: Callable[..., Any]) -> Callable[..., SysproPlant]:
    return partial(build, SysproPlant)


# Sessions of e.net ---------------------------------------------------------------------------------------------------


def are_closed(plant: SysproPlant) -> bool:
    """Whether each session that was opened is closed, or was ended by us when we signed in anew."""
    seen = plant.sessions
    assert set(seen.evicted_operators) <= {OPERATOR}
    return (seen.sessions_open, seen.sessions_opened) == (0, seen.sessions_closed + seen.sessions_evicted)


@pytest.mark.parametrize("when", ["before", "after"])
def test_sessions_opened_are_sessions_closed(make: Callable[..., SysproPlant], when: str) -> None:
    """Killed at each request of a check, before or after SYSPRO has done it, and started again."""
    plant = make(erp=ENET)
    assert plant.check()
    assert are_closed(plant)
    assert plant.sessions.sessions_evicted == 0
    nth = 1
    while plant.killed_at(nth, when, "check", "erp"):
        assert plant.check(), nth
        assert are_closed(plant), nth
        nth += 1 if when == "after" else 3
    assert nth > 20
    assert are_closed(plant)


@pytest.mark.thorough(2)
@pytest.mark.parametrize("nth", [1, 2, 40, 90])
def test_a_killed_run_leaves_no_session(make: Callable[..., SysproPlant], nth: int) -> None:
    plant = make(erp=ENET)
    assert plant.killed_at(nth, "after", "run", FLOW)
    for _ in range(2):
        plant.run()
        assert are_closed(plant)
    assert plant.disagreements() == []


@pytest.mark.parametrize("nth", [2, 30])
def test_a_session_that_times_out_is_opened_again(make: Callable[..., SysproPlant], nth: int) -> None:
    plant = make(erp=ENET)
    sessions = plant.source.sessions
    use, used = sessions.use, []

    def late(*given: Any) -> Any:
        used.append(given)
        if len(used) == nth:
            sessions.end_all()
        return use(*given)

    sessions.use = late
    plant.run()
    seen = plant.sessions
    assert (seen.sessions_opened, seen.sessions_closed, seen.sessions_expired) == (2, 1, 1)
    assert plant.disagreements() == []


def test_second_operator_is_never_evicted(make: Callable[..., SysproPlant]) -> None:
    """Somebody else works in our company, and one seat is left for us."""
    plant = make(erp=ENET)
    plant.switch(plant.source, eviction="any_company", seats=2)
    plant.loop.call(lambda: plant.source.grant({"logon": HUMAN, "company": COMPANY}))
    assert plant.check()
    for _ in range(2):
        plant.run()
        plant.run(full=True)
    seen = plant.sessions
    assert (seen.sessions_evicted, seen.sessions_open) == (0, 1)
    assert plant.disagreements() == []


# Invoices ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def plant(make: Callable[..., SysproPlant], profile: str) -> SysproPlant:
    return make(profile=profile)


def settled(plant: SysproPlant, key: str) -> bool:
    return plant.row("invoices", key)["state"] in ("landed", "delivered")


@pytest.mark.parametrize("days", ["2026-10-19", "2026-09-12", "2026-01-02"])
def test_invoice_entered_today_with_last_months_date_arrives(plant: SysproPlant, days: str) -> None:
    plant.run()
    plant.pass_time(3600)
    key = Desk(plant.source, plant.loop.call).enter_invoice_of("DATED-BACK", 1, InvoiceDate=days)
    assert counts(plant.run(), "invoices")["created"] == 1
    assert settled(plant, key)
    assert plant.disagreements() == []


def test_edited_invoice_is_updated(plant: SysproPlant) -> None:
    """No date moves, and first not even the row of the invoice."""
    plant.run()
    plant.run()
    desk = Desk(plant.source, plant.loop.call)
    for number in range(2):
        plant.pass_time(3600)
        dates = [(row["InvoiceDate"], row["JournalDate"]) for row in fetch(plant.source.url)["ApInvoice"]]
        key = desk.raise_invoice(number, Decimal("10.25"))
        assert dates == [(row["InvoiceDate"], row["JournalDate"]) for row in fetch(plant.source.url)["ApInvoice"]]
        before = plant.row("invoices", key)["version"]
        assert counts(plant.run(), "invoices")["updated"] == 1
        assert plant.row("invoices", key)["version"] != before
        assert settled(plant, key)
        assert plant.disagreements() == []


# Postings ------------------------------------------------------------------------------------------------------------


def postings(plant: SysproPlant) -> dict[str, tuple[Any, ...]]:
    """What is to be staged: lines of posted journals whose account and cost center are there and open."""
    sets = {
        name: [row for row in rows if row["CompanyId"] == COMPANY] for name, rows in fetch(plant.source.url).items()
    }
    posted = {
        (row["GlYear"], row["GlPeriod"], row["GlJournal"]): row for row in sets["GenJournalCtl"] if row["PostDate"]
    }
    accounts = {row["GlCode"] for row in sets["GenMaster"] if row["AccOnHoldFlag"] != "Y"}
    known = {row["AnalysisCode"] for row in sets["GenAnalysisCode"]}
    centers = grouped(sets["GenAnalysisTrn"], "AnalysisEntry", "GlYear", "GlPeriod")
    found: dict[str, tuple[Any, ...]] = {}
    for row in sets["GenJournalDetail"]:
        place = row["GlYear"], row["GlPeriod"], row["Journal"]
        if place not in posted or row["EntryPosted"] != "Y":
            continue
        mine = {part["AnalysisCode1"] for part in centers.get((row["AnalysisEntry"], *place[:2]), ())}
        center = mine.pop() if len(mine) == 1 else ""
        if row["GlCode"] in accounts and (not center or center in known):
            key = "/".join(map(str, (COMPANY, *place, row["EntryNumber"])))
            day = posted[place]["PostDate"]
            found[key] = (day, row["GlCode"], center, Decimal(str(row["EntryValue"])).normalize(), "EUR")
    return found


def staged(plant: SysproPlant) -> dict[str, tuple[Any, ...]]:
    """What is there, by the ERP's key."""
    names = ("u_posting_date", "u_gl_account", "u_cost_center")
    return {
        row["correlation_id"]: (
            *(row.get(name) or "" for name in names), Decimal(row["u_amount"]).normalize(), row["u_currency"],
        )
        for row in plant.table("u_erp_gl_posting")
    }  # fmt: skip


def test_postings_are_staged(plant: SysproPlant) -> None:
    """Posted ones only, debit positive; a journal that is posted later comes then; the second run writes nothing."""
    report = plant.run()
    wanted = postings(plant)
    assert counts(report, "gl_postings")["created"] == len(wanted) > 400
    assert staged(plant) == wanted
    assert {values[3] > 0 for values in wanted.values()} == {True, False}
    plant.run()
    plant.forget_requests()
    assert counts(plant.run(), "gl_postings").get("created", 0) == 0
    plant.run(full=True)
    assert plant.writes == 0
    plant.pass_time(3600)
    unposted = {"CompanyId": COMPANY, "GlJournal": 900002}
    plant.edit("GenJournalCtl", unposted, PostDate=plant.loop.call(lambda: plant.source.clock.now().date()))
    assert counts(plant.run(), "gl_postings")["created"] == 2
    assert staged(plant) == postings(plant) != wanted


def test_postings_are_passed_over_where_their_table_is_missing(plant: SysproPlant) -> None:
    table = plant.loop.call(lambda: plant.target.instance.tables.pop("u_erp_gl_posting"))
    report = plant.run()
    assert plant.disagreements() == []
    assert report.outcome in ("complete", "complete_with_exceptions")
    passed = next(each for each in report.routes if each.route == "gl_postings")
    assert passed.skipped is not None
    assert "u_erp_gl_posting" in passed.skipped.message
    plant.loop.call(lambda: plant.target.instance.tables.update(u_erp_gl_posting=table))
    plant.run()
    assert staged(plant) == postings(plant)


# Installations that differ -------------------------------------------------------------------------------------------

SEGMENTED = {"cost_center_source": "gl_segment", "gl_segment": "^[0-9]+-([0-9]+)"}
INSTALLATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the operator's default company": ({"company_in_path": False}, {"odata_company_in_path": False}),
    "sets of other names": (
        {"set_names": {"ApSupplier": "ApSuppliers", "GrnDetails": "Grn"}},
        {"sets": {"ApSupplier": "ApSuppliers", "GrnDetails": "Grn"}},
    ),
    "properties of other names": (
        {"property_names": {"ApInvoice.CurrencyValue": "CurVal", "PorMasterHdr.OrderStatus": "State"}},
        {"fields": {"ApInvoice.CurrencyValue": "CurVal", "PorMasterHdr.OrderStatus": "State"}},
    ),
    "tables without time stamps": (
        {"hidden_properties": ["ApInvoice.TimeStamp", "PorMasterDetail.TimeStamp", "ApJnlDistrib.TimeStamp"]},
        {},
    ),
    "small pages": ({"page_limit": 7, "next_link": "never"}, {}),
    "any order": ({"order_without_orderby": "per_page", "page_limit": 50, "next_link": "always"}, {}),
    "dates": ({"dates": "date"}, {}),
    "dates with a zone": ({"date_zone": "+02:00"}, {}),
    "texts": ({"decimals": "string", "trailing_blanks": True}, {}),
    "amounts of the invoice": ({"invoice_value": "invoice"}, {}),
    "an analysis entry for an invoice": ({"analysis_per": "invoice", "second_analysis": True}, {}),
    "values of splits alone": ({"analysis_values": "only_when_split", "posted_status": "F"}, {}),
    "GL codes with cost centers": ({"cost_centers": "gl_segment"}, SEGMENTED),
    "short addresses": ({"url_limit": 2000}, {}),
    "e.net in JSON": ({"wrapping": "json", "token_blanks": False, "null_date": ""}, ENET),
    "e.net in XML": ({"wrapping": "string", "eviction": "any_company", "invoice_value": "invoice"}, ENET),
    "e.net and GL codes with cost centers": ({"cost_centers": "gl_segment"}, {**ENET, **SEGMENTED}),
}


@pytest.mark.thorough(5)
@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_whatever_an_installation_is_like_the_same_arrives(make: Callable[..., SysproPlant], installation: str) -> None:
    """First load, nothing twice, then edits: of a foreign amount, too."""
    switches, settings = INSTALLATIONS[installation]
    plant = make(erp=settings)
    plant.switch(plant.source, **switches)
    plant.run()
    assert plant.disagreements() == []
    plant.run()
    plant.forget_requests()
    plant.run(full=True)
    assert plant.writes == 0
    plant.pass_time(3600)
    desk = plant.desk
    keys = [desk.raise_invoice(number, Decimal("10.25")) for number in ((0,) if "invoice" in installation else (0, 3))]
    keys.append(desk.enter_invoice(777002, 1))
    desk.order_more(1, 3)
    plant.run()
    assert all(settled(plant, key) for key in keys)
    assert plant.disagreements() == []


# Two companies -------------------------------------------------------------------------------------------------------

COMPANIES = (COMPANY, "EDU2")
ERP_SOURCES = {COMPANY: "SYSPRO", "EDU2": "SYSPRO-US"}


class TwoCompanies(SysproPlant):
    """Two connections with one operator of e.net, and a flow of each company."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.keepers: dict[str, str] = {}
        super().__init__(folder, **options)

    def configuration(self) -> str:
        whole = yaml.safe_load(super().configuration())
        first, target = whole["connections"]
        if self.profile == "s2p_staging":
            target["settings"]["erp_sources"] = ERP_SOURCES
        second = {**first, "name": "erp-2", "settings": {**first["settings"], "company_id": COMPANIES[1]}}
        flow = whole["flows"][0]
        flows = [{**flow, "name": COMPANIES[0]}, {**flow, "name": COMPANIES[1], "source": "erp-2"}]
        return yaml.safe_dump({"connections": [first, second, target], "flows": flows}, allow_unicode=True)

    def run_both(self, **options: Any) -> None:
        for company in COMPANIES:
            self.app.run(company, Silence(), **options)

    def disagreements(self) -> list[str]:
        sets = fetch(self.source.url)
        there = target_of(self.target.system, self.target.url)
        return compare(self.named_as_kept({company: judge.source(sets, company) for company in COMPANIES}), there)

    def note_keeper(self, supplier: str) -> None:
        """Whose the vendor is that both companies order from: in Procurify the one's that came first with its name."""
        if self.target.system == "procurify":
            keys = {f"syspro:{company}:{company}/{supplier}": company for company in COMPANIES}
            [vendor] = [row for row in self.table("vendors") if row["external_id"] in keys]
            self.keepers[supplier] = keys[vendor["external_id"]]

    def named_as_kept(self, sources: dict[str, Source]) -> list[Source]:
        """With the name that its keeper gives a shared vendor, for the other company too."""
        names = {supplier: sources[company].suppliers[supplier] for supplier, company in self.keepers.items()}
        return [replace(source, suppliers={**source.suppliers, **names}) for source in sources.values()]


@pytest.fixture(params=["pages", "s2p_staging", "procurify"])
def companies(request: pytest.FixtureRequest, build: Callable[..., Any]) -> TwoCompanies:
    into = {"target": "procurify"} if request.param == "procurify" else {"profile": request.param}
    over = {} if request.param == "procurify" else ENET  # the XML of e.net holds no Japanese names
    plant: TwoCompanies = build(TwoCompanies, erp=over, **into)
    if request.param == "s2p_staging":
        plant.loop.call(lambda: plant.target.insert("sn_fin_erp_source", {"name": ERP_SOURCES["EDU2"]}))
    return plant


def test_two_companies_never_mix(companies: TwoCompanies) -> None:
    """They share suppliers' keys, accounts and cost centers, and the operator, whose sessions end each other."""
    plant = companies
    plant.switch(plant.source, eviction="any_company")
    both = [processes.start(plant, "run", company) for company in COMPANIES]
    assert all(process.wait(120) in (0, 3) for process in both)
    plant.run_both()
    assert plant.disagreements() == []
    assert are_closed(plant)
    assert plant.sessions.sessions_evicted == 0
    plant.run_both()
    plant.forget_requests()
    plant.run_both(full=True)
    assert plant.writes == 0
    plant.note_keeper(SUPPLIERS[0])
    plant.pass_time(3600)
    Desk(plant.source, plant.loop.call, COMPANIES[1]).rename_supplier(0, "Renamed in EDU2")
    plant.desk.raise_invoice(0, Decimal("10.25"))
    plant.run_both()
    assert plant.disagreements() == []


# Troubles ------------------------------------------------------------------------------------------------------------

TROUBLES: dict[str, dict[str, Any]] = {
    "too busy": {"do": "status", "status": 503},
    "answers cut off": {"do": "truncate"},
    "answers lost": {"do": "drop_after"},
    "a page of IIS": {"do": "html", "status": 500},
}


@pytest.mark.thorough(4)
@pytest.mark.parametrize("transport", ["odata", "enet"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_troubles_of_syspro_lose_nothing(make: Callable[..., SysproPlant], trouble: str, transport: str) -> None:
    """Every seventh answer is bad; afterwards all is there, once, and no session is left."""
    plant = make(erp={"read_transport": transport})
    with clock.use(clock.ManualClock()) as manual:
        plant.loop.call(lambda: plant.source.add_fault(every=7, action=TROUBLES[trouble]))
        run_often(plant, manual, 3, 4000)
        plant.loop.call(plant.source.faults.clear)
        run_often(plant, manual, 2, 4000)
    assert plant.disagreements() == []
    assert plant.sessions.sessions_open <= (trouble == "answers lost")
