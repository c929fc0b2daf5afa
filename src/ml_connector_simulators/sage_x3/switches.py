"""In which ways one Sage X3 folder differs from another (fact sheet §1 to §3, §5, §6 and "Expect either")."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..framework import Switches

AuthMode = Literal["oauth2", "signed_jwt", "basic"]


class Diagnosis(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The next `times` reads of `entity` are answered 200 with this diagnosis inside."""

    entity: str = ""  # a class; empty: any
    severity: Literal["error", "warning", "info"] = "error"
    message: str = "GESPOH : A fatal error has occurred"
    keeps_rows: bool = False  # False: the rows are missing from the answer
    after: int = 0  # matching reads that go well first
    times: int = 1


class SageSwitches(Switches):
    """Defaults are those of the fact sheet; wherever it says "expect either", the other one is a switch."""

    # Signing in (§2)
    auth_modes: tuple[AuthMode, ...] = ("oauth2", "signed_jwt", "basic")
    token_life_s: int = 300
    refresh_life_s: int = 30 * 86400
    token_answer: Literal["snake_case", "camelCase"] = "snake_case"
    refresh_token_in_answer: bool = True  # False: the answer has none, and a renewal leaves the old one alive
    reuse_ends_pair: bool = False  # using an old refresh token ends the newest pair as well
    token_pause_s: float = 0  # real seconds a token request takes, so that parallel ones can be seen
    jwt_validity_s: int = 300  # the connected app's "tokens validity"
    jwt_clock_behind_s: int = 0  # how far the token checker's clock runs behind
    unauthorized: Literal["json", "redirect"] = "json"  # a missing or bad sign-in may lead to the login page

    # Reading (§3)
    default_count: int = 20
    page_limit: int = 1000
    next_link: Literal["relative", "absolute"] = "relative"
    total_results: Literal["first_page", "always", "never"] = "first_page"
    missing_record: Literal["200", "404"] = "200"
    date_literals: Literal["both", "at", "quoted"] = "both"
    empty_texts: Literal["blank", "null", "absent"] = "blank"  # how an empty text field is written
    empty_dates: Literal["null", "blank", "zeros"] = "null"
    decimals: Literal["number", "text"] = "number"
    arrays: Literal["full", "trimmed", "numbered"] = "full"  # X[n]: all places, no empty ones at the end, X1 X2 ..
    error_body: Literal["diagnoses", "html", "empty"] = "diagnoses"  # of 401 and 403
    locked: tuple[str, ...] = ()  # records in somebody's hands, e.g. PORDER('P9001'); a key read finds the lock
    lock_answer: Literal["409", "200"] = "409"
    busy: int = 0  # so many of the next requests find no free session: 503 with an HTML page
    sessions: int = 0  # the pool's size; a request beyond it is answered 503; 0: unlimited
    pause_s: float = 0  # real seconds a request holds its session
    diagnoses: tuple[Diagnosis, ...] = ()
    sites: Literal["refuse", "hide"] = "refuse"  # a site without right: 403 for lists, or its rows are left out

    # Representations (§3, §5, §6)
    # what the fact sheet calls a class, its representation, a line table -> what it is called here
    class_codes: dict[str, str] = msgspec.field(default_factory=dict)
    representations: dict[str, str] = msgspec.field(default_factory=dict)
    line_arrays: dict[str, str] = msgspec.field(default_factory=dict)
    lines_in_query: tuple[str, ...] = ()  # classes whose $query holds lines
    line_classes: bool = False  # whether line tables are classes of their own
    stampless: tuple[str, ...] = ()  # classes whose facets lack UPDDATTIM
    order_prices: Literal["merged", "beside"] = "merged"  # PORDERP's columns: in PORDERQ, or an array of their own
    analytics: Literal["beside", "nested"] = "beside"  # BPSINVLIGA, GACCENTRYA: beside the lines, or inside each
    invoice_line_coding: bool = True  # whether PINVOICED lines show ACC, DIE and CCE
    partner_in_supplier: bool = False  # whether BPSUPPLIER.$details shows BPRNAM, CRN, EECNUM, CRY, LAN

    # Stamps (§6)
    line_edits_touch_header: bool = True  # False: a change of a line leaves the header's stamp where it was
