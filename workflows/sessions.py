"""Treatment days as the journey books them, hears of them, and never loses one.

A session outlives the journey's run: it is abandoned to itself, and its end is heard through the
child handle, or, once the journey has turned to a new run, by the session's own signal.
"""

import asyncio
from datetime import datetime

from pydantic import BaseModel
from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, TemporalError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from clinical.authorization import covered_until, needs_authorization
from clinical.clearance import cleared_until, examined_at
from clinical.consent import in_force_until
from clinical.course import first_dose_at
from clinical.late_result import forbids_dose
from clinical.parameters import Parameters
from clinical.prescription_monitoring import last_query
from clinical.product import consented_to_compounded
from clinical.response import best_comparison, under_treatment
from runtime.names import JOURNEYS
from schemas.appointment import PlacesAnswer
from schemas.approval import ApprovalKind
from schemas.consent import Consent, ConsentStatus
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionPlan, SessionResult
from schemas.journey import Booking, Event, JourneyState
from schemas.notification import NotificationClass
from schemas.screening import Modality
from workflows.absence import ABSENCE, seen
from workflows.aftercare import owe_after_care
from workflows.death import DIED
from workflows.identity import Identity
from workflows.medication_review import review_medicines
from workflows.monitoring import queried
from workflows.monitoring_form import owe_form
from workflows.options import ASK_AGAIN_AFTER, SEEN_DEAD_AFTER
from workflows.places import Places
from workflows.preparation import DayAhead
from workflows.rescreening import clearance_voided
from workflows.risk_alert import told_at_chair
from workflows.safety_report import open_cases
from workflows.scores import settle_baseline, taken_before_a_dose
from workflows.story import Story
from workflows.unheard import UnheardEnd
from workflows.visible import session_attributes

WORKFLOW_OF = {
    Modality.IV_KETAMINE: ("InfusionSession", "infusion"),
    Modality.ESKETAMINE: ("NasalSpraySession", "spray"),
}


SESSION_KINDS = (
    *("readiness_override", "dose_exception", "discharge", "substance_variance", "gap_review"),
    *("safety_report", "monitoring_form", "supply_missing"),
)
"""What a treatment day asks of people; of the approval table it needs these rules only."""


OWED_TITLES = {
    ApprovalKind.SUBSTANCE_VARIANCE: "a dose that does not add up: recount, two people",
    ApprovalKind.GAP_REVIEW: "a gap in the readings: review it",
}

CLOSED_DAY = "closed-day-"
"""The task to move a booked day on which the clinic is closed, by its session."""

NOT_COME = frozenset({SessionPhase.MISSED, SessionPhase.RESCHEDULED})
"""Days to which nobody came, or from which the patient was sent home with another date."""

ONCE_ONLY: dict[str, object] = {
    "spray": None,
    "adverse_events": (),
    "risks": (),
    "pdmp_queried_at": None,
}
"""What forms, reports and checks were made from; a journey of years does not carry it along."""


