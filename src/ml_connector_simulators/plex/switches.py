"""In which ways one Plex customer differs from another: the sheet's [A] labels and its section "Expect either"."""

from __future__ import annotations

from typing import Literal

from ..framework import Switches


class PlexSwitches(Switches):
    """The defaults are those of the fact sheet."""

    token_life_s: int = 3600  # §1a
    client_auth: Literal["either", "body", "basic"] = "either"  # §1a: where the client of a token request stands
    secret_required: bool = True  # §1b: some apps have a secret beside the key
    key_life_days: int = 31  # §1b: counted from the start or the last renewal; 0: for ever
    default_pcn: str = "104456"  # §1b, §6.2: the tenant that answers when no header names one
    tenant_code: Literal["pcn", "name"] = "pcn"  # what `code` of /mdm/v1/tenants holds; undocumented
    calls_per_minute: int = 100_000  # §0: the vendor's is 200, which tests set; nobody waits by default; 0: unlimited
    calls_counted_by: Literal["credential", "product"] = "credential"  # Expect either
    over_limit: Literal["429", "403"] = "429"  # §5: the guide of 2017 had 403 for quota
    retry_after: Literal["seconds", "date", "absent"] = "seconds"
    role_missing: Literal["403", "empty"] = "403"  # §0: 403 or empty results
    departments: Literal["present", "401", "404"] = "present"  # §2: no portal endpoint, an assumed one
    active_default: Literal["true", "all"] = "true"  # Expect either: what an absent `active` means
    bounds_inclusive: bool = True  # §3; False: xEnd is exclusive
    invoice_list_lines: Literal["full", "absent", "null"] = "full"  # Expect either: lines only in the detail
    null_fields: Literal["null", "absent"] = "null"  # §2: read fields may be null or absent
    double_noise: bool = False  # §6.3: money with the last bit of a double wrong, as after a computation
    tax_currency: Literal["plant", "invoice"] = "plant"  # of taxes[]; the sheet gives no second field for it
    debit_memo_sign: Literal["negative", "positive"] = "negative"  # of a debit memo's header amounts; undocumented
    cancelled_word: Literal["Cancelled", "Canceled"] = "Cancelled"  # Expect either
    line_edit_moves: Literal["line", "header"] = "line"  # §3: whose stamp the edit of an order line moves
    release_edit_moves: Literal["release", "header"] = "release"  # §3
    invoice_line_edit_moves: Literal["header", "nothing"] = "header"  # lines are part of the invoice's body
    supplier_detail_edit_moves: Literal["detail", "supplier"] = "detail"  # addresses and further pages of a supplier
    error_body: Literal["full", "short", "text"] = "full"  # §4: `errors` may be absent, the body no JSON
