"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ml_connector.app import Application

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, all else on standard error.")]
FlowName = Annotated[str, typer.Argument(metavar="FLOW", help="Name of the flow.")]
RouteName = Annotated[str, typer.Argument(metavar="ROUTE", help="Route of the flow: invoices, suppliers ...")]
Keys = Annotated[list[str], typer.Argument(metavar="KEY...", help="Keys as `records` prints them.")]
Routes = Annotated[
    list[str] | None, typer.Option("--route", metavar="R", help="Only this route; may be given several times.")
]
State = Annotated[
    str | None,
    typer.Option("--state", metavar="S", help="Only records in this state: waiting, held, rejected, excluded ..."),
]


def application() -> Application:
    """The application of this process's environment; a context manager."""
    import os

    from ml_connector.app import Application, Environment

    return Application(Environment.of(os.environ))
