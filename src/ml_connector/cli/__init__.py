"""The command line: asks the application, and shows what it answers. No rule of the business is kept here."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    from ml_connector.cli.program import execute

    return execute(arguments)
