"""Findings as every permission doctor words them; `who` is the administrator of the system."""

from __future__ import annotations

from collections.abc import Awaitable

from ml_connector.errors import MLConnectorError, TransientError
from ml_connector.systems.base import Finding, Verdict


def missing(operation: str, subject: str, message: str, fix: str, *, who: str) -> Finding:
    """It will not work before somebody acts."""
    return Finding(Verdict.MISSING, operation, subject, message, fix, who)


def of_error(operation: str, subject: str, error: MLConnectorError, *, who: str) -> Finding:
    """What an error says; a passing trouble proves nothing."""
    verdict = Verdict.UNVERIFIED if isinstance(error, TransientError) else Verdict.MISSING
    return Finding(verdict, operation, subject, error.message, error.fix, error.who or who)


async def attempt(operation: str, subject: str, action: Awaitable[object], *, who: str) -> Finding | None:
    """What stood in the way of doing it; None: it was done."""
    try:
        await action
    except MLConnectorError as error:
        return of_error(operation, subject, error, who=who)
    return None
