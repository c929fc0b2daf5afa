"""Sage X3 as a system under test, in the words of its fact sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from conformance.subject import REFUSED, Absence, Subject, Values, Variant
from ml_connector.records import Entity, join_key, split_key
from ml_connector_simulators.sage_x3 import SageX3Simulator

CHART, CENTERS, FOLDER = "COR", "CCT", "SEED"
HEADS = {
    Entity.SUPPLIERS: "BPSUPPLIER",
    Entity.PURCHASE_ORDERS: "PORDER",
    Entity.INVOICES: "PINVOICE",
    Entity.GL_ACCOUNTS: "GACCOUNT",
    Entity.COST_CENTERS: "CACCE",
    Entity.GL_POSTINGS: "GACCENTRYD",
}
ASKED = {**HEADS, Entity.GL_POSTINGS: "GACCENTRY"}
"""The class that is asked for an entity's heads."""
KEYS = {
    Entity.SUPPLIERS: ("BPSNUM",),
    Entity.PURCHASE_ORDERS: ("POHNUM",),
    Entity.INVOICES: ("NUM",),
    Entity.GL_ACCOUNTS: ("COA", "ACC"),
    Entity.COST_CENTERS: ("DIE", "CCE"),
    Entity.GL_POSTINGS: ("TYP", "NUM", "LIN"),
}
MANDATORY = {
    Entity.SUPPLIERS: ("BPSNAM",),
    Entity.PURCHASE_ORDERS: ("BPSNUM", "CUR"),
    Entity.INVOICES: ("BPR", "BPRVCR", "BPRDAT", "CUR"),
    Entity.GL_ACCOUNTS: (),
    Entity.COST_CENTERS: (),
    Entity.GL_POSTINGS: (),
}
CLASSES = ("BPSUPPLIER", "PORDER", "PINVOICE", "GACCOUNT", "CACCE", "GACCENTRY")
STAMPLESS = (
    *CLASSES, "BPARTNER", "BPADDRESS", "PORDERQ", "PINVOICED", "BPSINVLIG", "BPSINVLIGA", "GACCENTRYD", "GACCENTRYA",
)  # fmt: skip
LINES_ALONE = {"line_classes": True, "line_edits_touch_header": False}
OTHERWISE: Values = {
    **LINES_ALONE,
    "stampless": STAMPLESS,
    "token_answer": "camelCase",
    "next_link": "absolute",
    "total_results": "never",
    "missing_record": "404",
    "date_literals": "quoted",
    "empty_texts": "absent",
    "empty_dates": "zeros",
    "decimals": "text",
    "arrays": "numbered",
    "error_body": "html",
    "analytics": "nested",
    "invoice_line_coding": False,
    "partner_in_supplier": True,
    "order_prices": "beside",
}
"""The other way, wherever the fact sheet leaves two."""


