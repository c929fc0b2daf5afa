"""`check`: will the connections do what the flows need?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ml_connector.cli.options import Json, application
from ml_connector.cli.output import Output

if TYPE_CHECKING:
    from ml_connector.connections import Checked

WORDS = {"ok": "[green]ok[/]      ", "missing": "[bold red]MISSING[/] ", "unverified": "[yellow]not sure[/]"}


def register(program: typer.Typer) -> None:
    program.command()(check)


def check(
    connection: Annotated[str, typer.Argument(metavar="[CONNECTION]", help="Only this connection.")] = "",
    json: Json = False,
) -> int:
    """Prove that the connections can do what the flows need.

    Signs in, probes every operation on every entity, and names what is missing and who can fix it.

    Exit status: 0 when nothing is missing, 1 when something is.
    """
    output = Output(json)
    found: list[Checked] = []
    with application() as app:
        for each in app.check(connection):
            found.append(each)
            if not output.as_json:
                _show(each, output)
    missing = any(each.missing for each in found)
    if output.as_json:
        import msgspec

        output.document({"ok": not missing, "connections": [msgspec.to_builtins(each) for each in found]})
    elif not found:
        output.show("No connection is configured yet. Describe one in a file, then: ml-connector apply -f FILE")
    return 1 if missing else 0


def _show(checked: Checked, output: Output) -> None:
    from rich.tree import Tree

    tree = Tree(f"[bold]{output.escape(checked.connection)}[/] ({output.escape(checked.title)})", guide_style="dim")
    for finding in checked.findings:
        line = f"{WORDS[finding.verdict]} {output.escape(finding.operation)} {output.escape(finding.subject)}"
        branch = tree.add(f"{line}: {output.escape(finding.message)}" if finding.message else line)
        if finding.verdict != "ok":
            for title, text in (("Do: ", finding.fix), ("Who:", finding.who)):
                if text:
                    branch.add(f"{title} {output.escape(text)}")
    output.show(tree)
