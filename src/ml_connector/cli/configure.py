"""`apply`, `export`, `diff`: configuration as code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_connector.cli.options import Json, application
from ml_connector.cli.output import Output
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_connector.store.configuration import Change

DEFAULT_FILE = "ml-connector.yaml"
File = Annotated[str, typer.Option("-f", "--file", metavar="FILE", help="The configuration file; - is standard input.")]
SIGNS = {"created": "[green]+[/]", "restored": "[green]+[/]", "changed": "[yellow]~[/]", "archived": "[red]-[/]"}


def register(program: typer.Typer) -> None:
    program.command()(apply)
    program.command()(export)
    program.command()(diff)


def apply(
    file: File = DEFAULT_FILE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be changed.")] = False,
    json: Json = False,
) -> None:
    """Make connections and flows match a file.

    What is absent from the file is archived, never deleted. Applying the same file again changes nothing.
    """
    output = Output(json)
    text = read_file(file)
    with application() as app:
        changes = app.apply(text, file=title(file), dry_run=dry_run)
        flows = [line["name"] for line in app.status()] if changes and not dry_run and not json else []
    if output.as_json:
        output.document({"dry_run": dry_run, "changes": documents(changes)})
        return
    show_changes(changes, output)
    if dry_run and changes:
        output.show("Nothing was changed: this was a dry run.")
    elif flows:
        output.show(f"\nNext: ml-connector check, then ml-connector run {flows[0]}")


def export(json: Json = False) -> None:
    """Print the configuration as a file, without secrets."""
    output = Output(json)
    with application() as app:
        if output.as_json:
            output.document(app.export_document())
        else:
            sys.stdout.write(app.export())


def diff(file: File = DEFAULT_FILE, json: Json = False) -> int:
    """Show what applying a file would change. Exit status: 0 when nothing, 1 when something."""
    output = Output(json)
    text = read_file(file)
    with application() as app:
        changes = app.apply(text, file=title(file), dry_run=True)
    if output.as_json:
        output.document({"changes": documents(changes)})
    else:
        show_changes(changes, output)
    return 1 if changes else 0


def title(file: str) -> str:
    """How the file is called in messages."""
    return "standard input" if file == "-" else file


def read_file(file: str) -> str:
    """The text; ConfigurationError when there is none."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        fix = "Name it with -f FILE; `ml-connector export` prints what is configured now."
        raise ConfigurationError(f"There is no file {file}.", fix=fix) from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", fix="Check its permissions.") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not a text in UTF-8.", fix="Save it as UTF-8.") from None


def documents(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes as JSON values."""
    return [
        {
            "kind": each.kind,
            "name": each.name,
            "action": each.action,
            "details": {key: {"before": before, "after": after} for key, (before, after) in each.details.items()},
        }
        for each in changes
    ]


def show_changes(changes: Sequence[Change], output: Output) -> None:
    """A line per change, and one per field that changed."""
    for each in changes:
        output.show(f"{SIGNS.get(each.action, ' ')} {each.kind} [bold]{output.escape(each.name)}[/] {each.action}")
        if each.action == "changed":
            for key, (before, after) in each.details.items():
                output.show(f"    {output.escape(key)}: {_value(before, output)} -> {_value(after, output)}")
    if not changes:
        output.show("Nothing to change: everything is as the file says.")


def _value(value: Any, output: Output) -> str:
    import msgspec

    text = value if isinstance(value, str) and value else msgspec.json.encode(value).decode()
    return output.escape("nothing" if value is None else text)
