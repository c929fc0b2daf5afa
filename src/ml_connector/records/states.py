"""The eight states of a record and the closed list of reasons for being in one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a record stands; every record in scope is in exactly one."""

    RECEIVED = "received"
    WAITING = "waiting"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    LANDED = "landed"
    HELD = "held"
    REJECTED = "rejected"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record is where it is, in the words of the people who will act on it."""

    code: str
    state: State
    meaning: str
    fix: str
    who: str


ERP, TARGET, OPERATOR, NOBODY = "ERP user", "target user", "ml-connector operator", "nobody"

_TABLE = (
    # waiting
    ("PARENT_NOT_DELIVERED", State.WAITING, "What it refers to is not on the target yet.", "Nothing to do: it goes by itself once its parent has arrived. If the parent was rejected, correct the parent.", NOBODY),
    ("PARENT_NOT_RELEASED", State.WAITING, "The purchase order it refers to is not released at the source yet.", "Release the purchase order in the ERP.", ERP),
    ("NOT_YET_ON_TARGET", State.WAITING, "It is only compared with what people enter on the target, and nobody has entered it yet.", "Enter it on the target; it is looked for on each run.", TARGET),
    ("WAITING_APPROVAL", State.WAITING, "The target holds it until somebody approves it.", "Approve or deny it on the target.", TARGET),
    # in doubt
    ("OUTCOME_UNKNOWN", State.IN_DOUBT, "A write left and no clear answer came back.", "Nothing to do: the target is asked again once no late write can happen any more.", NOBODY),
    ("PARTIAL_ON_TARGET", State.IN_DOUBT, "Only a part of the document is on the target.", "Nothing to do: the next run completes it.", NOBODY),
    # held
    ("DUPLICATE_SUSPECT", State.HELD, "Another record has the same supplier, series, type and number.", "Compare both. Release this one if it is real, exclude it if it is a duplicate.", ERP),
    ("ADOPTION_AMBIGUOUS", State.HELD, "Several rows on the target look like this record.", "Remove or mark the superfluous rows on the target, then release.", TARGET),
    ("ADOPTION_DIFFERS", State.HELD, "Somebody keyed this document on the target by hand, and its lines differ.", "Make the document on the target equal to the ERP's, then release; or exclude it.", TARGET),
    ("KEY_OF_ANOTHER", State.HELD, "The target has a record of another ERP or company under the same key.", "Tell the two apart on the target (for ServiceNow: an erp_source each, see erp_sources), then release.", OPERATOR),
    ("HELD_BY_PERSON", State.HELD, "A person holds it back.", "Release it when it may go.", OPERATOR),
    # rejected
    ("MANDATORY_MISSING", State.REJECTED, "A mandatory value is missing at the source.", "Enter the value in the ERP.", ERP),
    ("UNREADABLE_VALUE", State.REJECTED, "A value of the source cannot be understood.", "Correct the value in the ERP.", ERP),
    ("INVALID", State.REJECTED, "The record breaks a rule.", "Correct the record in the ERP.", ERP),
    ("TOTAL_DIFFERS", State.REJECTED, "The header's amount is not the sum of its lines.", "Correct the document in the ERP.", ERP),
    ("NO_LINES", State.REJECTED, "The document has no lines.", "Add the lines in the ERP, or cancel the document.", ERP),
    ("DIMENSION_MISSING", State.REJECTED, "A GL account or cost center is not given, or does not exist at the source.", "Enter or create it in the ERP, run, then replay.", ERP),
    ("DIMENSION_INACTIVE", State.REJECTED, "A GL account or cost center is blocked or inactive.", "Use another one in the ERP or activate it, run, then replay.", ERP),
    ("DIMENSION_OUT_OF_VALIDITY", State.REJECTED, "A GL account or cost center is not valid on the document's date.", "Extend its validity in the ERP or use another one, run, then replay.", ERP),
    ("DIMENSION_MISSING_ON_TARGET", State.REJECTED, "A GL account or cost center is not on the target.", "Create or restore it on the target, then replay.", TARGET),
    ("DIMENSION_INACTIVE_ON_TARGET", State.REJECTED, "A GL account or cost center is inactive or not valid on that date on the target.", "Activate it on the target, then replay.", TARGET),
    ("REFERENCE_MISSING", State.REJECTED, "Something it refers to does not exist at the source.", "Correct the reference in the ERP, run, then replay.", ERP),
    ("REFERENCE_MISSING_ON_TARGET", State.REJECTED, "Something it refers to was removed from the target.", "Restore it on the target, then replay.", TARGET),
    ("PARENT_OUT_OF_SCOPE", State.REJECTED, "What it refers to is outside of what this flow moves.", "Widen the flow, release the excluded parent, or exclude this record.", OPERATOR),
    ("VALUE_TOO_LONG", State.REJECTED, "A value does not fit into the target's column and must not be cut.", "Shorten it in the ERP, or widen the column.", TARGET),
    ("VALUE_WOULD_BE_CUT", State.REJECTED, "The target would store this number without its fraction.", "Make the target's column a decimal, or change the unit in the ERP.", TARGET),
    ("VALUE_NOT_STORED", State.REJECTED, "The target answered success but did not store a value as sent.", "Check that column's access rule and type on the target, then replay.", TARGET),
    ("REFUSED_BY_TARGET", State.REJECTED, "The target refused the write.", "Read the target's message; correct the cause, then replay.", TARGET),
    ("HIDDEN_BY_ACCESS_RULES", State.REJECTED, "The row exists on the target but our user may not see it.", "Give the service account read access to that row, then replay.", TARGET),
    ("TARGET_LOCKED", State.REJECTED, "The document on the target is closed for changes.", "Make the change on the target by hand, or reopen the document there and replay.", TARGET),
    ("TARGET_IMMUTABLE", State.REJECTED, "The target does not allow a change after sending.", "Make the change on the target by hand, then replay; or exclude it.", TARGET),
    ("DENIED_BY_APPROVER", State.REJECTED, "An approver on the target denied it.", "Talk to the approver. It is not sent again: enter it on the target by hand if it is wanted after all, or exclude it.", TARGET),
    ("DIFFERS_ON_TARGET", State.REJECTED, "What people entered on the target differs from the ERP.", "Correct the one that is wrong, run, then replay.", TARGET),
    # excluded
    ("BEFORE_CUTOVER", State.EXCLUDED, "Dated before the flow's start and closed.", "Nothing to do.", NOBODY),
    ("NOT_RELEASED", State.EXCLUDED, "Not released at the source yet.", "Nothing to do: it comes when the ERP releases it.", ERP),
    ("CANCELLED_AT_SOURCE", State.EXCLUDED, "Cancelled at the source before it was ever sent.", "Nothing to do.", NOBODY),
    ("OUT_OF_SCOPE", State.EXCLUDED, "Outside of what the flow moves.", "Nothing to do.", NOBODY),
    ("EXCLUDED_BY_PERSON", State.EXCLUDED, "A person excluded it.", "Release it if it should go after all.", OPERATOR),
)  # fmt: skip

REASONS: dict[str, Reason] = {row[0]: Reason(*row) for row in _TABLE}
