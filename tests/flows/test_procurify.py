"""Procurify as a target: politeness after time-outs, what people do there, and bills that are only compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.compare_simulators import disagreements
from flows.plant import FLOW, Plant, configuration, counts
from ml_connector import clock
from ml_connector.sync.report import Silence
from ml_connector_simulators.exchange import Call
from ml_connector_simulators.journal import Entry
from ml_connector_simulators.procurify import ProcurifySimulator
from ml_connector_simulators.registry import simulator_class

NEVER_S = 3600
"""An answer that takes so long never comes."""
REQUISITIONS = {"kind": "write", "path": "requisitions"}


class Domain(Plant):
    """Plex into Procurify, with further settings of the connection to Procurify."""

    target: ProcurifySimulator

    def __init__(self, folder: Path, *, source: str = "plex", **more: Any) -> None:
        self.more = {"late_write_window_s": 0, **more}
        super().__init__(folder, source=source, target="procurify")

    def configuration(self) -> str:
        return configuration(self.source, self.target, {"target": self.more})

    # What is there -----------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """The requests since they were forgotten, without those for tokens."""
        return [entry for entry in self.loop.call(lambda: list(self.target.journal.entries)) if entry.kind != "token"]

    def order(self, key: str) -> dict[str, Any]:
        """The request that stands for an order of the ERP; there must be exactly one."""
        found = self.requests_of(key)
        assert len(found) == 1
        return found[0]

    def requests_of(self, key: str) -> list[dict[str, Any]]:
        mark = f"104455:{self.number(key)}/"
        return [row for row in self.table("orders") if row["order_items"][0]["name"].startswith(mark)]

    def number(self, key: str) -> str:
        orders = self.loop.call(self.source.truth)["purchase-orders"]
        return next(str(row["poNumber"]) for row in orders if row["id"] == key)

    def state(self, key: str, route: str = "purchase_orders") -> tuple[str, str]:
        row = self.row(route, key)
        return row["state"], row["code"]

    def story(self, key: str, route: str = "purchase_orders") -> str:
        return json.dumps(self.app.record(FLOW, route, key), default=str, ensure_ascii=False)

    def waiting(self) -> list[str]:
        """Keys of orders that wait for approval."""
        rows = self.app.records(FLOW, route="purchase_orders", state="waiting")
        return [row["key"] for row in rows if row["code"] == "WAITING_APPROVAL"]

    # What people do ----------------------------------------------------------------------------------------------

    def fault(self, do: str, match: dict[str, Any] | None = None, *, seconds: float = NEVER_S, **rule: Any) -> None:
        action = {"do": do, "seconds": seconds}
        self.loop.call(lambda: self.target.add_fault(match=match or {}, action=action, **rule))

    def repair(self) -> None:
        self.loop.call(self.target.faults.clear)

    def people(self, action: str, key: str, items: list[int] | None = None) -> None:
        """Approve, deny or purchase; `items` counts those to buy from 0."""
        order = self.order(key)
        chosen = [order["order_items"][n]["id"] for n in items] if items is not None else []
        self.loop.call(lambda: self.target.move(order["uuid"], action, {"items": chosen}))

    def typed(self, table: str, key: dict[str, Any], **values: Any) -> None:
        """Somebody changes a row in Procurify."""
        self.loop.call(lambda: self.target.update(table, key, values))

    def vendor_of(self, key: str) -> dict[str, Any]:
        """The vendor of an order's supplier."""
        supplier = next(r["supplierId"] for r in self.loop.call(self.source.truth)["purchase-orders"] if r["id"] == key)
        return next(row for row in self.table("vendors") if (row["external_id"] or "").endswith(supplier))

    def subprocess(self, *arguments: str) -> subprocess.Popen[str]:
        """The program as another process on the same installation."""
        home = self.folder / f"home-{self.installations}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ML_CONNECTOR")}
        command = [sys.executable, "-m", "ml_connector", *arguments, "--json"]
        environment = {**kept, "ML_CONNECTOR_HOME": str(home)}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def make_domain(tmp_path: Path) -> Iterator[Callable[..., Domain]]:
    made: list[Domain] = []

    def make(**options: Any) -> Domain:
        made.append(Domain(tmp_path / str(len(made)), **options))
        return made[-1]

    yield make
    for domain in made:
        domain.close()


