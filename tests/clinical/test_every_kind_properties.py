"""Every kind of decision answers on any facts its schema takes, and every parameter that may only
be tightened makes no rule outside the treatment day milder."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from clinical.adverse_event import report_deadlines
from clinical.aftercare import judge_follow_up, judge_journal_gap, letter_due
from clinical.consent import judge_consent, needs_reconsent
from clinical.controlled_substance import judge_waste
from clinical.decisions import DECISIONS
from clinical.missed_sessions import judge_gap, judge_missed
from clinical.monitoring import cap_reasons, monitoring_due
from clinical.parameters import PARAMETERS, Change, Parameter, Parameters, Tighter
from clinical.screening import judge_screening
from schemas.adverse_event import AdverseEvent
from schemas.base import Actor, Role
from schemas.consent import ConsentForm
from schemas.controlled_substance import Waste
from schemas.health_record import Milestone
from schemas.protocol import Clinic
from schemas.screening import Modality, Screening, ScreeningOutcome, WorkUp
from tests.drawn import drawn

EXAMPLES = Path(__file__).parents[2] / "examples" / "decisions"
P = Parameters.default()
T0 = datetime(2027, 3, 3, 15, 0, tzinfo=UTC)
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
NURSE = Actor(id="rn-quill", role=Role.NURSE)
QUIET = settings(
    max_examples=drawn(30), deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
LEAVES = st.sampled_from(
    (None, True, False, 0, 1, 3, 27, 40, 99.5, 250, -1, "high", "low", "unheard_of", [], {},
     "2027-03-14T02:30:00-05:00", "1999-12-31T23:59:59Z", "2026-12-03")
)  # fmt: skip


def paths(value: object, here: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    if here:
        yield here
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        yield from paths(item, (*here, key))


def changed(facts: Any, where: tuple[str | int, ...], to: object) -> Any:
    """The same facts with one place left out (None) or filled with something else."""
    copy = json.loads(json.dumps(facts))
    owner = copy
    for key in where[:-1]:
        owner = owner[key]
    if to is None and isinstance(owner, dict):
        del owner[where[-1]]
    else:
        owner[where[-1]] = to
    return copy


@pytest.mark.parametrize("kind", sorted(DECISIONS))
@settings(QUIET, max_examples=drawn(60))
@given(data=st.data())
def test_any_facts_that_the_schema_takes_are_answered(kind: str, data: st.DataObject) -> None:
    facts = json.loads((EXAMPLES / f"{kind}.json").read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 4))):
        places = list(paths(facts))
        if places:
            facts = changed(facts, data.draw(st.sampled_from(places)), data.draw(LEAVES))
    decision = DECISIONS[kind]
    try:
        taken = decision.facts.model_validate_json(json.dumps(facts))
    except ValidationError:
        return
    answer = decision.decide(taken, P)
    assert isinstance(answer, BaseModel)
    assert json.loads(answer.model_dump_json()) is not None


TIGHTEN = sorted(
    (
        p
        for p in PARAMETERS.values()
        if p.change is Change.TIGHTEN and p.low is not None and p.high is not None
    ),
    key=lambda p: p.name,
)


def tightened(parameter: Parameter) -> Parameters:
    """The standard values with one parameter at its strictest."""
    strict = parameter.low if parameter.tighter is Tighter.LOWER else parameter.high
    assert strict is not None
    whole = isinstance(parameter.default, int)
    return Parameters({**P.values, parameter.name: int(strict) if whole else strict})


def codes(reasons: Iterable[Any]) -> set[str]:
    return {reason.code for reason in reasons}


RANK = (ScreeningOutcome.CLEARED, ScreeningOutcome.NEEDS_DECISION, ScreeningOutcome.BLOCKED)
FORM = ConsentForm(
    modality=Modality.IV_KETAMINE, document_version="v1", signer="Wilhelmina Pontefract"
)
HOURS = st.integers(0, 24 * 500).map(lambda hours: timedelta(hours=hours))


@pytest.mark.parametrize("parameter", TIGHTEN, ids=lambda p: p.name)
@settings(QUIET, max_examples=12)
@given(ago=HOURS, count=st.integers(0, 30), modality=st.sampled_from(Modality))
def test_no_stricter_clinic_asks_for_less(
    parameter: Parameter, ago: timedelta, count: int, modality: Modality
) -> None:
    strict = tightened(parameter)

    def asked(p: Parameters) -> list[set[str]]:
        return [
            codes(judge_missed(count, p)) - {"reoffer_session"},
            *(
                codes(
                    judge_gap(ago, modality, p, in_induction=early,
                              planned_interval=timedelta(days=7))
                )
                for early in (True, False)
            ),
            codes(cap_reasons((T0 - ago,) * count, T0, p, acute_sessions=count)),
            codes(judge_follow_up(count, T0 - ago, T0, p, at_risk=True)) - {"attempt_contact"},
            codes(needs_reconsent(FORM, T0 - ago, T0, p, modality=modality,
                                  maintenance_since=T0, last_dose_at=T0 - ago)),
            codes(judge_consent(FORM, T0 - ago, modality, T0, p).reasons),
            codes(
                judge_waste(
                    35 + count / 10, 30, Waste(wasted_mg=5, witness=NURSE),
                    Actor(id="rn-abara", role=Role.NURSE), p,
                )
            ),
            {item.kind for item in monitoring_due({}, T0 - ago, T0, p) if item.overdue},
        ]  # fmt: skip

    for usual, more in zip(asked(P), asked(strict), strict=True):
        assert more >= usual


@pytest.mark.parametrize("parameter", TIGHTEN, ids=lambda p: p.name)
@settings(QUIET, max_examples=12)
@given(days=st.integers(0, 400), factor=st.floats(0, 6), modality=st.sampled_from(Modality))
def test_no_stricter_clinic_clears_sooner_or_waits_longer(
    parameter: Parameter, days: int, factor: float, modality: Modality
) -> None:
    strict = tightened(parameter)
    taken_at = T0 - timedelta(days=days)
    kinds = ("history_physical", "ecg", "lft", "ua", "uds")
    screening = Screening(
        work_up=tuple(
            WorkUp(kind=k, taken_at=taken_at, result="normal", value=factor) for k in kinds
        )
    )

    def outcome(p: Parameters) -> int:
        return RANK.index(judge_screening(screening, modality, T0, p).outcome)

    def due(p: Parameters) -> list[datetime]:
        event = AdverseEvent(code="pump_failure", grade=4, description="the pump failed")
        found = sorted(report_deadlines(event, modality, T0, NORTH, p), key=lambda d: d.to)
        letter = letter_due(Milestone.EVALUATED, T0, NORTH, p)
        return [letter, *(deadline.by for deadline in found)]

    def silent(p: Parameters) -> int:
        step = judge_journal_gap(None, taken_at.date(), T0.date(), p)
        return ("nothing", "nudge", "nurse_call").index(step.value)

    assert outcome(strict) >= outcome(P)
    assert silent(strict) >= silent(P)
    assert all(sooner <= usual for sooner, usual in zip(due(strict), due(P), strict=True))
