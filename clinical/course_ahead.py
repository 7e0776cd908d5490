"""A course told on, session by session, by the rules that later book it (fact sheet 5, 7.4, 9).

As if everybody came, every dose were given, and every task were done when it is asked for.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from clinical.aftercare import first_dose_call_at, follow_up_window
from clinical.approval import rule_for
from clinical.authorization import against_dose, next_alert
from clinical.clearance import cleared_until
from clinical.clinic_hours import local_date
from clinical.course import doses_at, finished, series_of, upcoming
from clinical.course_checks import ROLE_OF, checks_at, checks_before
from clinical.course_gates import (
    cap_roles,
    caps_reached,
    consent_again,
    consent_holds,
    gap_before,
    gap_questions,
    gap_roles,
)
from clinical.nasal_spray import monitoring_form_times
from clinical.parameters import Parameters
from clinical.preparation import first_look_at
from clinical.readiness import session_length
from clinical.work_up import REQUIRED
from schemas.approval import ApprovalKind, EntryKind
from schemas.authorization import Authorization
from schemas.base import Reason, Role
from schemas.consent import Consent, ConsentForm, ConsentStatus
from schemas.course_plan import (
    PlannedCheck,
    PlannedCourse,
    PlannedSession,
    PlannedTask,
    Reconsent,
)
from schemas.infusion import DoseOutcome, SessionPhase, SessionResult
from schemas.journey import JourneyState, Series
from schemas.screening import Modality, Screening, WorkUp

REFRESH: Final = "refresh_checks"


class Ahead:
    """A course told on from a copy of its journey's state, in the order of `run_series`."""

    def __init__(
        self, state: JourneyState, course: PlannedCourse, now: datetime, parameters: Parameters
    ) -> None:
        self._state = state
        self._course = course
        self._now = now
        self._parameters = parameters
        self._series = self._begin()
        self.sessions: list[PlannedSession] = []
        self.tasks: list[PlannedTask] = []
        self.checks: list[PlannedCheck] = []
        self.reconsent: list[Reconsent] = []

    @property
    def last_question(self) -> ApprovalKind:
        """What is asked once the course has what it planned."""
        if self._course is PlannedCourse.TAPER:
            return ApprovalKind.CLOSE_REVIEW
        return ApprovalKind.REEVALUATION_DECISION

    def tell(self) -> None:
        """Every session to the end of the course, and what each one brings with it."""
        modality, booking = self._series.modality, self._state.booking
        if modality is Modality.ESKETAMINE and not self._state.enrolled_in_safety_program:
            self._ask(ApprovalKind.SWITCH_TO_SPRAY)
        if booking is not None and booking.modality is modality:
            self._treat(booking.number, booking.scheduled_at)
        elif modality is Modality.ESKETAMINE:
            self._consent(self._now)
            self._authorization(self._now)
        while not finished(self._series):
            self._book()
        self._end()

    def _begin(self) -> Series:
        """The series under way, or the one that is planned now."""
        found = self._state.series
        if found is None or found.course != self._course.value:
            found = series_of(self._course.value, self._state, self._now, self._parameters)
        series = found.model_copy()
        changes: dict[str, object] = {"series": series}
        if self._course is PlannedCourse.MAINTENANCE:
            changes["maintenance_since"] = self._state.maintenance_since or series.began_at
        self._state = self._state.model_copy(update=changes)
        return series

    def _book(self) -> None:
        """The next session, after what people are asked before it."""
        series, parameters = self._series, self._parameters
        series.position, at = upcoming(self._state, series, self._now, parameters)
        self._authorization(at)
        self._reviews(at)
        self._periodic_checks(at)
        self._screening(at)
        self._consent(at)
        series.position, at = upcoming(self._state, series, self._now, parameters)
        series.position += 1
        self._treat(self._next_number(), at)

    def _treat(self, number: int, at: datetime) -> None:
        """The day itself, given as planned, and what it leaves to be done."""
        modality = self._series.modality
        ends_at = at + session_length(modality, self._parameters)
        self.sessions.append(
            PlannedSession(number=number, modality=modality, scheduled_at=at, ends_at=ends_at)
        )
        self._around(number, at, ends_at)
        given = SessionResult(
            session_id=f"planned-{number}",
            modality=modality,
            number=number,
            phase=SessionPhase.DISCHARGED,
            outcome=DoseOutcome.COMPLETED,
            scheduled_at=at,
            dosed_at=at,
            ended_at=ends_at,
        )
        self._series.done += 1
        self._now = max(self._now, ends_at)
        self._state = self._state.model_copy(
            update={
                "booking": None,
                "booked": {**self._state.booked, modality: number},
                "sessions": [*self._state.sessions, given],
            }
        )

    def _around(self, number: int, at: datetime, ends_at: datetime) -> None:
        """Ahead of the day the way home, after it the calls, and the spray's form."""
        modality, parameters = self._series.modality, self._parameters
        if parameters.flag("dis.escort_required"):
            opens_at = max(self._now, first_look_at(at, parameters))
            roles = (Role.CARE_COORDINATOR,)
            self._ask(EntryKind.PREPARE_SESSION, roles, opens_at, at, before=number)
        from_at, by_at = follow_up_window(ends_at, parameters)
        self._ask(ApprovalKind.SAFETY_FOLLOW_UP, None, from_at, by_at, after=number)
        if not any(s.dosed_at and s.modality is modality for s in self._state.sessions):
            call_at = first_dose_call_at(ends_at, parameters)
            self._ask(ApprovalKind.PATIENT_CONTACT, None, call_at, after=number)
        if modality is Modality.ESKETAMINE:
            _, due_at = monitoring_form_times(at, self._state.clinic, parameters)
            self._ask(ApprovalKind.MONITORING_FORM, None, ends_at, due_at, after=number)

    def _reviews(self, at: datetime) -> None:
        """A cap that is reached, a gap that is long: people let the course go on."""
        state, series, number = self._state, self._series, self._next_number()
        for reason in caps_reached(state, series, self._now, self._parameters):
            roles = cap_roles(reason)
            self._ask(ApprovalKind.COURSE_REVIEW, roles, before=number, reasons=(reason,))
            self._note(caps_reviewed={**self._state.notes.caps_reviewed, reason.code: self._now})
        gap = gap_questions(state, series, at, self._parameters)
        if gap:
            roles = gap_roles(series, gap)
            self._ask(ApprovalKind.COURSE_REVIEW, roles, before=number, reasons=gap)
            self._note(gap_decided_for=doses_at(state)[-1])

    def _periodic_checks(self, at: datetime) -> None:
        """What is due before this dose, asked of each role; the answer counts from then."""
        number, done = self._next_number(), dict(self._state.notes.monitoring)
        for role, due in checks_before(self._state, at, self._parameters).items():
            self._ask(ApprovalKind.MONITORING_DUE, (role,), before=number)
            for item in due:
                done[item.kind] = self._now
                self.checks.append(
                    PlannedCheck(
                        kind=item.kind,
                        role=role,
                        due_at=item.due_at,
                        before_session=number,
                        source=item.source,
                    )
                )
        gap = gap_before(self._state, self._series, at, self._parameters)
        refresh = tuple(reason for reason in gap if reason.code == REFRESH)
        if refresh:
            roles = (Role.PRESCRIBER,)
            self._ask(ApprovalKind.MONITORING_DUE, roles, before=number, reasons=refresh)
        self._note(monitoring=done)

    def _screening(self, at: datetime) -> None:
        """A clearance that will have ended at `at` is renewed, with every result of that day."""
        state, parameters = self._state, self._parameters
        until = cleared_until(state, at, parameters)
        if not state.clearance_voided and until is not None and until >= at:
            return
        look = first_look_at(at, parameters)
        rule = rule_for(EntryKind.RECORD_SCREENING, state.protocol.approvals)
        opens_at = max(self._now, look - rule.due)
        due_at = look if look > opens_at else None
        number = self._next_number()
        self._ask(EntryKind.RECORD_SCREENING, None, opens_at, due_at, before=number)
        fresh = tuple(WorkUp(kind=kind, taken_at=opens_at) for kind, _, _ in REQUIRED)
        before = state.screening or Screening()
        renewed = before.model_copy(update={"work_up": (*before.work_up, *fresh)})
        self._state = state.model_copy(update={"screening": renewed, "clearance_voided": ()})

    def _consent(self, at: datetime) -> None:
        """Consent that will not be in force at `at` is asked for, and signed the same day."""
        state, modality, parameters = self._state, self._series.modality, self._parameters
        if consent_holds(state, modality, at, self._now, parameters):
            return
        number = self._next_number()
        reasons = consent_again(state, modality, at, self._now, parameters)
        self._ask(EntryKind.SIGN_CONSENT, None, before=number, reasons=reasons)
        self.reconsent.append(
            Reconsent(modality=modality, asked_at=self._now, before_session=number, reasons=reasons)
        )
        before = state.consents.get(modality)
        signed = Consent(
            form=before.form if before else _unsigned(modality),
            status=ConsentStatus.SIGNED,
            signed_at=self._now,
            valid_until=self._now + parameters.duration("consent.valid"),
        )
        self._state = state.model_copy(update={"consents": {**state.consents, modality: signed}})

    def _authorization(self, at: datetime) -> None:
        """Who pays is asked before a spray that nobody pays for, and ahead of the end of what the
        insurer approved; told as if the answer then covered the rest."""
        state, parameters = self._state, self._parameters
        if self._series.modality is not Modality.ESKETAMINE:
            return
        held, number = state.authorization, self._next_number()
        against = against_dose(held, local_date(at, state.clinic), parameters)
        until = None if held is None or held.patient_pays else held.valid_until
        alert = until and next_alert(until, state.authorization_alerted, state.clinic, parameters)
        if alert and alert[1] <= at:
            self._ask(EntryKind.RECORD_AUTHORIZATION, None, max(alert[1], self._now), before=number)
        elif against:
            self._ask(EntryKind.RECORD_AUTHORIZATION, None, before=number, reasons=against)
        else:
            return
        answered = Authorization(approved=True, patient_pays=True, recorded_at=self._now)
        self._state = state.model_copy(update={"authorization": answered})

    def _end(self) -> None:
        """What is asked once the course has what it planned, and the checks still to come."""
        self._ask(self.last_question)
        for item in checks_at(self._state, self._now, self._parameters):
            self.checks.append(
                PlannedCheck(
                    kind=item.kind, role=ROLE_OF[item.kind], due_at=item.due_at, source=item.source
                )
            )

    def _ask(
        self,
        kind: ApprovalKind | EntryKind,
        roles: tuple[Role, ...] | None = None,
        opens_at: datetime | None = None,
        due_at: datetime | None = None,
        *,
        before: int | None = None,
        after: int | None = None,
        reasons: Sequence[Reason] = (),
    ) -> None:
        rule = rule_for(kind, self._state.protocol.approvals)
        begins = opens_at or self._now
        self.tasks.append(
            PlannedTask(
                kind=kind.value,
                roles=roles or rule.slots,
                opens_at=begins,
                due_at=due_at or begins + rule.due,
                before_session=before,
                after_session=after,
                reasons=tuple(reasons),
            )
        )

    def _note(self, **changes: object) -> None:
        notes = self._state.notes.model_copy(update=changes)
        self._state = self._state.model_copy(update={"notes": notes})

    def _next_number(self) -> int:
        return self._state.booked.get(self._series.modality, 0) + 1


def _unsigned(modality: Modality) -> ConsentForm:
    """Stands for the form that is still to be signed; nothing of it is shown."""
    return ConsentForm(modality=modality, document_version="planned", signer="planned")
