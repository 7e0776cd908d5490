"""The medical director's test bench: every kind by its word, every reason in the answer."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli

ROOT = Path(__file__).resolve().parents[2]
FACTS = sorted((ROOT / "examples" / "decisions").glob("*.json"))
AT_LEAST = {
    *("eligibility", "screening", "consent", "readiness", "dose", "vitals", "discharge"),
    *("instrument", "suicide-risk", "reevaluation", "schedule"),
}


def run(*words: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, ["decide", *words], input=stdin)
    return done.exit_code, done.stdout, done.stderr


def test_there_is_an_example_for_every_kind() -> None:
    assert {path.stem for path in FACTS} >= AT_LEAST


@pytest.mark.parametrize("facts", FACTS, ids=lambda path: path.stem)
def test_an_example_is_decided_as_a_table_and_as_json(facts: Path) -> None:
    code, shown, err = run(facts.stem, str(facts))
    as_json = run(facts.stem, str(facts), "--json")

    assert code == 0, err
    assert f"Decision: {facts.stem}" in shown
    assert as_json[0] == 0
    assert isinstance(json.loads(as_json[1]), dict)


@pytest.mark.parametrize("kind", sorted(AT_LEAST))
def test_every_kind_has_a_schema_of_its_facts(kind: str) -> None:
    code, out, _ = run(kind, "--schema")

    assert code == 0
    assert json.loads(out)["type"] == "object"


def test_facts_may_come_by_stdin() -> None:
    facts = (ROOT / "examples" / "decisions" / "dose.json").read_text(encoding="utf-8")

    assert run("dose", "-", "--json", stdin=facts)[0] == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"now": "today"}', "[" * 100_000])
def test_facts_that_are_no_facts_are_refused_in_one_line(text: str) -> None:
    code, out, err = run("dose", "-", stdin=text)

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_facts_too_large_are_refused() -> None:
    code, _, err = run("dose", "-", stdin="[" + "1," * 600_000 + "1]")

    assert code == 1
    assert "larger" in err


def test_a_refusal_never_repeats_what_was_handed_in() -> None:
    _, _, err = run("dose", "-", stdin='{"patient": "Octavia Juniper Brambleworth"}')

    assert "Octavia" not in err
