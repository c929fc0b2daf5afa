"""The tables, their columns, and which class shows which lines (fact sheet §5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["A", "M", "I", "N", "D", "T"]  # text, local menu, whole number, decimal, date, UTC stamp

_COLUMN = re.compile(r"(?P<name>\w+) (?P<kind>[AMINDT])(?P<length>\d*)(?:\[(?P<size>\d+)\])?(?P<needed>!?)")
_TECHNICAL = "CREDATTIM T, UPDDATTIM T, updatedDate T, UPDUSR A5, AUUID A36, UPDDAT D"


@dataclass(frozen=True)
class Column:
    """`size` 0: a single value, else an array of that many."""

    name: str
    kind: Kind
    length: int
    size: int
    needed: bool


@dataclass(frozen=True)
class Table:
    """A table and the class of the same name; lines have a `parent`, whose key their columns `link` hold."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    site: str = ""  # the column that says whose site it is
    parent: str = ""
    link: tuple[str, ...] = ()
    array: str = ""  # the name of the lines in the parent's $details
    inside: tuple[str, ...] = ()  # analytics: the further key by which they belong to a line of `inside_of`
    inside_of: str = ""
    only: Mapping[str, object] = field(default_factory=dict)  # what lines must hold to be shown inside the parent
    own_class: bool = False  # lines that are a class in every installation

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    def __hash__(self) -> int:
        return hash(self.name)


def _columns(text: str) -> Iterator[Column]:
    """Reads `NAME A15!, OTHER N, ARRAY M[3]`; `!` marks a mandatory one."""
    for part in f"{text}, {_TECHNICAL}".split(","):
        found = _COLUMN.fullmatch(" ".join(part.split()))
        assert found, part
        kind: Kind = found["kind"]  # type: ignore[assignment]
        yield Column(found["name"], kind, int(found["length"] or 0), int(found["size"] or 0), bool(found["needed"]))


def _table(name: str, key: str, columns: str, **more: object) -> Table:
    return Table(name, tuple(key.split()), tuple(_columns(columns)), **more)  # type: ignore[arg-type]


