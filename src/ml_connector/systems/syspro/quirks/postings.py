"""Postings: one line of a journal, with what only the journal knows."""

from __future__ import annotations

from ml_connector.records import join_key
from ml_connector.systems.syspro.quirks.analysis import centers_of
from ml_connector.systems.syspro.quirks.references import Document, Knowledge, account_of, segment_center
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import amount, day, words


def prepare_posting(document: Document, knowledge: Knowledge) -> None:
    """One line of a journal, with what only the journal knows."""
    journal, line = document["head"], document["line"][0]
    code = key_text(line.get("GlCode"))
    if knowledge["segment"] is not None:
        center = segment_center(code, knowledge)
    else:
        period = [{"TrnYear": line.get("GlYear"), "TrnMonth": line.get("GlPeriod")}]
        given = centers_of(document["analysis"], period, knowledge)
        mine = [each for each in given if each[1] == amount(line, "EntryValue")]  # several lines may share an entry
        found = [{each for each, _ in some} for some in (given, mine)]
        center = next((next(iter(some)) for some in found if len(some) == 1), None)
    names = ("GlYear", "GlPeriod", "Journal", "EntryNumber")
    journal |= {
        "key": join_key(knowledge["company"], *(key_text(line.get(name)).strip() for name in names)),
        "journal": words(journal, "GlJournal"),
        "line": words(line, "EntryNumber"),
        "posting_date": day(journal.get("PostDate")),
        "entry_date": day(line.get("EntryDate")) or day(journal.get("JournalDate")),
        "period": f"{words(line, 'GlYear')}-{words(line, 'GlPeriod').zfill(2)}",
        "gl_account": account_of(knowledge["company"], code),
        "cost_center": center,
        "currency": knowledge["currency"],
        "amount": amount(line, "EntryValue"),
        "text": words(line, "Comment") or words(line, "Reference"),
    }
