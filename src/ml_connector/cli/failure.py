"""An error as people and programs read it: one message, what to do, who can; and the exit status that goes with it."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from ml_connector.cli.output import Output
from ml_connector.errors import ConfigurationError, MLConnectorError, StoppedError
from ml_connector.protocols.redaction import redact

FAILED, USAGE, STOPPED = 1, 2, 4


def fail(error: BaseException, *, as_json: bool, usage_error: type[BaseException]) -> int:
    """Say what went wrong; the exit status."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else FAILED
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if type(error).__name__ == "NoArgsIsHelpError":
        print(_usage_text(error), file=sys.stderr)
        return USAGE
    output = Output(as_json)
    described, status = _describe(error, usage_error)
    if as_json:
        output.document({"error": described})
    if not as_json or status == FAILED:
        _print(output, described, error)
    return status


def _describe(error: BaseException, usage_error: type[BaseException]) -> tuple[dict[str, Any], int]:
    if isinstance(error, MLConnectorError):
        status = (
            USAGE if isinstance(error, ConfigurationError) else STOPPED if isinstance(error, StoppedError) else FAILED
        )
        found = _document(type(error).__name__, redact(error.message), redact(error.fix), error.who)
        if problems := error.fields.get("problems"):
            found["problems"] = [
                {"line": each.line, "column": each.column, "message": each.message, "fix": each.fix}
                for each in problems
            ]
        return found, status
    if isinstance(error, usage_error):
        return _document("UsageError", _usage_text(error), _help_of(error), "whoever typed it"), USAGE
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        fix = "Nothing to do: what was settled stays, and the next run goes on from there."
        return _document("Cancelled", "Stopped.", fix, ""), STOPPED
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        fix = "Check that the file or folder exists and may be used, and that the disk has room."
        return _document(type(error).__name__, f"{what}.", fix, "ml-connector operator"), FAILED
    message = redact(f"ml-connector met something it was not made for: {type(error).__name__}: {error}")
    fix = "Report it with the lines below. What was settled before stays settled; run the command again."
    return _document("Bug", message, fix, "ml-connector developers"), FAILED


def _document(kind: str, message: str, fix: str, who: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "fix": fix, "who": who}


def _usage_text(error: BaseException) -> str:
    shown = getattr(error, "format_message", None)
    return str(shown()) if shown else str(error)


def _help_of(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    return f"See `{context.command_path} --help`." if context else "See `ml-connector --help`."


def _print(output: Output, described: dict[str, Any], error: BaseException) -> None:
    output.note(f"[bold red]Error:[/] {output.escape(described['message'])}")
    if described["fix"]:
        output.note(f"[bold]Do:[/]    {output.escape(described['fix'])}")
    if described["who"]:
        output.note(f"[bold]Who:[/]   {output.escape(described['who'])}")
    if described["type"] == "Bug":
        text = "".join(traceback.format_exception(error))
        print(redact(text), file=sys.stderr, end="")
