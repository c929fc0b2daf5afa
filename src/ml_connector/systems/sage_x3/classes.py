"""The classes of api1 that are read, as the dictionary has them, and the line arrays of their representations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class X3Class:
    """A class; code and property names can be replaced by settings."""

    code: str
    """Main table's code (FACTS 20)."""
    key: tuple[str, ...]
    needed: tuple[str, ...] = ()
    """Properties beside the key without which records would be wrong or incomplete."""
    parent: tuple[str, ...] = ()
    """Of lines and addresses: the properties that make the key of the record they belong to."""


CLASSES: dict[str, X3Class] = {
    "suppliers": X3Class("BPSUPPLIER", ("BPSNUM",), ("BPSNAM", "ENAFLG", "CUR", "PTE")),
    "business_partners": X3Class("BPARTNER", ("BPRNUM",), parent=("BPRNUM",)),
    "supplier_addresses": X3Class("BPADDRESS", ("BPATYP", "BPANUM", "BPAADD"), parent=("BPANUM",)),
    "purchase_orders": X3Class(
        "PORDER", ("POHNUM",), ("POHFCY", "BPSNUM", "ORDDAT", "CUR", "CLEFLG", "RCPFLG", "INVFLG", "TOTORD")
    ),
    "purchase_order_lines": X3Class("PORDERQ", ("POHNUM", "POPLIN", "POQSEQ"), parent=("POHNUM",)),
    "purchase_order_prices": X3Class("PORDERP", ("POHNUM", "POPLIN", "POPSEQ"), parent=("POHNUM",)),
    "invoices": X3Class(
        "PINVOICE", ("NUM",), ("BPR", "BPRVCR", "BPRDAT", "INVTYP", "SNS", "CUR", "AMTNOT", "AMTATI", "STA")
    ),
    "invoice_purchase_lines": X3Class("PINVOICED", ("NUM", "PIDLIN"), parent=("NUM",)),
    "invoice_partner_lines": X3Class("BPSINVLIG", ("NUM", "LIG"), parent=("NUM",)),
    "invoice_splits": X3Class("BPSINVLIGA", ("NUM", "LIG", "ANALIG"), parent=("NUM",)),
    "gl_accounts": X3Class("GACCOUNT", ("COA", "ACC"), ("DES", "ENAFLG", "VLYSTR", "VLYEND")),
    "cost_centers": X3Class("CACCE", ("DIE", "CCE"), ("DES", "ENAFLG", "VLYSTR", "VLYEND")),
    "gl_entries": X3Class("GACCENTRY", ("TYP", "NUM"), ("ACCDAT", "CUR", "STA", "CAT")),
    "gl_entry_lines": X3Class("GACCENTRYD", ("TYP", "NUM", "LIN", "LEDTYP"), parent=("TYP", "NUM")),
    "gl_entry_splits": X3Class("GACCENTRYA", ("TYP", "NUM", "LIN", "LEDTYP", "ANALIN"), parent=("TYP", "NUM")),
}
"""By collection, the word that settings use (FACTS 21-27)."""

ARRAYS = ("BPAADDRESS", "PORDERQ", "PORDERP", "PINVOICED", "BPSINVLIG", "BPSINVLIGA", "GACCENTRYD", "GACCENTRYA")
"""Line arrays of the representations (FACTS 28)."""