@pytest.fixture
def domain(make_domain: Callable[..., Domain]) -> Domain:
    return make_domain()


# --- time-outs ---------------------------------------------------------------------------------------------------

QUICK = 1.5
"""Read time-out of these tests, seconds of the machine."""


def asked(entry: Entry) -> tuple[str, str, str]:
    return entry.method, entry.target, entry.body


def repeated(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """What was asked again, word for word, after it had got no answer in time."""
    lost: set[tuple[str, str, str]] = set()
    found = []
    for entry in entries:
        if asked(entry) in lost:
            found.append(asked(entry))
        if entry.fault == "slow" or not entry.status:
            lost.add(asked(entry))
    return found


TROUBLES: dict[str, dict[str, Any]] = {
    "lists that come too slowly": {"match": {"method": "GET", "path": r"page="}, "every": 9},
    "a list that is too slow in every size but the smallest": {
        "match": {"path": r"vendors/all/.*page_size=([^1]|1\d)"}
    },
    "reads": {"match": {"kind": "read"}, "every": 23},
    "creates": {"match": {"kind": "write"}, "every": 40},
    "requisitions": {"match": REQUISITIONS, "every": 11},
}


@pytest.mark.thorough(4)
@pytest.mark.parametrize("do", ["slow", "delay"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_timed_out_is_never_asked_again(make_domain: Callable[..., Domain], trouble: str, do: str) -> None:
    """Not even by the next runs: lists are asked for in smaller pages, writes are looked up."""
    domain = make_domain(read_timeout_s=QUICK, late_write_window_s=600)
    with clock.use(clock.ManualClock()) as manual:
        domain.fault(do, times=4, **TROUBLES[trouble])
        for _ in range(4):
            domain.run()
            assert repeated(domain.entries()) == []
            domain.forget_requests()
            manual.advance(3700)
        domain.repair()
        for _ in range(2):
            report = domain.run()
            manual.advance(3700)
    assert report.outcome in ("complete", "complete_with_exceptions"), report.document()["exceptions"][:2]
    assert domain.disagreements() == []


def test_three_time_outs_stop_everything_for_an_hour_in_every_process(make_domain: Callable[..., Domain]) -> None:
    domain = make_domain(read_timeout_s=QUICK)
    with clock.use(clock.ManualClock()) as manual:
        domain.fault("delay", {"path": "account-codes"})
        report = domain.run()
        assert report.exit_status in (1, 4)
        told = json.dumps(report.document()["exceptions"])
        assert "timed out 3 times within an hour" in told
        assert len([entry for entry in domain.entries() if not entry.status]) == 3
        domain.repair()
        domain.forget_requests()

        checked = [finding for found in domain.app.check("target") for finding in found.findings]
        assert any("Requests are stopped until" in finding.message for finding in checked)
        other = domain.subprocess("check", "target")
        assert "Requests are stopped until" in other.communicate(timeout=60)[0]
        manual.advance(59 * 60)
        assert domain.run().outcome in ("failed", "incomplete")
        assert domain.entries() == []

        manual.advance(61)
        report = domain.run()
    assert report.outcome == "complete_with_exceptions"
    assert domain.disagreements() == []


@pytest.mark.parametrize("window", [600, 0])
def test_requisition_committed_half_a_minute_after_its_answer_was_lost(
    make_domain: Callable[..., Domain], window: int
) -> None:
    """Looked for at once, not found, and not sent again before it could not come any more."""
    domain = make_domain(late_write_window_s=max(window, 60))
    held: list[Call] = []
    domain.target._process_later = lambda call, seconds: held.append(call)  # type: ignore[method-assign]
    domain.fault("process_late", REQUISITIONS, nth=3, times=1)
    with clock.use(clock.ManualClock()) as manual:
        report = domain.run()
        assert counts(report, "purchase_orders").get("in_doubt", 0) >= 1
        for _ in range(2):
            manual.advance(10)
            assert counts(domain.run(), "purchase_orders")["in_doubt"] >= 1
        manual.advance(10)
        assert len(held) == 1
        domain.loop.do(domain.target.answer(held[0]))
        for _ in range(4):
            report = domain.run()
            manual.advance(300)
    assert counts(report, "purchase_orders").get("in_doubt", 0) == 0
    assert domain.disagreements() == []


# --- what people in Procurify decide -----------------------------------------------------------------------------


def test_approved_and_bought(domain: Domain) -> None:
    domain.run()
    key = domain.waiting()[0]
    domain.people("approve", key)
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert "a purchaser has yet to make the purchase order" in domain.story(key)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    number = domain.table("purchase_orders")[-1]["number"]
    assert f"became purchase order {number}" in domain.story(key)
    domain.forget_requests()
    domain.run(full=True)
    assert domain.writes == 0
    assert domain.state(key) == ("landed", "")


def test_bought_in_parts(domain: Domain) -> None:
    domain.run()
    key = next(key for key in domain.waiting() if len(domain.order(key)["order_items"]) > 2)
    domain.people("approve", key)
    domain.people("purchase", key, [0])
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert "partly bought" in domain.story(key)
    domain.people("purchase", key)
    domain.run()
    first, second = (row["number"] for row in domain.table("purchase_orders")[-2:])
    assert domain.state(key) == ("landed", "")
    assert f"became purchase order {first} and {second}" in domain.story(key)


def test_item_that_was_rejected_is_told(domain: Domain) -> None:
    domain.run()
    key = next(key for key in domain.waiting() if len(domain.order(key)["order_items"]) > 1)
    domain.people("approve", key)
    item = domain.order(key)["order_items"][0]
    domain.typed("order_items", {"id": item["id"]}, status=4)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    assert "1 item(s) were denied or rejected in Procurify" in domain.story(key)


def test_denied(domain: Domain) -> None:
    domain.run()
    key = domain.waiting()[0]
    domain.people("deny", key)
    for _ in range(2):
        domain.run()
        assert domain.state(key) == ("rejected", "DENIED_BY_APPROVER")
    domain.replay()
    domain.run(full=True)
    assert domain.state(key) == ("rejected", "DENIED_BY_APPROVER")
    assert len(domain.requests_of(key)) == 1


@pytest.mark.parametrize("bought", [False, True])
def test_edit_and_cancellation_after_sending_are_told(domain: Domain, bought: bool) -> None:
    domain.run()
    more, cancelled = domain.desk.order_more(1, 3), domain.desk.cancel_order(2)
    if bought:
        for key in (more, cancelled):
            domain.people("approve", key)
            domain.people("purchase", key)
    domain.pass_time(3600)
    domain.forget_requests()
    domain.run()
    assert domain.state(more) == domain.state(cancelled) == ("rejected", "TARGET_IMMUTABLE")
    lines = {row["key"]: row for row in domain.app.records(FLOW, route="purchase_orders")}
    assert "Change it in Procurify by hand" in json.dumps(lines[more], default=str)
    assert "Cancel it in Procurify by hand" in json.dumps(lines[cancelled], default=str)
    domain.run()
    assert domain.state(more) == ("rejected", "TARGET_IMMUTABLE")
    assert domain.writes == 0
    assert len(domain.requests_of(more)) == len(domain.requests_of(cancelled)) == 1


def test_edit_that_people_have_made_in_procurify_too(domain: Domain) -> None:
    domain.run()
    key = domain.desk.order_more(1, 3)
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("rejected", "TARGET_IMMUTABLE")
    item = domain.order(key)["order_items"][0]
    domain.typed("order_items", {"id": item["id"]}, quantity=Decimal(str(item["quantity"])) + 3)
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    domain.people("approve", key)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    assert domain.disagreements() == []


def test_cancellation_that_people_have_made_in_procurify_too(domain: Domain) -> None:
    domain.run()
    key = domain.desk.cancel_order(2)
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("rejected", "TARGET_IMMUTABLE")
    domain.people("deny", key)
    domain.replay()
    assert domain.state(key) == ("landed", "")


# --- several at a time -------------------------------------------------------------------------------------------


class TwoErps(Domain):
    """IFS Cloud into the same domain, as a second flow."""

    def __init__(self, folder: Path) -> None:
        self.second: Any = simulator_class("ifs_cloud")(size="small", seed=1)
        super().__init__(folder)

    def configuration(self) -> str:
        if self.second._runner is None:
            self.loop.do(self.second.start())
        whole = yaml.safe_load(super().configuration())
        other = yaml.safe_load(configuration(self.second, self.target, {}))
        erp = {**other["connections"][0], "name": "ifs"}
        flow = {**whole["flows"][0], "name": "ifs-to-target", "source": "ifs"}
        both = {"connections": [*whole["connections"], erp], "flows": [*whole["flows"], flow]}
        return yaml.safe_dump(both, allow_unicode=True)

    def close(self) -> None:
        self.loop.do(self.second.stop())
        super().close()


def test_one_request_at_a_time_across_flows_and_processes(tmp_path: Path) -> None:
    plant = TwoErps(tmp_path)
    try:
        plant.fault("delay", seconds=0.005)
        other = plant.subprocess("run", "ifs-to-target")
        plant.run()
        out, said = other.communicate(timeout=300)
        assert other.returncode == 3, said
        assert json.loads(out)["outcome"] == "complete_with_exceptions"
        told = plant.loop.call(lambda: plant.target.counts)
        assert told.overlapping == 0
        assert told.writes > 100
        plant.repair()
        for flow in (FLOW, "ifs-to-target"):
            plant.app.run(flow, Silence())
        ends = [("plex", plant.source.url), ("ifs_cloud", plant.second.url)]
        assert disagreements(("procurify", plant.target.url), *ends) == []
    finally:
        plant.close()


# --- domains differ ----------------------------------------------------------------------------------------------

SWITCHES: list[dict[str, Any]] = [
    {"missing_client_header_status": 403},
    {"default_page_size": 50, "max_page_size": 20},
    {"next_link": "relative"},
    {"top_level_pagination": ("*",)},
    {"default_order": "shuffled"},
    {"uuids": "bare"},
    {"time_zone": "Pacific/Kiritimati"},
    {"time_zone": "Pacific/Pago_Pago"},
    {"vendor_name_filter": "contains"},
    {"requests_per_minute": 60},
    {"requests_per_minute": 60, "retry_after": "absent"},
    {"error_style": "drf"},
    {"vendor_name_lookup": "active_only"},
    {"accounts_without_departments": True},
    {"unique_account_codes": True},
    {"strict_dates": False, "positive_quantity": False},
    {"numbers_for_decimals": False},
    {"trim_texts": True},
    {"plex_po_number_field": False},
    {"auto_advance_seconds": 60.0},
]


class SharedTime(clock.ManualClock):
    """Moves the simulator's clock along."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self._domain = domain

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._domain.target.clock.advance(seconds)


@pytest.mark.thorough(6)
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(f"{k}={v}" for k, v in s.items()))
def test_domain_that_is_different(domain: Domain, switches: dict[str, Any]) -> None:
    """First load with lost answers, then runs that write nothing."""
    domain.switch(domain.target, **switches)
    with clock.use(SharedTime(domain)) as shared:
        domain.fault("drop_after", {"kind": "write"}, every=7)
        for _ in range(3):
            domain.run()
            shared.advance(4000)
        domain.repair()
        for _ in range(2):
            report = domain.run()
            shared.advance(4000)
        assert report.outcome in ("complete", "complete_with_exceptions")
        domain.forget_requests()
        domain.run()
        domain.run(full=True)
        assert domain.writes == 0
    assert domain.disagreements() == []


# --- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.thorough(3)
@pytest.mark.parametrize("area", ["vendors", "orders", "order_items", "account_codes", "departments", "bills"])
def test_right_taken_away_and_given_back(domain: Domain, area: str) -> None:
    """The routes that need it stop and say whose turn it is; nothing is lost or made twice."""
    domain.run()
    domain.loop.call(lambda: domain.target.grant({"deny": area}))
    order, invoice = domain.desk.enter_order("777001", 0), domain.desk.enter_invoice(777002, 1)
    supplier = domain.desk.rename_supplier(1, "Renamed & Daughters")
    domain.pass_time(3600)
    report = domain.run()
    assert report.exit_status == 1
    told = [line for line in report.document()["exceptions"] if not line["key"]]
    assert any("403" in line["message"] and line["who"] == "Procurify administrator" for line in told), told
    domain.loop.call(lambda: domain.target.grant({"allow": area}))
    domain.run()
    assert domain.state(order) == ("waiting", "WAITING_APPROVAL")
    assert domain.state(invoice, "invoices")[0] in ("waiting", "landed")
    assert domain.state(supplier, "suppliers")[0] == "landed"
    assert domain.disagreements() == []


def test_orders_that_the_role_no_longer_sees(domain: Domain) -> None:
    """Requests that are hidden are not taken for missing ones."""
    domain.run()
    before = len(domain.table("orders"))
    domain.loop.call(lambda: domain.target.grant({"hide_rows": "orders", "key": {}}))
    domain.run()
    domain.run(full=True)
    assert len(domain.table("orders")) == before
    domain.loop.call(lambda: domain.target.grant({"show_rows": "orders"}))
    domain.run()
    assert domain.disagreements() == []


# --- bills -------------------------------------------------------------------------------------------------------


def bill_like(domain: Domain, key: str, **values: Any) -> dict[str, Any]:
    """A bill that somebody enters for an invoice of the ERP."""
    truth = domain.loop.call(domain.source.truth)
    invoice = next(row for row in truth["ap-invoices"] if row["id"] == key)
    vendor = next(row for row in domain.table("vendors") if (row["external_id"] or "").endswith(invoice["supplierId"]))
    currency = next(row["id"] for row in domain.table("currencies") if row["name"] == invoice["currencyCode"])
    bill = {
        "vendor": vendor["id"],
        "currency": currency,
        "invoice_number": invoice["invoiceNumber"],
        "invoice_date": invoice["transactionDate"][:10],
        "total_cost_with_tax": abs(Decimal(str(invoice["foreignCurrencyAmount"]))),
        "lines": [],
        **values,
    }
    return domain.loop.call(lambda: domain.target.insert("bills", bill))


def missing(domain: Domain) -> list[str]:
    rows = domain.app.records(FLOW, route="invoices", state="waiting")
    carrying = [row["external_id"] or "" for row in domain.table("vendors")]
    truth = {row["id"]: row for row in domain.loop.call(domain.source.truth)["ap-invoices"]}
    return [
        row["key"]
        for row in rows
        if row["code"] == "NOT_YET_ON_TARGET"
        and not truth[row["key"]]["debitMemo"]
        and any(each.endswith(truth[row["key"]]["supplierId"]) for each in carrying)
    ]


def test_bills(domain: Domain) -> None:
    """Missing, then entered: equal, otherwise, and twice; corrected in the end."""
    domain.run()
    equal, otherwise, twice, never = missing(domain)[:4]
    bill_like(domain, equal)
    wrong = bill_like(domain, otherwise, total_cost_with_tax=Decimal("1.00"))
    bill_like(domain, twice)
    superfluous = bill_like(domain, twice)
    domain.forget_requests()
    domain.run()
    assert domain.state(equal, "invoices") == ("landed", "")
    assert domain.state(otherwise, "invoices") == ("rejected", "DIFFERS_ON_TARGET")
    assert "bill 1.00" in domain.story(otherwise, "invoices")
    assert domain.state(twice, "invoices") == ("held", "ADOPTION_AMBIGUOUS")
    assert domain.state(never, "invoices") == ("waiting", "NOT_YET_ON_TARGET")

    truth = next(r for r in domain.loop.call(domain.source.truth)["ap-invoices"] if r["id"] == otherwise)
    domain.typed("bills", {"id": wrong["id"]}, total_cost_with_tax=abs(Decimal(str(truth["foreignCurrencyAmount"]))))
    domain.typed("bills", {"id": superfluous["id"]}, status=5)
    domain.app.decide("release", FLOW, "invoices", [twice], "the other one was withdrawn")
    domain.run()
    domain.replay()
    for key in (equal, otherwise, twice):
        assert domain.state(key, "invoices") == ("landed", "")
    assert domain.writes == 0


def test_bill_and_invoice_that_change_after_they_were_equal(domain: Domain) -> None:
    domain.run()
    keys = missing(domain)
    key = next(key for key in (domain.desk.raise_invoice(n, Decimal(0)) for n in range(6)) if key in keys)
    bill = bill_like(domain, key)
    domain.run()
    assert domain.state(key, "invoices") == ("landed", "")
    number = next(
        n
        for n in range(6)
        if domain.desk._voucher(n) == key  # type: ignore[attr-defined]
    )
    domain.pass_time(3600)
    domain.desk.raise_invoice(number, Decimal("5.00"))
    domain.run()
    assert domain.state(key, "invoices") == ("rejected", "DIFFERS_ON_TARGET")
    truth = next(r for r in domain.loop.call(domain.source.truth)["ap-invoices"] if r["id"] == key)
    domain.typed("bills", {"id": bill["id"]}, total_cost_with_tax=Decimal(str(truth["foreignCurrencyAmount"])))
    domain.replay()
    assert domain.state(key, "invoices") == ("landed", "")


# --- vendors -----------------------------------------------------------------------------------------------------


def test_vendor_that_was_renamed_in_procurify(domain: Domain) -> None:
    """Orders go to the row, under the name that it has now; the ERP's name comes back with the ERP's next change."""
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    domain.typed("vendors", {"id": vendor["id"]}, name="As the buyers call it")
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}


def test_vendor_renamed_between_the_look_and_the_request(domain: Domain) -> None:
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    answer = domain.target.answer

    async def renamed_first(call: Call) -> Any:
        if call.path.endswith("/requisitions/"):
            domain.target.update("vendors", {"id": vendor["id"]}, {"name": "Renamed just now"})
        return await answer(call)

    domain.target.answer = renamed_first  # type: ignore[method-assign]
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key)[0] == "rejected"
    assert domain.requests_of(key) == []
    domain.target.answer = answer  # type: ignore[method-assign]
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}


def inactive_twin(domain: Domain, vendor: dict[str, Any]) -> None:
    """One of the lowest id."""
    first = min(domain.table("vendors"), key=lambda row: row["id"])
    domain.typed("vendors", {"id": first["id"]}, name=vendor["name"], active=False, external_id=None)


def active_twin(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.loop.call(lambda: domain.target.insert("vendors", {"name": vendor["name"]}))


def regular(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.typed("vendors", {"id": vendor["id"]}, type=4)


def inactive(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.typed("vendors", {"id": vendor["id"]}, active=False)


def original(domain: Domain, vendor: dict[str, Any]) -> None:
    """All as it was, and no other row of its name."""
    values = {name: vendor[name] for name in ("name", "type", "active")}
    domain.typed("vendors", {"id": vendor["id"]}, **values)
    for row in domain.table("vendors"):
        if row["name"] == vendor["name"] and row["id"] != vendor["id"]:
            domain.typed("vendors", {"id": row["id"]}, name=f"Not {vendor['name']}")


@pytest.mark.thorough(4)
@pytest.mark.parametrize("lookup", ["lowest_id", "active_only"])
@pytest.mark.parametrize("trouble", [inactive_twin, active_twin, regular, inactive], ids=lambda f: f.__name__)
def test_vendor_that_a_request_could_miss(
    domain: Domain, trouble: Callable[[Domain, dict[str, Any]], None], lookup: str
) -> None:
    """Nothing is sent to a name that may lead elsewhere; it goes when people have put that right."""
    domain.loop.call(lambda: domain.target.set_switches(vendor_name_lookup=lookup))
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    trouble(domain, vendor)
    domain.pass_time(3600)
    domain.run()
    assert domain.requests_of(key) == []
    assert domain.state(key)[0] in ("rejected", "held")
    assert domain.row("purchase_orders", key)["message"]
    original(domain, vendor)
    domain.app.decide("release", FLOW, "purchase_orders", [key], "put right")
    domain.run()
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}
