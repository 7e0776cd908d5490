"""Another medical screening in mid-course: asked for in time, heard by the booked day, and the only
thing that lifts what voided a clearance."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.approval import PendingApproval
from schemas.base import Role
from schemas.infusion import SessionPhase
from schemas.journey import JourneyView, Phase, ResumeJourney
from schemas.preparation import PlanChange
from schemas.screening import Modality, ScreeningOutcome, WorkUp
from simulator import papers
from simulator.staff import Staff
from tests.workflows.bare_chair import BareChair
from tests.workflows.bare_day import TEN
from tests.workflows.conftest import Clinical
from tests.workflows.days import asked, close_day, given
from tests.workflows.doors import Refused
from tests.workflows.places import by, cleared, dosed, now, scored, signed, treated

IN_COURSE = (
    Phase.INFUSION_SERIES,
    Phase.REEVALUATION,
    Phase.TAPER,
    Phase.MAINTENANCE,
)


def screened(days_ago: float) -> dict[str, Any]:
    """A journey whose screening, all normal, was made so many days ago."""
    return {"screening": papers.screening(now() - timedelta(days=days_ago))}


async def on_its_way(journeys: Clinical, days_ago: float = 75, **more: Any) -> Staff:
    """In maintenance, dosed three days ago, the next day booked in some eighteen."""
    staff = await journeys.refer(**treated(Phase.MAINTENANCE, **screened(days_ago), **more))
    await staff.wait(lambda v: v.open_session is not None)
    return staff


def entry(view: JourneyView, kind: str = "record_screening") -> PendingApproval | None:
    return next((e for e in view.pending_entries if e.kind == kind), None)


async def booked_again(staff: Staff) -> None:
    """The next day; once people have let the course go on, where the gap has become one to ask
    about (at some hours of some days the next free one lies just beyond twice the interval)."""
    view = await staff.wait(lambda v: v.open_session is not None or _asked_about_the_gap(v))
    if view.open_session is None:
        await staff.approve("course_review")
        await staff.wait(lambda v: v.open_session is not None)


def _asked_about_the_gap(view: JourneyView) -> bool:
    return any(asked.kind == "course_review" for asked in view.pending_approvals)


def change(chair: BareChair, **learnt: Any) -> None:
    """The journey has learnt something since it booked the day."""
    known = {name: getattr(chair.day.state.plan, name) for name in PlanChange.model_fields}
    chair.day.signal("plan_changed", PlanChange(**{**known, **learnt}).model_dump_json())
    chair.day.settle()


async def last_day(staff: Staff) -> tuple[SessionPhase, bool]:
    """How the booked day ends when its hour comes, and whether a dose was given."""
    day = (await given(staff)).sessions[-1]
    return day.phase, day.dosed_at is not None


# -- asked for in time ----------------------------------------------------------------------------


async def test_edge_40_a_clearance_that_will_have_ended_at_the_booked_dose_is_asked_for_in_time(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)
    view = await staff.wait(lambda v: entry(v) is not None)

    task = entry(view)
    assert task is not None
    assert task.roles == (Role.MEDICAL_SCREENER,)
    assert view.next_session_at is not None
    assert task.due_at == view.next_session_at - timedelta(hours=72)
    assert task.opens_at == task.due_at - timedelta(days=7)
    ahead = [
        t for f in await journeys.facts(staff) if (t := f.data).get("kind") == "prepare_session"
    ]
    assert all("clearance" not in str(t["evidence"]) for t in ahead), "one task for one thing"


async def test_edge_40_nobody_is_dosed_on_a_clearance_that_has_ended(journeys: Clinical) -> None:
    staff = await on_its_way(journeys)

    assert await last_day(staff) == (SessionPhase.ABORTED, False)


async def test_a_clearance_is_renewed_from_the_moment_it_is_recorded_and_the_booked_day_hears(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)
    await staff.wait(lambda v: entry(v) is not None)

    await staff.screen_again()

    await staff.wait(lambda v: entry(v) is None)
    assert await last_day(staff) == (SessionPhase.DISCHARGED, True)
    recorded = [f for f in await journeys.facts(staff) if f.kind == "ScreeningRecorded"]
    assert [f.data["decision"]["outcome"] for f in recorded] == [ScreeningOutcome.CLEARED]  # type: ignore[index]


async def test_a_clearance_that_lasts_beyond_the_booked_dose_is_asked_of_nobody(
    journeys: Clinical,
) -> None:
    """The examination is 41 days old; the course goes on (2.3)."""
    staff = await on_its_way(journeys, 40)

    assert entry(await staff.wait(lambda v: v.open_session is not None)) is None
    assert await last_day(staff) == (SessionPhase.DISCHARGED, True)


async def test_after_a_lapse_of_ninety_days_the_course_is_screened_as_one_that_begins(
    journeys: Clinical,
) -> None:
    staff = await journeys.refer(
        **cleared(
            Phase.MAINTENANCE, **screened(40), sessions=[dosed(1, 100)],
            booked={Modality.IV_KETAMINE: 1}, scores=[scored(9)],
        )
    )  # fmt: skip
    view = await staff.wait(lambda v: entry(v) is not None or bool(v.pending_approvals))
    while entry(view) is None:
        await staff.approve(view.pending_approvals[0].kind)
        view = await staff.wait(lambda v: entry(v) is not None or bool(v.pending_approvals))

    assert entry(view) is not None


@pytest.mark.parametrize("phase", IN_COURSE)
async def test_a_screening_is_taken_in_every_phase_in_which_doses_may_come(
    journeys: Clinical, phase: Phase
) -> None:
    staff = await journeys.refer(**treated(phase, infusions=2))

    await staff.screen_again()

    kinds = [f.kind for f in await journeys.facts(staff)]
    assert "ScreeningRecorded" in kinds


async def test_a_screening_is_refused_where_no_dose_can_come(journeys: Clinical) -> None:
    staff = await journeys.refer(**treated(Phase.FOLLOW_UP))

    with pytest.raises(Refused, match="wrong_phase"):
        await staff.screen_again()


async def test_a_result_of_next_week_is_refused(journeys: Clinical) -> None:
    staff = await on_its_way(journeys)
    later = (WorkUp(kind="ua", taken_at=now() + timedelta(days=7)),)

    with pytest.raises(Refused, match="result_ahead"):
        await staff.screen_again(work_up=later)


# -- what it finds --------------------------------------------------------------------------------


async def test_a_finding_waits_for_a_prescriber_and_nothing_is_dosed_before(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)

    await staff.screen_again(conditions=("bipolar",))

    task = await asked(journeys, staff, "screening_finding")
    assert "bipolar" in task.evidence
    assert await last_day(staff) == (SessionPhase.ABORTED, False)


async def test_a_finding_that_a_prescriber_accepts_renews_the_clearance(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)

    await staff.screen_again(conditions=("bipolar",))
    await staff.approve("screening_finding")

    assert await last_day(staff) == (SessionPhase.DISCHARGED, True)


async def test_a_finding_that_a_prescriber_declines_holds_the_journey(journeys: Clinical) -> None:
    staff = await on_its_way(journeys)

    await staff.screen_again(conditions=("bipolar",))
    await staff.decline("screening_finding")

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert (held.hold.reason_code, held.hold.owner) == ("medical_clearance", Role.PRESCRIBER)


async def test_a_contraindication_holds_the_journey_until_another_screening_clears(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)

    await staff.screen_again(conditions=("mania",))

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert held.hold.reason_code == "medical_clearance"
    await staff.wait(lambda v: v.open_session is None)
    wish = ResumeJourney(**by(Role.NURSE, "back"), reason="feels well")
    with pytest.raises(Refused, match="clearance_voided"):
        await staff.give("resume", wish)

    await staff.screen_again()
    await staff.give("resume", wish.model_copy(update={"command_id": "back-again"}))
    await staff.approve("resume_from_hold")
    await booked_again(staff)
    told = [n.to_role for n in journeys.outside.sent if n.template == "hold_entered"]
    assert told == [Role.PRESCRIBER]


async def test_edge_8_a_pregnancy_found_by_another_screening_is_told_and_held_as_one(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys)
    positive = WorkUp(kind="hcg", taken_at=now() - timedelta(hours=1), result="positive")

    await staff.screen_again(work_up=(*papers.screening(now()).work_up, positive))

    held = await staff.reach(Phase.ON_HOLD)
    assert held.hold is not None
    assert held.hold.reason_code == "safety_event"
    opened = [f.data for f in await journeys.facts(staff) if f.kind == "TaskOpened"]
    assert any("obstetrics" in str(t["evidence"]) for t in opened)


async def test_another_screening_is_weighed_for_the_spray_where_that_is_the_course(
    journeys: Clinical,
) -> None:
    """Schizophrenia blocks infusions; for the spray a physician decides (2.1)."""
    staff = await journeys.refer(
        **treated(
            Phase.SWITCH_ESKETAMINE,
            consents=signed(Modality.ESKETAMINE),
            enrolled_in_safety_program=True,
        )
    )
    await staff.wait(lambda v: v.open_session is not None)

    await staff.screen_again(conditions=("schizophrenia",))

    await staff.pending("screening_finding")


# -- what voids it --------------------------------------------------------------------------------


async def test_edge_15_what_was_told_at_one_session_holds_the_next_until_another_screening(
    journeys: Clinical,
) -> None:
    staff = await on_its_way(journeys, 5)
    voided = ("emergency_visit",)
    await close_day(journeys, staff, phase="ABORTED", outcome="none", clearance_voided=voided)

    view = await staff.wait(lambda v: entry(v) is not None)

    task = entry(view)
    assert task is not None
    assert task.opens_at is None, "asked for at once"
    await booked_again(staff)
    assert await last_day(staff) == (SessionPhase.ABORTED, False), "nobody said it again"


async def test_edge_15_only_an_examination_since_then_lifts_it(journeys: Clinical) -> None:
    staff = await on_its_way(journeys, 5)
    voided = ("emergency_visit", "intoxicated")
    await close_day(journeys, staff, phase="ABORTED", outcome="none", clearance_voided=voided)
    await booked_again(staff)

    with pytest.raises(Refused, match="history_physical_not_anew"):
        await staff.screen_again()

    at = (await staff.door.journey(staff.journey_id)).now
    rows = (
        WorkUp(kind="history_physical", taken_at=at),
        WorkUp(kind="uds", taken_at=at, result="negative"),
    )
    await staff.screen_again(work_up=rows)
    await staff.wait(lambda v: entry(v) is None)
    assert await last_day(staff) == (SessionPhase.DISCHARGED, True)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"changes_since_last": ("surgery", "fever")}, "surgery"),
        ({"changes_since_last": ("unexplained_prescription",)}, "unexplained_prescription"),
        ({"intoxicated": True}, "intoxicated"),
    ],
)
def test_what_is_told_at_the_chair_goes_to_the_journey_with_the_days_end(
    told: dict[str, Any], code: str
) -> None:
    chair = BareChair()
    chair.arrive(**told)

    assert chair.day.state.result().clearance_voided == (code,)


def test_edge_15_who_is_examined_after_telling_of_it_may_be_treated_that_day() -> None:
    chair = BareChair()
    assert "clearance_voided" in chair.prepare(changes_since_last=("emergency_visit",))

    change(chair, examined_at=TEN - timedelta(days=1))
    assert chair.day.state.phase is SessionPhase.PRE_CHECK

    chair.day.pass_(600)
    change(chair, examined_at=chair.day.clinical_now)
    assert chair.day.state.phase is SessionPhase.READY
    assert chair.day.state.result().clearance_voided == ()


def test_a_day_is_not_ready_on_what_an_earlier_one_was_told() -> None:
    chair = BareChair(clearance_voided=("surgery",))

    assert chair.prepare() == ["clearance_not_renewed"]
    assert chair.waits() == {"clearance_not_renewed": Role.MEDICAL_SCREENER}
