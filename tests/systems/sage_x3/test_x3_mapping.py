"""From answers of api1 to canonical records: signs, arrays, line tables, splits, and what the posted entry says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.errors import MappingError
from ml_connector.records import Entity, Invoice, PurchaseOrder, Record, Reference, Supplier
from ml_connector.sync.validate import issues_of
from ml_connector.systems.base import Opening, RawRecord, System
from ml_connector.systems.sage_x3 import CONNECTOR
from ml_connector.systems.sage_x3.assembly import version_of

FIXTURES = Path(__file__).parent / "fixtures"
SETTINGS = {"folder": "SEED", "chart_code": "COR", "cost_center_dimension": "CCT"}
Json = dict[str, Any]


def connection(**settings: Any) -> Any:
    made = msgspec.convert({**SETTINGS, **settings}, CONNECTOR.settings)
    basic = {"username": "MLC", "password": "shh"}
    return CONNECTOR.open(Opening("x3", "http://x3.example:8124", made, "basic", basic))


@pytest.fixture
async def x3() -> AsyncIterator[System]:
    async with connection() as system:
        yield system


def record(system: System, entity: Entity, head: Json, **more: Any) -> Any:
    payload = msgspec.json.encode({"head": head, **more})
    found: Record = system.stream(entity).normalize(RawRecord("key", "SEED", "", "", payload))
    return found


def purchase_invoice(**changed: Any) -> Json:
    found: Json = msgspec.json.decode((FIXTURES / "purchase_invoice.json").read_bytes())
    return {**found, **changed}


CENTER = Reference("CCT/0220", "0220")


async def test_a_purchase_invoice(x3: System) -> None:
    payload = b'{"head":' + (FIXTURES / "purchase_invoice.json").read_bytes() + b"}"
    found = x3.stream(Entity.INVOICES).normalize(RawRecord("PI1", "SEED", "", "", payload))
    assert isinstance(found, Invoice)
    assert (found.key, found.scope, found.company, found.number) == ("PI1", "SEED", "FR10", " 000731")
    assert found.supplier == Reference("FR053", "FR053", "Pompes du Nord")
    assert (found.net, found.tax, found.gross) == (Decimal("100.10"), Decimal("20.02"), Decimal("120.12"))
    assert (found.invoice_date, found.posting_date, found.due_date) == (
        date(2026, 3, 2),
        date(2026, 3, 4),
        date(2026, 4, 3),
    )
    assert (found.exchange_rate, found.note) == (Decimal("1.25"), "Spare parts\nurgent")
    assert found.purchase_order == Reference("PO1", "PO1")
    first, second = found.lines
    assert (first.id, first.amount, first.tax, first.quantity) == (
        "1000",
        Decimal("110.10"),
        Decimal("22.02"),
        Decimal(4),
    )
    assert (first.purchase_order, first.purchase_order_line) == (Reference("PO1", "PO1"), "1000/2")
    assert (first.gl_account, first.cost_center) == (Reference("COR/601000", "601000"), CENTER)
    assert (second.amount, second.tax, second.purchase_order_line) == (Decimal("-10.00"), Decimal("-2.0"), "")
    assert list(issues_of(found)) == []


@pytest.mark.parametrize(
    ("changed", "kind", "sign"),
    [
        ({"INVTYP": 2, "SNS": -1}, "credit_memo", -1),
        ({"INVTYP": 4, "SNS": None}, "credit_memo", -1),
        ({"INVTYP": 3, "SNS": 1}, "debit_memo", 1),
        ({"INVTYP": 5}, "pro_forma", 1),
        ({"INVTYP": "2", "SNS": "-1"}, "credit_memo", -1),
    ],
)
async def test_the_sign_and_the_kind(x3: System, changed: Json, kind: str, sign: int) -> None:
    found = record(x3, Entity.INVOICES, purchase_invoice(**changed))
    assert (found.document_type, found.net) == (kind, Decimal("100.1") * sign)
    assert [line.amount for line in found.lines] == [Decimal("110.1") * sign, Decimal("-10") * sign]
    assert list(issues_of(found)) == []


async def test_amounts_that_are_signed_already_keep_their_sign(x3: System) -> None:
    lines = [{**line, "AMTNOTLIN": -line["AMTNOTLIN"]} for line in purchase_invoice()["PINVOICED"]]
    head = purchase_invoice(INVTYP=2, SNS=-1, AMTNOT=-100.10, AMTATI=-120.12, PINVOICED=lines)
    found = record(x3, Entity.INVOICES, head)
    assert (found.net, found.gross) == (Decimal("-100.1"), Decimal("-120.12"))
    assert list(issues_of(found)) == []


def partner_invoice(*splits: Json, nested: bool = False) -> Json:
    line = {
        "LIG": 1, "COA": ["GRP", "COR"], "ACC": ["9", "615000"], "DES": "Repair", "QTY": 3,
        "AMTNOTLIN": 100.10, "VAT": "NOR",
    }  # fmt: skip
    more: Json = {"BPSINVLIG": [{**line, "BPSINVLIGA": list(splits)} if nested else line]}
    return purchase_invoice(PINVOICED=[], **more, **({} if nested else {"BPSINVLIGA": list(splits)}))


@pytest.mark.parametrize("nested", [True, False])
async def test_a_line_is_split_by_its_analytics(x3: System, nested: bool) -> None:
    found = record(
        x3,
        Entity.INVOICES,
        partner_invoice(
            {"LIG": 1, "ANALIG": 1, "DIE": ["CCT"], "CCE": ["0220"], "AMT": 60.10},
            {"LIG": 1, "ANALIG": 2, "ACC": ["", "616000"], "DIE": ["BRN", "CCT"], "CCE": ["R1", "0230"], "AMT": 40},
            nested=nested,
        ),
    )
    assert [(line.id, line.amount, line.quantity) for line in found.lines] == [
        ("1/1", Decimal("60.1"), None),
        ("1/2", Decimal("40"), None),
    ]
    assert [line.gl_account.key for line in found.lines] == ["COR/615000", "COR/616000"]
    assert [line.cost_center.key for line in found.lines] == ["CCT/0220", "CCT/0230"]
    assert list(issues_of(found)) == []


async def test_one_split_leaves_the_line_as_it_is(x3: System) -> None:
    found = record(
        x3, Entity.INVOICES, partner_invoice({"LIG": 1, "ANALIG": 1, "DIE": ["CCT"], "CCE": ["0220"], "AMT": 100.10})
    )
    assert [(line.id, line.quantity, line.cost_center) for line in found.lines] == [("1", Decimal(3), CENTER)]


def entry(*lines: tuple[str, float, str], splits: bool = True) -> Json:
    rows = [
        {"LIN": number, "LEDTYP": 1, "ACC": account, "COA": "COR", "SNS": 1 if size > 0 else -1, "AMTCUR": abs(size)}
        for number, (account, size, _) in enumerate(lines, 1)
    ]
    rows.append({"LIN": 99, "LEDTYP": 1, "ACC": "401000", "BPR": "FR053", "SNS": -1, "AMTCUR": 120.12})
    rows.append({"LIN": 1, "LEDTYP": 2, "ACC": "999", "SNS": 1, "AMTCUR": 110.10})
    analytics = [
        {"LIN": number, "LEDTYP": 1, "ANALIN": 1, "DIE": ["CCT"], "CCE": [center], "AMTCUR": abs(size)}
        for number, (_, size, center) in enumerate(lines, 1)
        if center
    ]
    return {"TYP": "PINV", "NUM": "PI1", "GACCENTRYD": rows, "GACCENTRYA": analytics}


def uncoded() -> Json:
    bare = [{**line, "ACC": None, "DIE": [], "CCE": []} for line in purchase_invoice()["PINVOICED"]]
    return purchase_invoice(PINVOICED=bare)


@pytest.mark.parametrize(
    ("posted", "coding"),
    [
        (
            entry(("601000", 110.10, "0220"), ("609000", 10.0, "0230"), ("445660", 20.02, "")),
            [("COR/601000", "CCT/0220"), ("COR/609000", "CCT/0230")],
        ),
        (
            entry(
                ("445660", 110.10, ""), ("601000", 110.10, "0220"), ("602000", 10.0, "0210"), ("609000", -10.0, "0230")
            ),
            [("COR/601000", "CCT/0220"), ("COR/609000", "CCT/0230")],
        ),
        (entry(("601000", 100.10, "0220"), ("445660", 20.02, "")), [("COR/601000", "CCT/0220")] * 2),
        (entry(("601000", 60.10, "0220"), ("602000", 40.0, "0230")), [(None, None)] * 2),
        (entry(), [(None, None)] * 2),
    ],
    ids=["line by line", "a tax and a cost of the same size", "posted as one", "posted otherwise", "nothing that fits"],
)
async def test_lines_without_coding_take_it_from_the_posted_entry(
    x3: System, posted: Json, coding: list[tuple[str | None, str | None]]
) -> None:
    found = record(x3, Entity.INVOICES, uncoded(), entry=[posted])
    assert [
        (line.gl_account and line.gl_account.key, line.cost_center and line.cost_center.key) for line in found.lines
    ] == coding


async def test_every_missing_value_is_named(x3: System) -> None:
    with pytest.raises(MappingError) as caught:
        record(x3, Entity.INVOICES, purchase_invoice(BPRVCR="", BPRDAT="0000-00-00", CUR=None, INVTYP=9))
    assert {issue.field for issue in caught.value.issues} == {"number", "invoice_date", "currency", "document_type"}


def order(**changed: Any) -> Json:
    line = {
        "POHNUM": "PO1", "POPLIN": 1000, "POQSEQ": 1, "ITMREF": "BRG", "UOM": "BOX", "QTYUOM": 1, "PUU": "UN",
        "QTYPUU": 10, "RCPQTYPUU": 0, "INVQTYPUU": 0, "EXTRCPDAT": "2026-05-01", "LINAMT": 25, "LINATIAMT": 30,
        "LINCLEFLG": 1, "NETPRI": 2.5, "ITMDES": "Bearing", "VAT": ["NOR"],
    }  # fmt: skip
    return {
        "POHNUM": "PO1", "POHFCY": "FR011", "CPY": "", "BPSNUM": "FR053", "ORDDAT": "2026-03-01", "CUR": "EUR",
        "CHGCOE": 1, "CLEFLG": 1, "APPFLG": 3, "RCPFLG": 1, "INVFLG": 1, "TOTORD": 25, "TTVORD": 30, "TOTTAXAMT": 5,
        "PORDERQ": [line], **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ({}, "released"),
        ({"APPFLG": 1}, "planned"),
        ({"APPFLG": 2}, "planned"),
        ({"APPFLG": 4}, "released"),
        ({"APPFLG": 5}, "released"),
        ({"APPFLG": None}, "released"),
        ({"RCPFLG": 2}, "partly_received"),
        ({"RCPFLG": 3}, "received"),
        ({"RCPFLG": 3, "INVFLG": 3}, "invoiced"),
        ({"CLEFLG": 2}, "cancelled"),
        ({"CLEFLG": 2, "APPFLG": 1}, "cancelled"),
        ({"CLEFLG": 2, "RCPFLG": 2}, "closed"),
        ({"CLEFLG": 2, "RCPFLG": 4, "INVFLG": 3}, "closed"),
        ({"CLEFLG": 2, "RCPFLG": 5, "PORDERQ": [{"POPLIN": 1000, "RCPQTYPUU": 1}]}, "closed"),
    ],
)
async def test_how_far_an_order_has_got(x3: System, flags: Json, status: str) -> None:
    assert record(x3, Entity.PURCHASE_ORDERS, order(**flags)).status == status


async def test_an_order_in_purchase_units_with_the_company_of_its_site() -> None:
    async with connection(site_companies={"FR011": "FR10"}, orders_need_approval=False) as system:
        found = record(system, Entity.PURCHASE_ORDERS, order(APPFLG=1))
    assert isinstance(found, PurchaseOrder)
    assert (found.company, found.status, found.site) == ("FR10", "released", "FR011")
    line = found.lines[0]
    assert (line.id, line.quantity, line.unit, line.unit_price) == ("1000/1", Decimal(10), "UN", Decimal("2.5"))
    assert list(issues_of(found)) == []


async def test_prices_in_an_array_of_their_own(x3: System) -> None:
    line = {name: value for name, value in order()["PORDERQ"][0].items() if name not in ("NETPRI", "ITMDES", "VAT")}
    price = {"POPLIN": 1000, "POPSEQ": 1, "NETPRI": 2.5, "ITMDES": "Bearing", "VAT": ["NOR"]}
    found = record(x3, Entity.PURCHASE_ORDERS, order(PORDERQ=[line], PORDERP=[price]))
    assert (found.lines[0].unit_price, found.lines[0].description) == (Decimal("2.5"), "Bearing")


async def test_a_supplier_with_its_partner_and_addresses(x3: System) -> None:
    name = "Société Générale de Pompes et Compresseurs du Nord"
    found = record(
        x3,
        Entity.SUPPLIERS,
        {"BPSNUM": "007 ", "BPSNAM": name[:35], "ENAFLG": 1, "CUR": "EUR", "PTE": "30NET", "BPAADD": "2"},
        partner=[{"BPRNUM": "007 ", "BPRNAM": [name[:35], name[35:]], "EECNUM": "FR12", "CRY": "FR"}],
        addresses=[
            {"BPATYP": 1, "BPAADD": "1", "CRY": "BE"},
            {"BPATYP": 1, "BPAADD": "2", "BPAADDLIG": ["Rue 1", "", "BP 9"], "CRY": "FR", "TEL": ["", "+33"],
             "WEB": ["a@b.fr"]},
            {"BPATYP": 3, "BPAADD": "9", "CRY": "DE"},
        ],
    )  # fmt: skip
    assert isinstance(found, Supplier)
    assert (found.code, found.name, found.active, found.tax_id, found.country) == ("007 ", name, False, "FR12", "FR")
    assert (found.phone, found.email, found.website) == ("+33", "a@b.fr", "")
    assert [(each.id, each.line1, each.line2) for each in found.addresses] == [("2", "Rue 1", "BP 9"), ("1", "", "")]


@pytest.mark.parametrize(("amount", "sign", "read"), [(5, 1, "5"), (5, -1, "-5"), ("0.001", "-1", "-0.001")])
async def test_a_posting_is_signed_by_sns(x3: System, amount: Any, sign: Any, read: str) -> None:
    head = {"TYP": "PINV", "NUM": "7", "ACCDAT": "2026-03-01", "CUR": "KWD", "FIY": 2026, "PER": 3}
    line = {"LIN": 2, "ACC": "601000", "COA": "COR", "SNS": sign, "AMTCUR": amount, "DES": "x"}
    found = record(x3, Entity.GL_POSTINGS, head, lines=[line], splits=[{"LIN": 2, "DIE": ["CCT"], "CCE": ["0220"]}])
    assert (found.key, found.amount, found.fiscal_period) == ("PINV/7/2", Decimal(read), "2026/3")
    assert (found.gl_account, found.cost_center) == (Reference("COR/601000", "601000"), CENTER)


async def test_names_from_the_settings() -> None:
    names = {"fields": {"invoices.BPRVCR": "ZVCR"}, "arrays": {"PINVOICED": "LINES"}}
    given = purchase_invoice(ZVCR="4711", BPRVCR="")
    given["LINES"] = given.pop("PINVOICED")
    async with connection(**names) as system:
        found = record(system, Entity.INVOICES, given)
    assert (found.number, len(found.lines)) == ("4711", 2)


def test_a_version_hears_values_and_not_x3s_own_properties() -> None:
    base = b'{"head":{"$etag":"1","A":1.50,"L":[{"$uuid":"x","B":"y"}]}}'
    assert version_of(base) == version_of(base.replace(b'"$etag":"1"', b'"$etag":"2"').replace(b'"x"', b'"z"'))
    assert version_of(base) != version_of(base.replace(b'"y"', b'"z"'))
