"""The `connections` of a file: each checked against what its connector declares."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ml_connector.configuration.catalogue import Catalogue
from ml_connector.configuration.section import Section
from ml_connector.configuration.transport import with_transport
from ml_connector.configuration.tree import Item, Place, Problems, suggestion
from ml_connector.store.configuration import ConnectionConfig
from ml_connector.systems.base import Connector

KEYS = ("name", "system", "base_url", "settings", "credentials")
NAME_FIX = "Give it a short name, for example `name: erp`."

Json = dict[str, Any]
_PATH_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")


def read_connection(item: Item, catalogue: Catalogue, problems: Problems) -> ConnectionConfig | None:
    """The connection; None when too little of it can be understood to go on."""
    section = Section(item, problems, "a connection", KEYS)
    if not isinstance(item.value, dict):
        return None
    name = section.name(NAME_FIX)
    section.title = f"connection {name!r}" if name else section.title
    item_of_system = section.required("system", f"Possible: {', '.join(sorted(catalogue.systems))}.")
    if item_of_system is None:
        return None
    system = item_of_system.value
    if system not in catalogue.systems:
        problems.unknown(item_of_system.place, "system", str(system), catalogue.systems)
        return None
    connector = catalogue.connector(system)
    base_url = _base_url(section, connector)
    settings = _settings(section, connector)
    auth_mode, credentials = _credentials(section, connector)
    if name is None:
        return None
    return ConnectionConfig(
        name=name,
        system=system,
        base_url=base_url,
        settings=settings,
        auth_mode=auth_mode,
        credentials=credentials,
    )


def _base_url(section: Section, connector: Connector) -> str:
    example = connector.default_url or "https://erp.example.com"
    fixed = "" if re.search(r"[<{]", example) else connector.default_url
    if fixed:
        text = section.text("base_url")
    else:
        text = section.required_text("base_url", f"Give the address of the system, like {example}.")
    if text is None:
        return fixed
    fault = _url_fault(text)
    if fault:
        item = section.item.value["base_url"]
        section.problems.add(item.place, f"{text!r} is no base_url: {fault}.", f"Write it like {example}.")
    return text.rstrip("/")


def _url_fault(text: str) -> str:
    """What keeps a text from being scheme, host and port; empty when nothing does."""
    try:
        parts = urlsplit(text)
        port_ok = parts.port != 0
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return "it must begin with https:// (or http://)"
    if not parts.hostname or not port_ok or re.search(r"[\s<>{}]", text):
        return "the host is missing or still a placeholder"
    if parts.username or parts.password:
        return "user names and passwords belong into credentials"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "it is scheme, host and port only; the vendor's paths are added to it"
    return ""


def _settings(section: Section, connector: Connector) -> Json:
    item = section.get("settings") or Item({}, section.place_of("settings"))
    title = f"settings of {section.title}"
    return _declared(item, with_transport(connector.settings), title, section.problems)


def _credentials(section: Section, connector: Connector) -> tuple[str, dict[str, str]]:
    modes = tuple(connector.credentials)
    item = section.get("credentials")
    if item is None:
        return modes[0], {}
    title = f"credentials of {section.title}"
    if not isinstance(item.value, dict):
        Section(item, section.problems, title, ("auth_mode",))
        return modes[0], {}
    chosen = item.value.get("auth_mode")
    mode = chosen.value if chosen is not None else modes[0]
    if mode not in modes:
        place = chosen.place if chosen is not None else item.place
        section.problems.unknown(place, f"auth_mode of {connector.title}", str(mode), modes)
        return modes[0], {}
    fields = {key: value for key, value in item.value.items() if key != "auth_mode"}
    if not fields:
        return mode, {}
    rest = Item(fields, item.place, item.keys, item.substituted)
    found = _declared(rest, connector.credentials[mode], f"{title} ({mode})", section.problems)
    for key, value in found.items():
        if value == "":
            section.problems.add(item.keys[key], f"{key!r} in {title} is empty.", "Give it a value.")
    return mode, {key: value for key, value in found.items() if isinstance(value, str)}


def _declared(item: Item, declared: type[msgspec.Struct], title: str, problems: Problems) -> Json:
    """The mapping's plain values, each one checked against the field of the same name in `declared`."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(declared)}
    section = Section(item, problems, title, fields)
    plain: Json = {}
    before = len(problems.found)
    for key, field in fields.items():
        value = section.get(key)
        if value is None:
            if field.required:
                problems.add(section.place_of(key), f"{title} lack {key!r}.", help_text(declared, key))
            continue
        plain[key] = value.plain()
        try:
            read = msgspec.convert(plain[key], field.type, strict=not value.substituted)
        except msgspec.ValidationError as error:
            problems.add(_place_in(value, str(error)), _told(error, key, title), _remedy(value, error, declared, key))
            continue
        if value.substituted:
            plain[key] = msgspec.to_builtins(read)
    if len(problems.found) == before:
        _check_whole(plain, declared, title, item.place, problems)
    return plain