_DISCOUNTS = ", ".join(f"DISCRGVAL{n} N" for n in range(1, 10))
_CODING = "DIE A3[9], CCE A15[9]"
_TABLES = (
    _table(
        "BPSUPPLIER",
        "BPSNUM",
        f"""BPSNUM A15!, BPSNAM A35!, BPSSHO A10, BPSTYP M, BSGCOD A5!, ENAFLG M, CUR A3!, PTE A15!, VACBPR A5!,
        BPRPAY A15, BPCNUMBPS A20, BPAADD A5!, CNTNAM A15, PAYLOKFLG M, DOUFLG M, ORDMINAMT N, BPSREM A250,
        ACCCOD A10, {_CODING}""",
    ),
    _table(
        "BPARTNER", "BPRNUM", "BPRNUM A15!, BPRNAM A35[2]!, CRN A20, EECNUM A20, CRY A3!, LAN A3!, CUR A3, ENAFLG M"
    ),
    _table(
        "BPADDRESS",
        "BPATYP BPANUM BPAADD",
        """BPATYP M!, BPANUM A15!, BPAADD A5!, BPADES A30, BPAADDLIG A50[3], POSCOD A10, CTY A40, SAT A35, CRY A3!,
        TEL A40, WEB A250""",
        parent="BPSUPPLIER",
        link=("BPANUM",),
        array="BPAADDRESS",
        only={"BPATYP": 1},
        own_class=True,
    ),
    _table(
        "PORDER",
        "POHNUM",
        f"""POHNUM A20!, POHFCY A5!, CPY A5, BPSNUM A15!, BPSINV A15, BPRPAY A15, BPRNAM A35[2], ORDDAT D!, ORDREF A20,
        CUR A3!, CHGTYP M, CHGCOE N, PTE A15, POHTYP M, BUY A5, INVFCY A5, RCPFCY A5, EXTRCPDAT1 D, CLEFLG M, APPFLG M,
        RCPFLG M, INVFLG M, REVNUM I, TOTORD N, TTVORD N, TOTTAXAMT N, {_CODING}""",
        site="POHFCY",
    ),
    _table(
        "PORDERQ",
        "POHNUM POPLIN POQSEQ",
        f"""POHNUM A20!, POPLIN I!, POQSEQ I!, POPSEQ I, ITMREF A20, ITMREFBPS A20, ITMDES A30, UOM A3, QTYUOM N,
        PUU A3, QTYPUU N, RCPQTYPUU N, INVQTYPUU N, EXTRCPDAT D, PRHFCY A5, GROPRI N, NETPRI N, {_DISCOUNTS},
        LINAMT N, LINATIAMT N, LINCLEFLG M, LININVFLG M, LINSTA M, VAT A3[3], ACC A15,
        {_CODING}""",
        parent="PORDER",
        link=("POHNUM",),
        array="PORDERQ",
    ),
    _table(
        "PINVOICE",
        "NUM",
        """NUM A20!, GTE A5, JOU A5, CPY A5, FCY A5!, BPR A15!, BPRPAY A15, BPRNAM A35[2], BPRSAC A10, ACCDAT D!,
        BPRVCR A20, BPRDAT D, INVTYP M, PIVTYP A5, SNS I, CUR A3!, CURTYP M, RATMLT N[9], PTE A15, STRDUDDAT D, VAC A5,
        AMTNOT N, AMTATI N, AMTNOTL N, AMTATIL N, AMTTAX N[20], TAX A3[20], DES A30[5], INVREF A20, PAZ M, STA M,
        TWMSTA M, ORIMOD M""",
        site="FCY",
    ),
    _table(
        "PINVOICED",
        "NUM PIDLIN",
        f"""NUM A20!, PIDLIN I!, TYPORI M, POHNUM A20, POPLIN I, POQSEQ I, PTHNUM A20, PTDLIN I, ITMREF A20, ITMDES A30,
        UOM A3, QTYUOM N, NETPRI N, AMTNOTLIN N, AMTATILIN N, AMTTAXLIN1 N, AMTTAXLIN2 N, AMTTAXLIN3 N, VAT A3[3],
        FCYLIN A5, ACC A15, {_CODING}""",
        parent="PINVOICE",
        link=("NUM",),
        array="PINVOICED",
    ),
    _table(
        "BPSINVLIG",
        "NUM LIG",
        """NUM A20!, LIG I!, FCYLIN A5, COA A3[10], ACC A15[10], BPRLIN A15, DES A30, QTY N, AMTNOTLIN N, AMTATILIN N,
        TAX1 A3, TAX2 A3, VAT A3""",
        parent="PINVOICE",
        link=("NUM",),
        array="BPSINVLIG",
    ),
    _table(
        "BPSINVLIGA",
        "NUM LIG ANALIG",
        f"NUM A20!, LIG I!, ANALIG I!, ACC A15[10], {_CODING}, AMT N",
        parent="PINVOICE",
        link=("NUM",),
        array="BPSINVLIGA",
        inside=("LIG",),
        inside_of="BPSINVLIG",
    ),
    _table(
        "GACCOUNT",
        "COA ACC",
        """COA A3!, ACC A15!, DES A30!, DESSHO A10, ENAFLG M, CLSCOD A5, SAC A10, CUR A3, VLYSTR D, VLYEND D, FCY A5,
        DIE A3[9], CCEDEF A15[9]""",
    ),
    _table(
        "CACCE",
        "DIE CCE",
        "DIE A3!, CCE A15!, DES A30!, DESSHO A10, ENAFLG M, FCY A5, VLYSTR D, VLYEND D",
    ),
    _table(
        "GACCENTRY",
        "TYP NUM",
        """TYP A5!, NUM A20!, JOU A5, CPY A5, FCY A5!, ACCDAT D!, ENTDAT D, CUR A3!, STA M, CAT M, BPRVCR A20,
        DESVCR A30, REF A20, ORIMOD M, FIY I, PER I""",
        site="FCY",
    ),
    _table(
        "GACCENTRYD",
        "TYP NUM LIN LEDTYP",
        """TYP A5!, NUM A20!, LIN I!, LEDTYP M!, ACC A15, COA A3, BPR A15, SNS I, AMTCUR N, AMTLED N, DES A30,
        FCYLIN A5""",
        parent="GACCENTRY",
        link=("TYP", "NUM"),
        array="GACCENTRYD",
    ),
    _table(
        "GACCENTRYA",
        "TYP NUM LIN LEDTYP ANALIN",
        f"TYP A5!, NUM A20!, LIN I!, LEDTYP M!, ANALIN I!, {_CODING}, AMTCUR N",
        parent="GACCENTRY",
        link=("TYP", "NUM"),
        array="GACCENTRYA",
        inside=("LIN", "LEDTYP"),
        inside_of="GACCENTRYD",
    ),
)
TABLES = {table.name: table for table in _TABLES}
LINES = {head: tuple(t for t in _TABLES if t.parent == head) for head in TABLES}
STAMPS = frozenset({"UPDDATTIM", "updatedDate"})
CODING = frozenset({"ACC", "DIE", "CCE"})
PRICE_KEY = ("POHNUM", "POPLIN", "POPSEQ")
PRICES = frozenset({"ITMDES", "GROPRI", "NETPRI", "VAT", *(f"DISCRGVAL{n}" for n in range(1, 10))})
"""The columns of PORDERP; several PORDERQ lines may share one."""
