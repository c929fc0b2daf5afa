"""XML as the business objects read and write it: ignorant of what they do not know, Windows-1252 (fact sheet §2)."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .database import encoded_version
from .schema import Column

ENCODING = "cp1252"
_ATTRIBUTES = (
    "Language='05' Language2='EN' CssStyle='' DecFormat='1' DateFormat='01' Role='01' "
    "Version='8.0.011' OperatorPrimaryRole='   '"
)


class EnetError(Exception):
    """Goes out as `ERROR: ...` with status 200."""


def parse(text: str, root: str) -> ElementTree.Element:
    """The request's document. Raises EnetError for anything that is none, and for another root."""
    if "<!DOCTYPE" in text.upper():
        raise EnetError("Invalid XML")
    try:
        document = ElementTree.fromstring(text)  # noqa: S314 - a DTD has been refused
    except ElementTree.ParseError as error:
        raise EnetError(f"Invalid XML: {error}") from error
    if document.tag != root:
        raise EnetError(f"Invalid XML: element '{root}' expected")
    return document


def text_of(parent: ElementTree.Element, path: str) -> str:
    """The text below `path`, "" if there is none; leading blanks count."""
    return parent.findtext(path) or ""


def document(root: str, content: str) -> str:
    """A whole answer."""
    return f'<?xml version="1.0" encoding="Windows-1252"?><{root} {_ATTRIBUTES}>{content}</{root}>'


def element(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def shown(column: Column, value: Any, null_date: str) -> str:
    """A value as e.net writes it: numbers filled up with blanks, no null."""
    if column.kind == "version":
        return encoded_version(value)
    if column.kind == "date":
        return value or null_date
    if column.kind == "number":
        return f"{value:>{column.size + 2}}"
    return "" if value is None else str(value)


def storable(text: str) -> str:
    """What the database keeps of a text: characters outside Windows-1252 become `?`."""
    return text.encode(ENCODING, "replace").decode(ENCODING)
