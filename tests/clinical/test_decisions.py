"""`journey decide`: every kind, its example, its schema, and the same answer as the workflows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from clinical.decision_cases import EligibilityFacts
from clinical.decisions import DECISIONS
from clinical.parameters import Parameters

EXAMPLES = Path(__file__).parents[2] / "examples" / "decisions"
STANDARD = Parameters.default()
KINDS = (
    "eligibility",
    "screening",
    "consent",
    "readiness",
    "dose",
    "vitals",
    "discharge",
    "instrument",
    "suicide-risk",
    "reevaluation",
    "schedule",
)


def decide(kind: str, text: str | None = None, parameters: Parameters = STANDARD) -> dict[str, Any]:
    facts = text or (EXAMPLES / f"{kind}.json").read_text(encoding="utf-8")
    answer: dict[str, Any] = json.loads(
        DECISIONS[kind].judge_json(facts, parameters).model_dump_json()
    )
    return answer


def test_every_kind_of_the_contract_is_there() -> None:
    assert set(DECISIONS) >= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example_that_decides(kind: str) -> None:
    assert decide(kind)
    assert DECISIONS[kind].summary


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_json_and_says_what_it_wants(kind: str) -> None:
    schema = DECISIONS[kind].schema()
    assert json.loads(json.dumps(schema))["properties"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_field_is_refused_without_repeating_it(kind: str) -> None:
    facts = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError) as refusal:
        decide(kind, json.dumps({**facts, "weight_lb": "Ottoline, 154"}))
    assert "Ottoline" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["eligibility", "instrument", "suicide-risk"])
def test_a_moment_without_a_zone_is_refused(kind: str) -> None:
    facts = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        decide(kind, json.dumps({**facts, "now": "2026-03-02T09:00:00"}))


@pytest.mark.parametrize("dose", ["true", '"35"', "NaN", "1e999", "35000", "[35]"])
def test_a_dose_is_a_number_of_milligrams_and_nothing_like_one(dose: str) -> None:
    with pytest.raises(ValidationError):
        decide("dose", f'{{"dose_mg": {dose}, "weight_kg": 70}}')


@pytest.mark.parametrize("now", ["1800000000", '"2026-03-02"', '"2026-03-02T09:00:00"'])
def test_a_moment_is_written_with_its_zone_and_not_as_a_count(now: str) -> None:
    facts = json.loads((EXAMPLES / "schedule.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        decide("schedule", json.dumps({**facts, "now": json.loads(now)}))


def test_a_fact_written_twice_is_refused_and_not_the_last_one_taken() -> None:
    with pytest.raises(ValueError, match="dose_mg is written twice"):
        decide("dose", '{"dose_mg": 35, "weight_kg": 70, "dose_mg": 50}')


def test_facts_nested_without_end_are_refused_calmly() -> None:
    with pytest.raises(ValueError, match=r"recursion|Recursion"):
        decide("dose", "[" * 100_000)


def test_the_examples_decide_as_their_story_tells() -> None:
    assert decide("eligibility")["outcome"] == "eligible"
    assert decide("dose")["needs_second_prescriber"] is True
    assert decide("suicide-risk")["level"] == "moderate"
    assert decide("reevaluation")["row"] == 2
    scores = decide("instrument")["scores"]
    assert [(s["score"]["total"], s["band"]) for s in scores] == [(9, "mild"), (6, "mild")]


def test_another_protocol_gives_another_answer() -> None:
    strict = Parameters({**STANDARD.values, "elig.failed_trials_min": 3})
    assert decide("eligibility", parameters=strict)["outcome"] == "not_eligible"


def test_an_assessment_that_cannot_be_scored_leaves_the_risk_incomplete() -> None:
    facts = '{"now": "2026-03-02T09:00:00Z", "assessments": [{"instrument": "phq9"}]}'
    assert decide("suicide-risk", facts)["complete"] is False


def test_a_journal_is_triaged_too() -> None:
    facts = '{"now": "2026-03-02T09:00:00Z", "journal": {"text": "I want to die"}}'
    assert decide("suicide-risk", facts)["respond_within"] == "PT30M"


def test_a_kind_decides_only_on_its_own_facts() -> None:
    facts = EligibilityFacts.model_validate_json(
        (EXAMPLES / "eligibility.json").read_text(encoding="utf-8")
    )
    assert DECISIONS["eligibility"].judge(facts, STANDARD)
    with pytest.raises(TypeError):
        DECISIONS["dose"].judge(facts, STANDARD)


MOMENT = re.compile(r"(T\d\d:\d\d(?::\d\d)?)(?:Z|[-+]\d\d:\d\d)")


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_takes_a_moment_without_a_zone(kind: str) -> None:
    facts = (EXAMPLES / f"{kind}.json").read_text(encoding="utf-8")
    moments = list(MOMENT.finditer(facts))
    for found in moments:
        naive = facts[: found.start()] + found[1] + facts[found.end() :]
        with pytest.raises(ValidationError, match="timezone"):
            decide(kind, naive)
    assert moments or kind == "dose"


@pytest.mark.parametrize("field", ["dose_ug", "dose_mcg", "weight_lb", "weight_lbs", "dose_g"])
def test_another_unit_is_another_name_and_refused(field: str) -> None:
    facts = json.loads((EXAMPLES / "dose.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        decide("dose", json.dumps({**facts, field: 35}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("dose_mg", 35_000), ("dose_mg", "35 mg"), ("weight_kg", "154 lb"), ("weight_kg", 400)],
)
def test_a_number_in_another_unit_is_refused(field: str, value: object) -> None:
    facts = json.loads((EXAMPLES / "dose.json").read_text(encoding="utf-8"))
    with pytest.raises(ValidationError):
        decide("dose", json.dumps({**facts, field: value}))
