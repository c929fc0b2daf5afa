"""Lists of rows from the API: bare arrays, the PCN on every call, and errors in the words of a Plex administrator."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Unpack

import msgspec

from ml_connector.errors import (
    AuthenticationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    TransientError,
)
from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.rest import RequestOptions, RestClient, encode_segment
from ml_connector.protocols.retry import RetryPolicy, requested_pause_s
from ml_connector.protocols.session import Session
from ml_connector.protocols.status import StatusTable, plain_explanation
from ml_connector.protocols.together import together
from ml_connector.systems.plex.rows import Row, read_row
from ml_connector.systems.plex.settings import PATHS, PlexSettings

ADMINISTRATOR = "Plex administrator"
PORTAL = "whoever manages the application in the Plex developer portal"

NOBODY = "00000000-0000-4000-8000-000000000000"
IDS_PER_CALL = 40
"""GUIDs in one address; about 1,700 characters."""

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_PRODUCTS = {
    "mdm": "Master Data",
    "purchasing": "Purchasing",
    "accounting": "Accounting",
}

Parameters = Sequence[tuple[str, str]]


class PlexRetry(RetryPolicy):
    """1 s * 2^n and jitter (FACTS 41); a time-out is repeated once only, for then less has to be asked for."""

    def delay_s(self, error: TransientError, attempt: int, repeat: Repeat) -> float | None:
        if error.fields.get("timed_out") and attempt > 1:
            return None
        delay_s = super().delay_s(error, attempt, repeat)
        if delay_s is None or requested_pause_s(error) is not None:
            return delay_s
        return min(self.cap_s, self.base_s * 2.0 ** (attempt - 1)) + self.draw() * self.base_s


def is_too_much(error: MLConnectorError) -> bool:
    """The answer was too large or took too long: less has to be asked for."""
    fields = error.fields
    return bool(fields.get("timed_out") or fields.get("too_big") or fields.get("status") == 504)


@dataclass
class PlexApi:
    """What all streams share: calls, and the server's clock."""

    session: Session = field(repr=False)
    base_url: str
    settings: PlexSettings
    server_date: datetime | None = None
    """The newest `Date` of the server."""
    accepted: str = ""
    """A collection for which the server has accepted this credential."""
    _client: RestClient = field(init=False, repr=False)
    _collections: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._collections = frozenset(map(self.settings.path, PATHS))
        self._client = RestClient(self.session, self.base_url, headers=self.settings.pcn_headers)

    # Calls -------------------------------------------------------------------------------------------------------

    async def rows(self, path: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a list; see `is_too_much` for an answer that cannot be had whole."""
        response = await self._get(path, self._named(parameters))
        found = [read_row(raw, response) for raw in response.decode(_LIST)]
        if len(found) > self.settings.max_rows:
            raise ContractError(
                f"{response.request.name}: {len(found):,} rows are more than {self.settings.max_rows:,}.",
                fix="Raise max_rows.",
                who="ml-connector operator",
                too_big=True,
            )
        return found

    async def probe(self, path: str, parameters: Parameters = ()) -> list[Row]:
        """`rows` for `check`, which makes out by itself what a 401 means."""
        response = await self._client.get(path, self._named(parameters))
        return [read_row(raw, response) for raw in response.decode(_LIST)]

    async def row(self, path: str, ident: str) -> Row | None:
        """One row by its id; None where there is none. A GUID that is none may answer 400 or 404 (FACTS 43)."""
        if ident in ("", ".", ".."):
            return None
        response = await self._get(f"{path}/{encode_segment(ident)}", (), expect=frozenset({200, 400, 404}))
        return read_row(msgspec.Raw(response.body), response) if response.status == 200 else None

    async def server_now(self, at_least: datetime | None = None) -> datetime:
        """The server's clock; asked for when no answer has told it, or only an earlier time than `at_least`."""
        if self.server_date is None or (at_least is not None and self.server_date < at_least):
            self.server_date = None
            try:
                await self.rows(self.settings.path("tenants"))
            except (ModuleMissingError, PermissionMissingError, AuthenticationError):
                if self.server_date is None:  # a refusal tells the time as well
                    raise
        if self.server_date is None:
            raise ContractError(
                "Plex's answers carry no Date header, by which changes are told from one run to the next.",
                fix="Let the proxy between ml-connector and Plex pass the Date header on.",
            )
        return self.server_date

    def _named(self, parameters: Parameters) -> list[tuple[str, str]]:
        renamed = self.settings.filter_param_map
        return [(renamed.get(name, name), value) for name, value in parameters]

    async def _get(self, path: str, parameters: Parameters, **options: Unpack[RequestOptions]) -> Response:
        try:
            response = await self._client.get(path, parameters, **options)
        except AuthenticationError as error:
            if not error.fields.get("rejected_call"):
                raise
            raise await self.meaning_of_401(path, error) from error
        if path in self._collections:
            self.accepted = path
        return response

    @property
    def signed_in(self) -> bool:
        """A token was issued."""
        return self.session.auth.token_requests > 0

    async def meaning_of_401(self, path: str, error: AuthenticationError) -> MLConnectorError:
        """A 401 may mean the credential, the PCN, or a product that was not subscribed (FACTS 6): ask elsewhere."""
        elsewhere = f"{self.accepted}/{NOBODY}" if self.accepted else self.settings.path("tenants")
        accepted = False
        if self.accepted != path and elsewhere != path:
            try:
                await self._client.get(elsewhere, expect=frozenset({200, 400, 403, 404}))
                accepted = True
            except AuthenticationError:
                accepted = False
            except TransientError:
                accepted = bool(self.accepted)
        return unsubscribed(path, error) if accepted else refused(self.settings, error, signed_in=self.signed_in)

    def note_exchange(self, request: Request, outcome: Response | MLConnectorError, elapsed_s: float) -> None:
        """Keep the server's clock in view; the token endpoint has a clock of its own."""
        if isinstance(outcome, Response) and outcome.server_date is not None:
            self.server_date = outcome.server_date

    # Rows by id --------------------------------------------------------------------------------------------------

    async def by_ids(self, path: str, ids: Iterable[str], kinds: Sequence[Parameters] = ((),)) -> dict[str, Row]:
        """Rows by id, many at a call and of all `kinds`; what a list hides nevertheless is asked for one by one."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Row] = {}
        plain = [ident for ident in wanted if is_guid(ident)]
        for at in range(0, len(plain), IDS_PER_CALL):
            some = plain[at : at + IDS_PER_CALL]
            try:
                named = [("id", ident) for ident in some]
                answers = await together(self.rows(path, [*named, *kind]) for kind in kinds)
            except (TransientError, ContractError) as error:
                if not is_too_much(error):
                    raise
                break
            rows = {row.id: row for answer in answers for row in answer}
            found |= {ident: rows[ident] for ident in some if ident in rows}
            if rows.keys() - set(some):  # the server does not know this filter and gives everything
                break
        for ident in wanted:
            if ident not in found and (row := await self.row(path, ident)) is not None and row.id == ident:
                found[ident] = row
        return {ident: found[ident] for ident in wanted if ident in found}


def is_guid(text: str) -> bool:
    """Whether it can be a GUID, so that it does no harm among others in one call."""
    return len(text) == 36 and text.count("-") == 4 and text.replace("-", "").isalnum()


def digest(*parts: bytes) -> str:
    """Changes when any of the rows changes."""
    return hashlib.blake2b(b"\x1f".join(parts), digest_size=9).hexdigest()


# Errors ------------------------------------------------------------------------------------------------------------


def product_of(path: str) -> str:
    """What the developer portal calls the API that a path belongs to."""
    first = path.strip("/").partition("/")[0]
    return _PRODUCTS.get(first, first)


def unsubscribed(path: str, error: MLConnectorError) -> ModuleMissingError:
    """Other calls are accepted and this one is not (FACTS 6)."""
    return ModuleMissingError(
        f"{path}: Plex refused the call (401), but accepts this credential elsewhere: the API product that {path} "
        f"belongs to ({product_of(path)}) is not subscribed.",
        fix=f"Subscribe the application to the API product of {path} ({product_of(path)}) in the developer portal.",
        who=PORTAL,
        **error.fields,
    )


def refused(settings: PlexSettings, error: MLConnectorError, *, signed_in: bool) -> AuthenticationError:
    """No call is accepted; `signed_in`: although a token was issued."""
    if signed_in:
        return AuthenticationError(
            f"Plex issued a token, but refused the call for PCN {settings.pcn} (401): the client is not allowed for "
            "this PCN, or none of the API products is subscribed.",
            fix=f"Have the client allowed for PCN {settings.pcn}, and subscribe it to the API products.",
            who=PORTAL,
            **error.fields,
        )
    return AuthenticationError(
        f"Plex refused the call for PCN {settings.pcn} (401): the credential is wrong or has expired (keys end after "
        "about 31 days), or it is not allowed for this PCN.",
        fix=f"Check the credential in the developer portal, and that the application may use PCN {settings.pcn}.",
        who=PORTAL,
        **error.fields,
    )


def _unauthorized(response: Response, request: Request) -> MLConnectorError:
    return AuthenticationError(
        f"{request.name}: Plex refused the call (401).",
        status=401,
        request_id=response.request_id,
        rejected_call=True,
    )


def _forbidden(response: Response, request: Request) -> MLConnectorError | None:
    if request.expect and response.status in request.expect:
        return None
    said = plain_explanation(response)
    path = request.name.partition(" ")[2]
    return PermissionMissingError(
        f"{request.name}: a role is missing (403). {said}".strip(),
        fix=f"Give the integration user the Plex role that reads {path}. If it has it, an older installation may mean "
        "a used-up quota: wait until it starts anew.",
        who=ADMINISTRATOR,
        status=403,
        request_id=response.request_id,
    )


def _not_found(response: Response, request: Request) -> MLConnectorError | None:
    if request.expect and response.status in request.expect:
        return None
    path = request.name.partition(" ")[2]
    return ModuleMissingError(
        f"{request.name}: there is nothing at this address (404).",
        fix=f"Check base_url and api_root; if this version of the API calls {path} differently, put it into `paths`.",
        who=ADMINISTRATOR,
        status=404,
        request_id=response.request_id,
    )


STATUS = StatusTable({401: _unauthorized, 403: _forbidden, 404: _not_found})
