"""What all targets of Procurify share: one write after the other, each certain, refused or in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import (
    Issue,
    MLConnectorError,
    OutcomeUnknownError,
    RateLimitedError,
    RecordError,
    StoppedError,
)
from ml_connector.mappings import Refs
from ml_connector.protocols.exclusive import exclusive
from ml_connector.records import Entity, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Action, Answer, Candidate, Doubt, Facts, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify.api import LOCK_WAIT_S, TRIES, Api
from ml_connector.systems.procurify.drops import Drops
from ml_connector.systems.procurify.settings import Settings
from ml_connector.systems.procurify.surroundings import Surroundings

HEADER = "header"


class ProcurifyTarget:
    """One entity of one connection; the subclass knows its rows."""

    table: ClassVar[str]
    mapping_version: str = "1"
    chooses_ids = False
    reconciles = False
    shares_rows = False
    writes_by_id = True
    sends_updates = True
    watched: ClassVar[tuple[str, ...]] = ()
    """Lists in which rows are looked for before they are made."""
    essential: ClassVar[frozenset[str]] = frozenset()
    """Columns that have to be stored as sent."""

    def __init__(self, entity: Entity, api: Api, settings: Settings, surroundings: Surroundings, drops: Drops) -> None:
        self.entity = entity
        self.api = api
        self.settings = settings
        self.surroundings = surroundings
        self.drops = drops

    @property
    def late_write_window_s(self) -> float:
        return self.settings.late_write_window_s

    async def prepare(self) -> None:
        """Learn what is needed before the first write, and whether what is there can still be seen."""
        for path in self.watched:
            await self.drops.look_at(path)

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        raise NotImplementedError

    def cancelled(self, table: str, name: str) -> dict[str, Any] | None:
        """There are no lines of their own."""
        return None

    async def lines_of(self, header_table: str, header_id: str) -> list[Row]:
        return []

    def alike(self, part: Part, row: Row) -> bool:
        return False

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        raise NotImplementedError

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        raise NotImplementedError

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        raise NotImplementedError

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        raise NotImplementedError

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Columns that the row shows, and shows differently."""
        return [name for name, value in payload.items() if name in row.columns and not same(value, row.columns[name])]

    async def facts(self, ids: Sequence[str]) -> dict[str, Facts]:
        """Whether rows are there and active."""
        rows = await self.read(self.table, ids)
        return {found: Facts(active=row.columns.get("active") is not False) for found, row in rows.items()}

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        """One after the other. What comes after a trouble of the whole connection was not sent; it is looked up."""
        answers: list[Answer] = []
        for write in writes:
            try:
                answers.append(await self._certain(write))
            except RecordError as error:
                answers.append(error)
            except OutcomeUnknownError as error:
                answers.append(Doubt(_with_request(error)))
            except StoppedError:
                raise
            except MLConnectorError as error:
                if not answers:
                    raise
                answers += [Doubt(f"Not sent: {error.message}")] * (len(writes) - len(answers))
                break
        return answers

    async def _certain(self, write: Write) -> Receipt:
        """A write that met a rate limit was surely not done: after the pause it is looked up and sent anew."""
        attempt = 1
        while True:
            try:
                return await self._put(write)
            except RateLimitedError as error:
                used_up = attempt >= TRIES or int(error.fields.get("attempts", 1)) >= TRIES
                if used_up or not await self.api.pause(error, attempt):
                    raise
            attempt += 1
            row = await self._there(write)
            if row is not None and not self.differences(write.payload, row):
                return Receipt(row.external_id, existed=True, pending=row.pending)

    async def _there(self, write: Write) -> Row | None:
        if write.external_id:
            return (await self.read(write.part.table, [write.external_id])).get(write.external_id)
        rows = (await self.find_parts([write.part]))[0]
        return rows[0] if rows else None

    async def _put(self, write: Write) -> Receipt:
        """One write, sent once. Raises RecordError, OutcomeUnknownError, or what concerns the whole connection."""
        return await (self._create(write) if write.action is Action.CREATE else self._change(write))

    async def _create(self, write: Write) -> Receipt:
        """Nothing in Procurify keeps two rows of one key apart: creates go one by one across processes (FACTS 19)."""
        async with exclusive(self.api.locks, f"{self.api.lock_name} {self.table}", wait_s=LOCK_WAIT_S):
            found = (await self.find_parts([write.part]))[0] if self.api.locks is not None else []
            if found:
                return await self._bring_up(write, found[0])
            return await self._post(write)

    async def _post(self, write: Write) -> Receipt:
        raise NotImplementedError

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """Change what differs on a row that is there."""
        raise NotImplementedError

    async def _change(self, write: Write) -> Receipt:
        raise NotImplementedError

    def _receipt(self, payload: Mapping[str, Any], row: Row, existed: bool = False) -> Receipt:
        """What the echo proves. Raises RecordError when something essential was stored otherwise."""
        differing = self.differences(payload, row)
        lost = [name for name in differing if name in self.essential]
        if lost:
            raise RecordError(
                f"Procurify stored {', '.join(lost)} of row {row.external_id} otherwise than sent.",
                code="VALUE_NOT_STORED",
            )
        said = f"stored otherwise than sent: {', '.join(differing)}" if differing else ""
        return Receipt(row.external_id, existed=existed, version=row.version, answer=said)


def same(wanted: Any, found: Any) -> bool:
    """Whether a stored value is the one that was sent; nothing and empty are the same."""
    if isinstance(found, list):
        return str(wanted) in map(str, found) or (not wanted and not found)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return bool(wanted) == bool(found)
    return str(wanted if wanted is not None else "").strip() == str(found if found is not None else "").strip()


def _with_request(error: MLConnectorError) -> str:
    request_id = error.fields.get("request_id")
    return f"{error.message} (request id {request_id})" if request_id else error.message


def external_id(identity: Identity, kind: str = "") -> str:
    """Who a record is, as Procurify keeps it (FACTS 18)."""
    return ":".join(filter(None, (identity.system, identity.scope, kind, identity.key)))


class Fitting:
    """Collects what is wrong with, or left out of, a payload on its way to be shaped."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.warnings: list[str] = []

    def refuse(self, code: str, message: str, fix: str = "", field: str = "") -> None:
        self.issues.append(Issue(code, message, fix, field))

    def key(self, name: str, value: str, limit: int) -> str:
        """A text that must not be cut."""
        if len(value) > limit:
            self.refuse("VALUE_TOO_LONG", f"{name} has {len(value)} characters, Procurify takes {limit}.", field=name)
        return value

    def trimmed(self, name: str, value: str) -> str:
        """Without blanks around it: Procurify finds rows by their exact name."""
        if value != value.strip():
            self.warnings.append(f"The blanks around {name} are left out.")
        return value.strip()

    def optional(self, payload: dict[str, Any], limits: Mapping[str, int]) -> dict[str, Any]:
        """The payload without texts that are too long."""
        for name, limit in limits.items():
            if len(str(payload.get(name, ""))) > limit:
                del payload[name]
                self.warnings.append(f"{name} is left out: it is longer than {limit} characters.")
        return payload

    def shaped(self, part: Part) -> Shaped:
        """The single part of a record. Raises RecordError with every issue."""
        if self.issues:
            raise RecordError("; ".join(issue.message for issue in self.issues), issues=tuple(self.issues))
        return Shaped((part,), tuple(self.warnings))
