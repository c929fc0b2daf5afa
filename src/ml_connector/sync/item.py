"""One record on its way through a batch: what is known of it, and what each step made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ml_connector.errors import Issue, RecordError
from ml_connector.mappings import Refs
from ml_connector.records import REASONS, Record, State
from ml_connector.sync.store import PartState, RawRef, RecordRow
from ml_connector.systems.base import Action, Part, RawRecord, Shaped

NO_REFS = Refs({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a record ends in this batch, and under what it is counted."""

    state: State
    outcome: str
    code: str = ""
    issues: tuple[Issue, ...] = ()
    waits_for: str = ""
    due_at: float = 0.0


@dataclass(slots=True)
class Planned:
    """One write that `deliver` makes."""

    action: Action
    part: Part
    external_id: str
    payload: dict[str, Any]
    fingerprint: bytes
    before: bytes = b""
    cancels: bool = False
    answered: bool = False


@dataclass(slots=True)
class Item:
    """A record of a batch. Each step fills in its fields; one with a `verdict` is passed over by the steps after."""

    raw: RawRecord
    ref: RawRef
    origin: str
    """from_source, resumed or replayed: how the record came into this run."""
    force: bool = False
    """Judge it anew even when nothing changed at the source (replay, --full, waiting, released)."""
    pulled: bool = False
    """Out of scope by itself, wanted by a record that is in scope."""
    idle: bool = False
    """It waits for a parent that is no further than it was: nothing to judge anew."""
    vanished: bool = False
    """No longer at the source: two sweeps did not find it."""

    known: RecordRow | None = None
    record: Record | None = None
    fingerprint: bytes = b""
    natural: bytes | None = None
    warning: bytes | None = None
    refs: Refs = NO_REFS
    coding_issues: tuple[Issue, ...] = ()
    """Of dimensions; they do not matter where no line changes."""
    shaped: Shaped | None = None
    parts: dict[str, PartState] = field(default_factory=dict)
    """By name, as they are known to be or become by this batch."""
    plan: list[Planned] = field(default_factory=list)
    adopted: bool = False
    remarks: list[str] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def key(self) -> str:
        return self.raw.key

    @property
    def released(self) -> bool:
        """A person looked at it and let it go: suspicions do not hold it again."""
        return self.known is not None and self.known.released

    @property
    def pending(self) -> str:
        """The reason under which people on the target come next, or have refused it; "" where they have not to."""
        return next((part.pending for part in self.parts.values() if part.pending), "")

    @property
    def delivered_before(self) -> bool:
        return self.known is not None and bool(self.known.parts)

    def set_aside(self, code: str, message: str, *, waits_for: str = "", due_at: float = 0.0, fix: str = "") -> None:
        """End it here in the state that belongs to the reason."""
        self.set_aside_for((Issue(code, message, fix),), waits_for=waits_for, due_at=due_at)

    def set_aside_for(self, issues: tuple[Issue, ...], *, waits_for: str = "", due_at: float = 0.0) -> None:
        """End it here for several reasons at once; the worst state among them counts."""
        state = max((REASONS[issue.code].state for issue in issues), key=_GRAVITY.index)
        code = next(issue.code for issue in issues if REASONS[issue.code].state is state)
        self.verdict = Verdict(state, state.value, code, issues, waits_for, due_at)

    def reject(self, error: RecordError) -> None:
        """End it here as the error says."""
        self.set_aside_for(tuple(i if i.code in REASONS else Issue("INVALID", i.message, i.fix) for i in error.issues))

    def unchanged(self) -> None:
        """Nothing to do; it stays where it is."""
        assert self.known is not None
        known = self.known
        if self.record is None:  # not even decoded, so that what identifies it is still what the store knows
            self.fingerprint, self.natural, self.warning = known.fingerprint, known.natural, known.warning
        outcome = "unchanged" if known.state in (State.DELIVERED, State.LANDED) else known.state.value
        self.verdict = Verdict(known.state, outcome, known.code, known.issues, known.waits_for, known.due_at)


_GRAVITY = (
    State.RECEIVED,
    State.LANDED,
    State.DELIVERED,
    State.EXCLUDED,
    State.IN_DOUBT,
    State.WAITING,
    State.HELD,
    State.REJECTED,
)