class SageX3Subject(Subject):
    """A folder with two companies; changes are found by UPDDATTIM, or by the day where only that is shown."""

    system = "sage_x3"
    heads = ASKED
    variants = (
        Variant("moments", switches=LINES_ALONE),
        Variant("days", settings={"date_literal_style": "quoted"}, switches=OTHERWISE),
    )
    overlap_s = 600
    with_lines = frozenset({Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES})
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    small_pages: ClassVar[Values] = {"page_limit": 5}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    absences = (
        Absence("class", Entity.INVOICES, {"class": "PINVOICE", "granted": False},
                ("PINVOICE", "Sage X3 administrator", "profile")),
        Absence("folder", Entity.SUPPLIERS, {}, ("BPSUPPLIER", "folder"), settings={"folder": "NOWHERE"}),
        Absence("representation", Entity.PURCHASE_ORDERS, {}, ("PORDER", "representations"),
                switches={"representations": {"PORDER": "ZPORDER"}}),
        Absence("chart", Entity.GL_ACCOUNTS, {}, ("chart_code", "XXX"), settings={"chart_code": "XXX"}),
        Absence("dimension", Entity.COST_CENTERS, {}, ("cost_center_dimension", "XXX"),
                settings={"cost_center_dimension": "XXX"}),
        Absence("lines", Entity.PURCHASE_ORDERS, {}, ("PORDERQ", "arrays"),
                switches={"line_arrays": {"PORDERQ": "LINES"}}),
        Absence("property", Entity.GL_ACCOUNTS, {}, ("GACCOUNT", "ZNAME"),
                settings={"fields": {"gl_accounts.DES": "ZNAME"}}),
        Absence("change property", Entity.SUPPLIERS, {}, ("query facet", "change_fields"),
                settings={"change_fields": {"suppliers": "ZSTAMP"}}),
    )  # fmt: skip

    @property
    def x3(self) -> SageX3Simulator:
        assert isinstance(self.simulator, SageX3Simulator)
        return self.simulator

    # Signing in --------------------------------------------------------------------------------------------------

    def take_roles(self) -> tuple[str, ...]:
        for code in CLASSES:
            self.simulator.grant({"class": code, "granted": False})
        return CLASSES

    def issued_tokens(self) -> list[str]:
        return self.x3.tokens.issued()

    # The truth ---------------------------------------------------------------------------------------------------

    def take_sight(self) -> None:
        self.switch(sites="hide")
        self.simulator.grant({"sites": []})

    def zoned(self, time_zone: str) -> Variant:
        """Stamps are UTC whatever the zone of the company."""
        return self.variant

    def _in_scope(self, entity: Entity, row: Values) -> bool:
        match entity:
            case Entity.INVOICES:
                return bool(row["STA"] == 3)
            case Entity.GL_ACCOUNTS:
                return bool(row["COA"] == CHART)
            case Entity.COST_CENTERS:
                return bool(row["DIE"] == CENTERS)
            case Entity.GL_POSTINGS:
                entry = self._entry(row)
                return bool(row["LEDTYP"] == 1 and entry["STA"] == 2 and entry["CAT"] == 1)
        return True

    def _entry(self, line: Values) -> dict[str, Any]:
        entries = self.rows("GACCENTRY")
        return next(each for each in entries if (each["TYP"], each["NUM"]) == (line["TYP"], line["NUM"]))

    def expected(self, entity: Entity) -> dict[str, Any]:
        rows = [row for row in self.rows(HEADS[entity]) if self._in_scope(entity, row)]
        return {self._key(entity, row): self._expected(entity, row) for row in rows}

    def _key(self, entity: Entity, row: Values) -> str:
        return join_key(*(str(row[name]) for name in KEYS[entity]))

    def _expected(self, entity: Entity, row: Values) -> Any:
        if any(row[name] in (None, "") for name in MANDATORY[entity]):
            return REFUSED
        return _EXPECTED[entity](self, row)

    def lines_of(self, table: str, name: str, value: Any) -> list[dict[str, Any]]:
        return [each for each in self.rows(table) if each[name] == value]

    def lively(self, entity: Entity) -> list[str]:
        rows = [row for row in self.rows(HEADS[entity]) if self._in_scope(entity, row)]
        rows = [row for row in rows if self._expected(entity, row) != REFUSED]
        if entity is Entity.PURCHASE_ORDERS:
            untouched = {"CLEFLG": (1,), "APPFLG": (3, 4), "RCPFLG": (1,), "INVFLG": (1,)}
            rows = [row for row in rows if all(row[name] in values for name, values in untouched.items())]
        if entity in (Entity.PURCHASE_ORDERS, Entity.INVOICES):
            rows = [row for row in rows if len(self._expected(entity, row)["lines"]) > 1]
        if entity is Entity.SUPPLIERS:
            rows = [row for row in rows if self.lines_of("BPADDRESS", "BPANUM", row["BPSNUM"])]
        return sorted(self._key(entity, row) for row in rows)

    # Editing -----------------------------------------------------------------------------------------------------

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        code = values.get("code", f"N{number:05}")
        key: dict[str, Any] = {}
        for table, row in _NEW[entity](number, code, values):
            self.simulator.insert(table, row, stamp=stamp)
            if table == HEADS[entity]:
                key = row
        return self._key(entity, key)

    def _row_key(self, entity: Entity, key: str) -> dict[str, Any]:
        found = dict(zip(KEYS[entity], split_key(key), strict=True))
        return {**found, "LEDTYP": 1} if entity is Entity.GL_POSTINGS else found

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        text = f"edited {self.moment():%H:%M:%S.%f}"[:20]
        self.simulator.update(HEADS[entity], self._row_key(entity, key), {_TEXT[entity]: text}, stamp=stamp)

    def _first_line(self, entity: Entity, key: str) -> tuple[str, dict[str, Any], str]:
        """Table, key and a text column of a record's first line."""
        code = split_key(key)[0]
        if entity is Entity.SUPPLIERS:
            row = self.lines_of("BPADDRESS", "BPANUM", code)[0]
            return "BPADDRESS", {name: row[name] for name in ("BPATYP", "BPANUM", "BPAADD")}, "CTY"
        if entity is Entity.PURCHASE_ORDERS:
            row = self.lines_of("PORDERQ", "POHNUM", code)[0]
            return "PORDERQ", {name: row[name] for name in ("POHNUM", "POPLIN", "POQSEQ")}, "ITMREF"
        if rows := self.lines_of("PINVOICED", "NUM", code):
            return "PINVOICED", {name: rows[0][name] for name in ("NUM", "PIDLIN")}, "ITMDES"
        row = self.lines_of("BPSINVLIG", "NUM", code)[0]
        return "BPSINVLIG", {name: row[name] for name in ("NUM", "LIG")}, "DES"

    def edit_line(self, entity: Entity, key: str) -> None:
        table, row_key, text = self._first_line(entity, key)
        self.simulator.update(table, row_key, {text: "changed"})

    def remove_line(self, entity: Entity, key: str) -> None:
        table, row_key, _ = self._first_line(entity, key)
        self.simulator.delete(table, row_key)

    def remove(self, entity: Entity, key: str) -> None:
        self.simulator.delete(HEADS[entity], self._row_key(entity, key))

    def cancel(self, entity: Entity, key: str) -> None:
        """There is no flag for it: the order is closed with nothing received."""
        self.simulator.update(HEADS[entity], self._row_key(entity, key), {"CLEFLG": 2})

    def add_unknown_field(self, entity: Entity, key: str) -> None:
        self.simulator.update(HEADS[entity], self._row_key(entity, key), {"ZNOBODY": {"nested": ["Ω", None]}})


