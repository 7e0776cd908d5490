"""A course shown before anybody commits to it: its dates, tasks and checks, and what refuses it."""

from enum import StrEnum

from schemas.base import Code, Instant, Reason, Role, Value
from schemas.journey import Phase
from schemas.screening import Modality


class PlannedCourse(StrEnum):
    """The courses that can be planned ahead, as a series of sessions is named."""

    TAPER = "taper"
    MAINTENANCE = "maintenance"
    SPRAY = "spray"


class Gate(Value):
    """What would refuse or hold up the course as things stand. `lasting`: nothing that is still
    owed changes it, so nothing is planned behind it."""

    reason: Reason
    lasting: bool = False


class PlannedSession(Value):
    """One treatment day. `ends_at`: when dosing and observation are over, should all go well."""

    number: int
    modality: Modality
    scheduled_at: Instant
    ends_at: Instant


class PlannedTask(Value):
    """What will wait on a person. `before_session`, `after_session`: the day it belongs to;
    neither: it belongs to the course. `reasons`: the rules that ask for it."""

    kind: Code
    roles: tuple[Role, ...]
    opens_at: Instant
    due_at: Instant
    before_session: int | None = None
    after_session: int | None = None
    reasons: tuple[Reason, ...] = ()


class PlannedCheck(Value):
    """One periodic check that falls due. `before_session`: the day before which it is asked for;
    None where it falls due after the last one, not before the course is decided on again."""

    kind: Code
    role: Role
    due_at: Instant
    before_session: int | None = None
    source: str = ""


class Reconsent(Value):
    """Consent will have to be asked for before this day, because of these reasons; none of them
    where it was never signed."""

    modality: Modality
    asked_at: Instant
    before_session: int
    reasons: tuple[Reason, ...] = ()


class CoursePlan(Value):
    """A course of one journey as it would go from `as_of` on, if everybody comes, every dose is
    given and every task is done when it is asked for. Nothing of it is booked: an hour that is
    taken moves its day, and a longer wait for the decision moves what would lie behind it.

    `planned_afterwards`: what follows the last session, a reevaluation or the end of the course.
    """

    journey_id: str
    clinic: Code
    time_zone: str
    training: bool
    protocol_version: Code
    course: PlannedCourse
    phase: Phase
    as_of: Instant
    gates: tuple[Gate, ...] = ()
    sessions: tuple[PlannedSession, ...] = ()
    tasks: tuple[PlannedTask, ...] = ()
    monitoring: tuple[PlannedCheck, ...] = ()
    reconsent: tuple[Reconsent, ...] = ()
    planned_afterwards: Code | None = None
