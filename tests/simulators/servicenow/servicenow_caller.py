"""A caller of the simulated instance that hides nothing: status, JSON and headers as they came."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

import aiohttp

from ml_connector_simulators.servicenow import ServiceNowSimulator

User = tuple[str, str]


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any
    text: str

    @property
    def result(self) -> Any:
        return self.body["result"]

    @property
    def error(self) -> Any:
        return self.body["error"]


class Caller:
    """Signed in with Basic as the integration user unless told otherwise."""

    def __init__(self, sim: ServiceNowSimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session
        self.user: User | None = (sim.user_name, sim.password)

    async def send(self, method: str, path: str, params: Any = None, **more: Any) -> Reply:
        """`user` None sends no credentials; without it, those of the integration user."""
        headers = dict(more.pop("headers", {}))
        user = more.pop("user", self.user)
        if user is not None:
            headers["Authorization"] = aiohttp.encode_basic_auth(*user)
        url = self.sim.url + path
        async with self.session.request(method, url, params=params, headers=headers, **more) as response:
            text = await response.text()
            try:
                body = json.loads(text)
            except ValueError:
                body = None
            return Reply(response.status, body, response.headers, text)

    async def rows(self, table: str, query: str = "", **params: str) -> list[dict[str, Any]]:
        asked = {"sysparm_query": query, "sysparm_exclude_reference_link": "true", **params}
        return (await self.send("GET", f"/api/now/table/{table}", asked)).result

    async def post(self, table: str, values: dict[str, Any], **params: str) -> Reply:
        asked = {"sysparm_exclude_reference_link": "true", **params}
        return await self.send("POST", f"/api/now/table/{table}", asked, json=values)

    async def patch(self, table: str, sys_id: str, values: dict[str, Any]) -> Reply:
        asked = {"sysparm_exclude_reference_link": "true"}
        return await self.send("PATCH", f"/api/now/table/{table}/{sys_id}", asked, json=values)

    async def stage(self, staging: str, **values: str) -> Reply:
        return await self.send("POST", f"/api/now/import/{staging}", json=values)

    async def supplier(self, code: str, name: str = "Acme") -> Reply:
        return await self.stage(
            "sn_fcms_intg_imp_supplier", u_erp_source="IFS", u_erp_company_code=code, u_legal_name=name
        )

    async def invoice(self, number: str, **values: str) -> Reply:
        given = {
            "u_external_invoice_number": number,
            "u_external_invoice_source": "IFS",
            "u_erp_source": "IFS",
            "u_supplier": "4471",
            "u_invoice_date": "2026-02-02",
            "u_subtotal": "494.00",
            "u_currency": "EUR",
        }
        return await self.stage("sn_spend_intg_imp_invoice", **{**given, **values})

    async def batch(self, *items: tuple[str, str, Any]) -> Reply:
        """Each item is (method, url, body)."""
        requests = [
            {
                "id": str(number),
                "method": method,
                "url": url,
                "headers": [{"name": "Content-Type", "value": "application/json"}],
                **({"body": base64.b64encode(json.dumps(body).encode()).decode()} if body is not None else {}),
            }
            for number, (method, url, body) in enumerate(items)
        ]
        sent = {"batch_request_id": "1", "rest_requests": requests}
        return await self.send("POST", "/api/now/v1/batch", json=sent)


def inner(served: dict[str, Any]) -> Any:
    """Returns the JSON body of an item of a batch."""
    return json.loads(base64.b64decode(served["body"]))
