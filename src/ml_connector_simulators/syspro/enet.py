"""e.net REST: everything a GET with its query string, 200 whatever happens (fact sheet §2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..exchange import Answer, Call, Label
from . import iis
from .enet_queries import Queries
from .enet_setups import ANALYSIS_CODE, GL_CODE, Setup
from .enet_xml import ENCODING, EnetError, document, element
from .sessions import Session, Sessions

if TYPE_CHECKING:
    from .simulator import SysproSimulator

_PATH = re.compile(r"/SYSPROWCFService/Rest(?:/(.*))?", re.IGNORECASE)
_QUERY_OPERATIONS = {"query/query", "query/browse", "query/fetch"}
_SETUP_OPERATIONS = {"setup/add", "setup/update", "setup/delete", "transaction/post"}
_OPERATIONS = {"logon", "logoff", "getlogonprofile"} | _QUERY_OPERATIONS | _SETUP_OPERATIONS
_OF_OPERATION = {"query/browse": "COMBRW", "query/fetch": "COMFCH"}
SETUP_OBJECTS = {"GENSGC": GL_CODE, "GENSAC": ANALYSIS_CODE}
OBJECTS = ("COMFND", "COMBRW", "COMFCH", "PORQRY", *SETUP_OBJECTS)
_TABLE = re.compile(r"<(?:TableName|BrowseName)>([^<]*)<")
NOT_LICENSED = "e.net exception 100000"


def operation_of(path: str) -> str | None:
    """The operation in lower case; None: another service's path."""
    found = _PATH.fullmatch(unquote(path))
    return None if found is None else (found[1] or "").strip("/").lower()


class EnetService:
    """The service of one simulator: logons, sessions and the business objects."""

    def __init__(self, simulator: SysproSimulator) -> None:
        self._simulator = simulator
        self.sessions = Sessions()
        self.running = True
        self.licensed = set(OBJECTS)
        self._bad_logons: dict[str, int] = {}
        self._queries = 0

    def classify(self, call: Call, operation: str) -> Label:
        """Query objects read their table, setup objects write under their own name."""
        if operation in ("logon", "logoff"):
            return Label("token", operation)
        given = _parameters(call)
        name = given.get("businessobject", "") or _OF_OPERATION.get(operation, operation)
        if operation in _SETUP_OPERATIONS:
            return Label("write", name)
        table = _TABLE.search(given.get("xmlin", ""))
        return Label("read", table[1] if table else name)

    def answer(self, call: Call, operation: str) -> Answer:
        if not self.running or operation not in _OPERATIONS:
            return iis.page(404)
        if call.method != "GET":
            return iis.page(405)
        try:
            text = self._run(operation, _parameters(call))
        except EnetError as error:
            text = f"ERROR: {error}"
        except ElementTree.ParseError:
            text = "ERROR: Invalid XML"
        return Answer.of(self._wrapped(text), "application/octet-stream")

    def _run(self, operation: str, given: Mapping[str, str]) -> str:
        if operation == "logon":
            return self._logon(given)
        session = self.sessions.use(given.get("userid", ""), self._now(), self._simulator.switches)
        if session is None:
            raise EnetError(self._simulator.switches.session_error.removeprefix("ERROR: "))
        if operation == "logoff":
            self.sessions.close(session)
            return "0"
        if operation == "getlogonprofile":
            return self._profile(session)
        name = _OF_OPERATION.get(operation) or given.get("businessobject", "").strip().upper()
        if name not in self.licensed:
            raise EnetError(NOT_LICENSED)
        if operation in _QUERY_OPERATIONS:
            return self._query(session, name, given.get("xmlin", ""))
        if name not in SETUP_OBJECTS or operation not in ("setup/add", "setup/update"):
            raise EnetError(f"'{operation}' is not possible with '{name}'")
        simulator = self._simulator
        company = simulator.companies[session.company_id]
        adds = operation == "setup/add"
        setup = Setup(company, SETUP_OBJECTS[name], adds, simulator.switches.lower_case_setup)
        return setup.run(given.get("xmlparameters", ""), given.get("xmlin", ""))

    def _logon(self, given: Mapping[str, str]) -> str:
        simulator = self._simulator
        operator, company = given.get("operator", "").strip().upper(), given.get("companyid", "").strip()
        missing = {"operator", "operatorpassword", "companyid", "companypassword"} - set(given)
        if missing:
            raise EnetError(f"Missing parameter {', '.join(sorted(missing))}")
        limit = simulator.switches.lock_after
        if limit and self._bad_logons.get(operator, 0) >= limit:
            raise EnetError("Operator is locked out")
        known = simulator.operator_passwords.get(operator)
        if known is None or operator not in simulator.operators or given["operatorpassword"] != known:
            self._bad_logons[operator] = self._bad_logons.get(operator, 0) + 1
            raise EnetError("Invalid operator password")
        if company not in simulator.companies or company not in simulator.allowed_companies:
            raise EnetError(f"Invalid company '{company}'")
        if given["companypassword"] != simulator.company_password:
            raise EnetError("Invalid company password")
        self._bad_logons.pop(operator, None)
        return self.logon(operator, company)

    def logon(self, operator: str, company: str) -> str:
        """A new session for whoever is who he says he is; evicts the operator's other one. Raises EnetError."""
        session = self.sessions.open(operator, company, self._now(), self._simulator.switches)
        if session is None:
            raise EnetError("Maximum number of concurrent users reached")
        return session.token + ("  " if self._simulator.switches.token_blanks else "")

    def _profile(self, session: Session) -> str:
        company = self._simulator.companies[session.company_id]
        fields = {
            "CompanyId": company.company_id,
            "CompanyName": company.name,
            "OperatorCode": session.operator,
            "LocalCurrencyCode": company.currency,
            "CompanyDate": self._now().date().isoformat(),
            "DecimalFormat": "1",
            "DateFormat": "1",
            "SysproVersion": "8.0.011",
        }
        return document("LogonProfile", "".join(element(name, value) for name, value in fields.items()))

    def _query(self, session: Session, name: str, xml: str) -> str:
        simulator = self._simulator
        self._queries += 1
        company = simulator.companies[session.company_id]
        queries = Queries(company, simulator.refused_tables, simulator.switches.null_date, self._queries)
        objects = {
            "COMFND": queries.find,
            "COMBRW": queries.browse,
            "COMFCH": queries.fetch,
            "PORQRY": queries.purchase_order,
        }
        if name not in objects:
            raise EnetError(f"'{name}' is no query object")
        return objects[name](xml)

    def _wrapped(self, text: str) -> bytes:
        """The body as this installation packs it."""
        wrapping = self._simulator.switches.wrapping
        if wrapping == "json":
            return json.dumps(text.encode(ENCODING, "replace").decode(ENCODING)).encode()
        if wrapping == "string":
            text = f'<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">{escape(text)}</string>'
        return text.encode(ENCODING, "replace")

    def _now(self) -> datetime:
        return self._simulator.clock.now()


def _parameters(call: Call) -> dict[str, str]:
    """Names in lower case: the service does not mind theirs."""
    return {name.lower(): value for name, value in call.parameters().items()}
