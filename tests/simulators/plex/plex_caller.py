"""A plain client for the tests of the Plex simulator."""

from __future__ import annotations

from typing import Any

import aiohttp

from ml_connector_simulators.plex import PlexSimulator
from ml_connector_simulators.story import Story
from simulators import replies

SUPPLIERS = "/mdm/v1/suppliers"
ACCOUNTS = "/mdm/v1/chart-of-accounts"
ORDERS = "/purchasing/v1/purchase-orders"
RELEASES = "/purchasing/v2-beta1/releases"
INVOICES = "/accounting/v1/ap-invoices"
PAYMENTS = "/accounting/v1/ap-payments"
HOME, OTHER = "104455", "104456"
CUSTOMER, TENANT = "X-Plex-Connect-Customer-Id", "X-Plex-Connect-Tenant-Id"
REFUSED = {"code": "REQUEST_NOT_AUTHENTICATED", "message": "The request could not be authenticated."}


class Reply(replies.Reply):
    @property
    def code(self) -> str:
        return str(self.json["code"])


class Caller:
    """Signs in once; asks the plant 104455 unless told otherwise. Paths are below /api."""

    def __init__(self, sim: PlexSimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self._session = session
        self._token = ""

    @property
    def story(self) -> Story:
        return self.sim.story

    async def sign_in(self, **changes: str) -> Reply:
        given = self.sim.credentials()
        form = {
            "grant_type": "client_credentials",
            "client_id": str(given["client_id"]),
            "client_secret": str(given["client_secret"]),
        }
        reply = await self.send("POST", "/oauth2/token", {}, data={**form, **changes})
        if reply.status == 200:
            self._token = reply.json["access_token"]
        return reply

    async def get(self, path: str, pcn: str = HOME, **parameters: str) -> Reply:
        return await self.ask(path, {CUSTOMER: pcn} if pcn else {}, **parameters)

    async def ask(self, path: str, headers: dict[str, str], **parameters: str) -> Reply:
        sent = {"Authorization": f"Bearer {self._token}", **headers}
        return await self.send("GET", f"/api{path}", sent, params=parameters)

    async def send(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Reply:
        async with self._session.request(method, path, headers=headers, **more) as answer:
            return await Reply.of(answer)

    async def order(self, number: str, pcn: str = HOME) -> dict[str, Any]:
        """The header of that number, active or not."""
        for active in ("true", "false"):
            found = (await self.get(ORDERS, pcn, pONumber=number, active=active)).json
            if found:
                row: dict[str, Any] = found[0]
                return row
        raise AssertionError(f"no order {number}")

    async def lines(self, number: str, pcn: str = HOME) -> list[dict[str, Any]]:
        order = await self.order(number, pcn)
        rows: list[dict[str, Any]] = (await self.get(f"{ORDERS}/{order['id']}/line-items", pcn)).json
        return sorted(rows, key=lambda row: row["lineItemNumber"])

    async def invoice(self, voucher: object, pcn: str = HOME) -> dict[str, Any]:
        [row] = [r for r in (await self.get(INVOICES, pcn)).json if r["voucherNumber"] == str(voucher)]
        found: dict[str, Any] = row
        return found
