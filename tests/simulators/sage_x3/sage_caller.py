"""A plain client for the tests of the Sage X3 simulator."""

from typing import Any

import aiohttp

from ml_connector_simulators import exact_json
from ml_connector_simulators.sage_x3 import SageX3Simulator
from simulators import replies

ROOT = "/api1/x3/erp/SEED/"


class Reply(replies.Reply):
    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json["$resources"]
        return rows

    @property
    def message(self) -> str:
        return str(self.json["$diagnoses"][0]["$message"])


class Caller:
    """Signs in once; paths are below the folder unless they begin with a slash or http."""

    def __init__(self, sim: SageX3Simulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self._session = session
        self.authorization = ""

    async def token(self, **body: Any) -> Reply:
        given = self.sim.credentials()
        client = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
        async with self._session.post("/token", json={**client, **body}) as answer:
            return await Reply.of(answer, exact_json.load)

    async def sign_in(self) -> Reply:
        reply = await self.token(grant_type="client_credentials")
        self.authorization = f"Bearer {reply.json['access_token']}"
        return reply

    async def get(self, path: str, **parameters: Any) -> Reply:
        url = path if path.startswith(("/", "http")) else ROOT + path
        return await self.send("GET", url, params=parameters)

    async def send(self, method: str, url: str, **more: Any) -> Reply:
        headers = {"Authorization": self.authorization} if self.authorization else {}
        async with self._session.request(method, url, headers=headers, allow_redirects=False, **more) as answer:
            return await Reply.of(answer, exact_json.load)

    async def query(self, name: str, **parameters: Any) -> Reply:
        return await self.get(name, representation=f"{name}.$query", **parameters)

    async def details(self, name: str, key: str) -> Reply:
        return await self.get(f"{name}('{key}')", representation=f"{name}.$details")

    async def all(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Every row, following next links."""
        reply = await self.query(name, **parameters)
        rows = reply.rows
        while "$next" in reply.json["$links"]:
            reply = await self.get(reply.json["$links"]["$next"]["$url"])
            rows += reply.rows
        return rows
