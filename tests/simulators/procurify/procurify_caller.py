"""A caller of the simulated domain that hides nothing: status, JSON and headers as they came."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import aiohttp

from ml_connector_simulators.procurify import ProcurifySimulator

VENDOR = {"name": "Acme", "email": None, "type": 3, "overall_score": None}
LINE = {
    "item_name": "104455:P-20417/1 Bearing 6204",
    "vendor_name": "Handschrift Werkzeuge GmbH",
    "account_code": "6310",
    "unit_price": "12.50000000",
    "quantity": "40.00000",
    "unit": "each",
    "currency_code": "EUR",
    "custom_fields": [{"custom_field_name": "Plex PO Number", "custom_field_value": "P-20417"}],
}
REQUISITION = {
    "required_date": "2026-04-15",
    "location_name": "Plant Esslingen",
    "department_name": "Maintenance",
    "line_items": [LINE],
}


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def pagination(self) -> Any:
        return self.body["metadata"]["pagination"]

    @property
    def problem(self) -> tuple[int, str, str]:
        """Status, and the field and code of the only error."""
        [(field, error)] = self.body["errors"].items()
        return self.status, field, error["code"]


class Caller:
    def __init__(self, sim: ProcurifySimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session
        self.headers: dict[str, str] = {"X-Procurify-Client": "api", "Accept": "application/json"}

    async def token(self, **more: Any) -> Reply:
        given = {
            **{name: self.sim.credentials()[name] for name in ("client_id", "client_secret")},
            "audience": "https://api.procurify.com/",
            "grant_type": "client_credentials",
            **more,
        }
        return await self.send("POST", "/oauth/token", json=given)

    async def sign_in(self) -> None:
        token = (await self.token()).body["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"

    async def send(self, method: str, path: str, params: Any = None, **more: Any) -> Reply:
        headers = {**self.headers, **more.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        more.setdefault("allow_redirects", False)
        url = self.sim.url + path
        async with self.session.request(method, url, params=params, headers=headers, **more) as response:
            text = await response.text()
            try:
                body = json.loads(text)
            except ValueError:
                body = text
            return Reply(response.status, body, response.headers)

    async def get(self, path: str, **params: Any) -> Reply:
        return await self.send("GET", f"/api/{path}", params)

    async def post(self, path: str, body: Any) -> Reply:
        return await self.send("POST", f"/api/{path}", json=body)

    async def ids(self, path: str, column: str = "id", **params: Any) -> list[Any]:
        return [row[column] for row in (await self.get(path, page_size=100, **params)).data]

    async def vendor(self, **values: Any) -> Any:
        return (await self.post("v3/vendors/", {**VENDOR, **values})).data

    async def requisition(self, *lines: dict[str, Any], **values: Any) -> Reply:
        """Each line is what differs from LINE."""
        given = [{**LINE, **line} for line in lines or ({},)]
        return await self.post("v3/requisitions/", {**REQUISITION, "line_items": given, **values})

    async def order(self, *lines: dict[str, Any]) -> str:
        """The uuid of a new requisition."""
        return str((await self.requisition(*lines)).data["uuid"])

    async def person(self, uuid: str, action: str, **details: Any) -> Reply:
        return await self.send("POST", f"/_sim/orders/{uuid}/{action}/", json=details)

    def held(self, uuid: str) -> Any:
        """What the domain really holds of an order."""
        return next(row for row in self.sim.truth()["orders"] if row["uuid"] == uuid)
