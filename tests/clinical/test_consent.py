"""Consent as a table: what a form must hold, how long it lasts, when it is asked for again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinical.consent import DECISION, REQUIRED_ELEMENTS, judge_consent, needs_reconsent
from clinical.parameters import Parameters
from schemas.consent import ConsentDecision, ConsentForm
from schemas.screening import Modality

P = Parameters.default()
SIGNED = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
IV, SPRAY = Modality.IV_KETAMINE, Modality.ESKETAMINE
FORM = ConsentForm(
    modality=IV,
    document_version="iv-2026-1",
    document_sha256="0" * 64,
    elements=REQUIRED_ELEMENTS[IV],
    signer="Wilhelmina Pontefract",
    capacity_attested_by="dr-lee",
    teach_back=True,
    copy_given=True,
    max_dose_mg_per_kg=0.5,
)


def judged(
    dosing_at: datetime | None = None, modality: Modality = IV, **form: object
) -> ConsentDecision:
    return judge_consent(FORM.model_copy(update=form), SIGNED, modality, dosing_at, P)


def codes(decision: ConsentDecision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_a_complete_form_is_in_force_for_a_year() -> None:
    assert judged() == ConsentDecision(in_force=True, valid_until=SIGNED + timedelta(days=365))


@pytest.mark.parametrize("element", REQUIRED_ELEMENTS[IV])
def test_every_required_element_must_be_explained(element: str) -> None:
    kept = tuple(key for key in REQUIRED_ELEMENTS[IV] if key != element)

    decision = judged(elements=kept)

    assert codes(decision) == ["consent_elements_missing"]
    assert decision.reasons[0].fact == element


def test_the_spray_has_elements_of_its_own() -> None:
    assert set(REQUIRED_ELEMENTS[SPRAY]) - set(REQUIRED_ELEMENTS[IV]) == {"status_esk", "rems"}
    assert set(REQUIRED_ELEMENTS[IV]) - set(REQUIRED_ELEMENTS[SPRAY]) == {"status"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"document_sha256": None}, "consent_document_unknown"),
        ({"copy_given": False}, "consent_copy_not_given"),
        ({"capacity_attested_by": None}, "consent_capacity_not_attested"),
        ({"teach_back": False}, "consent_teach_back_missing"),
        ({"signer_relation": "neighbour"}, "consent_signer_not_entitled"),
        ({"signed_at": SIGNED + timedelta(seconds=1)}, "consent_signed_in_future"),
    ],
)
def test_what_a_form_can_lack(form: dict[str, Any], code: str) -> None:
    decision = judged(**form)

    assert codes(decision) == [code]
    assert (decision.in_force, decision.valid_until) == (False, None)


def test_edge_45_a_guardian_may_sign() -> None:
    assert judged(signer_relation="guardian").in_force


def test_consent_to_one_treatment_is_not_consent_to_the_other() -> None:
    decision = judged(modality=SPRAY, elements=REQUIRED_ELEMENTS[SPRAY])

    assert codes(decision) == ["consent_other_modality"]


@pytest.mark.parametrize(
    ("minutes", "in_force"), [(29.9, False), (30, True), (60 * 24 * 365, True)]
)
def test_on_the_same_day_half_an_hour_passes_before_dosing(minutes: float, in_force: bool) -> None:
    assert judged(SIGNED + timedelta(minutes=minutes)).in_force is in_force


def test_consent_that_ends_before_the_dose_is_not_in_force_for_it() -> None:
    decision = judged(SIGNED + timedelta(days=365, seconds=1))

    assert codes(decision) == ["consent_expires_before_dosing"]


@pytest.mark.parametrize(
    ("days", "facts", "expected"),
    [
        (10, {}, []),
        # six months since the last one, wherever treatment stands
        (179, {}, []),
        (180, {}, ["consent_renewal"]),
        (364, {}, ["consent_renewal"]),
        (365, {}, ["consent_renewal", "consent_expired"]),
        # the move to maintenance, however fresh the consent to the series is
        (40, {"maintenance_since": SIGNED + timedelta(days=40)}, ["consent_maintenance"]),
        (40, {"maintenance_since": SIGNED}, []),
        (40, {"maintenance_since": SIGNED - timedelta(days=90)}, []),
        (180, {"maintenance_since": SIGNED - timedelta(days=90)}, ["consent_renewal"]),
        (10, {"modality": SPRAY}, ["consent_new_modality"]),
        (10, {"dose_mg_per_kg": 0.5}, []),
        (10, {"dose_mg_per_kg": 0.51}, ["consent_dose_above_consented"]),
        (10, {"new_material_risk": True}, ["consent_new_risk"]),
        (10, {"new_label_version": True}, ["consent_new_label"]),
        (10, {"material_document_change": True}, ["consent_new_document"]),
        (10, {"supervising_entity_changed": True}, ["consent_new_supervisor"]),
        (100, {"last_dose_at": SIGNED + timedelta(days=10)}, []),
        (101, {"last_dose_at": SIGNED + timedelta(days=10)}, ["consent_lapse"]),
    ],
)
def test_when_consent_is_asked_for_again(
    days: int, facts: dict[str, Any], expected: list[str]
) -> None:
    facts = {"modality": IV, **facts}

    reasons = needs_reconsent(FORM, SIGNED, SIGNED + timedelta(days=days), P, **facts)

    assert [reason.code for reason in reasons] == expected


def test_the_bench_answers_as_the_workflow_is_answered() -> None:
    facts = DECISION.facts(form=FORM, signed_at=SIGNED, modality=IV)

    assert DECISION.judge(facts, P) == judged()
