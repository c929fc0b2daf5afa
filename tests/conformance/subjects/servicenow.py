"""ServiceNow as a system under test: the product pages' tables by Batch and one by one, and the staging tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from conformance.subject import Absence, Subject, Values, Variant
from ml_connector.records import Entity
from ml_connector.systems.base import Target

PAGES, SINGLE, STAGING = "pages", "single", "staging"
BOTH_PAGES = (PAGES, SINGLE)
ADMINISTRATOR = "ServiceNow administrator"

ROLES = (
    "sn_apay.apo_user",
    "sn_ap_apm.accounts_payable_specialist",
    "procurement_user",
    "sn_shop.procurement_common_user",
    "sn_fin.procurement_user",
    "sn_fcms_intg.integration_user",
    "import_transformer",
    "sn_spend_intg.procurement_integrator",
)
"""What the integration user of the simulator may do, role by role."""
WRITE_ROLE = {
    Entity.PURCHASE_ORDERS: "procurement_user",
    Entity.INVOICES: "sn_apay.apo_user",
    Entity.GL_ACCOUNTS: "procurement_user",
}
POISON = {
    "core_company": {"name": "n" * 300},
    "itfm_gl_accounts": {"account_number": "7" * 60},
    "cmn_cost_center": {"account_number": "7" * 60},
    "cmn_department": {"id": "7" * 60},
    "cmn_location": {"name": "n" * 300},
    "proc_po": {"ship_to": ""},
    "sn_apo_invoice": {"supplier_invoice_number": "7" * 60},
    "u_erp_gl_posting": {"u_journal": "7" * 60},
}
"""Values that a table of the pages refuses (a mandatory column left empty) or cuts."""
NET = {
    (PAGES, Entity.PURCHASE_ORDERS): ("line:1/1", "cost"),
    (PAGES, Entity.INVOICES): ("header", "subtotal"),
    (STAGING, Entity.PURCHASE_ORDERS): ("header", "total_amount"),
    (STAGING, Entity.INVOICES): ("header", "subtotal"),
}
CODE = {
    (PAGES, Entity.GL_ACCOUNTS): "account_number",
    (PAGES, Entity.COST_CENTERS): "account_number",
    (PAGES, Entity.DEPARTMENTS): "id",
    (PAGES, Entity.LOCATIONS): "correlation_id",
    (PAGES, Entity.SUPPLIERS): "correlation_id",
    (PAGES, Entity.PURCHASE_ORDERS): "correlation_id",
    (PAGES, Entity.INVOICES): "supplier_invoice_number",
    (PAGES, Entity.GL_POSTINGS): "u_journal",
    (STAGING, Entity.GL_POSTINGS): "u_journal",
    (STAGING, Entity.GL_ACCOUNTS): "gl_account",
    (STAGING, Entity.COST_CENTERS): "account_number",
    (STAGING, Entity.DEPARTMENTS): "id",
    (STAGING, Entity.LOCATIONS): "",
    (STAGING, Entity.SUPPLIERS): "erp_number",
    (STAGING, Entity.PURCHASE_ORDERS): "erp_number",
    (STAGING, Entity.INVOICES): "supplier_invoice_number",
}
"""Column that holds the ERP's code or number; "" where the table has none."""


