"""`PatientJourney`: one patient's treatment plan, from the referral to the end of follow-up."""

from typing import NoReturn

from temporalio import workflow
from temporalio.common import RawValue

from clinical.journey import INTERRUPTIONS, next_phase
from schemas.adverse_event import ReportAdverseEvent
from schemas.aftercare import RecordContact
from schemas.approval import DecideApproval, RemindTask
from schemas.authorization import RecordAuthorization
from schemas.base import Receipt
from schemas.closure import AnnounceClosure
from schemas.consent import SignConsent, WithdrawConsent
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.decision_keys import AdoptDecisionKeys
from schemas.deletion import RequestDeletion
from schemas.evaluation import RecordEvaluation
from schemas.event import EventKind
from schemas.journal import WriteJournal
from schemas.journey import (
    ChangeProtocol,
    CloseJourney,
    Event,
    HoldJourney,
    JourneyInput,
    JourneyOutcome,
    JourneyView,
    Phase,
    ResumeJourney,
)
from schemas.late_result import RecordResult
from schemas.preparation import PrepareSession
from schemas.primary_provider import ChangeProvider
from schemas.reevaluation import RecordScores
from schemas.referral import AcceptReferral
from schemas.risk_alert import AcknowledgeAlert
from schemas.safety_program import CertificationNews, SubmitMonitoringForm
from schemas.screening import RecordScreening
from schemas.transfer import TransferOut
from workflows.code_versions import ON_THE_CURRENT_CODE, PINNED
from workflows.consent import informed_consent
from workflows.course_plan import course_plan
from workflows.evaluation import psychiatric_evaluation
from workflows.follow_up import follow_up
from workflows.hold import hold_for_expiry, left_hold, on_hold
from workflows.inbox import NOTHING
from workflows.induction import infusion_series
from workflows.journey_desk import JourneyDesk
from workflows.journey_view import journey_view
from workflows.maintenance import maintenance, taper
from workflows.nasal_spray import switch_to_spray
from workflows.reevaluation import reevaluation
from workflows.referral import refer_onward, triage
from workflows.schedule import scheduling
from workflows.scores import open_baseline
from workflows.screening import medical_screening
from workflows.shared_values import shared_clinic, shared_protocol
from workflows.signals import Signals
from workflows.story import Interrupted, TurnOver
from workflows.transfer import receive_history


