"""Writes reasons.md from the code: `python docs/generate_reasons.py`. A test in tests/docs/ holds it current."""

from __future__ import annotations

from pathlib import Path

from ml_connector.records import REASONS, Reason, State

PAGE = Path(__file__).parent / "reasons.md"

HEAD = """\
<!-- Made by docs/generate_reasons.py from src/ml_connector/records/states.py: change it there. -->

# Reason codes

Every record that is not simply on the target carries one of these codes: in `records`, in `record`, in `run --json`,
and in the ledger. The list is closed; a code is never renamed or given another meaning.

States without a reason code: `received` (read, not yet judged), `delivered` (written; the target still works on it) and
`landed` (on the target, in its final form). What each state means is in the [glossary](glossary.md#states-of-a-record).

A record may have several issues at once; `records` shows the code of the gravest state (rejected before held before
waiting before in doubt), `record` shows all of them. `replay` is the command that sends rejected and waiting records
again; see [operations](operations.md#what-to-do-about-records-that-are-set-aside).
"""

TITLES = {
    State.WAITING: "Waiting: goes by itself",
    State.IN_DOUBT: "In doubt: the target is asked again",
    State.HELD: "Held: a person decides",
    State.REJECTED: "Rejected: something has to be corrected",
    State.EXCLUDED: "Excluded: not moved by this flow",
}
RESERVED: frozenset[str] = frozenset()
"""Named for systems and flows that are not there yet."""


def reasons_page() -> str:
    """The text of docs/reasons.md."""
    sections = [HEAD]
    for state, title in TITLES.items():
        sections.append(f"## {title}\n\n| code | meaning | what to do | who |\n|---|---|---|---|\n{_rows(state)}")
    reserved = ", ".join(f"`{code}`" for code in REASONS if code in RESERVED)
    if reserved:
        sections.append(f"Not given by any connector yet, but reserved: {reserved}.\n")
    return "\n".join(sections)


def _rows(state: State) -> str:
    return "".join(_row(reason) for reason in REASONS.values() if reason.state is state)


def _row(reason: Reason) -> str:
    return f"| `{reason.code}` | {reason.meaning} | {reason.fix} | {reason.who} |\n"


if __name__ == "__main__":
    PAGE.write_text(reasons_page(), encoding="utf-8")
