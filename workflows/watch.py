"""The watch over a treatment day: what should have happened by now, and whom to tell when not.

One timer runs to the next of these moments. Nothing here doses, resumes, clears or discharges.
"""

from datetime import datetime

from clinical.discharge import closing_page_at, long_review_at
from clinical.vital_signs import judge_missing, next_reading_due
from schemas.base import SYSTEM, Role, earliest
from schemas.event import EventKind
from schemas.infusion import SessionPhase
from workflows import attendance
from workflows.session_state import AFTER_DOSE, ON_SITE, UNDER_DOSE
from workflows.supervision import Supervision


class Watch:
    """What is due next on one treatment day."""

    def __init__(self, supervision: Supervision) -> None:
        self._day = supervision
        self._state = supervision.state
        self._told_long_review = False
        self._told_closing = False

    def next_at(self) -> datetime | None:
        """When to look again."""
        return earliest(
            [
                *self._moments(),
                self._day.tasks.next_at(),
                self._day.orders.next_at(),
                attendance.page_at(self._day),
            ]
        )

    @property
    def reading_due_at(self) -> datetime | None:
        """When the next reading is owed; None outside dosing and observation."""
        state = self._state
        if state.phase not in UNDER_DOSE | AFTER_DOSE or state.phase_began_at is None:
            return None
        return next_reading_due(
            "during" if state.phase in UNDER_DOSE else "post",
            state.dosed_at if state.phase in UNDER_DOSE else state.dosing_ended_at,  # type: ignore[arg-type]
            state.read_until,
            state.plan.modality,
            self._day.parameters,
        )

    def look(self) -> None:
        """Do what is due at this moment."""
        now = self._day.clock.now()
        state = self._state
        if state.phase is SessionPhase.BOOKED and now >= self._check_in_by:
            self._day.close(SessionPhase.MISSED, EventKind.SESSION_MISSED, None, {})
        elif state.phase in ON_SITE and not state.starting and now >= self._day_ends:
            self._day.close(
                SessionPhase.ABORTED, EventKind.SESSION_CANCELLED, None, {"because": "day_ended"}
            )
        elif state.phase in UNDER_DOSE | AFTER_DOSE:
            self._look_for_reading(now)
            self._look_for_review(now)
            attendance.look(self._day)
            self._day.orders.look()
        self._day.tasks.tend()

    # -- inside -----------------------------------------------------------------------------

    @property
    def _check_in_by(self) -> datetime:
        late = self._day.parameters.duration("arrival.late_max")
        return self._state.plan.scheduled_at + late

    @property
    def _day_ends(self) -> datetime:
        """A patient who checked in and was never dosed is not kept waiting overnight."""
        ends = self._day.parameters.duration("arrival.day_ends")
        return self._state.plan.scheduled_at + ends

    def _moments(self) -> list[datetime | None]:
        state = self._state
        if state.phase is SessionPhase.BOOKED:
            return [self._check_in_by]
        if state.phase in ON_SITE:
            return [None if state.starting else self._day_ends]
        # The hour at which the review opens needs no timer of its own: a reading is owed then or
        # soon after, and it, or its absence, turns the phase.
        moments = [self._missing_at()]
        if state.phase in AFTER_DOSE and not self._told_long_review:
            moments.append(self._long_review_at())
        if state.phase in AFTER_DOSE and not self._told_closing:
            moments.append(self._closing_page_at())
        return moments

    def _missing_at(self) -> datetime | None:
        """When an owed reading becomes an alert, and then an escalation."""
        due = self.reading_due_at
        if due is None:
            return None
        step = (
            "iv.vitals_missing_escalate" if self._state.missed_level else "iv.vitals_missing_alert"
        )
        return due + self._day.parameters.duration(step)

    def _look_for_reading(self, now: datetime) -> None:
        while (at := self._missing_at()) is not None and now >= at:
            due = self.reading_due_at
            assert due is not None
            self._missed(due, now)

    def _missed(self, due: datetime, now: datetime) -> None:
        state = self._state
        decision = judge_missing(due, now, state.missed_in_row + 1, self._day.parameters)
        escalate = decision.escalate
        self._day.recorder.note(
            EventKind.VITALS_MISSED,
            {
                "due_at": due.isoformat(),
                "level": "escalate" if escalate else "alert",
                "session_phase": state.phase.value,
            },
        )
        role = Role.MEDICAL_DIRECTOR if escalate else Role.NURSE
        self._day.alert(role, "vitals_missed", f"vitals-missed:{due.isoformat()}:{escalate}")
        if not escalate:
            state.missed_level = 1
            return
        state.missed_level = 0
        state.missed_in_row += 1
        state.read_until = due
        if decision.pause and state.phase is SessionPhase.DOSING:
            self._day.pause(SYSTEM, "readings_missed")

    def _look_for_review(self, now: datetime) -> None:
        state = self._state
        opens_at = self._day.review_opens_at
        if state.phase is SessionPhase.POST_OBS and opens_at is not None and now >= opens_at:
            state.phase = SessionPhase.DISCHARGE_REVIEW
        overdue = self._long_review_at()
        if overdue is not None and now >= overdue and not self._told_long_review:
            self._told_long_review = True
            self._day.alert(Role.PRESCRIBER, "safety_alert", "long-review")
        closing = self._closing_page_at()
        if closing is not None and now >= closing and not self._told_closing:
            self._told_closing = True
            self._day.alert(Role.NURSE, "safety_alert", "closing-soon")

    def _closing_page_at(self) -> datetime | None:
        """A patient who is still here shortly before the clinic closes (11.5)."""
        ended_at = self._state.dosing_ended_at
        if ended_at is None:
            return None
        return closing_page_at(ended_at, self._state.plan.clinic, self._day.parameters)

    def _long_review_at(self) -> datetime | None:
        if self._state.dosing_ended_at is None:
            return None
        return long_review_at(
            self._state.plan.modality, self._state.dosing_ended_at, self._day.parameters
        )