@workflow.defn(name="PatientJourney")
class PatientJourney(Signals):
    """One patient's journey. Decisions are the updates below; facts from outside are signals."""

    versioning_behavior = PINNED

    @workflow.init
    def __init__(self, start: JourneyInput) -> None:
        self._state = start.state
        self._state.protocol = shared_protocol(start.state.protocol)
        self._state.clinic = shared_clinic(start.state.clinic)
        self._desk = JourneyDesk(start.state)
        self._story = self._desk.story
        if self._state.sequence == 0:
            self._begin()

    @workflow.run
    async def run(self, _start: JourneyInput) -> JourneyOutcome:
        """The plan: each phase is told in its own file; the table says where its end leads."""
        self._desk.open_doors()
        while not self._state.closed:
            try:
                self._story.heed()
                event = await self._tell(self._state.phase)
            except Interrupted as interruption:
                event = interruption.event
            except TurnOver:
                await self._turn_over()
            self._advance(event)
            if self._story.page_is_full:
                await self._turn_over()
        return await self._end()

    async def _tell(self, phase: Phase) -> Event:  # noqa: C901, PLR0912 - the plan, line by line
        story, sessions = self._story, self._desk.sessions
        match phase:
            case Phase.REFERRAL:
                return await triage(story)
            case Phase.PSYCH_EVAL:
                return await psychiatric_evaluation(story)
            case Phase.MED_SCREEN:
                return await medical_screening(story)
            case Phase.CONSENT:
                return await informed_consent(story)
            case Phase.SCHEDULED:
                return await scheduling(story)
            case Phase.INFUSION_SERIES:
                return await infusion_series(story, sessions)
            case Phase.REEVALUATION:
                return await reevaluation(story)
            case Phase.TAPER:
                return await taper(story, sessions)
            case Phase.MAINTENANCE:
                return await maintenance(story, sessions)
            case Phase.SWITCH_ESKETAMINE:
                return await switch_to_spray(story, sessions)
            case Phase.DISCONTINUE_REFER:
                return await refer_onward(story)
            case Phase.FOLLOW_UP:
                return await follow_up(story, sessions)
            case Phase.ON_HOLD:
                return await on_hold(story)
            case Phase.CLOSED:
                return Event.FOLLOWED_UP

    # -- from phase to phase ------------------------------------------------------------------

    def _begin(self) -> None:
        state = self._state
        state.began_at = state.phase_entered_at = self._story.clock.now()
        self._story.recorder.note(
            EventKind.JOURNEY_STARTED,
            {
                "clinic": state.clinic.code,
                "training": state.training,
                "protocol_version": state.protocol.version,
                "referral": state.referral.model_dump(mode="json"),
            },
        )
        self._story.recorder.note(
            EventKind.PHASE_ENTERED, {"phase": state.phase.value, "from": None}
        )
        receive_history(self._story)

    def _advance(self, event: Event) -> None:
        """Ask the table where `event` leads and go there."""
        state = self._state
        if event in INTERRUPTIONS:
            state.pending_interrupt = None
            if event is Event.HELD and state.hold is None:
                hold_for_expiry(self._story)
        came_from = state.phase
        to = next_phase(came_from, event, state.hold.back_to if state.hold else None)
        assert to is not None, f"{came_from} has no way on for {event}"
        if to is not came_from:
            self._story.enter(to)
        if to is not Phase.ON_HOLD and state.pending_interrupt is not Event.HELD:
            # Also a hold that a withdrawal or closing overtook before it was entered.
            left_hold(self._story)
        if to is Phase.INFUSION_SERIES:
            open_baseline(state)
        self._story.show()

    async def _turn_over(self) -> NoReturn:
        """Go on in a new run, with nothing left on the desk."""
        await self._desk.hand_over()
        self._state.runs += 1
        workflow.continue_as_new(
            JourneyInput(state=self._state), initial_versioning_behavior=ON_THE_CURRENT_CODE
        )

    async def _end(self) -> JourneyOutcome:
        state = self._state
        outcome = state.close_outcome or "completed"
        await self._desk.wishes_answered()
        self._story.recorder.note(EventKind.JOURNEY_CLOSED, {"outcome": outcome})
        await self._desk.clear()
        return JourneyOutcome(
            journey_id=state.journey_id,
            outcome=outcome,
            sessions=len(state.sessions),
            facts=state.sequence,
        )

    # -- what people and programs decide --------------------------------------------------------

    @workflow.update(description="The referral this journey began with, or one like it")
    async def accept_referral(self, command: AcceptReferral) -> Receipt:
        return await self._desk.take("accept_referral", command)

    @accept_referral.validator
    def _check_accept_referral(self, command: AcceptReferral) -> None:
        self._desk.check("accept_referral", command)

    @workflow.update(description="Approve or decline what waits on a person, with a reason")
    async def decide_approval(self, command: DecideApproval) -> Receipt:
        return await self._desk.take("decide_approval", command)

    @decide_approval.validator
    def _check_decide_approval(self, command: DecideApproval) -> None:
        self._desk.check("decide_approval", command)

    @workflow.update(description="A colleague asks: write to whoever owes this task, once")
    async def remind_task(self, command: RemindTask) -> Receipt:
        return await self._desk.take("remind_task", command)

    @remind_task.validator
    def _check_remind_task(self, command: RemindTask) -> None:
        self._desk.check("remind_task", command)

    @workflow.update(description="Record the psychiatric evaluation")
    async def record_evaluation(self, command: RecordEvaluation) -> Receipt:
        return await self._desk.take("record_evaluation", command)

    @record_evaluation.validator
    def _check_record_evaluation(self, command: RecordEvaluation) -> None:
        self._desk.check("record_evaluation", command)

    @workflow.update(description="Record the medical screening")
    async def record_screening(self, command: RecordScreening) -> Receipt:
        return await self._desk.take("record_screening", command)

    @record_screening.validator
    def _check_record_screening(self, command: RecordScreening) -> None:
        self._desk.check("record_screening", command)

    @workflow.update(description="Sign or decline informed consent")
    async def sign_consent(self, command: SignConsent) -> Receipt:
        return await self._desk.take("sign_consent", command)

    @sign_consent.validator
    def _check_sign_consent(self, command: SignConsent) -> None:
        self._desk.check("sign_consent", command)

    @workflow.update(description="Withdraw consent: dosing stops at once")
    async def withdraw_consent(self, command: WithdrawConsent) -> Receipt:
        return await self._desk.take("withdraw_consent", command)

    @withdraw_consent.validator
    def _check_withdraw_consent(self, command: WithdrawConsent) -> None:
        self._desk.check("withdraw_consent", command)

    @workflow.update(description="Record rating scales as answered")
    async def record_scores(self, command: RecordScores) -> Receipt:
        return await self._desk.take("record_scores", command)

    @record_scores.validator
    def _check_record_scores(self, command: RecordScores) -> None:
        self._desk.check("record_scores", command)

    @workflow.update(description="The patient's own journal entry")
    async def write_journal(self, command: WriteJournal) -> Receipt:
        return await self._desk.take("write_journal", command)

    @write_journal.validator
    def _check_write_journal(self, command: WriteJournal) -> None:
        self._desk.check("write_journal", command)

    @workflow.update(description="An attempt to reach the patient after a dose, and what was said")
    async def record_contact(self, command: RecordContact) -> Receipt:
        return await self._desk.take("record_contact", command)

    @record_contact.validator
    def _check_record_contact(self, command: RecordContact) -> None:
        self._desk.check("record_contact", command)

    @workflow.update(description="A clinician has an alert in hand: the ladder stops")
    async def acknowledge_alert(self, command: AcknowledgeAlert) -> Receipt:
        return await self._desk.take("acknowledge_alert", command)

    @acknowledge_alert.validator
    def _check_acknowledge_alert(self, command: AcknowledgeAlert) -> None:
        self._desk.check("acknowledge_alert", command)

    @workflow.update(
        description="An adverse event noticed between two sessions, or more known of one"
    )
    async def report_adverse_event(self, command: ReportAdverseEvent) -> Receipt:
        return await self._desk.take("report_adverse_event", command)

    @report_adverse_event.validator
    def _check_report_adverse_event(self, command: ReportAdverseEvent) -> None:
        self._desk.check("report_adverse_event", command)

    @workflow.update(description="A spray session's form was sent: its receipt closes it")
    async def submit_monitoring_form(self, command: SubmitMonitoringForm) -> Receipt:
        return await self._desk.take("submit_monitoring_form", command)

    @submit_monitoring_form.validator
    def _check_submit_monitoring_form(self, command: SubmitMonitoringForm) -> None:
        self._desk.check("submit_monitoring_form", command)

    @workflow.update(description="The site lost its certification for the spray: no new dose there")
    async def certification_lost(self, command: CertificationNews) -> Receipt:
        return await self._desk.take("certification_lost", command)

    @certification_lost.validator
    def _check_certification_lost(self, command: CertificationNews) -> None:
        self._desk.check("certification_lost", command)

    @workflow.update(description="The site is certified for the spray again")
    async def certification_regained(self, command: CertificationNews) -> Receipt:
        return await self._desk.take("certification_regained", command)

    @certification_regained.validator
    def _check_certification_regained(self, command: CertificationNews) -> None:
        self._desk.check("certification_regained", command)

    @workflow.update(description="What the insurer said of the spray, or that the patient pays")
    async def record_authorization(self, command: RecordAuthorization) -> Receipt:
        return await self._desk.take("record_authorization", command)

    @record_authorization.validator
    def _check_record_authorization(self, command: RecordAuthorization) -> None:
        self._desk.check("record_authorization", command)

    @workflow.update(description="A laboratory or imaging result that came while treatment goes on")
    async def record_result(self, command: RecordResult) -> Receipt:
        return await self._desk.take("record_result", command)

    @record_result.validator
    def _check_record_result(self, command: RecordResult) -> None:
        self._desk.check("record_result", command)

    @workflow.update(description="Another primary provider shares the care, or the one is lost")
    async def change_provider(self, command: ChangeProvider) -> Receipt:
        return await self._desk.take("change_provider", command)

    @change_provider.validator
    def _check_change_provider(self, command: ChangeProvider) -> None:
        self._desk.check("change_provider", command)

    @workflow.update(description="Somebody asks that the record be deleted")
    async def request_deletion(self, command: RequestDeletion) -> Receipt:
        return await self._desk.take("request_deletion", command)

    @request_deletion.validator
    def _check_request_deletion(self, command: RequestDeletion) -> None:
        self._desk.check("request_deletion", command)

    @workflow.update(description="The clinic is closed on days that it was open on before")
    async def announce_closure(self, command: AnnounceClosure) -> Receipt:
        return await self._desk.take("announce_closure", command)

    @announce_closure.validator
    def _check_announce_closure(self, command: AnnounceClosure) -> None:
        self._desk.check("announce_closure", command)

    @workflow.update(description="What has been arranged for the booked treatment day")
    async def prepare_session(self, command: PrepareSession) -> Receipt:
        return await self._desk.take("prepare_session", command)

    @prepare_session.validator
    def _check_prepare_session(self, command: PrepareSession) -> None:
        self._desk.check("prepare_session", command)

    @workflow.update(description="Put the journey on hold: reason, owner, review date")
    async def hold(self, command: HoldJourney) -> Receipt:
        return await self._desk.take("hold", command)

    @hold.validator
    def _check_hold(self, command: HoldJourney) -> None:
        self._desk.check("hold", command)

    @workflow.update(description="Ask to leave the hold; a psychiatrist decides")
    async def resume(self, command: ResumeJourney) -> Receipt:
        return await self._desk.take("resume", command)

    @resume.validator
    def _check_resume(self, command: ResumeJourney) -> None:
        self._desk.check("resume", command)

    @workflow.update(description="End the journey; safety follow-ups are still made")
    async def close_journey(self, command: CloseJourney) -> Receipt:
        return await self._desk.take("close_journey", command)

    @close_journey.validator
    def _check_close_journey(self, command: CloseJourney) -> None:
        self._desk.check("close_journey", command)

    @workflow.update(description="The patient goes on elsewhere: no more sessions here")
    async def transfer_out(self, command: TransferOut) -> Receipt:
        return await self._desk.take("transfer_out", command)

    @transfer_out.validator
    def _check_transfer_out(self, command: TransferOut) -> None:
        self._desk.check("transfer_out", command)

    @workflow.update(description="Ask to move this journey to another protocol version")
    async def change_protocol(self, command: ChangeProtocol) -> Receipt:
        return await self._desk.take("change_protocol", command)

    @change_protocol.validator
    def _check_change_protocol(self, command: ChangeProtocol) -> None:
        self._desk.check("change_protocol", command)

    @workflow.update(description="The keys that decisions are signed with from now on")
    async def adopt_decision_keys(self, command: AdoptDecisionKeys) -> Receipt:
        return await self._desk.take("adopt_decision_keys", command)

    @adopt_decision_keys.validator
    def _check_adopt_decision_keys(self, command: AdoptDecisionKeys) -> None:
        self._desk.check("adopt_decision_keys", command)

    # -- what comes from the engine itself ------------------------------------------------------

    @workflow.signal(description="A session reports how it closed")
    def session_closed(self, envelope: RawValue = NOTHING) -> None:
        self._file("session_closed", envelope)

    @workflow.signal(description="A session tells of suicide risk at the chair, at once")
    def suicide_risk_told(self, envelope: RawValue = NOTHING) -> None:
        self._file("suicide_risk_told", envelope)

    def _file(self, name: str, payload: RawValue) -> None:
        self._desk.file(name, payload)

    @workflow.query(description="Where the journey stands and what it waits on")
    def state(self) -> JourneyView:
        return journey_view(self._story)

    @workflow.query(description="A course shown before anybody commits to it")
    def plan(self, course: PlannedCourse) -> CoursePlan:
        return course_plan(self._story, course)
