"""apply, export, diff, keys: configuration as code from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import FILE, Run

NOTHING = "Nothing to change: everything is as the file says.\n"


def test_apply_tells_what_it_made_and_the_second_time_that_nothing_is_to_do(run: Run) -> None:
    first = run("apply")
    assert first.status == 0
    assert first.out.startswith("+ connection books created\n+ connection shop created\n+ flow books-to-shop created\n")
    assert "Next: ml-connector check, then ml-connector run books-to-shop" in first.out
    assert run("apply").out == NOTHING


def test_apply_as_json(run: Run) -> None:
    said = run("apply", "--json")
    assert [change["kind"] for change in said.json["changes"]][:3] == ["connection", "connection", "flow"]
    assert said.json["dry_run"] is False
    assert run("apply", "--json").json == {"dry_run": False, "changes": []}


def test_dry_run_changes_nothing(run: Run) -> None:
    assert run("apply", "--dry-run").out.endswith("Nothing was changed: this was a dry run.\n")
    assert run("status", "--json").json == {"flows": []}


def test_what_is_absent_is_archived_and_comes_back(applied: Run, folder: Path) -> None:
    file = folder / "ml-connector.yaml"
    file.write_text(FILE.partition("flows:")[0], encoding="utf-8")
    assert "- flow books-to-shop archived" in applied("apply").out
    assert applied("run", "books-to-shop").status == 2
    file.write_text(FILE, encoding="utf-8")
    assert "+ flow books-to-shop restored" in applied("apply").out


def test_diff_names_fields_and_ends_with_one(applied: Run, folder: Path) -> None:
    assert (applied("diff").status, applied("diff").out) == (0, NOTHING)
    changed = FILE.replace("2026-01-01", "2026-02-01").replace("http://tiny.example", "http://tiny.example:81", 1)
    (folder / "ml-connector.yaml").write_text(changed, encoding="utf-8")
    said = applied("diff")
    assert said.status == 1
    assert "~ connection books changed\n    base_url: http://tiny.example -> http://tiny.example:81\n" in said.out
    assert "start_from: 2026-01-01 -> 2026-02-01" in said.out
    assert applied("status", "--json").json["flows"][0]["name"] == "books-to-shop"


def test_export_can_be_applied_again_and_holds_no_secret(applied: Run, folder: Path) -> None:
    text = applied("export").out
    assert "pass-word-1" not in text
    (folder / "ml-connector.yaml").write_text(text, encoding="utf-8")
    assert applied("apply").out == NOTHING
    assert [each["name"] for each in applied("export", "--json").json["connections"]] == ["books", "shop"]


def test_changed_secret_is_named_but_not_shown(applied: Run, folder: Path) -> None:
    (folder / "ml-connector.yaml").write_text(FILE.replace("${TINY_PASSWORD}", "another-1", 1), encoding="utf-8")
    said = applied("apply")
    assert "~ connection books changed" in said.out
    assert "password" in said.out
    assert "another-1" not in said.out + said.err
    assert "pass-word-1" not in said.out + said.err


def test_bad_file_is_refused_whole(applied: Run, folder: Path) -> None:
    (folder / "ml-connector.yaml").write_text(FILE.replace("shop\n", "shp\n", 1), encoding="utf-8")
    said = applied("apply")
    assert (said.status, said.out) == (2, "")
    assert "line 13, column 13: There is no connection 'shop'. Did you mean 'shp'?" in said.err
    assert [each["name"] for each in applied("export", "--json").json["connections"]] == ["books", "shop"]


def test_bad_file_as_json(run: Run, folder: Path) -> None:
    (folder / "ml-connector.yaml").write_text("flow: []\n", encoding="utf-8")
    said = run("apply", "--json")
    assert said.status == 2
    assert said.json["error"]["type"] == "ConfigurationError"
    assert said.json["error"]["problems"] == [
        {
            "line": 1,
            "column": 1,
            "message": "There is no key in the file called 'flow'.",
            "fix": "Did you mean 'flows'? Possible: connections, flows.",
        }
    ]


def test_file_that_cannot_be_read(run: Run, folder: Path) -> None:
    assert "There is no file nowhere.yaml." in run("apply", "-f", "nowhere.yaml").err
    (folder / "latin.yaml").write_bytes(b"flows: [\xe9]")
    said = run("apply", "-f", "latin.yaml")
    assert (said.status, "is not a text in UTF-8" in said.err) == (2, True)


def test_keys_rotate(applied: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert applied("keys", "rotate").out == "Nothing to do. Every secret is under the newest key now.\n"
    said = applied("keys", "rotate", "--new-key")
    assert said.out == "5 secrets encrypted anew. Every secret is under the newest key now.\n"  # one is the ledger's
    newest, _ = (folder / "home" / "secret.key").read_text(encoding="utf-8").split()
    monkeypatch.setenv("ML_CONNECTOR_SECRET_KEY", newest)
    assert applied("check").status == 0
    assert applied("apply").out == NOTHING
    assert applied("audit", "verify").status == 0
    assert applied("keys", "rotate", "--json").json == {"rotated": 0}
    assert "come from the environment" in applied("keys", "rotate", "--new-key").err
