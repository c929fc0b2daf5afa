"""A plain client for the tests of the SYSPRO simulator."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import aiohttp
from yarl import URL

from ml_connector_simulators.syspro import SysproSimulator
from simulators.replies import all_rows

ROOT = "/SYSPRO8Odata/SYSPROOData/"
REST = "/SYSPROWCFService/Rest/"


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json["value"]
        return rows

    @property
    def text(self) -> str:
        return self.body.decode("cp1252")

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.text)


class Caller:
    """Paths of `get` are below EDU1, unless they begin with a slash or http; blanks and signs in them are encoded."""

    def __init__(self, sim: SysproSimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self._session = session
        self.token = ""

    async def get(self, path: str, *, method: str = "GET", user: str = "", **headers: str) -> Reply:
        given = self.sim.credentials()
        name, _, password = (user or f"{given['username']}:{given['password']}").partition(":")
        full = path if path.startswith(("/", "http")) else f"{ROOT}EDU1/{path}"
        url = full if full.startswith("http") else self.sim.url + full
        sent = {**headers, "Authorization": aiohttp.encode_basic_auth(name, password)}
        return await self._send(method, quote(url, safe="%/:?=&$'(),@"), sent)

    async def all(self, path: str) -> list[dict[str, Any]]:
        return await all_rows(self.get, path)

    async def enet(self, operation: str, *, method: str = "GET", **parameters: str) -> Reply:
        """An operation; the session's token is added where none is given."""
        if operation.lower() != "logon":
            parameters = {"UserId": self.token, **parameters}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return await self._send(method, f"{self.sim.url}{REST}{operation}?{query}", {})

    async def log_on(self, **changes: str) -> Reply:
        given = self.sim.credentials()
        parameters = {
            "Operator": str(given["operator"]),
            "OperatorPassword": str(given["operator_password"]),
            "CompanyId": "EDU1",
            "CompanyPassword": str(given["company_password"]),
        }
        reply = await self.enet("Logon", **{**parameters, **changes})
        if not reply.text.startswith("ERROR"):
            self.token = reply.text
        return reply

    async def find(self, content: str) -> Reply:
        """COMFND with the content of its Query."""
        return await self.enet("Query/Query", BusinessObject="COMFND", XmlIn=f"<Query>{content}</Query>")

    async def set_up(self, verb: str, name: str, items: str, parameters: str = "") -> Reply:
        root = {"GENSGC": "SetupGlCode", "GENSAC": "SetupAnalysisCode"}[name]
        given = f"<{root}><Parameters>{parameters}</Parameters></{root}>" if parameters else ""
        xml = f"<{root}>{items}</{root}>"
        return await self.enet(f"Setup/{verb}", BusinessObject=name, XmlParameters=given, XmlIn=xml)

    async def _send(self, method: str, url: str, headers: dict[str, str]) -> Reply:
        async with self._session.request(method, URL(url, encoded=True), headers=headers) as answer:
            return Reply(answer.status, answer.headers, await answer.read())
