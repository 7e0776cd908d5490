"""When doses are short, who should have them first is proposed by risk, with every reason."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.parameters import Parameters
from clinical.risk_levels import RiskLevel
from clinical.shortage import BookedDay, Place, order_doses
from schemas.reevaluation import Instrument, Score

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
BEGAN = NOW - timedelta(days=40)


def phq9(total: float, days_ago: float, item_9: int | None = 0) -> Score:
    return Score(
        instrument=Instrument.PHQ9,
        total=total,
        taken_at=NOW - timedelta(days=days_ago),
        suicidality=item_9,
    )


def booked(name: str, *scores: Score, gap_days: float | None = 14, **more: object) -> BookedDay:
    """A day whose patient scored 20 before the first dose, and then so."""
    given = gap_days is not None
    return BookedDay.model_validate(
        {
            "session_id": name,
            "journey_id": f"journey-of-{name}",
            "scheduled_at": NOW + timedelta(days=1),
            "booked_at": NOW - timedelta(days=5),
            "scores": (phq9(20, 50), *scores),
            "first_dose_at": BEGAN if given else None,
            "last_dose_at": NOW - timedelta(days=gap_days or 0) if given else None,
            **more,
        }
    )


def order(*days: BookedDay, doses: int = 1) -> tuple[Place, ...]:
    return order_doses(days, doses, NOW, Parameters.default())


def names(*days: BookedDay) -> list[str]:
    return [place.day.session_id for place in order(*days)]


def codes(day: BookedDay) -> list[str]:
    return [reason.code for reason in order(day)[0].reasons]


def test_edge_32_whoever_is_at_higher_suicide_risk_comes_first() -> None:
    calm = booked("calm", phq9(9, 2), gap_days=60)
    at_risk = booked("at-risk", phq9(18, 2, item_9=2))
    under_review = booked("under-review", phq9(4, 2), open_risk=RiskLevel.HIGH)

    assert names(calm, at_risk, under_review) == ["under-review", "at-risk", "calm"]


def test_edge_32_a_risk_that_nobody_knows_comes_before_one_known_to_be_low() -> None:
    unknown = booked("unknown", scores=())
    unanswered = booked("unanswered", phq9(9, 2, item_9=None))
    low = booked("low", phq9(9, 2, item_9=1), gap_days=60)

    assert names(low, unknown)[0] == "unknown"
    assert names(low, unanswered)[0] == "unanswered"
    assert codes(unknown)[0] == "risk_unknown"


def test_edge_32_a_scale_that_does_not_ask_about_suicide_shows_no_risk_and_no_safety() -> None:
    anxious = Score(instrument=Instrument.GAD7, total=15, taken_at=NOW)

    assert codes(booked("anxious", scores=(anxious,)))[0] == "risk_unknown"


def test_edge_32_a_newer_answer_replaces_an_older_one() -> None:
    assert codes(booked("better", phq9(18, 20, item_9=2), phq9(9, 2)))[0] == "risk_none"


@pytest.mark.parametrize(
    ("later", "benefit"),
    [
        ((phq9(8, 20), phq9(17, 2)), "relapsing"),
        ((phq9(8, 2),), "responding"),
        ((phq9(13, 2),), "partly_responding"),
        ((phq9(19, 2),), "not_responding"),
        ((phq9(26, 2),), "worse_than_before"),
        ((), "response_unknown"),
    ],
)
def test_edge_32_how_a_patient_stands_is_read_against_the_baseline(
    later: tuple[Score, ...], benefit: str
) -> None:
    assert codes(booked("someone", *later))[1] == benefit


def test_edge_32_at_the_same_risk_a_relapse_comes_first_and_no_response_last() -> None:
    relapsing = booked("relapsing", phq9(8, 20), phq9(17, 2))
    responding = booked("responding", phq9(8, 2), gap_days=20)
    without = booked("without", phq9(19, 2), gap_days=60)

    assert names(without, responding, relapsing) == ["relapsing", "responding", "without"]


def test_edge_32_then_the_longest_gap_then_the_earlier_booking() -> None:
    long_ago = booked("long-ago", phq9(8, 2), gap_days=30)
    early = booked("early", phq9(8, 2), booked_at=NOW - timedelta(days=9))
    late = booked("late", phq9(8, 2))

    assert names(late, early, long_ago) == ["long-ago", "early", "late"]


def test_edge_32_a_first_dose_waits_for_those_whose_treatment_has_begun() -> None:
    first = booked("first", gap_days=None)
    begun = booked("begun", gap_days=1)

    assert names(first, begun) == ["begun", "first"]
    assert "first_dose" in codes(first)


def test_edge_32_the_doses_reach_as_far_as_there_are_any_and_every_place_has_its_reasons() -> None:
    places = order(booked("a"), booked("b"), booked("c"), doses=2)

    assert [(place.position, place.dose) for place in places] == [(1, True), (2, True), (3, False)]
    assert all(len(place.reasons) == 4 for place in places)
    assert order(doses=5) == ()
