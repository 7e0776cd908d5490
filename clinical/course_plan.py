"""What-if: a course shown before anybody commits to it, with what would refuse it (5, 7.4)."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from clinical.course import notes_after
from clinical.course_ahead import Ahead
from clinical.course_gates import against_spray, lasting
from clinical.journey import next_phase
from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.course_plan import CoursePlan, Gate, PlannedCourse
from schemas.journey import Event, JourneyState, Phase
from schemas.reevaluation import Course, Proposal

_CHOSEN: Final[Mapping[PlannedCourse, tuple[Course, Event, Phase]]] = MappingProxyType(
    {
        PlannedCourse.TAPER: (Course.TAPER, Event.TAPER_CHOSEN, Phase.TAPER),
        PlannedCourse.MAINTENANCE: (
            *(Course.MAINTENANCE, Event.MAINTENANCE_CHOSEN),
            Phase.MAINTENANCE,
        ),
        PlannedCourse.SPRAY: (Course.SWITCH, Event.SWITCH_CHOSEN, Phase.SWITCH_ESKETAMINE),
    }
)


def plan_course(
    state: JourneyState,
    course: PlannedCourse,
    now: datetime,
    parameters: Parameters,
    *,
    proposal: Proposal | None = None,
) -> CoursePlan:
    """The dated plan of a course decided on at `now`; of one under way, what is left of it
    (5.2, 7.4). `proposal`: what the decision table offers now. Behind a lasting gate nothing is
    planned."""
    gates = _gates(state, course, now, parameters, proposal)
    shown = CoursePlan(
        journey_id=state.journey_id,
        clinic=state.clinic.code,
        time_zone=state.clinic.time_zone,
        training=state.training,
        protocol_version=state.protocol.version,
        course=course,
        phase=state.phase,
        as_of=now,
        gates=gates,
    )
    if any(gate.lasting for gate in gates):
        return shown
    ahead = Ahead(_decided(state, course, now), course, now, parameters)
    ahead.tell()
    return shown.model_copy(
        update={
            "sessions": tuple(ahead.sessions),
            "tasks": tuple(sorted(ahead.tasks, key=lambda task: task.opens_at)),
            "monitoring": tuple(ahead.checks),
            "reconsent": tuple(ahead.reconsent),
            "planned_afterwards": ahead.last_question.value,
        }
    )


def _under_way(state: JourneyState, course: PlannedCourse) -> bool:
    return state.phase is _CHOSEN[course][2]


def _gates(
    state: JourneyState,
    course: PlannedCourse,
    now: datetime,
    parameters: Parameters,
    proposal: Proposal | None,
) -> tuple[Gate, ...]:
    gates = []
    chosen, event, _ = _CHOSEN[course]
    if state.phase is Phase.CLOSED:
        gates.append(_gate("journey_closed", "The journey is closed.", lasting=True))
    elif state.phase is Phase.ON_HOLD:
        fact = state.hold.reason_code if state.hold else None
        gates.append(_gate("on_hold", "The journey is on hold.", fact))
    elif not _under_way(state, course) and next_phase(state.phase, event) is None:
        text = "A course is decided on at a reevaluation."
        gates.append(_gate("not_in_reevaluation", text, state.phase.value))
    offered = proposal is None or not proposal.options or chosen in proposal.options
    if proposal is not None and not offered and not _under_way(state, course):
        text = "The decision table does not offer this course now."
        gates.append(_gate("not_offered", text, f"row {proposal.row}", "7.3"))
    if course is PlannedCourse.SPRAY:
        gates += _spray_gates(state, now, parameters)
    return tuple(gates)


def _spray_gates(state: JourneyState, now: datetime, parameters: Parameters) -> list[Gate]:
    against = against_spray(state, now, parameters)
    gates = [Gate(reason=reason, lasting=lasting(state, reason)) for reason in against]
    if state.site_certified is False:
        text = "The site has lost its certification: nothing is booked until it is back."
        gates.append(_gate("certification_lost", text, source="11.21"))
    return gates


def _decided(state: JourneyState, course: PlannedCourse, now: datetime) -> JourneyState:
    """The journey as the decision for this course would leave it."""
    if _under_way(state, course):
        return state.model_copy(update={"notes": state.notes.model_copy()})
    chosen, _, phase = _CHOSEN[course]
    changes = {
        "notes": notes_after(state, chosen, now),
        "relapse_found": False,
        "course": chosen,
        "series": None,
        "booking": None,
        "phase": phase,
    }
    return state.model_copy(update=changes)


def _gate(
    code: str, text: str, fact: str | None = None, source: str = "", *, lasting: bool = False
) -> Gate:
    return Gate(reason=Reason(code=code, text=text, fact=fact, source=source), lasting=lasting)
