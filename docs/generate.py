"""Writes the tables of settings and credentials in configuration.md from what the connectors declare.

python docs/generate.py            # rewrite the file
python docs/generate.py --check    # only say whether it is up to date
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.configuration.transport import Transport
from ml_connector.connections import is_secret
from ml_connector.systems import registry

PAGE = Path(__file__).parent / "configuration.md"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    made = generated(text)
    if "--check" in sys.argv[1:]:
        return 0 if made == text else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


def generated(text: str) -> str:
    """The page with the tables as they are declared now."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{tables()}\n{END}{rest.split(END)[1]}"


def tables() -> str:
    """All tables: settings of every connection, then each system's settings and credentials."""
    parts = ["### Every system\n", settings_table(Transport)]
    for system in sorted(registry.MODULES):
        connector = registry.connector(system)
        parts += [f"### {connector.title} (`{system}`)\n", settings_table(connector.settings)]
        parts.append("Credentials by `auth_mode` (the first is the default):\n")
        for mode, declared in connector.credentials.items():
            fields = ", ".join(
                f"`{f.encode_name}`{' (secret)' if is_secret(f.encode_name) else ''}" for f in fields_of(declared)
            )
            parts.append(f"* `{mode}`: {fields}")
        parts.append("")
    return "\n".join(parts)


def settings_table(declared: type[msgspec.Struct]) -> str:
    rows = ["| setting | what it does | default | example |", "|---|---|---|---|"]
    schema = schema_of(declared)
    for field in fields_of(declared):
        about = schema[field.encode_name]
        example = f"`{plain(about['examples'][0])}`" if about.get("examples") else ""
        default = "**required**" if field.required else f"`{plain(value(field))}`"
        rows.append(
            f"| `{field.encode_name}` | {cell(about.get('description', ''))}{choices(about)} | {default} | {example} |"
        )
    return "\n".join(rows) + "\n"


def fields_of(declared: type[msgspec.Struct]) -> tuple[Any, ...]:
    return msgspec.structs.fields(declared)


def schema_of(declared: type[msgspec.Struct]) -> dict[str, Any]:
    _, components = msgspec.json.schema_components([declared])
    found: dict[str, Any] = components[declared.__name__]["properties"]
    return found


def choices(about: dict[str, Any]) -> str:
    return f" One of {', '.join(f'`{each}`' for each in about['enum'])}." if about.get("enum") else ""


def value(field: Any) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def plain(given: Any) -> str:
    return cell(msgspec.json.encode(given).decode())


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
