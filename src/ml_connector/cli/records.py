"""`records`, `record`: what became of every record, and the whole history of one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_connector.cli import words
from ml_connector.cli.options import FlowName, Json, RouteName, State, application
from ml_connector.cli.output import Output
from ml_connector.errors import ConfigurationError

if TYPE_CHECKING:
    from ml_connector import records as canonical

SHOWN = 100


def register(program: typer.Typer) -> None:
    program.command()(records)
    program.command()(record)


def records(
    flow: FlowName,
    route: Annotated[str, typer.Option("--route", metavar="R", help="Only this route.")] = "",
    state: State = None,
    search: Annotated[str, typer.Option("--search", metavar="TEXT", help="Only keys and names that hold TEXT.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help=f"At most N; {SHOWN} unless --json is given.")
    ] = None,
    json: Json = False,
) -> None:
    """List records with their states, and why."""
    output = Output(json)
    chosen = state_of(state).value if state else ""
    most = limit or (None if json else SHOWN)
    with application() as app:
        lines = app.records(flow, route=route, state=chosen, search=search)
        found = list(islice(lines, most))
        more = next(lines, None) is not None
    if output.as_json:
        output.document({"flow": flow, "records": found, "more": more})
    elif not found:
        output.show("No record matches.")
    else:
        _show(found, output)
        if more:
            output.show(f"\nOnly the first {most} are shown: --limit N shows more, --search TEXT looks for some.")


def record(
    flow: FlowName,
    route: RouteName,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Key as `records` prints it.")],
    json: Json = False,
) -> None:
    """Tell the whole history of one record.

    How it was read, understood, checked, sent and answered.
    """
    output = Output(json)
    with application() as app:
        told = app.record(flow, route, key)
    if output.as_json:
        output.document(told)
    else:
        from ml_connector.cli.story import Teller

        Teller(told, output).tell()


def state_of(text: str) -> canonical.State:
    """The state; ConfigurationError with the nearest one."""
    from ml_connector.configuration.tree import suggestion
    from ml_connector.records import State

    try:
        return State(text)
    except ValueError:
        fix = suggestion(text, [state.value for state in State])
        raise ConfigurationError(f"There is no state {text!r}.", fix=fix) from None


def _show(lines: list[dict[str, Any]], output: Output) -> None:
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1))
    for title in ("Route", "Key", "Name", "State", "Why"):
        made.add_column(title, overflow="fold", no_wrap=title == "State")
    for line in lines:
        made.add_row(
            line["entity"],
            output.escape(line["key"]),
            output.escape(line["label"]),
            words.state(line["state"]),
            output.escape(line["message"] or ""),
        )
    output.show(made)
