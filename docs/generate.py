"""Writes the pages of settings and credentials in docs/settings/ from what the connectors declare.

python docs/generate.py            # rewrite the pages
python docs/generate.py --check    # only say whether they are up to date
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

FOLDER = Path(__file__).parent / "settings"


def main() -> int:
    made = pages()
    if "--check" in sys.argv[1:]:
        return 0 if all(path.read_text(encoding="utf-8") == text for path, text in made.items()) else 1
    FOLDER.mkdir(exist_ok=True)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[Path, str]:
    """Each system's page as it is declared now."""
    return {FOLDER / f"{system.replace('_', '-')}.md": page(system) for system in sorted(registry.MODULES)}


def page(system: str) -> str:
    """Settings and credentials of one system, then the settings of every connection."""
    connector = registry.connector(system)
    parts = [
        f"# Settings of {connector.title}\n",
        f"For `settings` and `credentials` of a connection with `system: {system}` "
        f"([configuration](../configuration.md), [{connector.title}](../systems/{system.replace('_', '-')}.md)). "
        "Made by `python docs/generate.py` from what the program accepts.\n",
        "## Settings\n",
        settings_table(connector.settings),
        "## Credentials\n",
        "By `auth_mode`; the first is the default.\n",
    ]
    for mode, declared in connector.credentials.items():
        fields = ", ".join(
            f"`{f.encode_name}`{' (secret)' if is_secret(f.encode_name) else ''}" for f in fields_of(declared)
        )
        parts.append(f"* `{mode}`: {fields}")
    parts += ["", "## Of every connection\n", settings_table(Transport).rstrip()]
    return "\n".join(parts) + "\n"


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
