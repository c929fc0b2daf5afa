"""The history of one record in plain sentences, oldest first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ml_connector.cli import words
from ml_connector.cli.payload import currency_of, payload_table, sections

if TYPE_CHECKING:
    from ml_connector.cli.output import Output

Json = dict[str, Any]

ORIGINS = {
    "from_source": "Read from {source}.",
    "parent": "Fetched from {source} because another record refers to it.",
    "sweep": "Read from {source}: comparing all records showed that it had changed.",
}
STATES = {
    "received": "Stored, not looked at yet.",
    "waiting": "It waits.",
    "in_doubt": "Whether it arrived is not known yet.",
    "delivered": "Delivered; {target} still works on it.",
    "landed": "Landed: it is in {target} as it should be.",
    "held": "Held back.",
    "rejected": "Set aside.",
    "excluded": "Left out.",
}
DECISIONS = {"held": "held it back", "excluded": "excluded it", "released": "released it"}
NOTES = {
    "missing_at_source": "Not found in {source} any more when all records were compared.",
    "in_doubt": "The run was interrupted while this was being sent: whether it arrived is looked up next.",
}
ACTIONS = {"create": "create", "update": "change"}


class Teller:
    """Tells one record's history; `told` is what `Application.record` returns."""

    def __init__(self, told: Json, output: Output) -> None:
        self._told = told
        self._output = output
        self._names = {"source": told["source"]["title"], "target": told["target"]["title"]}

    def tell(self) -> None:
        steps: list[Json] = self._told["history"]
        now = next((step for step in reversed(steps) if step["step"] == "now"), None)
        label = f"  {self._escape(now['label'])}" if now and now["label"] else ""
        kind = self._told["singular"]
        title = f"{kind[:1].upper()}{kind[1:]}"
        state = f"  {words.state(now['state'])}" if now else ""
        self._output.show(f"[bold]{title} {self._escape(self._told['key'])}[/]{label}{state}")
        self._output.show(
            f"{self._escape(self._names['source'])} into {self._escape(self._names['target'])}, "
            f"flow {self._escape(self._told['flow'])}"
        )
        for step in steps:
            if step["step"] != "now":
                self._step(step)
        if now:
            self._now(now)

    def _step(self, step: Json) -> None:
        self._output.show(f"\n[dim]{words.moment(step['at'])}[/]")
        kind = step["step"]
        if kind == "read":
            self._read(step)
        elif kind == "intended":
            self._intended(step)
        elif kind == "settled":
            self._settled(step)
        elif kind in DECISIONS:
            who = self._escape(step["by"].removeprefix("cli:") or "Somebody")
            self._line(f"{who} {DECISIONS[kind]}: {self._escape(step['reason'])}")
        else:
            self._noted(step)

    def _read(self, step: Json) -> None:
        sentence = ORIGINS.get(step["origin"], "Read from {source}.").format(**self._names)
        changed = f" Last changed there: {self._escape(step['modified'])}." if step.get("modified") else ""
        self._line(self._escape(sentence) + changed)
        if step["raw"] is None:
            self._line("What was read has been erased since.")
        elif isinstance(step["raw"], dict):
            self._tables(sections(step["raw"], "record"))
        if step.get("understood"):
            self._line("Understood as:")
            self._tables(sections(step["understood"], self._told["singular"]))

    def _intended(self, step: Json) -> None:
        if step["writes"] is None:
            self._line(f"Sent to {self._names['target']}; what was sent has been erased since.")
            return
        groups = Counter((write["action"], write["table"], _part(write["part"])) for write in step["writes"])
        parts = [
            f"{words.count(number, name) if name != 'header' else 'the header'} to {ACTIONS.get(action, action)} "
            f"in {table}"
            for (action, table, name), number in groups.items()
        ]
        self._line(self._escape(f"Sent to {self._names['target']}: {', '.join(parts)}."))
        if step.get("open"):
            self._line("No answer has been noted yet.")
        rows: dict[str, list[Json]] = {}
        for write in step["writes"]:
            rows.setdefault(write["table"], []).append({"": write["part"], **write["payload"]})
        self._tables(rows)

    def _settled(self, step: Json) -> None:
        issues, answers = step["issues"], step["answers"]
        if issues:
            self._line(f"Checked: {words.count(len(issues), 'problem')} found.")
            for issue in issues:
                where = f" ({self._escape(issue['field'])})" if issue.get("field") else ""
                self._line(f"  {self._escape(issue['message'])}{where} [dim]{issue['code']}[/]")
        for remark in step["data"].get("remarks") or ():
            self._line(f"Remark: {self._escape(str(remark))}")
        if answers:
            self._line(f"{self._escape(self._names['target'])} answered:")
            for answer in answers:
                self._line(f"  {self._escape(_answer(answer))}")
        sentence = STATES.get(step["state"], str(step["state"])).format(**self._names)
        reason = "" if issues or not step["message"] else f" {step['message']}"
        self._line(self._escape(sentence + reason))

    def _noted(self, step: Json) -> None:
        kind = str(step.get("kind") or step["step"])
        sentence = NOTES.get(kind, kind.replace("_", " ").capitalize() + ".")
        self._line(self._escape(sentence.format(**self._names)))

    def _now(self, now: Json) -> None:
        where = f", in {self._names['target']} under {now['target_id']}" if now["target_id"] else ""
        self._output.show(f"\n[bold]Now:[/] {words.state(now['state'])}{self._escape(where)}")
        if now["message"]:
            self._line(self._escape(now["message"]))
        if now["waits_for"]:
            self._line(f"It waits for {self._escape(now['waits_for'].replace(':', ' '))}.")
        if now["fix"]:
            self._line(f"Do:  {self._escape(now['fix'])}")
        if now["who"] and now["who"] != "nobody":
            self._line(f"Who: {self._escape(now['who'])}")

    def _tables(self, rows_by_name: dict[str, list[Json]]) -> None:
        currency = currency_of(rows_by_name)
        for name, rows in rows_by_name.items():
            for made in payload_table(name, rows, self._output.result.width, currency):
                self._output.show(made)

    def _line(self, text: str) -> None:
        self._output.show(f"  {text}")

    def _escape(self, text: str) -> str:
        return self._output.escape(text)


def _part(name: str) -> str:
    return name.partition(":")[0]


def _answer(answer: Any) -> str:
    """One answer of the target: part, action, table, id, text."""
    if isinstance(answer, list | tuple) and len(answer) == 5:
        part, _, _, external_id, text = answer
        return f"{part.replace(':', ' ')}: {text or 'done'}" + (f" (id {external_id})" if external_id else "")
    return str(answer)
