"""Every exception that ml-connector raises, ordered by what has to happen next.

A handler asks for the type and nothing else:

* `ConfigurationError`  an operator must act; the flow stops.
* `TransientError`      wait and retry; when that is used up the route stops and its cursor stays.
* `OutcomeUnknownError` a write may or may not have happened; the part is put in doubt and looked up later.
* `StaleVersionError`   the row changed meanwhile; read it again and try once more.
* `RecordError`         this record only; it is set aside with a reason and the run goes on.
* `ContractError`       an answer outside the documented shape; the route stops.
* `StoppedError`        this run must not go on (lease lost, cancelled); nothing is wrong with the data.

Anything else is a bug and fails the run with its traceback. Messages are written for the people who read them: what
happened, to what, what to do. They never hold a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class MLConnectorError(Exception):
    """Base of all; carries what the operator's page shows.

    `fix` says what to do, `who` names the role that can do it ("ERP administrator"), `fields` locates the trouble
    (connection, system, stream, table, external_id, request_id, status ...). None of them holds a secret.
    """

    fix: str = ""
    who: str = ""

    def __init__(self, message: str, *, fix: str = "", who: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix or self.fix
        self.who = who or self.who
        self.fields = {name: value for name, value in fields.items() if value is not None}

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class ConfigurationError(MLConnectorError):
    """Something that only an operator can change: a setting, a file, a key, a database."""

    who = "ml-connector operator"


class AuthenticationError(ConfigurationError):
    """The system refused to sign us in; repeating would only lock the account."""

    fix = "Check the credentials of this connection and that the client is enabled."
    who = "administrator of the system"


class PermissionMissingError(ConfigurationError):
    """Signed in, but a role or grant is missing."""

    who = "administrator of the system"


class ModuleMissingError(ConfigurationError):
    """A table, projection or column does not exist there: a module is not licensed, activated or set up."""

    who = "administrator of the system"


class TransientError(MLConnectorError):
    """It may work later; nothing was changed on the other side."""

    fix = "Nothing to do: it is tried again by itself on the next run."


class RateLimitedError(TransientError):
    """Too many requests; `retry_after_s` is what the system asked for, None when it did not say."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after_s = retry_after_s


class UnreachableError(TransientError):
    """The request never reached the system (name not resolved, refused, TLS, connect time-out)."""


class RemoteFaultError(TransientError):
    """The system answered, but could not do its work (5xx, cut-off or empty answer to a read)."""


class OutcomeUnknownError(TransientError):
    """A write left here and no clear answer came back: it may have been done, may be done later, or never."""

    fix = "Nothing to do: the target is asked again after its window for late writes."


class StaleVersionError(MLConnectorError):
    """The row was changed by somebody else after we read it (ETag, row version)."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong with one record, in the words of the people who will correct it."""

    code: str
    """A reason code from `records.states.REASONS`."""
    message: str
    """What is wrong, with the values concerned."""
    fix: str = ""
    """What to do; empty takes the reason's own."""
    field: str = ""
    """Where in the record: `lines[3].cost_center`."""


class RecordError(MLConnectorError):
    """Sets one record aside; `code` is its reason, `issues` all that is wrong with it."""

    code = "INVALID"

    def __init__(
        self, message: str, *, code: str = "", issues: tuple[Issue, ...] = (), fix: str = "", **fields: Any
    ) -> None:
        super().__init__(message, fix=fix, **fields)
        self.code = code or (issues[0].code if issues else self.code)
        self.issues = issues or (Issue(self.code, message, fix),)


class MappingError(RecordError):
    """A value of the source could not be turned into the canonical form."""

    code = "UNREADABLE_VALUE"


class InvalidRecordError(RecordError):
    """The record breaks a rule; every broken rule is among the issues."""

    @classmethod
    def of(cls, issues: tuple[Issue, ...]) -> InvalidRecordError:
        return cls("; ".join(issue.message for issue in issues), issues=issues)


class ReferenceMissingError(RecordError):
    """Something that the record refers to does not exist where it is needed."""

    code = "REFERENCE_MISSING"


class RefusedError(RecordError):
    """The target understood the write and said no."""

    code = "REFUSED_BY_TARGET"


class ContractError(MLConnectorError):
    """An answer outside the documented shape: going on would mean guessing."""

    fix = "Report this with the request id; the connector must learn the new shape first."
    who = "ml-connector developers"


class StoppedError(MLConnectorError):
    """The run has to end between two batches; everything settled stays settled."""


class LeaseLostError(StoppedError):
    """Another process runs this flow now; it re-verifies whatever we had under way."""


class CancelledError(StoppedError):
    """A person or a limit asked for the end."""