class ServiceNowSubject(Subject):
    """An instance with all modules."""

    system = "servicenow"
    variants = (
        Variant(PAGES, {"profile": "pages"}, {"profile": "pages"}),
        Variant(SINGLE, {"profile": "pages", "batch_size": 0}, {"profile": "pages"}),
        Variant(STAGING, {"profile": "s2p_staging"}, {"profile": "s2p"}),
    )
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    absences = (
        Absence("order role", Entity.PURCHASE_ORDERS, {"take_role": "procurement_user"},
                ("procurement_user", "proc_po", ADMINISTRATOR), variants=BOTH_PAGES),
        Absence("order module", Entity.PURCHASE_ORDERS, {"take_plugin": "com.snc.procurement"},
                ("com.snc.procurement", "proc_po", ADMINISTRATOR), variants=BOTH_PAGES),
        Absence("key column", Entity.PURCHASE_ORDERS, {"take_column": "correlation_id", "table": "proc_po"},
                ("proc_po.correlation_id", "erp_key_columns"), variants=BOTH_PAGES),
        Absence("column", Entity.SUPPLIERS, {"take_column": "vendor", "table": "core_company"},
                ("core_company.vendor", ADMINISTRATOR), variants=BOTH_PAGES),
        Absence("stockroom", Entity.PURCHASE_ORDERS, {}, ("ship_to_stockroom", "Nowhere", "Central Receiving"),
                settings={"ship_to_stockroom": "Nowhere"}, variants=BOTH_PAGES),
        Absence("staging role", Entity.SUPPLIERS, {"take_role": "sn_fcms_intg.integration_user"},
                ("sn_fcms_intg.integration_user", ADMINISTRATOR), variants=(STAGING,)),
        Absence("staging module", Entity.INVOICES, {"take_plugin": "com.glide.sn_spend_intg"},
                ("com.glide.sn_spend_intg", "sn_spend_intg_imp_invoice", ADMINISTRATOR), variants=(STAGING,)),
    )  # fmt: skip

    @property
    def _profile(self) -> str:
        return STAGING if self.variant.name == STAGING else PAGES

    # Signing in --------------------------------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        self.simulator.grant({"expire_tokens": True})

    def disable_client(self) -> None:
        self.switch(grant_enabled=False)

    def take_roles(self) -> tuple[str, ...]:
        for role in ROLES:
            self.simulator.grant({"take_role": role})
        if self._profile == STAGING:
            return "sn_fcms_intg.integration_user", "sn_spend_intg.procurement_integrator", "sn_fin.procurement_user"
        return "procurement_user", "sn_apay.apo_user"

    def issued_tokens(self) -> list[str]:
        return list(self.simulator.oauth.tokens)  # type: ignore[attr-defined]

    # Reading back ------------------------------------------------------------------------------------------------

    def known_codes(self) -> tuple[Entity, dict[str, list[str]]]:
        """Orders that people typed; their number stands over the automatic one."""
        table = "sn_shop_purchase_order" if self._profile == STAGING else "proc_po"
        found: dict[str, list[str]] = {}
        for row in self.rows(table):
            found.setdefault(row["number"], []).append(row["sys_id"])
        return Entity.PURCHASE_ORDERS, {code: sorted(ids) for code, ids in found.items()}

    # Writing -----------------------------------------------------------------------------------------------------

    def id_of(self, row: Values) -> str:
        return str(row["sys_id"])

    def money(self, text: str) -> tuple[str, Decimal]:
        """`EUR;12.35`, or the FX currency row that holds it."""
        if ";" in text:
            currency, _, amount = text.partition(";")
            return currency, Decimal(amount)
        row = next(row for row in self.rows("fx_currency2_instance") if row["sys_id"] == text)
        return row["currency"], Decimal(row["amount"])

    def net_of(self, entity: Entity) -> tuple[str, str]:
        return NET[self._profile, entity]

    def code_column(self, entity: Entity) -> str:
        return CODE[self._profile, entity]

    def poison(self, target: Target, payload: Values, table: str) -> dict[str, Any]:
        staged = self._profile == STAGING and table != "u_erp_gl_posting"
        return {**payload, **({"u_erp_source": ""} if staged else POISON[table])}

    def revoke_writing(self, entity: Entity) -> tuple[str, ...]:
        self.take_roles()
        if self._profile == STAGING and entity is not Entity.GL_POSTINGS:
            spend = entity is Entity.INVOICES
            return ("sn_spend_intg.procurement_integrator" if spend else "sn_fcms_intg.integration_user",)
        return (WRITE_ROLE.get(entity, "may not write"),)

    def is_cancelled(self, row: Values) -> bool:
        return (row.get("status") or row.get("state")) == "canceled"

    def add_column(self, table: str) -> None:
        self.simulator.grant({"give_column": "u_nobody_knows", "table": table})

    def touches(self, rows: Sequence[Values]) -> list[Any]:
        return sorted((row["sys_id"], row["sys_mod_count"]) for row in rows)


SUBJECT = ServiceNowSubject
