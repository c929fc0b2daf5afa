"""Where a command writes: its result to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

NO_TERMINAL_WIDTH = 160
"""Characters; a file or pipe has no width of its own, and nothing must be cut off there."""


class Output:
    """One command's output. With `as_json` there is exactly one JSON document on standard output."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    @cached_property
    def result(self) -> Console:
        """For people, on standard output."""
        return _console(stderr=False)

    @cached_property
    def side(self) -> Console:
        """Progress and remarks, on standard error."""
        return _console(stderr=True)

    def document(self, value: Any) -> None:
        """The one JSON document."""
        text = msgspec.json.format(msgspec.json.encode(value), indent=2)
        sys.stdout.write(text.decode() + "\n")
        sys.stdout.flush()

    def show(self, *renderables: RenderableType) -> None:
        """A part of the result for people; markup is understood, so escape what comes from outside."""
        for renderable in renderables:
            self.result.print(renderable)

    def command(self, text: str) -> None:
        """A command to copy: on one line, however narrow the terminal is."""
        self.result.print(f"   [cyan]{self.escape(text)}[/]", soft_wrap=True)

    def note(self, text: str) -> None:
        """A remark besides the result."""
        self.side.print(text, soft_wrap=not self.side.is_terminal)

    def escape(self, text: str) -> str:
        """Text from outside, so that its brackets are not taken for markup."""
        from rich.markup import escape

        return escape(text)


def _console(*, stderr: bool) -> Console:
    import os

    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = NO_TERMINAL_WIDTH
    return console
