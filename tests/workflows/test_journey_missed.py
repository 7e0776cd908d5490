"""Missed sessions: the rule says what is called for, a person decides, the dates keep the series.

Clinical fact sheet, 5.5 and edge cases 1 and 2.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from clinical.parameters import Parameters
from schemas.base import Role
from schemas.health_record import Milestone
from schemas.journey import Phase
from schemas.screening import Modality
from simulator.papers import PROVIDER
from simulator.staff import Staff
from tests.workflows.conftest import Clinical
from tests.workflows.days import MISSED, asked, close_day, given
from tests.workflows.places import cleared, signed, treated
from tests.workflows.test_hold_and_withdrawal import ask_back

STANDARD = Parameters.default()


def _dates(text: str) -> list[datetime]:
    return [datetime.fromisoformat(at) for at in text.split(", ")]


async def _miss(journeys: Clinical, staff: Staff) -> None:
    await close_day(journeys, staff, **MISSED)


async def test_edge_1_the_whole_series_is_planned_again_after_a_missed_session(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await given(staff)

    await _miss(journeys, staff)

    task = await asked(journeys, staff, "missed_session")
    assert {"contact_patient", "reoffer_session"} <= set(task.evidence)
    offered = _dates(task.evidence["proposed_dates"])
    assert len(offered) == 5, "the missed one is offered again: six in all"
    apart = STANDARD.duration("iv.min_interval")
    assert all(later - earlier >= apart for earlier, later in pairwise(offered))
    await staff.approve("missed_session")
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at == offered[0]
    rebooked = await journeys.fact(staff, "SessionRebooked")
    assert rebooked.data["fits"] is True


async def test_edge_1_a_series_that_no_longer_fits_goes_to_reevaluation_with_what_it_has(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await given(staff)
    await staff.follow_up()
    await _miss(journeys, staff)
    await journeys.jump(staff, STANDARD.duration("iv.series_window_max"))

    await staff.approve("missed_session")

    view = await staff.reach(Phase.REEVALUATION)
    assert len(view.sessions) == 2
    rebooked = await journeys.fact(staff, "SessionRebooked")
    assert rebooked.data["fits"] is False


async def test_edge_2_after_two_missed_in_a_row_a_person_may_hold_with_owner_and_date(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await _miss(journeys, staff)
    await staff.approve("missed_session")
    await _miss(journeys, staff)

    task = await asked(journeys, staff, "missed_session")
    assert "hold_journey" in task.evidence
    assert task.options == ("rebook", "hold")
    await staff.approve("missed_session", "hold")

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert (held.hold.reason_code, held.hold.owner) == ("missed_sessions", Role.NURSE)
    assert held.hold.review_at > held.now
    await ask_back(staff)
    await staff.approve("resume_from_hold")
    again = await staff.wait(lambda v: v.open_session is not None)
    assert again.phase is Phase.INFUSION_SERIES


async def test_edge_2_the_primary_provider_has_a_letter_after_the_second_missed_and_no_other(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await _miss(journeys, staff)
    await staff.approve("missed_session")
    await staff.wait(lambda v: v.open_session is not None)
    assert not journeys.outside.letters
    await _miss(journeys, staff)
    await staff.approve("missed_session", "rebook")

    await _miss(journeys, staff)
    await staff.pending("missed_session")

    filed = await journeys.filed(staff)
    assert [letter.milestone for letter in filed] == [Milestone.SESSIONS_MISSED]
    assert filed[0].to == PROVIDER


async def test_edge_2_the_third_missed_in_a_row_is_a_psychiatrists_question(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(**cleared())
    await _miss(journeys, staff)
    await staff.approve("missed_session")
    await _miss(journeys, staff)
    await staff.approve("missed_session", "rebook")
    await _miss(journeys, staff)

    assert (await staff.pending("missed_session")).roles == (Role.PSYCHIATRIST,)
    task = await asked(journeys, staff, "missed_session")
    assert "psychiatrist_decides" in task.evidence


async def test_a_third_missed_spray_asks_whether_induction_begins_again(journeys: Clinical) -> None:
    """Up to two missed, six weeks in all: past that the prescriber decides (5.5)."""
    staff = await journeys.refer(
        **treated(
            Phase.SWITCH_ESKETAMINE,
            consents=signed(Modality.ESKETAMINE),
            enrolled_in_safety_program=True,
        )
    )
    await _miss(journeys, staff)
    await staff.approve("missed_session")
    await _miss(journeys, staff)
    second = await asked(journeys, staff, "missed_session")
    await staff.approve("missed_session", "rebook")
    await _miss(journeys, staff)

    third = await asked(journeys, staff, "missed_session")
    assert "induction_missed_too_many" not in second.evidence
    assert "induction_missed_too_many" in third.evidence


async def test_a_long_gap_in_maintenance_says_what_must_be_done_again(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.MAINTENANCE))
    await _miss(journeys, staff)
    await journeys.jump(staff, 2 * STANDARD.duration("maint.interval_default"))
    await staff.approve("missed_session")
    assert "reassess" in (await asked(journeys, staff, "course_review")).evidence
    await staff.approve("course_review")
    view = await staff.wait(lambda v: v.open_session is not None)
    assert view.next_session_at is not None
    await journeys.jump(staff, view.next_session_at - view.now - timedelta(hours=1))

    await _miss(journeys, staff)

    task = await asked(journeys, staff, "missed_session")
    assert "refresh_checks" in task.evidence
    assert "proposed_dates" in task.evidence
