"""How records, reasons and moments are shown: plain values, moments as ISO texts in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ml_connector.errors import Issue
from ml_connector.records import REASONS
from ml_connector.sync.store import RecordRow

Json = dict[str, Any]


def iso(moment: float | None) -> str | None:
    """A stored moment as text."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def line(entity: str, row: RecordRow) -> Json:
    """A record in a list."""
    reason = explained(row.code, row.issues)
    return {
        "entity": entity,
        "key": row.key,
        "label": row.label,
        "state": row.state.value,
        "code": row.code,
        **reason,
        "version": row.version,
        "target_id": row.target_id,
        "updated_at": iso(row.updated_at),
        "run_id": row.run_id,
    }


def explained(code: str, issues: tuple[Issue, ...]) -> Json:
    """message, fix, who: of the issue with that code, else of the reason itself."""
    reason = REASONS.get(code)
    issue = next((issue for issue in issues if issue.code == code), None)
    return {
        "message": issue.message if issue else reason.meaning if reason else "",
        "fix": (issue.fix if issue else "") or (reason.fix if reason else ""),
        "who": reason.who if reason else "",
    }
