"""`replay`: sends set-aside records again."""

from __future__ import annotations

from typing import Annotated

import typer

from ml_connector.cli.options import FlowName, Json, Routes, application
from ml_connector.cli.output import Output
from ml_connector.cli.run import cancelling, tell


def register(program: typer.Typer) -> None:
    program.command()(replay)


def replay(
    flow: FlowName,
    route: Routes = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="S", help="Only records in this state; usually rejected and waiting ones."),
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="K", help="Only this record; may be given several times.")
    ] = None,
    run: Annotated[str, typer.Option("--run", metavar="ID", help="Only records set aside by this run.")] = "",
    json: Json = False,
) -> int:
    """Send set-aside records again.

    They are taken from what was stored of them. After a correction in the ERP, run the flow first:
    it reads the corrected records.
    """
    from ml_connector.cli.progress import RunProgress
    from ml_connector.cli.records import state_of

    output = Output(json)
    chosen = state_of(state) if state else None
    with application() as app, cancelling(app, output), RunProgress(output) as progress:
        report = app.replay(flow, progress, routes=route or (), state=chosen, keys=key or (), run_id=run)
    return tell(report, output)
