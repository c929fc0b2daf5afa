"""`keys rotate`: every credential under the newest key."""

from __future__ import annotations

from typing import Annotated

import typer

from ml_connector.cli.options import Json, application
from ml_connector.cli.output import Output

group = typer.Typer(help="The keys that credentials are encrypted under.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    program.add_typer(group, name="keys")


@group.callback()
def _keys() -> None:
    pass


@group.command()
def rotate(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="First put a newly made key in front of those in the key file.")
    ] = False,
    json: Json = False,
) -> None:
    """Encrypt every credential under the newest key.

    Afterwards older keys may be removed.
    """
    from ml_connector.cli import words

    output = Output(json)
    with application() as app:
        done = app.rotate_keys(new_key=new_key)
    if output.as_json:
        output.document({"rotated": done})
    else:
        told = f"{words.count(done, 'secret')} encrypted anew." if done else "Nothing to do."
        output.show(f"{told} Every secret is under the newest key now.")