def _check_whole(plain: Json, declared: type[msgspec.Struct], title: str, place: Place, problems: Problems) -> None:
    """What only the values together can break."""
    try:
        msgspec.convert(plain, declared)
    except msgspec.ValidationError as error:
        problems.add(place, f"{title}: {error}.")


def help_text(declared: type[msgspec.Struct], key: str) -> str:
    """A field's description and example, as its connector declares them."""
    kind = next(field for field in msgspec.inspect.type_info(declared).fields if field.encode_name == key).type  # type: ignore[attr-defined]
    extra = kind if isinstance(kind, msgspec.inspect.Metadata) else None
    schema = (extra.extra_json_schema or {}) if extra else {}
    examples = schema.get("examples") or []
    example = f" Example: {msgspec.json.encode(examples[0]).decode()}." if examples else ""
    return f"{schema.get('description', '').rstrip('.')}.{example}".lstrip(".").strip()


def _place_in(item: Item, message: str) -> Place:
    """The place of the value that msgspec complains of: it ends its message with ``- at `$.a[0]` ``."""
    path = message.partition("`$")[2].rpartition("`")[0]
    for name, index in _PATH_STEP.findall(path):
        if index and isinstance(item.value, list) and int(index) < len(item.value):
            item = item.value[int(index)]
        elif name and isinstance(item.value, dict) and name in item.value:
            item = item.value[name]
    return item.place


_WORDS = (
    (r"`str`", "a text"),
    (r"`int`", "a whole number"),
    (r"`float`", "a number"),
    (r"`bool`", "true or false"),
    (r"`array`", "a list"),
    (r"`object`", "a mapping"),
    (r"`null`", "nothing"),
    (r" \| ", " or "),
    (r" - at `\$[^`]*`", ""),
)


def _told(error: msgspec.ValidationError, key: str, title: str) -> str:
    text = str(error)
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    return f"{key!r} in {title}: {text[:1].lower()}{text[1:]}."


def _remedy(item: Item, error: msgspec.ValidationError, declared: type[msgspec.Struct], key: str) -> str:
    text = str(error)
    if "Expected `str`" in text and re.search(r"got `(int|float|bool)`", text):
        return "Put it in quotes."
    choices = _choices(declared, key)
    if text.startswith("Invalid enum value") and isinstance(item.value, str) and choices:
        return suggestion(item.value, choices)
    return help_text(declared, key)


def _choices(declared: type[msgspec.Struct], key: str) -> list[str]:
    """The values that a field allows, where it allows only some."""
    kind = next(field for field in msgspec.inspect.type_info(declared).fields if field.encode_name == key).type  # type: ignore[attr-defined]
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    return [str(value) for value in kind.values] if isinstance(kind, msgspec.inspect.LiteralType) else []
