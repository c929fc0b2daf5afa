"""One session of the e.net service: opened once, used by one request at a time, always closed.

Signing in ends every other session of the same operator, also another process's and another company's. So there is one
at a time per host and operator, under a lock that all processes share, and its token is kept where the next process
finds it: what a killed one left open is closed before anything else (FACTS 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

from ml_connector import clock
from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.protocols.auth import NoAuth
from ml_connector.protocols.exclusive import exclusive
from ml_connector.protocols.http import Http, Request, Response
from ml_connector.protocols.redaction import forget_secret, redact, register_secret
from ml_connector.protocols.session import Session
from ml_connector.protocols.status import StatusTable
from ml_connector.systems.base import Ports
from ml_connector.systems.syspro.answers import Patience
from ml_connector.systems.syspro.enet_xml import Element, is_refusal, parse, unwrapped
from ml_connector.systems.syspro.settings import Basic, SysproSettings

HOLD_S = 60.0
"""A session is closed after so long at the latest, so that others get their turn; e.net would keep it 15 minutes."""
IDLE_S = 10.0
"""An idle session keeps a licensed seat."""
LONGEST_URL = 8_000
"""Characters; everything is in the address, and longer ones are refused (FACTS 8)."""
LONGEST_TOKEN = 200
ADMINISTRATOR = "SYSPRO administrator"


class _Operator:
    """Who signs in, where; a plain object, so that its representation shows nothing of it."""

    def __init__(self, settings: SysproSettings, credentials: Basic) -> None:
        self.secrets = (credentials.operator, credentials.operator_password, credentials.company_password)
        self.lock_name = f"enet:{urlsplit(settings.enet_url).netloc.lower()}:{credentials.operator}"
        self.token = ""
        self.logon = {
            "Operator": credentials.operator,
            "OperatorPassword": credentials.operator_password,
            "CompanyId": settings.company_id,
            "CompanyPassword": credentials.company_password,
        }


class EnetClient:
    """The e.net service as one operator in one company; `async with` ends with every session closed."""

    def __init__(self, http: Http, settings: SysproSettings, credentials: Basic, ports: Ports) -> None:
        self.settings = settings
        self.session = Session(http, NoAuth(), retry=Patience(), status=STATUS)
        self._operator = _Operator(settings, credentials)
        self._ports = ports
        self._memory = ports.memory("enet_session") if ports.memory else None
        self._one = asyncio.Lock()
        self._held: AsyncExitStack | None = None
        self._refused: AuthenticationError | None = None
        self._opened_at = 0.0
        self._closer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        register_secret(*self._operator.secrets)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close()
        finally:
            forget_secret(*self._operator.secrets)

    @property
    def requests(self) -> int:
        return self.session.counts.requests

    # Asking ------------------------------------------------------------------------------------------------------

    async def query(self, business_object: str, xml: str, label: str) -> Element:
        """The answer of a business object to a query."""
        return await self._asked("Query/Query", {"BusinessObject": business_object, "XmlIn": xml}, label)

    async def profile(self) -> dict[str, str]:
        """What the session's profile says, by lower-case name; the session is closed afterwards."""
        try:
            root = await self._asked("GetLogonProfile", {}, "e.net: read the profile of the session")
        finally:
            await self.close()
        return {each.name.lower(): each.text for each in _leaves(root)}

    async def _asked(self, operation: str, parameters: Mapping[str, str], label: str) -> Element:
        """One request in the session. A refusal may mean that it has ended: a new one is opened, once."""
        async with self._turn():
            text = await self._send(operation, {"UserId": await self._session_token(), **parameters}, label)
            if is_refusal(text):
                await self._forget()
                text = await self._send(operation, {"UserId": await self._session_token(), **parameters}, label)
            if is_refusal(text):
                raise ConfigurationError(
                    f"{label}: e.net refused it. It said: {redact(text)[:300]}",
                    fix="Check that the operator may use e.net and this business object, and that it is licensed.",
                    who=ADMINISTRATOR,
                )
            return parse(text)

    async def _send(self, operation: str, parameters: Mapping[str, str], label: str) -> str:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        url = f"{self.settings.enet_root}/{operation}?{query}"
        if len(url) > LONGEST_URL:
            raise ContractError(f"{label}: the request does not fit into an address.", fix="Read through OData.")
        try:
            response = await self.session.send(Request("GET", url, label=label))
        except MLConnectorError as error:
            raise error from None  # what caused it may quote the address, and passwords are in it
        return unwrapped(response.body)

    # One session -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One request at a time; the session is closed when it was held for long, and soon when nobody asks."""
        async with self._one:
            if self._closer is not None:
                self._closer.cancel()
                self._closer = None
            try:
                yield
            except BaseException:
                await self._close()
                raise
            if clock.monotonic() - self._opened_at > HOLD_S:
                await self._close()
            else:
                self._closer = asyncio.create_task(self._close_when_idle(), name="close idle e.net session")

    async def _close_when_idle(self) -> None:
        await asyncio.sleep(IDLE_S)
        self._closer = None
        await self.close()

    async def close(self) -> None:
        """Log off, if there is a session."""
        async with self._one:
            if self._closer is not None:
                self._closer.cancel()
                self._closer = None
            await self._close()

    async def _session_token(self) -> str:
        if not self._operator.token:
            if self._held is None:
                self._held = AsyncExitStack()
                await self._held.enter_async_context(exclusive(self._ports.locks, self._operator.lock_name))
                await self._log_off_left_over()
            await self._open()
        return self._operator.token

    async def _open(self) -> None:
        """Sign in. Who is cancelled meanwhile waits for the token all the same, or nobody could close the session."""
        signing_in = asyncio.ensure_future(self._log_on())
        try:
            self._operator.token = await asyncio.shield(signing_in)
        except asyncio.CancelledError:
            with suppress(MLConnectorError):
                self._operator.token = await signing_in
            raise
        self._opened_at = clock.monotonic()

    async def _log_off_left_over(self) -> None:
        """A session that a killed process left open. One whose token was never stored ends when we sign in."""
        left = await self._remembered()
        token = left.get("token") if left else None
        if isinstance(token, str) and token:
            register_secret(token)
            try:
                await self._send("Logoff", {"UserId": token}, "e.net: log off a session left open")
                await self._remember({"state": "closed"})
            except TransientError:
                pass  # it stays on record; signing in ends it as well
            finally:
                forget_secret(token)

    async def _log_on(self) -> str:
        if self._refused is not None:
            raise self._refused
        company = self.settings.company_id
        await self._remember({"state": "logging_on"})
        text = await self._send("Logon", self._operator.logon, "e.net: sign in")
        if is_refusal(text):
            await self._remember({"state": "closed"})
            self._refused = AuthenticationError(
                f"e.net refused to sign in the operator to company {company}. It said: {redact(text)[:300]}",
                fix="Check operator, operator_password, company_id and company_password. It was tried once only, "
                "because SYSPRO locks operators.",
                who=ADMINISTRATOR,
            )
            raise self._refused
        token = text.replace("%20", " ").strip()
        if not token or len(token) > LONGEST_TOKEN or not token.isprintable() or set(token) & set(" <>\"'"):
            raise ContractError("e.net: sign in: the answer is no session token.")
        register_secret(token)
        await self._remember({"state": "open", "token": token})
        return token

    async def _forget(self) -> None:
        """The session has ended by itself."""
        token, self._operator.token = self._operator.token, ""
        if token:
            forget_secret(token)
            await self._remember({"state": "closed"})

    async def _close(self) -> None:
        """Log off whatever happens, and let others in."""
        token, self._operator.token = self._operator.token, ""
        held, self._held = self._held, None
        try:
            if token:
                await asyncio.shield(self._log_off(token))
        finally:
            if token:
                forget_secret(token)
            if held is not None:
                await held.aclose()

    async def _log_off(self, token: str) -> None:
        with suppress(TransientError, ConfigurationError, ContractError):  # on record: the next session closes it
            await self._send("Logoff", {"UserId": token}, "e.net: log off")
            await self._remember({"state": "closed"})

    async def _remembered(self) -> dict[str, Any] | None:
        return await asyncio.to_thread(self._memory.load) if self._memory else None

    async def _remember(self, state: dict[str, Any]) -> None:
        """Nobody else writes it while we hold the lock, unless the lock was lost; then the newest word counts."""
        if self._memory is not None:
            for _ in range(3):
                if await asyncio.to_thread(self._memory.compare_and_swap, await self._remembered(), state):
                    return


def _leaves(element: Element) -> list[Element]:
    return [leaf for child in element.children for leaf in _leaves(child)] if element.children else [element]


def _no_service(response: Response, request: Request) -> MLConnectorError:
    return ModuleMissingError(
        f"{request.name}: there is no e.net service at this address, or it is stopped ({response.status}).",
        fix="Check enet_url with its port, and that the SYSPRO e.net Communications Service runs.",
        who=ADMINISTRATOR,
        status=response.status,
        request_id=response.request_id,
    )


STATUS = StatusTable({404: _no_service, 400: ContractError, 414: ContractError, 503: RemoteFaultError})
