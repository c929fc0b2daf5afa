"""GL accounts -> account codes, known by their code (FACTS 22 to 25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_connector.errors import RefusedError
from ml_connector.mappings import Refs
from ml_connector.records import GLAccount, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Answer, Candidate, Part, Receipt, Row, Shaped, Write
from ml_connector.systems.procurify import quirks
from ml_connector.systems.procurify.api import RowDict
from ml_connector.systems.procurify.lookup import matching
from ml_connector.systems.procurify.surroundings import branch_of, text_id
from ml_connector.systems.procurify.target import HEADER, Fitting, ProcurifyTarget

ACCOUNT_CODES = "/api/v3/account-codes/"
CODE_CHARACTERS, DESCRIPTION_CHARACTERS = 50, 200


class AccountCodes(ProcurifyTarget):
    """Account codes, known by their code."""

    table = "account_codes"
    watched = (ACCOUNT_CODES,)
    shares_rows = True
    mapping_version = "account-codes-1"
    essential: ClassVar[frozenset[str]] = frozenset({"code"})
    _made: dict[str, str]
    """By code, what this call of `write` has made."""
    _departments: list[int] | None = None
    """Of the configured location: a new code gets a budget in each of them (FACTS 23)."""

    async def prepare(self) -> None:
        await super().prepare()
        self._departments, self._made = None, {}

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        assert isinstance(record, GLAccount)
        fit = Fitting()
        code = fit.key("code", record.code, CODE_CHARACTERS)
        text = fit.trimmed("the name", record.name or record.code)
        if len(text) > DESCRIPTION_CHARACTERS:
            fit.warnings.append(f"The description is cut after {DESCRIPTION_CHARACTERS} characters.")
        payload: dict[str, Any] = {"code": code, "description": text[:DESCRIPTION_CHARACTERS], "active": record.active}
        kind = quirks.account_type(record, None)
        if kind is not None:
            payload["account_type"] = kind
        if not record.active:
            fit.warnings.append(
                f"Account code {code} is blocked at the source, and Procurify's API cannot deactivate it: somebody has "
                "to do that in Procurify (Settings, Chart of Accounts)."
            )
        return fit.shaped(Part(HEADER, self.table, "", payload, lookup={"code": code}))

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Whether it is active is not ours to change (FACTS 22)."""
        return [name for name in super().differences(payload, row) if name != "active"]

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        wanted = set(ids)
        rows = map(_code_row, await self.api.listed(ACCOUNT_CODES)) if wanted else ()
        return {row.external_id: row for row in rows if row.external_id in wanted}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        return await self.find_parts([each.shaped.parts[0] for each in candidates])

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        found = await self._by_code([str(part.lookup["code"]) for part in parts])
        return [found[str(part.lookup["code"])] for part in parts]

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        found = await self._by_code(codes)
        return {code: [row.external_id for row in found[code]] for code in codes if found[code]}

    async def _by_code(self, codes: Sequence[str]) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in map(_code_row, await matching(self.api, ACCOUNT_CODES, [("code", code) for code in codes])):
            found[row.columns["code"]].append(row)
        return found

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        self._made.clear()
        return await super().write(writes)

    async def _post(self, write: Write) -> Receipt:
        """A code that several companies use is made once."""
        code = str(write.payload["code"])
        if code in self._made:
            return Receipt(self._made[code], existed=True, answer="another company uses the same code")
        departments = await self._all_departments()
        body = {"account_type": self.settings.account_type, **write.payload, "departments": departments}
        row = await self.api.write("POST", ACCOUNT_CODES, body, f"account code {code}")
        receipt = self._receipt(write.payload, _code_row({**body, **row}))
        self._made[code] = receipt.external_id
        if departments:
            return receipt
        said = "created without a budget: the configured location has no departments"
        return Receipt(receipt.external_id, answer=said)

    async def _change(self, write: Write) -> Receipt:
        code = str(write.payload["code"])
        rows = [row for row in (await self._by_code([code]))[code] if row.external_id == write.external_id]
        row = rows[0] if rows else (await self.read(self.table, [write.external_id])).get(write.external_id)
        if row is not None:
            return await self._bring_up(write, row)
        raise RefusedError(
            f"Account code {code} (row {write.external_id}) is not in Procurify any more.",
            fix="Create it there again, or have the account sent anew.",
        )

    async def _bring_up(self, write: Write, row: Row) -> Receipt:
        """PUT takes code, description and type alone; a type that the source does not tell stays as it is."""
        if not self.differences(write.payload, row):
            return Receipt(row.external_id, existed=True)
        code, kind = str(write.payload["code"]), row.columns.get("account_type", self.settings.account_type)
        body = {name: write.payload.get(name, kind) for name in ("code", "description", "account_type")}
        path = f"{ACCOUNT_CODES}{row.external_id}/"
        echo = await self.api.write("PUT", path, body, f"account code {code}")
        return self._receipt(write.payload, _code_row({**row.columns, **echo}))

    async def _all_departments(self) -> list[int]:
        if self._departments is None:
            location = text_id(await self.surroundings.location())
            rows = await self.surroundings.departments()
            mine = [row for row in rows if branch_of(row) == location and row.get("active") is not False]
            self._departments = [int(row["id"]) for row in mine]
        return self._departments


def _code_row(row: RowDict) -> Row:
    return Row(text_id(row), {**row, "code": str(row.get("code") or "")})
