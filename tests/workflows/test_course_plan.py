"""What-if: the course that `journey plan` shows is the course that then happens (7.4)."""

from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from clinical.course_plan import plan_course
from clinical.parameters import Parameters
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.journey import Phase
from schemas.screening import Modality, Screening
from service.course_plan import course_plan
from service.errors import Unavailable
from simulator.staff import Staff
from tests.workflows.conftest import Clinical, a_journey
from tests.workflows.going_on import go_on
from tests.workflows.places import cleared, dosed, now, treated

DECISION = "reevaluation_decision"
ASKED = frozenset(
    {
        *("monitoring_due", "course_review", "sign_consent", "switch_to_spray"),
        *("safety_follow_up", "patient_contact", "monitoring_form", "record_authorization"),
    }
)


async def _plan(journeys: Clinical, staff: Staff, course: PlannedCourse) -> CoursePlan:
    """The time-skipping server never answers what a turn to a new run overtook: ask again."""
    with suppress(Unavailable):
        return await course_plan(journeys.client, staff.journey_id, course)
    return await course_plan(journeys.client, staff.journey_id, course)


async def _happened(journeys: Clinical, staff: Staff) -> tuple[list[Any], Counter[str]]:
    """(number and hour of every booked day, tasks opened by kind), as they are on record."""
    facts = await journeys.facts(staff)
    booked = [f.data for f in facts if f.kind == "SessionBooked"]
    opened = [f.data for f in facts if f.kind == "TaskOpened"]
    asked = Counter(str(task["kind"]) for task in opened if _is_of_the_course(task))
    return [(b["number"], b["scheduled_at"]) for b in booked], asked


def _is_of_the_course(task: dict[str, Any]) -> bool:
    """A silent journal is the patient's doing: no plan can know of it."""
    return task["kind"] in ASKED and not str(task["key"]).startswith("journal")


def _planned(plan: CoursePlan) -> tuple[list[Any], Counter[str]]:
    sessions = [(s.number, s.model_dump(mode="json")["scheduled_at"]) for s in plan.sessions]
    return sessions, Counter(task.kind for task in plan.tasks if task.kind in ASKED)


async def test_the_taper_that_was_shown_is_the_taper_that_happens(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated())
    await staff.score(4)
    await staff.pending(DECISION)

    plan = await _plan(skipping, staff, PlannedCourse.TAPER)
    await staff.approve(DECISION, "taper")
    await go_on(staff, lambda v: v.phase is Phase.FOLLOW_UP)

    assert not plan.gates
    assert len(plan.sessions) == 4 + 4 + 3
    assert await _happened(skipping, staff) == _planned(plan)
    assert plan.planned_afterwards == "close_review"
    assert {check.kind for check in plan.monitoring if check.before_session} >= {"luts", "ua"}


async def test_the_maintenance_that_was_shown_is_the_maintenance_that_happens(
    skipping: Clinical,
) -> None:
    """Its own consent and the checks that fall due are shown with the day they precede."""
    staff = await skipping.refer(**treated())
    await staff.score(4)
    await staff.pending(DECISION)

    plan = await _plan(skipping, staff, PlannedCourse.MAINTENANCE)
    await staff.approve(DECISION, "maintenance")
    await go_on(staff, lambda v: v.phase is Phase.REEVALUATION)

    assert await _happened(skipping, staff) == _planned(plan)
    apart = [b.scheduled_at - a.scheduled_at for a, b in pairwise(plan.sessions)]
    assert {gap.days for gap in apart} <= {20, 21}
    (again,) = plan.reconsent
    assert again.before_session == plan.sessions[0].number
    assert [reason.code for reason in again.reasons] == ["consent_maintenance"]
    assert plan.planned_afterwards == DECISION


async def test_the_induction_of_the_spray_that_was_shown_is_the_one_that_happens(
    skipping: Clinical,
) -> None:
    recent = [dosed(n, 1 + 3 * (6 - n)) for n in range(1, 7)]
    staff = await skipping.refer(**treated(sessions=recent, authorization=None))
    await staff.score(4)
    await staff.pending(DECISION)

    plan = await _plan(skipping, staff, PlannedCourse.SPRAY)
    await staff.approve(DECISION, "switch")
    await go_on(staff, lambda v: v.phase is Phase.REEVALUATION, signs=Modality.ESKETAMINE)

    assert {gate.reason.code for gate in plan.gates} == {
        "patient_not_enrolled", "consent_missing", "not_authorized",
    }  # fmt: skip
    assert not any(gate.lasting for gate in plan.gates)
    assert len(plan.sessions) == 8
    assert [task.kind for task in plan.tasks].count("record_authorization") == 1
    assert await _happened(skipping, staff) == _planned(plan)


async def test_a_course_under_way_is_shown_from_its_booked_day_on(skipping: Clinical) -> None:
    staff = await skipping.refer(**treated(Phase.TAPER))
    whole = await _after_booking(skipping, staff)

    await go_on(staff, lambda v: len(v.sessions) == 8 and v.open_session is not None)

    rest = await _plan(skipping, staff, PlannedCourse.TAPER)
    assert rest.sessions == whole.sessions[2:]


async def _after_booking(journeys: Clinical, staff: Staff) -> CoursePlan:
    await staff.wait(lambda v: v.open_session is not None)
    return await _plan(journeys, staff, PlannedCourse.TAPER)


async def test_nothing_is_planned_behind_what_no_waiting_changes(skipping: Clinical) -> None:
    malformation = Screening(conditions=("arteriovenous_malformation",))
    staff = await skipping.refer(**treated(screening=malformation))

    plan = await _plan(skipping, staff, PlannedCourse.SPRAY)

    assert "contraindicated" in {gate.reason.code for gate in plan.gates if gate.lasting}
    assert not plan.sessions
    assert not plan.tasks


async def test_looking_ahead_changes_nothing_and_says_when_it_is_too_early(
    skipping: Clinical,
) -> None:
    staff = await skipping.refer(**cleared(Phase.SCHEDULED))
    before = await staff.pending("series_start")

    plan = await _plan(skipping, staff, PlannedCourse.MAINTENANCE)

    assert "not_in_reevaluation" in {gate.reason.code for gate in plan.gates}
    assert await staff.pending("series_start") == before
    assert await _plan(skipping, staff, PlannedCourse.TAPER) != plan


@pytest.mark.parametrize(
    ("stands", "course", "told"),
    [
        ({"phase": Phase.CLOSED}, PlannedCourse.TAPER, "journey_closed"),
        ({"phase": Phase.ON_HOLD}, PlannedCourse.TAPER, "on_hold"),
        ({"phase": Phase.PSYCH_EVAL}, PlannedCourse.TAPER, "not_in_reevaluation"),
        ({"site_certified": False}, PlannedCourse.SPRAY, "certification_lost"),
    ],
)
def test_a_plan_says_what_stands_between_the_journey_and_its_course(
    stands: dict[str, Any], course: PlannedCourse, told: str
) -> None:
    state = a_journey("journey-otterbourne", **{**treated(), **stands})

    plan = plan_course(state, course, now(), Parameters.default())

    assert told in [gate.reason.code for gate in plan.gates]