class SessionDesk:
    """The journey's dealings with its sessions: at most one is open at a time."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._state = story.state
        self._ask_again_at: datetime | None = None
        self._watching: set[asyncio.Task[None]] = set()
        story.on_interrupt.append(self.interrupt)
        self.identity = Identity(story)
        self.places = Places(story, self._place_lost, self.identity.claim)
        self.unheard = UnheardEnd(self.heard, self.lost)
        self.ahead = DayAhead(story, self.plan_now, self._signal)
        story.letters.behind = lambda: not self.places.drained

    # -- booking ----------------------------------------------------------------------------

    async def reserve(
        self, modality: Modality, at: datetime, until: datetime | None = None
    ) -> PlacesAnswer | None:
        """Hold the places of the next treatment day, at `at` or at the next hour that is free."""
        session_id = self._session_id(modality, self._next_number(modality))
        return await self.places.reserve(modality, session_id, at, until)

    async def book(
        self, modality: Modality, held: PlacesAnswer, wanted_at: datetime | None = None
    ) -> None:
        """Start the workflow of the next treatment day at the hour that is held for it; it waits
        for its hour by itself. `wanted_at`: the hour that was asked for."""
        workflow_type, word = WORKFLOW_OF[modality]
        number, at = self._next_number(modality), held.starts_at
        booking = Booking(
            session_id=held.session_id, modality=modality, number=number, scheduled_at=at,
            ends_at=held.ends_at, wanted_at=wanted_at if wanted_at != at else None,
            observer=held.observer,
        )  # fmt: skip
        plan = self.plan_now(booking)
        handle = await workflow.start_child_workflow(
            workflow_type,
            plan,
            id=plan.session_id,
            task_queue=JOURNEYS,
            result_type=SessionResult,
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
            task_timeout=SEEN_DEAD_AFTER,
            static_summary=f"{word} session {number}",
            search_attributes=session_attributes(plan),
        )
        self._state.booked[modality] = number
        self._state.booking = booking
        self._story.tasks.cancel(ABSENCE)  # whoever has a day is expected there
        self.places.confirm(plan.session_id, at, modality)
        self._ask_again_at = None
        self._story.recorder.note(
            EventKind.SESSION_BOOKED,
            {**booking.model_dump(mode="json"), "course": self._course},
        )
        self._story.tell_patient(
            "session_booked",
            f"{plan.session_id}:booked",
            NotificationClass.REMINDER,
            scheduled_at=at.isoformat(),
            modality=modality.value,
            time_zone=self._state.clinic.time_zone,
            after_hours_phone=self._state.clinic.after_hours_phone or "",
        )
        self._watch(handle, booking)
        self._catch_up(plan)
        booking.told = self.ahead.known(plan)
        self._story.tasks.stir()
        self._story.show()

    async def closed(self) -> None:
        """Wait until no session is open. One that an earlier run started has nobody who would
        tell of its violent end, so it is asked again when its day should long be over."""
        while not await self._story.wait(
            lambda: self._state.booking is None,
            deadline=self._ask_again_at,
            summary="treatment day: until it closes",
        ):
            self.adopt()

    # -- hearing ----------------------------------------------------------------------------

    def heard(self, result: SessionResult) -> None:
        """A session has closed. Heard twice, it counts once."""
        booking = self._state.booking
        if booking is None or booking.session_id != result.session_id:
            return
        self._state.booking = None
        self._story.tasks.cancel(f"{CLOSED_DAY}{result.session_id}")
        self.places.release(result.session_id, result.ended_at, result.phase.value)
        self._state.sessions.append(result.model_copy(update=ONCE_ONLY))
        self._ask_on(result)
        self._story.recorder.note(
            EventKind.SESSION_CLOSED, result.model_dump(mode="json"), actor=None
        )
        for told in result.risks:
            told_at_chair(self._story, told)
        taken_before_a_dose(self._story, result)
        settle_baseline(self._state, result)
        self._count(result)
        if result.dosed_at is not None and self._state.close_outcome != DIED:
            owe_after_care(self._story, result)
        owe_form(self._story, result)
        open_cases(self._story, result)
        review_medicines(self._story, result)
        clearance_voided(self._story, result)
        queried(self._story, result.pdmp_queried_at)
        if result.phase not in NOT_COME:
            seen(self._story)

    def _ask_on(self, result: SessionResult) -> None:
        """What people still owed when the patient left is asked for until it is done."""
        for kind in result.owed:
            self._story.tasks.open(
                kind,
                f"{kind.value}-{result.session_id}",
                f"Left open by session {result.number}: {OWED_TITLES.get(kind, kind.value)}",
                session_id=result.session_id,
            )

    def plan_now(self, booking: Booking) -> SessionPlan:
        """The booked day's plan on what the journey knows by now."""
        state, parameters = self._state, self._story.parameters
        consent = state.consents.get(booking.modality)
        dosed = [s for s in state.sessions if s.dosed_at is not None]
        dosing_at = max(self._story.clock.now(), booking.scheduled_at)
        return SessionPlan(
            session_id=booking.session_id,
            journey_id=state.journey_id,
            clinic=state.clinic,
            protocol=state.protocol.model_copy(update={"approvals": self._session_rules()}),
            modality=booking.modality,
            number=booking.number,
            scheduled_at=booking.scheduled_at,
            training=state.training,
            clock_may_move=state.clock_may_move,
            clock_offset_s=state.clock_offset_s,
            signatures_required=state.signatures_required,
            decision_keys=dict(state.decision_keys),
            decision_keys_ms=state.decision_keys_ms,
            consent_valid_until=in_force_until(consent, parameters) if consent else None,
            consent_signed_at=_signed_at(consent),
            clearances_valid_until=cleared_until(state, dosing_at, parameters),
            clearance_voided=state.clearance_voided,
            examined_at=examined_at(state, dosing_at),
            dosing_weight_kg=state.screening.weight_kg if state.screening else None,
            consented_max_mg_per_kg=consent.form.max_dose_mg_per_kg if consent else None,
            compounded_consented=consented_to_compounded(consent.form.elements if consent else ()),
            improvement_percent=improvement_percent(state, parameters),
            last_dose_at=dosed[-1].dosed_at if dosed else None,
            pregnancy_test_needed=bool(state.screening and state.screening.can_become_pregnant),
            site_certified=self._certified,
            patient_enrolled=state.enrolled_in_safety_program,
            authorization_needed=needs_authorization(state.authorization, booking.modality),
            authorized_until=covered_until(state.authorization),
            pdmp_queried_at=last_query(state),
            result_unassessed=forbids_dose(state.tasks),
            mood_scale_needed=parameters.flag("ready.mood_scale"),
            history=tuple(dosed[-_looked_back(parameters) :]),
            stay_ends_at=booking.ends_at,
            # A clinic that names no staff has its nurses counted, and nobody to hold to.
            observer=booking.observer if state.clinic.staff else None,
        )

    def lost(self, booking: Booking) -> None:
        """A session ended without saying how (an operator terminated it): a person must look."""
        if self._state.booking is None or self._state.booking.session_id != booking.session_id:
            return
        self._state.booking = None
        self._story.tasks.cancel(f"{CLOSED_DAY}{booking.session_id}")
        self.places.release(booking.session_id, self._story.clock.now(), "lost")
        if self._state.series is not None:
            self._state.series.miss_unresolved = True
        self._story.recorder.note(
            EventKind.SESSION_LOST, {"session_id": booking.session_id, "number": booking.number}
        )
        self._story.tasks.open(
            ApprovalKind.SESSION_LOST,
            f"lost-{booking.session_id}",
            f"Session {booking.number} ended without an outcome: find out what was given",
            session_id=booking.session_id,
        )

    def interrupt(self, event: Event) -> None:
        """Tell the open session of a hold, withdrawal or closing; it knows what is safe to do."""
        self._signal("journey_interrupted", {"event": event.value})

    def tell_certified(self, *, certified: bool) -> None:
        """Tell an open spray session that the site's certification was lost, or is back; one that
        is being dosed or observed finishes."""
        booking = self._state.booking
        if booking is not None and booking.modality is Modality.ESKETAMINE:
            self._signal("site_certified", {"certified": certified})

    def move_clock(self, command_id: str, seconds: float) -> None:
        """Training only: the open session's clock goes along."""
        self._signal("clock_advanced", {"command_id": command_id, "by_seconds": seconds})

    def adopt(self) -> None:
        """In a new run: ask the session left open by the last one to report to the journey."""
        booking = self._state.booking
        if booking is not None:
            asked_at = max(booking.scheduled_at, self._story.clock.now())
            self._ask_again_at = asked_at + ASK_AGAIN_AFTER
            self._story.desk.send(lambda: self._adopt(booking))

    # -- inside -----------------------------------------------------------------------------

    def _catch_up(self, plan: SessionPlan) -> None:
        """Tell a session what happened to its journey while it was being started."""
        drift = self._state.clock_offset_s - plan.clock_offset_s
        if drift > 0:
            self.move_clock(f"started:{plan.session_id}", drift)
        if self._state.pending_interrupt is not None:
            self.interrupt(self._state.pending_interrupt)
        if plan.site_certified != self._certified:
            self.tell_certified(certified=self._certified)

    def _place_lost(self, session_id: str) -> None:
        """The hour went to somebody else while the clinic's book was away: the day is moved."""
        booking = self._state.booking
        if booking is not None and booking.session_id == session_id:
            self.interrupt(Event.HELD)

    def _next_number(self, modality: Modality) -> int:
        return self._state.booked.get(modality, 0) + 1

    def _session_id(self, modality: Modality, number: int) -> str:
        return f"{self._state.workflow_id}-{WORKFLOW_OF[modality][1]}-{number}"

    def _session_rules(self) -> dict[str, object]:
        """Of the approval table a session needs only the rules of its own tasks."""
        rules = self._state.protocol.approvals
        return {kind: rules[kind] for kind in SESSION_KINDS if kind in rules}

    @property
    def _certified(self) -> bool:
        """As the last news of it says; before any, as the clinic's file does."""
        told = self._state.site_certified
        return self._state.clinic.spray_certified if told is None else told

    @property
    def _course(self) -> str:
        return self._state.series.course if self._state.series else ""

    def _count(self, result: SessionResult) -> None:
        series = self._state.series
        if series is None or series.modality is not result.modality:
            return
        if result.phase is SessionPhase.MISSED:
            series.missed_in_row += 1
            series.miss_unresolved = True
        elif result.counts:
            series.done += 1
            series.missed_in_row = 0

    def _watch(
        self, handle: "workflow.ChildWorkflowHandle[object, SessionResult]", booking: Booking
    ) -> None:
        task = asyncio.create_task(self._await_end(handle, booking))
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _await_end(
        self, handle: "workflow.ChildWorkflowHandle[object, SessionResult]", booking: Booking
    ) -> None:
        try:
            self.heard(await handle)
        except ChildWorkflowError:
            self.lost(booking)

    async def _adopt(self, booking: Booking) -> None:
        try:
            await _external(booking).signal("report_to_journey", {})
        except TemporalError:
            self.unheard.look_up(booking)

    def _signal(self, name: str, payload: dict[str, object]) -> None:
        booking = self._state.booking
        if booking is not None:
            self._story.desk.send(lambda: _external(booking).signal(name, payload))


def _external(booking: Booking) -> "workflow.ExternalWorkflowHandle[object]":
    return workflow.get_external_workflow_handle(booking.session_id)


def _looked_back(parameters: Parameters) -> int:
    """How many earlier doses the rules of one day look back on."""
    return max(parameters.integer("iv.titration_after"), parameters.integer("iv.max_per_7d"))


def _signed_at(consent: Consent | None) -> datetime | None:
    """When the consent in force was signed; of one that has lapsed or was withdrawn it is moot."""
    if consent is None or consent.status is not ConsentStatus.SIGNED:
        return None
    return consent.signed_at


def improvement_percent(state: JourneyState, parameters: Parameters) -> float | None:
    """How far the score has fallen since the baseline, in percent; None where nothing compares."""
    now = under_treatment(state.scores, first_dose_at(state))
    change = best_comparison(state.baseline, now, parameters).percent_change
    return None if change is None else -change


class Interruption(BaseModel):
    """`journey_interrupted`, as a session reads it."""

    event: Event
