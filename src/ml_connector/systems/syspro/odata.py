"""The OData service as a transport: one request per page, with `$top` and `$count`, ordered by the full key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from urllib.parse import quote

import msgspec

from ml_connector.errors import ConfigurationError, ContractError, ModuleMissingError, PermissionMissingError
from ml_connector.protocols.http import Request
from ml_connector.protocols.odata import ODataClient
from ml_connector.protocols.odata_syntax import Filter, Verbatim, all_of, checked_name, literal, one_of
from ml_connector.protocols.rest import encode_parameters
from ml_connector.protocols.session import Session
from ml_connector.systems.syspro.conditions import ALWAYS, Condition, Every, Is, Value
from ml_connector.systems.syspro.reading import Answer, Query
from ml_connector.systems.syspro.settings import SysproSettings
from ml_connector.systems.syspro.tables import Table


class _Envelope(msgspec.Struct):
    value: list[msgspec.Raw]
    count: int | str | None = msgspec.field(name="@odata.count", default=None)
    link: str | None = msgspec.field(name="@odata.nextLink", default=None)


_ENVELOPE = msgspec.json.Decoder(_Envelope)


class ODataTransport:
    """Reads the sets of one company."""

    can_skip = True

    def __init__(self, session: Session, base_url: str, settings: SysproSettings) -> None:
        self.settings = settings
        self.session = session
        company = f"/{quote(settings.company_id)}" if settings.odata_company_in_path else ""
        self.root = f"{base_url.rstrip('/')}{settings.odata_path.rstrip('/')}{company}"
        self.client = ODataClient(session, self.root, prefer_page_size=False)
        self.most_comparisons = settings.keys_per_request
        self._properties: Mapping[str, Mapping[str, str]] | None = None
        self._plain_days = False
        """How days are written to sets without metadata."""

    async def ask(self, query: Query) -> Answer:
        """Without metadata the type of a date is not known: a refused filter with one is tried as the other type."""
        plain = self._plain_days
        try:
            return await self._ask(query, plain)
        except ConfigurationError as error:
            guessed = not self._known(query.table) and _names_a_day(query.condition)
            if error.fields.get("status") != 400 or not guessed:
                raise
        answer = await self._ask(query, not plain)
        self._plain_days = not plain
        return answer

    async def _ask(self, query: Query, plain: bool) -> Answer:
        settings, name = self.settings, query.table.name
        columns = [checked_name(settings.column_name(name, each)) for each in query.select]
        order = [checked_name(settings.column_name(name, each)) for each in query.order]
        condition = None if query.condition == ALWAYS else str(self._filter(query.table, query.condition, plain))
        parameters = encode_parameters(
            {
                "$select": ",".join(columns),
                "$filter": condition,
                "$orderby": ",".join(order),
                "$top": query.top,
                "$skip": query.skip or None,
                "$count": "true",
            }
        )
        entity_set = checked_name(settings.set_name(name))
        request = Request(
            "GET",
            f"{self.root}/{entity_set}?{parameters}",
            {"Accept": "application/json"},
            label=query.label or f"read {entity_set}",
        )
        response = await self.session.send(request)
        envelope = response.decode(_ENVELOPE)
        total = int(envelope.count) if envelope.count is not None else None
        return Answer(envelope.value, total, bool(envelope.link), response.server_date)

    def _known(self, table: Table) -> Mapping[str, str]:
        return (self._properties or {}).get(self.settings.set_name(table.name), {})

    def _filter(self, table: Table, condition: Condition, plain: bool) -> Filter:
        if isinstance(condition, Is):
            name = checked_name(self.settings.column_name(table.name, condition.column))
            return Filter(f"{name} {condition.operator} {literal(self._literal(table, name, condition.value, plain))}")
        terms = [self._filter(table, term, plain) for term in condition.terms]
        return all_of(*terms) if isinstance(condition, Every) else one_of(*terms)

    def _literal(self, table: Table, name: str, value: Value, plain: bool) -> str | Decimal | date | Verbatim:
        """A day is written as the metadata has it: a plain day, or midnight with a zone that means nothing."""
        if not isinstance(value, date):
            return value
        known = self._known(table)
        plain = known.get(name) == "Edm.Date" if known else plain
        return value if plain else Verbatim(f"{value.isoformat()}T00:00:00Z")

    async def properties(self) -> Mapping[str, Mapping[str, str]] | None:
        try:
            self._properties = await self.client.metadata()
        except (ModuleMissingError, PermissionMissingError, ContractError):
            self._properties = None
        except ConfigurationError as error:
            if error.fields.get("status") != 400:
                raise
        return self._properties


def _names_a_day(condition: Condition) -> bool:
    if isinstance(condition, Is):
        return isinstance(condition.value, date)
    return any(_names_a_day(term) for term in condition.terms)
