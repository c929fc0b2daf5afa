"""The setup objects of GL codes and analysis codes: Add, Update, ValidateOnly (fact sheet §3, modelled there)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from .database import CompanyData
from .enet_xml import document, element, parse, storable, text_of

NOT_FOUND, EXISTS = 240004, 240010
MISSING, TOO_LONG, NOT_VALID = 240001, 240020, 240012  # ours: the fact sheet gives no numbers for these


@dataclass(frozen=True)
class SetupObject:
    """What one object sets up; `values` are the table's columns that an item may give beside its key."""

    root: str
    table: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    named: str  # the field that an error about the key is put on
    title: str


GL_CODE = SetupObject(
    "SetupGlCode", "GenMaster", ("GlCode",), ("Description", "AccountType", "GlGroup"), "GlCode", "GL code"
)
ANALYSIS_CODE = SetupObject(
    "SetupAnalysisCode",
    "GenAnalysisCode",
    ("AnalysisCategory", "AnalysisType", "AnalysisCode"),
    ("Description",),
    "AnalysisCode",
    "Analysis code",
)


@dataclass
class _Item:
    key: dict[str, str]
    values: dict[str, str]
    errors: list[tuple[str, str, int, str]] = field(default_factory=list)  # field, value, number, text


class Setup:
    """One Add or Update of a document of items in one company."""

    def __init__(self, company: CompanyData, what: SetupObject, adds: bool, lower_case: bool) -> None:
        self._rows = company.tables[what.table]
        self._company = company
        self._what = what
        self._adds = adds
        self._lower_case = lower_case

    def run(self, xml_parameters: str, xml_in: str) -> str:
        """Applies what is valid and asked for. A parameter that is misspelt has its default, as everywhere in e.net."""
        given = parse(xml_parameters, self._what.root) if xml_parameters.strip() else None
        validate_only = _flag(given, "ValidateOnly", False)
        all_or_nothing = _flag(given, "ApplyIfEntireDocumentValid", True)
        items = [self._read(each) for each in parse(xml_in, self._what.root).findall("Item")]
        seen: set[tuple[Any, ...]] = set()
        for item in items:
            self._check(item, seen)
        invalid = sum(1 for item in items if item.errors)
        if not validate_only and not (invalid and all_or_nothing):
            for item in items:
                if not item.errors:
                    self._apply(item)
        return self._answer(items, invalid)

    def _read(self, element_in: Element) -> _Item:
        key = {name: storable(text_of(element_in, f"Key/{name}")) for name in self._what.keys}
        named = [(name, element_in.find(name)) for name in self._what.values]
        return _Item(key, {name: storable(found.text or "") for name, found in named if found is not None})

    def _check(self, item: _Item, seen: set[tuple[Any, ...]]) -> None:
        what, named = self._what, item.key[self._what.named]
        for name, value in {**item.key, **item.values}.items():
            column = self._rows.columns[name]
            if name in item.key and not value.strip():
                item.errors.append((name, value, MISSING, f"{name} must be entered"))
            elif column.kind == "text" and len(value) > column.size:
                item.errors.append((name, value, TOO_LONG, f"{name} holds {column.size} characters"))
            elif name == "AccountType" and value not in tuple("ALCRES"):
                item.errors.append((name, value, NOT_VALID, f"Account type '{value}' is not valid"))
            elif name == "AnalysisType" and value not in tuple("12345"):
                item.errors.append((name, value, NOT_VALID, f"Analysis type '{value}' is not valid"))
        if item.errors:
            return
        key = tuple(item.key.values())
        exists = self._rows.get(*self._full_key(item)) is not None
        if self._adds and (exists or key in seen):
            item.errors.append((what.named, named, EXISTS, f"{what.title} '{named}' already exists"))
        if not self._adds and not exists:
            item.errors.append((what.named, named, NOT_FOUND, f"{what.title} '{named}' not found"))
        seen.add(key)

    def _full_key(self, item: _Item) -> list[Any]:
        full = {"Company": self._company.company_id, **item.key}
        return [self._rows.columns[name].stored(full[name]) for name in self._rows.table.keys]

    def _apply(self, item: _Item) -> None:
        key = dict(zip(self._rows.table.keys, self._full_key(item), strict=True))
        if self._adds:
            default = {"AccountType": "E", "AccOnHoldFlag": "N"} if self._what is GL_CODE else {}
            self._rows.insert({**default, **key, **item.values})
        else:
            row = self._rows.get(*key.values())
            assert row is not None
            self._rows.change(row, item.values)

    def _answer(self, items: list[_Item], invalid: int) -> str:
        body = "".join(self._item(item) for item in items)
        counts = f"{element('RecordsRead', str(len(items)))}{element('RecordsInvalid', str(invalid))}"
        return document(self._name(self._what.root), f"{body}<StatusOfItems>{counts}</StatusOfItems>")

    def _item(self, item: _Item) -> str:
        key = "".join(element(self._name(name), value) for name, value in item.key.items())
        errors = "".join(
            f"<{self._name(name)}>{element('Value', value)}{element('ErrorNumber', str(number))}"
            f"{element('ErrorDescription', text)}</{self._name(name)}>"
            for name, value, number, text in item.errors
        )
        tag, key_tag = self._name("Item"), self._name("Key")
        return f"<{tag}><{key_tag}>{key}</{key_tag}>{errors}</{tag}>"

    def _name(self, name: str) -> str:
        return name.lower() if self._lower_case else name


def _flag(given: Element | None, name: str, default: bool) -> bool:
    text = text_of(given, f"Parameters/{name}").strip().upper() if given is not None else ""
    return {"Y": True, "N": False}.get(text, default)
