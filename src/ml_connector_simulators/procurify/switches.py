"""In which ways one Procurify domain, or one reading of its documentation, differs from another."""

from __future__ import annotations

from typing import Literal

from ..framework import Switches


class ProcurifySwitches(Switches):
    """The defaults are those of the fact sheet; the numbers are its sections."""

    # Sign-in (1)
    token_life_s: int = 86400
    token_body: Literal["json", "form"] = "json"
    audience: str = "https://api.procurify.com/"
    missing_client_header_status: Literal[401, 403, 400] = 401

    # Conventions (2)
    default_page_size: int = 10
    max_page_size: int = 100  # larger ones are clamped
    next_link: Literal["foreign_host", "own_host", "relative"] = "foreign_host"
    top_level_pagination: tuple[str, ...] = ("payments",)  # sets whose lists carry it there; "*" for all
    default_order: Literal["id", "newest_first", "shuffled"] = "id"  # without order_by
    uuids: Literal["hyphenated", "bare"] = "hyphenated"
    time_zone: str = "America/Vancouver"  # the tenant's: offsets of time stamps, days of date filters
    vendor_name_filter: Literal["exact", "contains"] = "exact"

    # Limits (5)
    requests_per_minute: int = 0  # 0: unlimited
    retry_after: Literal["seconds", "absent"] = "seconds"

    # Writes (6, "Expect either")
    error_style: Literal["envelope", "drf"] = "envelope"
    vendor_name_lookup: Literal["lowest_id", "active_only"] = "lowest_id"
    """Among vendors of equal name the lowest id wins even when it is inactive, or only active ones count."""
    accounts_without_departments: bool = False
    """Whether an account code posted without departments gets an account (budget) in every department."""
    unique_account_codes: bool = False
    location_currency: Literal["code", "id"] = "code"
    strict_dates: bool = True  # a date-time where a date belongs: 400
    positive_quantity: bool = True  # a quantity must exceed 0
    numbers_for_decimals: bool = True  # a number is taken where a decimal string belongs
    trim_texts: bool = False  # whether blanks around a written text are taken off
    plex_po_number_field: bool = True
    """Whether an admin has made the custom field `Plex PO Number`; without it a requisition naming it is a 400."""
    auto_advance_seconds: float | None = None
    """Simulated seconds after which a requisition is approved, and again after which it is bought; None: by hand."""
