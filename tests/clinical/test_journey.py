"""The treatment plan as a table: every phase, every event, no dead end."""

import pytest

from clinical.journey import DOSING_PHASES, INTERRUPTIONS, TABLE, diagram, events_of, next_phase
from schemas.journey import Event, Phase

P, E = Phase, Event

STORY: dict[tuple[Phase, Event], Phase] = {
    (P.REFERRAL, E.TRIAGED): P.PSYCH_EVAL,
    (P.REFERRAL, E.REFERRAL_DECLINED): P.DISCONTINUE_REFER,
    (P.PSYCH_EVAL, E.ELIGIBLE): P.MED_SCREEN,
    (P.PSYCH_EVAL, E.NOT_ELIGIBLE): P.DISCONTINUE_REFER,
    (P.MED_SCREEN, E.MEDICALLY_CLEARED): P.CONSENT,
    (P.MED_SCREEN, E.CONTRAINDICATED): P.DISCONTINUE_REFER,
    (P.CONSENT, E.CONSENT_SIGNED): P.SCHEDULED,
    (P.CONSENT, E.CONSENT_DECLINED): P.DISCONTINUE_REFER,
    (P.SCHEDULED, E.CLEARED_AND_BOOKED): P.INFUSION_SERIES,
    (P.SCHEDULED, E.CLEARANCE_REFUSED): P.DISCONTINUE_REFER,
    (P.INFUSION_SERIES, E.SERIES_FINISHED): P.REEVALUATION,
    (P.INFUSION_SERIES, E.SERIES_STOPPED): P.REEVALUATION,
    (P.REEVALUATION, E.EXTEND_CHOSEN): P.INFUSION_SERIES,
    (P.REEVALUATION, E.TAPER_CHOSEN): P.TAPER,
    (P.REEVALUATION, E.MAINTENANCE_CHOSEN): P.MAINTENANCE,
    (P.REEVALUATION, E.SWITCH_CHOSEN): P.SWITCH_ESKETAMINE,
    (P.REEVALUATION, E.DISCONTINUE_CHOSEN): P.DISCONTINUE_REFER,
    (P.TAPER, E.TAPERED_OFF): P.FOLLOW_UP,
    (P.TAPER, E.RELAPSED): P.REEVALUATION,
    (P.TAPER, E.SERIES_STOPPED): P.REEVALUATION,
    (P.MAINTENANCE, E.REVIEW_DUE): P.REEVALUATION,
    (P.MAINTENANCE, E.RELAPSED): P.REEVALUATION,
    (P.MAINTENANCE, E.SERIES_STOPPED): P.REEVALUATION,
    (P.SWITCH_ESKETAMINE, E.REVIEW_DUE): P.REEVALUATION,
    (P.SWITCH_ESKETAMINE, E.RELAPSED): P.REEVALUATION,
    (P.SWITCH_ESKETAMINE, E.SERIES_STOPPED): P.REEVALUATION,
    (P.DISCONTINUE_REFER, E.REFERRED_ONWARD): P.FOLLOW_UP,
    (P.FOLLOW_UP, E.FOLLOWED_UP): P.CLOSED,
    (P.FOLLOW_UP, E.RELAPSED): P.REEVALUATION,
}
"""What the treatment plan says, written down a second time."""

OPEN = [phase for phase in Phase if phase is not Phase.CLOSED]
ENDINGS = (P.DISCONTINUE_REFER, P.FOLLOW_UP)


def planned(phase: Phase, event: Event) -> Phase | None:
    """Where the plan says that this pair leads; None: nowhere."""
    if phase is P.CLOSED or event not in INTERRUPTIONS:
        return STORY.get((phase, event))
    return {
        E.CONSENT_WITHDRAWN: phase if phase in ENDINGS else P.DISCONTINUE_REFER,
        E.CLOSE_REQUESTED: P.FOLLOW_UP,
        E.HELD: None if phase is P.ON_HOLD else P.ON_HOLD,
    }[event]


def test_every_pair_leads_where_the_plan_says_or_nowhere() -> None:
    pairs = [(phase, event) for phase in Phase for event in Event]

    assert {pair: next_phase(*pair) for pair in pairs} == {pair: planned(*pair) for pair in pairs}


@pytest.mark.parametrize("phase", OPEN)
def test_a_hold_leads_back_to_where_it_was_entered(phase: Phase) -> None:
    assert next_phase(P.ON_HOLD, E.RESUMED, phase) is phase


@pytest.mark.parametrize("phase", Phase)
def test_only_a_hold_is_resumed(phase: Phase) -> None:
    if phase is not P.ON_HOLD:
        assert next_phase(phase, E.RESUMED, P.CONSENT) is None


@pytest.mark.parametrize("phase", OPEN)
def test_from_every_open_phase_there_is_a_way_to_the_end(phase: Phase) -> None:
    reached, edge = {phase}, {phase}
    while edge:
        edge = {to for (at, _), to in TABLE.items() if at in edge} - reached
        reached |= edge
    assert P.CLOSED in reached


def test_a_closed_journey_stays_closed() -> None:
    assert events_of(P.CLOSED) == ()


def test_nothing_reaches_a_dose_but_through_clearance_or_reevaluation() -> None:
    doors = {at for (at, _), to in TABLE.items() if to in DOSING_PHASES}
    assert doors == {P.SCHEDULED, P.REEVALUATION}


@pytest.mark.parametrize("phase", OPEN)
def test_every_open_phase_can_be_withdrawn_from_and_closed(phase: Phase) -> None:
    assert {E.CONSENT_WITHDRAWN, E.CLOSE_REQUESTED} <= set(events_of(phase))


def test_a_hold_offers_to_be_left() -> None:
    assert E.RESUMED in events_of(P.ON_HOLD)


def test_the_drawing_holds_every_row_of_the_table() -> None:
    drawn = diagram()
    assert all(f"| {at} | {event} | {to} |" in drawn for (at, event), to in TABLE.items())
    assert "REFERRAL --> PSYCH_EVAL: triaged" in drawn


def test_edge_47_the_spray_is_reached_from_reevaluation_alone() -> None:
    """Whoever asks for it in the middle of a series is reevaluated first (11.47)."""
    ways = {at for (at, _), to in TABLE.items() if to is P.SWITCH_ESKETAMINE}

    assert ways == {P.REEVALUATION}
    assert next_phase(P.INFUSION_SERIES, E.SWITCH_CHOSEN) is None
    assert next_phase(P.INFUSION_SERIES, E.SERIES_STOPPED) is P.REEVALUATION
