"""A plain client for the tests of the IFS Cloud simulator."""

from typing import Any

import aiohttp

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators import replies
from simulators.replies import all_rows

TOKEN_PATH = "/auth/realms/demo/protocol/openid-connect/token"
MAIN = "/main/ifsapplications/projection/v1/"
INT = "/int/ifsapplications/projection/v1/"
ENTITY = "/int/ifsapplications/entity/v1/"
ORDERS = "PurchaseOrderHandling.svc/PurchaseOrderSet"
HEADS = "PostingProposalHandling.svc/PostingProposalHeadSet"


class Reply(replies.Reply):
    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json["value"]
        return rows

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class Caller:
    """Signs in once; paths are below the projections of `main` unless they begin with a slash or http."""

    def __init__(self, sim: IfsCloudSimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self._session = session
        self._token = ""

    async def sign_in(self, **changes: str) -> Reply:
        given = self.sim.credentials()
        form = {
            "grant_type": "client_credentials",
            "client_id": str(given["client_id"]),
            "client_secret": str(given["client_secret"]),
            "scope": "openid microprofile-jwt",
        }
        async with self._session.post(TOKEN_PATH, data={**form, **changes}) as answer:
            reply = await Reply.of(answer)
        if reply.status == 200:
            self._token = reply.json["access_token"]
        return reply

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.send("GET", path, headers=headers)

    async def all(self, path: str) -> list[dict[str, Any]]:
        return await all_rows(self.get, path)

    async def send(
        self, method: str, path: str, *, json: Any = None, data: bytes | None = None, headers: Any = None
    ) -> Reply:
        url = path if path.startswith(("/", "http")) else MAIN + path
        sent = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        async with self._session.request(method, url, json=json, data=data, headers=sent) as answer:
            return await Reply.of(answer)
