"""One more thing against treatment, whichever it is, never makes an answer milder."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.interactions import CLASS_OF, medicines_to_review
from clinical.parameters import Parameters
from clinical.screening import judge_screening
from clinical.suicide_risk import LEVELS, ScreenerAnswers, screen, triage_journal, worst
from clinical.vital_signs import SEVERITY, judge_reading
from schemas.base import Actor, Role
from schemas.infusion import VitalSigns
from schemas.journal import WriteJournal
from schemas.screening import (
    DatedCondition,
    Medicine,
    Modality,
    Screening,
    ScreeningOutcome,
    WorkUp,
)
from tests.clinical.recovery import judged as discharge_judged
from tests.clinical.treatment_day import judged as readiness_judged

QUIET = settings(
    max_examples=80, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
P = Parameters.default()
T0 = datetime(2027, 3, 3, 15, 0, tzinfo=UTC)
RANK = (ScreeningOutcome.CLEARED, ScreeningOutcome.NEEDS_DECISION, ScreeningOutcome.BLOCKED)
PATIENT = Actor(id="ottoline", role=Role.PATIENT)

MEDICINES = st.builds(
    Medicine,
    name=st.sampled_from((*sorted(CLASS_OF), "lorazepam_er", "mystery")),
    drug_class=st.sampled_from(("other", "benzodiazepine", "antidepressant", "qt_prolonging")),
    lorazepam_equivalent_mg_per_day=st.none() | st.floats(0, 8),
    changed_on=st.none() | st.dates(T0.date() - timedelta(days=60), T0.date()),
)
RESULTS = st.builds(
    WorkUp,
    kind=st.sampled_from(("history_physical", "ecg", "lft", "ua", "uds", "hcg")),
    taken_at=st.integers(0, 400).map(lambda days: T0 - timedelta(days=days)),
)
MODALITIES = st.sampled_from(Modality)
EVENTS = st.builds(
    DatedCondition,
    condition=st.sampled_from(("myocardial_infarction", "stroke", "cystitis", "unheard_of")),
    happened_on=st.dates(T0.date() - timedelta(days=400), T0.date()),
)


def weight(screening: Screening, modality: Modality) -> int:
    return RANK.index(judge_screening(screening, modality, T0, P).outcome)


@QUIET
@given(st.lists(MEDICINES, max_size=4), st.lists(RESULTS, max_size=8), MEDICINES, MODALITIES)
def test_another_medicine_never_helps(
    medicines: list[Medicine], work_up: list[WorkUp], more: Medicine, modality: Modality
) -> None:
    before = Screening(medicines=tuple(medicines), work_up=tuple(work_up))
    after = before.model_copy(update={"medicines": (*medicines, more)})

    assert weight(after, modality) >= weight(before, modality)
    names = [medicine.name for medicine in medicines]
    assert set(medicines_to_review((*names, more.name), modality)) >= set(
        medicines_to_review(names, modality)
    )


@QUIET
@given(st.lists(EVENTS, max_size=3), st.lists(RESULTS, max_size=8), EVENTS, MODALITIES)
def test_another_event_in_the_past_never_helps(
    events: list[DatedCondition], work_up: list[WorkUp], more: DatedCondition, modality: Modality
) -> None:
    before = Screening(dated_conditions=tuple(events), work_up=tuple(work_up))
    after = before.model_copy(update={"dated_conditions": (*events, more)})

    assert weight(after, modality) >= weight(before, modality)


WORSE_DAYS = st.sampled_from(
    (
        {"intoxicated": True},
        {"escort_confirmed": False},
        {"suicide_risk": "moderate"},
        {"suicide_risk": "high"},
        {"suicide_risk": None},
        {"new_medicines": ("lorazepam",)},
        {"new_medicines": ("mystery",)},
        {"changes_since_last": ("surgery",)},
        {"changes_since_last": ("something_new",)},
        {"pregnancy_test_negative": False},
        {"emergency_kit_checked": False},
        {"observer": None},
        {"medicines_reconciled": False},
        {"identity_confirmed": False},
    )
)


@QUIET
@given(WORSE_DAYS, WORSE_DAYS)
def test_a_second_trouble_at_check_in_never_clears_the_first(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first = {missing.code for missing in readiness_judged(check_in_=one).missing}
    both = readiness_judged(check_in_={**other, **one})

    assert first <= {missing.code for missing in both.missing}
    assert not both.ready


@QUIET
@given(
    st.sampled_from(("none", "low", "moderate", "high", None)),
    st.sampled_from(
        (
            {"escort_present": False},
            {"gait_steady": False},
            {"aldrete": 8},
            {"orientation": 3},
            {"nausea_controlled": False},
            {"effects_gone": False},
            {"effects_gone": None},
            {"orientation": None},
            {"instructions_given": False},
            {"line_removed": False},
            {"waste_reconciled": False},
            {"suicide_risk": "high"},
            {"suicide_risk": None},
        )
    ),
)
def test_one_more_unmet_criterion_never_lets_a_patient_go(
    risk: str | None, trouble: dict[str, Any]
) -> None:
    assert not discharge_judged(command={"suicide_risk": risk, **trouble}).allowed


@QUIET
@given(
    st.fixed_dictionaries(dict.fromkeys(ScreenerAnswers.model_fields, st.none() | st.booleans())),
    st.sampled_from(sorted(ScreenerAnswers.model_fields)),
)
def test_one_more_yes_on_the_screener_never_lowers_the_risk(
    answers: dict[str, bool | None], name: str
) -> None:
    before = screen(ScreenerAnswers(**answers))
    after = screen(ScreenerAnswers(**{**answers, name: True}))

    assert LEVELS.index(after.level) >= LEVELS.index(before.level)
    assert LEVELS.index(worst((before, after)).level) == LEVELS.index(after.level)


@QUIET
@given(st.integers(0, 3), st.integers(0, 3), st.text(max_size=80), st.text(max_size=80))
def test_more_words_in_the_journal_never_call_fewer_people(
    one: int, other: int, text: str, more: str
) -> None:
    low, high = sorted((one, other))

    def level(thoughts: int, words: str) -> int:
        entry = WriteJournal(
            command_id="j1", actor=PATIENT, suicidal_thoughts=thoughts, text=words[:2000]
        )
        return LEVELS.index(triage_journal(entry, P).level)

    assert level(high, f"{text}\n{more}") >= level(low, text)


@QUIET
@given(
    st.sampled_from(("pre", "during", "post")),
    st.lists(st.sampled_from(("nausea", "vomiting", "panic", "chest_pain", "unheard_of"))),
    st.sampled_from(("nausea", "arrhythmia", "agitation", "seizure", "infiltration", "unheard_of")),
    st.booleans(),
)
def test_another_symptom_is_never_answered_more_mildly(
    phase: Any, symptoms: list[str], more: str, paused: bool
) -> None:
    def action(told: tuple[str, ...]) -> int:
        reading = VitalSigns(systolic_mmhg=130, diastolic_mmhg=80, symptoms=told[:20])
        decision = judge_reading(
            reading, phase=phase, baseline=None, previous=(), paused=paused, parameters=P
        )
        return SEVERITY.index(decision.action)

    assert action((more, *symptoms)) >= action(tuple(symptoms))
