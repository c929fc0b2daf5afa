"""The simulated ServiceNow instance as an HTTP server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from ..exchange import Answer, Call, Label
from ..framework import Row, Simulator, Size
from ..story import build_story
from . import controls, page, seed, writing
from .access import Account
from .api import Api, label_of
from .columns import text_of
from .gate import Gate
from .instance import Instance
from .messages import unauthenticated
from .oauth import Client, OAuth
from .switches import Switches
from .tables import Row as StoredRow
from .tables import Table
from .write_counts import WriteJournal

UNKNOWN_PAGE = b"<!DOCTYPE html><html><body><h1>Page not found</h1></body></html>"


class ServiceNowSimulator(Simulator):
    """A ServiceNow instance that follows the fact sheet; `tables` and `truth()` are what it really holds."""

    system = "servicenow"
    title = "ServiceNow"
    default_port = 9106
    switches: Switches
    instance: Instance
    oauth: OAuth
    api: Api

    user_name = "ml.connector"
    password = "Integration-7"
    client_id = "mlc"
    client_secret = "snow-secret-9106"
    admin_name = "admin"
    admin_password = "Admin-7"

    def __init__(
        self,
        *,
        size: Size = "small",
        seed: int = 1,
        port: int = 0,
        start: datetime | None = None,
        switches: Switches | None = None,
    ) -> None:
        super().__init__(size=size, seed=seed, port=port, start=start)
        self.switches = switches or Switches()
        self.instance = Instance(self.switches, seed=seed, clock=self.clock.now)
        self.instance.add_account(self.user_name, "ML Connector", self.password)
        self.instance.add_account(self.admin_name, "System Administrator", self.admin_password, {"admin"})
        self._fill()
        self.oauth = OAuth(self.instance, Client(self.client_id, self.client_secret, self.user_name))
        self.gate = Gate(self.instance)
        self.api = Api(self.instance)
        self.journal = WriteJournal(self.instance)

    def _fill(self) -> None:
        seed.fill(self.instance, build_story(self.size, self.seed, self.clock.now()))

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables as they are; each is iterable over its rows and has `find(column=value)`."""
        return self.instance.tables

    @property
    def writes(self) -> int:
        """Business rows that clients tried to write since the last reset."""
        return self.instance.writes

    # What the framework asks -------------------------------------------------------------------------------

    def classify(self, call: Call) -> Label:
        return label_of(call)

    async def answer(self, call: Call) -> Answer:
        """Processes a request as the instance would, from sign-in to the session cookie."""
        if not call.inner:
            self.api.catch_up()
        match call.path:
            case "/oauth_token.do":
                return self.oauth.grant(call)
            case "/oauth_auth.do":
                return self.oauth.authorize(call)
            case "/oauth_revoke_token.do":
                return self.oauth.revoke(call)
        if not call.path.startswith("/api/"):
            return Answer.of(UNKNOWN_PAGE, "text/html; charset=utf-8", 404)
        account = self.oauth.account_of(call)
        if account is None:
            answer = unauthenticated().answer()
            answer.headers["WWW-Authenticate"] = 'BASIC realm="Service-now"'
            return answer
        if call.inner:
            return await self.api.serve(call, account, self.answer_inner)
        return await self._in_session(call, account)

    async def _in_session(self, call: Call, account: Account) -> Answer:
        """Serves requests of one login session one at a time; what queues past the limit is dropped with 202."""
        session = self.gate.session_of(call)
        if session is None:
            answer = await self._within_rate(call, account)
            self.gate.set_cookie(answer)
            return answer
        if session.waiting > self.switches.cookie_queue:
            return Answer(202)
        session.waiting += 1
        try:
            async with session.turn:
                return await self._within_rate(call, account)
        finally:
            session.waiting -= 1

    async def _within_rate(self, call: Call, account: Account) -> Answer:
        headers = self.gate.rate_headers(account)
        before = self.instance.cost_ms
        answer = self.gate.rate_refusal(account) or await self.api.serve(call, account, self.answer_inner)
        answer.headers.update(headers)
        if self.switches.sleep_for_cost:
            await asyncio.sleep((self.instance.cost_ms - before) / 1000)
        return answer

    def truth(self) -> Mapping[str, Sequence[Row]]:
        """All rows as stored: money as `EUR;12.35`, references as sys_ids; an empty value may be left out."""
        return {name: list(table.rows.values()) for name, table in self.tables.items() if self.instance.is_there(name)}

    def settings(self) -> dict[str, object]:
        return {
            "profile": "auto",
            "ship_to_stockroom": seed.STOCKROOM,
            "erp_source": seed.ERP_SOURCES[0],
            "service_user": self.user_name,
        }

    def credentials(self) -> dict[str, object]:
        return {
            "auth_mode": "oauth2_client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }

    def basic_credentials(self) -> dict[str, object]:
        """The product's credentials for Basic sign-in."""
        return {"auth_mode": "basic", "username": self.user_name, "password": self.password}

    def refresh_credentials(self) -> dict[str, object]:
        """The product's credentials with a refresh token that the instance has just issued."""
        token = self.oauth.issue_refresh(self.client_id, self.user_name)
        return {**self.credentials(), "auth_mode": "oauth2_refresh_token", "refresh_token": token.value}

    def insert(self, set_name: str, values: Row, *, stamp: datetime | None = None) -> Row:
        """Adds a row as a person inside the instance; `stamp` makes sys_created_on and sys_updated_on that old."""
        table = self.tables[set_name]
        row = writing.insert(self.instance, table, values, seed.TYPIST, system=True)
        self._back_date(table, row, stamp, "sys_created_on", "sys_updated_on")
        return row

    def update(self, set_name: str, key: Row, values: Row, *, stamp: datetime | None = None) -> Row:
        """Changes the row whose columns equal `key`."""
        table = self.tables[set_name]
        row = self._one(set_name, key)
        writing.update(self.instance, table, row, values, seed.TYPIST, system=True)
        self._back_date(table, row, stamp, "sys_updated_on")
        return row

    def delete(self, set_name: str, key: Row) -> None:
        """Removes the row whose columns equal `key`."""
        writing.delete(self.instance, self.tables[set_name], self._one(set_name, key))

    def _one(self, set_name: str, key: Row) -> StoredRow:
        found = self.tables[set_name].find(**{name: text_of(value) for name, value in key.items()})
        if not found:
            raise KeyError(f"{set_name} {dict(key)}")
        return found[0]

    def _back_date(self, table: Table, row: StoredRow, stamp: datetime | None, *columns: str) -> None:
        if stamp is not None:
            text = stamp.strftime("%Y-%m-%d %H:%M:%S")
            table.change(row, dict.fromkeys(columns, text))

    def grant(self, change: Row) -> object:
        """Changes rights and what else controls.py lists."""
        return controls.apply(self, change)

    def switches_changed(self) -> None:
        self.instance.configure(self.switches)

    def page_columns(self, set_name: str) -> Sequence[str] | None:
        names = [name for name in self.tables[set_name].columns if not name.startswith("sys_")]
        return names[:8]

    async def _serve_page(self, request: web.Request) -> web.Response:
        """The page for people; `?set=` shows a table as it is stored."""
        if "set" in request.query:
            return await super()._serve_page(request)
        text = page.render(self.instance, self.title, request.query.get("find", ""))
        return web.Response(text=text, content_type="text/html")
