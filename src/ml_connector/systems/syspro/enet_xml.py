"""What e.net answers: three wrappings of a body, and XML in Windows-1252 with padded numbers (FACTS 6, 7).

The document comes from outside, so a document type declaration is refused: without one there are no entities to expand
and nothing to fetch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

import msgspec

from ml_connector.errors import ContractError

DEEPEST = 32
"""Levels of elements; an answer has about five."""
REFUSAL = "ERROR"
"""How every refusal begins; what follows is never matched, for it may be unrelated to the cause."""


@dataclass
class Element:
    """An element; names are compared without regard to case, because answers of the same service differ in it."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        return [each for each in self.children if each.name.lower() == name.lower()]

    def first(self, name: str) -> Element | None:
        return next(iter(self.all(name)), None)


def unwrapped(body: bytes) -> str:
    """The answer itself: bare, a JSON text, or inside `<string>`. Raises ContractError for a page."""
    text = body.decode("cp1252", "replace").lstrip("\ufeffï»¿ \t\r\n")
    if text.startswith('"'):
        try:
            text = msgspec.json.decode(text.strip(), type=str)
        except msgspec.DecodeError as error:
            raise ContractError("e.net answered with a text that does not end.") from error
    elif text[:7].lower() == "<string" or _declares_string(text):
        text = parse(text).text
    if text.lstrip()[:5].lower() in ("<html", "<!doc"):
        raise ContractError("e.net answered with a web page.")
    return text


def _declares_string(text: str) -> bool:
    return text.startswith("<?xml") and text.partition("?>")[2].lstrip()[:7].lower() == "<string"


def is_refusal(text: str) -> bool:
    return text.lstrip().upper().startswith(REFUSAL)


def parse(text: str) -> Element:
    """The root of a document. Raises ContractError when it is none, is too deep, or declares a document type."""
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ContractError(f"e.net answered with XML that cannot be read: {error}.") from error
    assert builder.root is not None
    return builder.root


@dataclass
class _Builder:
    root: Element | None = None
    path: list[Element] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= DEEPEST:
            raise ContractError("e.net answered with XML that is nested too deeply.")
        element = Element(name)
        if self.path:
            self.path[-1].children.append(element)
        else:
            self.root = element
        self.path.append(element)

    def end(self, name: str) -> None:
        self.path.pop()

    def characters(self, text: str) -> None:
        self.path[-1].text += text


def _refuse(*_: object) -> None:
    raise ContractError("e.net answered with XML that declares a document type, which is refused for safety.")
