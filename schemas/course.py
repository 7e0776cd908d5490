"""What a journey remembers of its course beside scores and sessions: what was found, reviewed,
checked, refused. Bounded: nothing here grows with the years."""

from schemas.base import Carried, Code, Instant
from schemas.reevaluation import CourseFindings


class CourseNotes(Carried):
    """Written by one release, read by the next: fields are only added, each with a default.

    `step_backs`: relapses answered with boosters or an earlier taper step. `taper_from_step`: where
    the next taper begins, from 0. `monitoring`: periodic check -> when it was last done.
    `caps_reviewed`: cap on infusions -> when a person last let treatment go on beyond it.
    `gap_decided_for`: the last dose before a long gap that a person has decided on.
    `journal_step`: what the silence of the journal has led to so far. `risk_seen`: a suicide risk
    was raised at some time. `medicines_reviewed_at`: when a prescriber last reviewed the medicines
    because of the pressure before a dose. `seen_at`: when the patient was last heard of;
    `absence_decided_at`: when somebody last decided on a long silence.
    """

    findings: CourseFindings | None = None
    step_backs: int = 0
    taper_from_step: int = 0
    boosters: bool = False
    early_reviewed: bool = False
    monitoring: dict[Code, Instant] = {}
    caps_reviewed: dict[Code, Instant] = {}
    gap_decided_for: Instant | None = None
    switch_agreed: bool = False
    switch_refused: tuple[Code, ...] = ()
    journal_at: Instant | None = None
    journal_step: Code = "nothing"
    risk_seen: bool = False
    medicines_reviewed_at: Instant | None = None
    seen_at: Instant | None = None
    absence_decided_at: Instant | None = None
