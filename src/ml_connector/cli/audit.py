"""`audit verify`, `audit export`: proof that the ledger is unbroken, and the ledger itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ml_connector.cli.options import Json, application
from ml_connector.cli.output import Output
from ml_connector.errors import ConfigurationError

group = typer.Typer(help="Prove or write out the audit trail.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    program.add_typer(group, name="audit")


@group.command()
def verify(json: Json = False) -> int:
    """Prove that the audit trail is unbroken.

    Reads all of it: nothing was changed, removed, swapped or added.

    Exit status: 0 unbroken, 1 broken.
    """
    from ml_connector.cli import words

    output = Output(json)
    total = 0

    def progress(done: int, rows: int) -> None:
        nonlocal total
        total = rows
        if output.side.is_terminal:
            output.side.print(f"{words.number(done)} of {words.number(rows)} entries", end="\r")

    with application() as app:
        findings = app.audit_verify(progress)
    if output.as_json:
        import msgspec

        output.document({"unbroken": not findings, "findings": [msgspec.to_builtins(each) for each in findings]})
    elif not findings:
        size = f" ({words.count(total, 'entry', 'entries')})" if total else ""
        output.show(f"[green]The audit trail is unbroken[/]{size}.")
    else:
        output.show(f"[bold red]The audit trail is broken[/] in {words.count(len(findings), 'place')}:")
        for each in findings:
            output.show(f"  {output.escape(each.message)} [dim]{each.kind}[/]")
        output.show("Do:  Keep the database as it is, find out who could write to it, and compare with a backup.")
    return 1 if findings else 0


@group.command()
def export(
    since: Annotated[
        str, typer.Option("--since", metavar="DATE", help="Only from this day or moment on, UTC: 2026-01-31.")
    ] = "",
    output_file: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Write to this file; - is standard output.")
    ] = "-",
    json: Json = False,
) -> None:
    """Write the audit trail as JSON lines.

    An event a line; with --json one document with all of them under `events`.
    """
    first = _moment(since) if since else None
    with application() as app:
        events = app.audit_export(first)
        if output_file == "-":
            _write(events, sys.stdout.buffer, json)
        else:
            with Path(output_file).open("wb") as file:
                _write(events, file, json)


def _write(events: Iterator[bytes], file: BinaryIO, as_document: bool) -> None:
    if not as_document:
        for event in events:
            file.write(event + b"\n")
    else:
        file.write(b'{"events": [')
        for index, event in enumerate(events):
            file.write((b",\n" if index else b"\n") + event)
        file.write(b"\n]}\n")
    file.flush()


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fix = "Write it like 2026-01-31 or 2026-01-31T08:00:00Z."
        raise ConfigurationError(f"{text!r} is no date.", fix=fix) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
