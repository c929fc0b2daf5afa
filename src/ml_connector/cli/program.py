"""All commands put together, and what happens when one of them goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ml_connector import __version__
from ml_connector.cli import audit, check, configure, decide, demo, keys, records, replay, run, simulate, status
from ml_connector.cli.failure import fail

USAGE_ERROR = typer.BadParameter.__bases__[0]
"""typer's own class has no public name."""
INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

program = typer.Typer(
    name="ml-connector",
    help="Moves suppliers, purchase orders, invoices and reference data from an ERP into a procurement system: "
    "nothing lost, nothing entered twice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (demo, configure, check, run, status, records, replay, decide, audit, keys, simulate):
    module.register(program)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ml-connector {__version__}")
        raise typer.Exit


@program.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = typer.main.get_command(program).main(given, prog_name="ml-connector", standalone_mode=False)
        if status == INTERRUPTED:
            raise KeyboardInterrupt
    except BaseException as error:  # whatever it is, it ends as one message and an exit status
        return fail(error, as_json="--json" in given, usage_error=USAGE_ERROR)
    return status if isinstance(status, int) else 0
