"""The permission doctor: every operation that a flow needs, and for each red line what is missing and who grants it.

Write rights show only with the first write, and no probe rows are written: they are read off the roles where those can
be seen, and are "unverified" elsewhere (FACTS 16).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
)
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.servicenow.columns import flag, stored
from ml_connector.systems.servicenow.dictionary import HIDDEN, Proof
from ml_connector.systems.servicenow.form import Form
from ml_connector.systems.servicenow.mapping import MAPPINGS, EntityMapping, Table
from ml_connector.systems.servicenow.profiles import PAGES, Presence
from ml_connector.systems.servicenow.surroundings import NONE_SEEN, SOURCES, ErpSources, stockroom
from ml_connector.systems.servicenow.targets import Workshop, tables_of

ADMIN = "ServiceNow administrator"
SIGN_IN_FIX = (
    "Check the credentials. For client credentials also: the property "
    "glide.oauth.inbound.client.credential.grant_type.enabled is true, the OAuth application names an OAuth "
    "Application User (up to release Vancouver such tokens map to guest), the user is active and not restricted by an "
    "API access policy, and it has the role snc_platform_rest_api_access where the instance asks for it."
)


class Doctor:
    """Examines one connection."""

    def __init__(self, workshop: Workshop, user: str) -> None:
        """`user` is the service account's user name, empty where nobody told us."""
        self._shop = workshop
        self._user = user
        self._roles: frozenset[str] | None = None
        """Of the service account; None: not to be seen."""

    async def examine(self, needs: Sequence[Need]) -> list[Finding]:
        """All findings, in the order in which somebody would put them right; never raises for what it finds."""
        try:
            await self._shop.instance.page("sys_user", fields=["sys_id"])
        except (AuthenticationError, ConfigurationError) as error:
            if not isinstance(error, PermissionMissingError | ModuleMissingError):
                return [_sign_in_failed(error)]
        except MLConnectorError as error:
            return [Finding(Verdict.MISSING, "sign in", "instance", str(error), error.fix, error.who)]
        findings = [Finding(Verdict.OK, "sign in", "instance", "The instance accepted our sign-in.")]
        try:
            return findings + await self._examine(needs)
        except MLConnectorError as error:
            trouble = Finding(Verdict.UNVERIFIED, "check", "instance", error.message, error.fix, error.who)
            return [*findings, trouble]

    async def _examine(self, needs: Sequence[Need]) -> list[Finding]:
        decision = await self._shop.profiles.decide()
        findings = [Finding(Verdict.OK, "profile", decision.profile, f"Profile {decision.profile}: {decision.reason}.")]
        mappings = [MAPPINGS[decision.profile][n.entity] for n in needs if n.entity in MAPPINGS[decision.profile]]
        await self._shop.dictionary.learn(tables_of(decision.profile, self._shop.settings))
        findings.append(self._dictionary_finding())
        self._roles = await self._seen_roles()
        if self._roles is None:
            message = "The roles of the service account are not visible."
            fix = "Set service_user, and let it read sys_user_has_role; or compare the roles by hand."
            findings.append(Finding(Verdict.UNVERIFIED, "roles", "service account", message, fix, ADMIN))
        findings += await self._plugins(mappings)
        optional = {need.entity for need in needs if need.optional}
        for mapping in mappings:
            found = await self._entity(mapping)
            findings += [_remark(each) for each in found] if mapping.entity in optional else found
        findings += await self._surroundings(mappings, decision.profile)
        return findings

    def _dictionary_finding(self) -> Finding:
        if self._shop.dictionary.readable:
            return Finding(Verdict.OK, "dictionary", "sys_dictionary", "Columns and their types can be read.")
        message = "Columns and types cannot be read: rows and the answer to the first write have to prove them."
        fix = "Let the service account read sys_dictionary and sys_db_object, or set column_types."
        return Finding(Verdict.UNVERIFIED, "dictionary", "sys_dictionary", message, fix, ADMIN)

    # --- one entity ----------------------------------------------------------------------------------------------

    async def _entity(self, mapping: EntityMapping) -> list[Finding]:
        findings: list[Finding] = []
        for table in filter(None, (mapping.header, mapping.lines)):
            form = Form(table, self._shop.settings)
            findings += await self._table(form, mapping)
        return findings

    async def _table(self, form: Form, mapping: EntityMapping) -> list[Finding]:
        read = await self._readable(form.name, mapping)
        findings = [read]
        if form.staging:
            findings.append(await self._staging(form, mapping))
        if read.verdict is Verdict.MISSING and not form.staging:
            return findings
        findings += self._columns(form)
        if not form.staging or findings[1].verdict is not Verdict.MISSING:
            findings.append(self._writable(form, mapping))
        return findings

    async def _readable(self, table: str, mapping: EntityMapping) -> Finding:
        subject = f"{mapping.entity.value}: {table}"
        probe = await self._shop.profiles.fresh(table)
        if probe.presence is Presence.MISSING:
            return _of(self._shop.guide.table_missing(table), "read", subject)
        if probe.presence is Presence.FORBIDDEN:
            return _of(self._shop.guide.role_missing(table, "read"), "read", subject)
        assert probe.page is not None
        if probe.page.rows:
            for row in probe.page.rows:
                self._shop.dictionary.see(table, row)
            return Finding(Verdict.OK, "read", subject, f"{table} can be read.")
        total = probe.page.total if probe.page.total is not None else await self._counted(table)
        if total:
            message = f"{table} has {total:,} rows, and the first is hidden from us: access rules hide rows."
            fix = f"Give the service account read access to the rows of {table}, or check its domain."
            return Finding(Verdict.UNVERIFIED, "read", subject, message, fix, ADMIN)
        counted = "is empty" if total == 0 else "shows no rows; whether there are any cannot be told"
        return Finding(Verdict.OK if total == 0 else Verdict.UNVERIFIED, "read", subject, f"{table} {counted}.")

    async def _counted(self, table: str) -> int | None:
        """Rows by the statistics API, where we may ask it; it may count hidden rows or not (FACTS 12)."""
        try:
            response = await self._shop.instance.get(
                f"/api/now/stats/{table}", {"sysparm_count": "true"}, f"count of {table}"
            )
            count = str(response.json()["result"]["stats"]["count"])
        except (MLConnectorError, KeyError, TypeError):
            return None
        return int(count) if count.isdecimal() else None

    async def _staging(self, form: Form, mapping: EntityMapping) -> Finding:
        subject = f"{mapping.entity.value}: {form.staging}"
        probe = await self._shop.profiles.fresh(form.staging)
        if probe.presence is Presence.MISSING:
            return _of(self._shop.guide.table_missing(form.staging), "stage", subject)
        if probe.presence is Presence.FORBIDDEN:
            message = f"{form.staging} exists; our user may not read it, which says nothing about writing."
            return Finding(Verdict.UNVERIFIED, "stage", subject, message, self._role_fix(form.table), ADMIN)
        return Finding(Verdict.OK, "stage", subject, f"{form.staging} is there.")

    def _columns(self, form: Form) -> list[Finding]:
        findings = []
        for name, column in form.columns.items():
            proof = self._shop.dictionary.proof(form.written, name)
            if proof is Proof.PROVED:
                continue
            is_key = name == form.key_column and self._key_wanted(form)
            wanted = column.essential or is_key or name in form.extra
            if proof is Proof.MISSING and wanted:
                findings.append(self._missing_column(form, name, is_key))
            elif proof is Proof.MISSING:
                message = f"{form.written} has no column {name}: that value is left out."
                findings.append(Finding(Verdict.OK, "column", f"{form.written}.{name}", message))
            elif wanted:
                message = f"{form.written}.{name} could not be proved; the answer to the first write will tell."
                findings.append(Finding(Verdict.UNVERIFIED, "column", f"{form.written}.{name}", message))
        return findings

    def _key_wanted(self, form: Form) -> bool:
        """Lines are found under their header, so that theirs is needed only where somebody named it."""
        return not form.table.header_column or form.table.name in self._shop.settings.erp_key_columns

    def _missing_column(self, form: Form, name: str, is_key: bool) -> Finding:
        subject = f"{form.written}.{name}"
        error = self._shop.guide.column_missing(form.written, name, "the ERP's key" if is_key else "a value we write")
        fix = error.fix
        if name in form.extra and not form.columns[name].essential:
            fix = (
                f"Create it in the table's dictionary, or name another column of {form.written} in the setting "
                "extra_columns, or go without: until then that value is left out."
            )
        elif is_key:
            fix = (
                f"Create a text column (100 characters) in {form.written} and name it in erp_key_columns, or go "
                "without: then only the sys_id made by us finds the row."
            )
        return Finding(
            Verdict.MISSING, "column", subject, error.message, fix, f"{ADMIN}, owner of table {form.written}"
        )

    def _writable(self, form: Form, mapping: EntityMapping) -> Finding:
        subject = f"{mapping.entity.value}: {form.written}"
        wanted = self._shop.guide.roles.get(form.written, ())
        if not wanted:
            message = f"Whether {form.written} can be written shows with the first write; it has no role of its own."
            return Finding(Verdict.UNVERIFIED, "write", subject, message, "", ADMIN)
        if self._roles is None:
            message = f"Whether {form.written} can be written shows with the first write."
            return Finding(Verdict.UNVERIFIED, "write", subject, message, self._role_fix(form.table), ADMIN)
        held = sorted(self._roles.intersection(wanted) or self._roles & {"admin"})
        if held:
            return Finding(Verdict.OK, "write", subject, f"The service account has the role {', '.join(held)}.")
        return _of(self._shop.guide.role_missing(form.written, "write"), "write", subject)

    def _role_fix(self, table: Table) -> str:
        roles = self._shop.settings.roles.get(table.staging or table.name, table.roles)
        return f"Needed: the role {' or '.join(roles)}." if roles else ""

    # --- the whole instance --------------------------------------------------------------------------------------

    async def _seen_roles(self) -> frozenset[str] | None:
        user = self._user
        if not user or "^" in user:
            return None
        try:
            rows = await self._shop.instance.rows(
                "sys_user_has_role", f"user.user_name={user}", ("role.name", "user.user_name")
            )
        except HIDDEN:
            return None
        mine = [row for row in rows if (stored(row.get("user.user_name")) or user) == user]
        return frozenset(filter(None, (stored(row.get("role.name")) for row in mine))) or None

    async def _plugins(self, mappings: Sequence[EntityMapping]) -> list[Finding]:
        """Plugins that are visible and not active."""
        wanted = {table.plugin for m in mappings for table in (m.header, m.lines) if table and table.plugin}
        if not wanted:
            return []
        try:
            query = f"idIN{','.join(sorted(wanted))}"
            rows = await self._shop.instance.rows("v_plugin", query, ("id", "name", "active"))
        except HIDDEN:
            rows = []
        findings = []
        for row in rows:
            plugin, active = stored(row.get("id")) or "", stored(row.get("active")) or ""
            if plugin in wanted and active and not (flag(active) or active.lower() == "active"):
                message = f"Plugin {plugin} ({stored(row.get('name'))}) is not active."
                fix = "Activate it (System Applications > All Available Applications), if it is licensed."
                findings.append(Finding(Verdict.UNVERIFIED, "plugin", plugin, message, fix, ADMIN))
        return findings

    async def _surroundings(self, mappings: Sequence[EntityMapping], profile: str) -> list[Finding]:
        """What documents are written into: the stockroom, the ERP source."""
        instance = self._shop.instance
        if profile != PAGES:
            return await self._erp_source() if mappings else []
        if not any(mapping.header.name == "proc_po" for mapping in mappings):
            return []
        try:
            await stockroom(instance)
        except MLConnectorError as error:
            return [_of(error, "setting", "ship_to_stockroom")]
        return [Finding(Verdict.OK, "setting", "ship_to_stockroom", "The stockroom is there.")]

    async def _erp_source(self) -> list[Finding]:
        sources = await ErpSources.read(self._shop.instance)
        wanted = {self._shop.settings.erp_source, *self._shop.settings.erp_sources.values()} - {""}
        unknown = sorted(name for name in wanted if not sources.knows(name))
        if unknown:
            message = f"There is no ERP source {', '.join(unknown)} in {SOURCES}."
            fix = "Create it there, or correct erp_source."
            return [Finding(Verdict.UNVERIFIED, "setting", "erp_source", message, fix, ADMIN)]
        if not wanted and len(sources.names) != 1:
            message = f"The setting erp_source is empty. On the instance: {', '.join(sources.names) or NONE_SEEN}."
            fix = f"Set erp_source to the name that the ERP has in {SOURCES}; create it there if need be."
            verdict = Verdict.UNVERIFIED if sources.names else Verdict.MISSING
            return [Finding(verdict, "setting", "erp_source", message, fix, "ml-connector operator")]
        message = f"ERP sources: {', '.join(sources.names) or 'not visible'}."
        return [Finding(Verdict.OK, "setting", "erp_source", message)]


def _sign_in_failed(error: MLConnectorError) -> Finding:
    return Finding(Verdict.MISSING, "sign in", "instance", error.message, SIGN_IN_FIX, ADMIN)


def _of(error: MLConnectorError, operation: str, subject: str) -> Finding:
    return Finding(Verdict.MISSING, operation, subject, error.message, error.fix, error.who)


def _remark(finding: Finding) -> Finding:
    """What an optional route lacks keeps nothing else from running."""
    if finding.verdict is not Verdict.MISSING:
        return finding
    message = f"{finding.message} The route is optional and is passed over until then."
    return msgspec.structs.replace(finding, verdict=Verdict.UNVERIFIED, message=message)