SUBJECT = SageX3Subject

# What a record has to say ------------------------------------------------------------------------------------------


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _account(code: str) -> str | None:
    return join_key(CHART, code) if code else None


def _center(row: Values) -> str | None:
    """The code in the place whose type is that of cost centers."""
    codes = dict(zip(row["DIE"], row["CCE"], strict=True))
    return join_key(CENTERS, codes[CENTERS]) if codes.get(CENTERS) else None


def _supplier(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    code = row["BPSNUM"]
    partner = subject.lines_of("BPARTNER", "BPRNUM", code)[0]
    addresses = [each for each in subject.lines_of("BPADDRESS", "BPANUM", code) if each["BPATYP"] == 1]
    return {
        "scope": FOLDER,
        "code": code,
        "name": row["BPSNAM"] if len(row["BPSNAM"]) < 35 else "".join(partner["BPRNAM"]),
        "tax_id": partner["EECNUM"],
        "currency": row["CUR"],
        "payment_terms": row["PTE"],
        "active": row["ENAFLG"] == 2,
        "addresses": {
            each["BPAADD"]: {
                "line1": each["BPAADDLIG"][0],
                "postal_code": each["POSCOD"],
                "city": each["CTY"],
                "region": each["SAT"],
                "country": each["CRY"],
            }
            for each in addresses
        },
    }


def _order_status(row: Values) -> str:
    if row["CLEFLG"] == 2:
        return "closed" if row["RCPFLG"] in (2, 3) or row["INVFLG"] in (2, 3) else "cancelled"
    if row["APPFLG"] in (1, 2):
        return "planned"
    if row["INVFLG"] == 3:
        return "invoiced"
    return {2: "partly_received", 3: "received"}.get(row["RCPFLG"], "released")


def _order(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    lines = subject.lines_of("PORDERQ", "POHNUM", row["POHNUM"])
    prices = {(each["POPLIN"], each["POPSEQ"]): each for each in reversed(lines)}
    if subject.x3.switches.order_prices == "merged":  # else the releases of a line share one price and one text
        prices = {}
    return {
        "scope": FOLDER,
        "number": row["POHNUM"],
        "company": row["CPY"],
        "supplier": join_key(row["BPSNUM"]),
        "status": _order_status(row),
        "ordered_on": _day(row["ORDDAT"]),
        "currency": row["CUR"],
        "exchange_rate": row["CHGCOE"],
        "net": row["TOTORD"],
        "tax": row["TOTTAXAMT"],
        "gross": row["TTVORD"],
        "note": row["ORDREF"],
        "lines": {
            join_key(str(each["POPLIN"]), str(each["POQSEQ"])): {
                "item": each["ITMREF"],
                "description": prices.get((each["POPLIN"], each["POPSEQ"]), each)["ITMDES"],
                "quantity": each["QTYPUU"],
                "quantity_received": each["RCPQTYPUU"],
                "unit": each["PUU"],
                "unit_price": each["NETPRI"],
                "net": each["LINAMT"],
                "wanted_on": _day(each["EXTRCPDAT"]),
                "tax_code": each["VAT"][0],
                "gl_account": _account(each["ACC"]),
                "cost_center": _center(each),
            }
            for each in lines
        },
    }


def _invoice(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    sign = row["SNS"]
    purchase = {
        str(each["PIDLIN"]): {
            "description": each["ITMDES"],
            "amount": each["AMTNOTLIN"] * sign,
            "gl_account": _account(each["ACC"]),
            "cost_center": _center(each),
            "purchase_order": join_key(each["POHNUM"]) if each["POHNUM"] else None,
            "purchase_order_line": join_key(str(each["POPLIN"]), str(each["POQSEQ"])) if each["POPLIN"] else "",
        }
        for each in subject.lines_of("PINVOICED", "NUM", row["NUM"])
    }
    splits = {each["LIG"]: each for each in subject.lines_of("BPSINVLIGA", "NUM", row["NUM"])}
    partner = {
        str(each["LIG"]): {
            "description": each["DES"],
            "amount": each["AMTNOTLIN"] * sign,
            "gl_account": _account(each["ACC"][0]),
            "cost_center": _center(splits[each["LIG"]]) if each["LIG"] in splits else None,
        }
        for each in subject.lines_of("BPSINVLIG", "NUM", row["NUM"])
    }
    return {
        "scope": FOLDER,
        "number": row["BPRVCR"],
        "document_type": {1: "invoice", 2: "credit_memo"}[row["INVTYP"]],
        "company": row["CPY"],
        "supplier": join_key(row["BPR"]),
        "status": "posted",
        "invoice_date": _day(row["BPRDAT"]),
        "posting_date": _day(row["ACCDAT"]),
        "due_date": _day(row["STRDUDDAT"]),
        "currency": row["CUR"],
        "net": row["AMTNOT"] * sign,
        "tax": (row["AMTATI"] - row["AMTNOT"]) * sign,
        "gross": row["AMTATI"] * sign,
        "note": row["DES"][0],
        "lines": purchase or partner,
    }


def _gl_account(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    return {
        "scope": FOLDER,
        "code": row["ACC"],
        "name": row["DES"],
        "active": row["ENAFLG"] == 2,
        "valid_from": _day(row["VLYSTR"]),
        "valid_to": _day(row["VLYEND"]),
    }


def _cost_center(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    return {**_gl_account(subject, {**row, "ACC": row["CCE"]})}


def _posting(subject: SageX3Subject, row: Values) -> dict[str, Any]:
    entry = subject._entry(row)
    splits = [each for each in subject.lines_of("GACCENTRYA", "NUM", row["NUM"]) if each["TYP"] == row["TYP"]]
    mine = [each for each in splits if each["LIN"] == row["LIN"] and each["LEDTYP"] == 1]
    return {
        "scope": FOLDER,
        "journal": row["NUM"],
        "line": str(row["LIN"]),
        "company": entry["CPY"],
        "posting_date": _day(entry["ACCDAT"]),
        "gl_account": _account(row["ACC"]),
        "cost_center": _center(mine[0]) if mine else None,
        "currency": entry["CUR"],
        "amount": row["AMTCUR"] * row["SNS"],
        "text": row["DES"],
    }


_EXPECTED: dict[Entity, Callable[[SageX3Subject, Values], dict[str, Any]]] = {
    Entity.SUPPLIERS: _supplier,
    Entity.PURCHASE_ORDERS: _order,
    Entity.INVOICES: _invoice,
    Entity.GL_ACCOUNTS: _gl_account,
    Entity.COST_CENTERS: _cost_center,
    Entity.GL_POSTINGS: _posting,
}
_TEXT = {
    Entity.SUPPLIERS: "BPSNAM",
    Entity.PURCHASE_ORDERS: "ORDREF",
    Entity.INVOICES: "DES",
    Entity.GL_ACCOUNTS: "DES",
    Entity.COST_CENTERS: "DES",
    Entity.GL_POSTINGS: "DES",
}

# What somebody enters ----------------------------------------------------------------------------------------------

New = list[tuple[str, dict[str, Any]]]
CODING = {"DIE": [CENTERS], "CCE": ["220"]}


def _new_supplier(number: int, code: str, values: Values) -> New:
    head = {"BPSNUM": code, "BPSNAM": values.get("name", f"New {number}"), "CUR": "EUR", "PTE": "30"}
    address = {"BPATYP": 1, "BPANUM": code, "BPAADD": "1", "BPAADDLIG": ["Corner 1"], "CTY": "Kassel", "CRY": "DE"}
    return [("BPSUPPLIER", head), ("BPADDRESS", address)]


def _new_order(number: int, code: str, values: Values) -> New:
    amount, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    totals = {"TOTORD": amount, "TTVORD": amount, "TOTTAXAMT": Decimal(0)}
    head = {
        "POHNUM": code, "POHFCY": "H1", "CPY": "10", "BPSNUM": "V9010", "ORDDAT": "2026-03-02", "CUR": currency,
        "ORDREF": values.get("name", ""), **totals,
    }  # fmt: skip
    line = {
        "POHNUM": code, "POPLIN": 1000, "ITMDES": "part", "UOM": "PCS", "QTYUOM": 1, "PUU": "PCS", "QTYPUU": 1,
        "NETPRI": amount, "LINAMT": amount, "LINATIAMT": amount, "VAT": ["EXO"], "ACC": "4010", **CODING,
    }  # fmt: skip
    return [("PORDER", head), ("PORDERQ", line)]


def _new_invoice(number: int, code: str, values: Values) -> New:
    """A credit memo where the amount is negative: X3 keeps amounts without a sign."""
    given, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    amount, sign = abs(given), -1 if given < 0 else 1
    head = {
        "NUM": f"NEW{number:05}", "GTE": "SINV", "CPY": "10", "FCY": "H1", "BPR": "V9010", "ACCDAT": "2026-03-03",
        "BPRVCR": code, "BPRDAT": "2026-03-02", "CUR": currency, "AMTNOT": amount, "AMTATI": amount, "SNS": sign,
        "INVTYP": 2 if sign < 0 else 1, "DES": [values.get("name", "")],
    }  # fmt: skip
    line = {"NUM": head["NUM"], "LIG": 1, "COA": [CHART], "ACC": ["4010"], "DES": "part", "AMTNOTLIN": amount}
    split = {"NUM": head["NUM"], "LIG": 1, "ANALIG": 1, "ACC": ["4010"], "AMT": amount, **CODING}
    return [("PINVOICE", head), ("BPSINVLIG", line), ("BPSINVLIGA", split)]


def _new_account(number: int, code: str, values: Values) -> New:
    return [("GACCOUNT", {"COA": CHART, "ACC": code, "DES": values.get("name", f"New {number}")})]


def _new_cost_center(number: int, code: str, values: Values) -> New:
    return [("CACCE", {"DIE": CENTERS, "CCE": code, "DES": values.get("name", f"New {number}")})]


def _new_posting(number: int, code: str, values: Values) -> New:
    key = {"TYP": "MISC", "NUM": code}
    entry = {**key, "CPY": "10", "FCY": "H1", "ACCDAT": "2026-03-02", "CUR": "EUR"}
    line = {**key, "LIN": 1, "LEDTYP": 1, "COA": CHART, "ACC": "4010", "SNS": 1, "AMTCUR": Decimal("10.00")}
    return [("GACCENTRY", entry), ("GACCENTRYD", {**line, "DES": values.get("name", f"New {number}")})]


_NEW: dict[Entity, Callable[[int, str, Values], New]] = {
    Entity.SUPPLIERS: _new_supplier,
    Entity.PURCHASE_ORDERS: _new_order,
    Entity.INVOICES: _new_invoice,
    Entity.GL_ACCOUNTS: _new_account,
    Entity.COST_CENTERS: _new_cost_center,
    Entity.GL_POSTINGS: _new_posting,
}
