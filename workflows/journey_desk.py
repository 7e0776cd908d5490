"""The journey's own desk: which commands it takes, in which file each is judged and done."""

from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import workflow

from clinical.parameters import Parameters
from schemas.adverse_event import ReportAdverseEvent
from schemas.aftercare import RecordContact
from schemas.approval import DecideApproval
from schemas.authorization import RecordAuthorization
from schemas.base import Command, Reason, Receipt
from schemas.closure import AnnounceClosure
from schemas.consent import SignConsent, WithdrawConsent
from schemas.decision_keys import AdoptDecisionKeys
from schemas.evaluation import RecordEvaluation
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.journal import WriteJournal
from schemas.journey import (
    ChangeProtocol,
    CloseJourney,
    HoldJourney,
    JourneyState,
    Phase,
    ResumeJourney,
)
from schemas.late_result import RecordResult
from schemas.preparation import PrepareSession
from schemas.protocol import Protocol
from schemas.reevaluation import RecordScores
from schemas.referral import AcceptReferral
from schemas.risk_alert import AcknowledgeAlert
from schemas.safety_program import CertificationNews, SubmitMonitoringForm
from schemas.screening import RecordScreening
from schemas.transfer import TransferOut
from workflows import (
    authorization,
    certification,
    closure,
    consent,
    contact,
    evaluation,
    hold,
    journal,
    late_result,
    monitoring_form,
    preparation,
    referral,
    risk_alert,
    safety_report,
    scores,
    screening,
    transfer,
)
from workflows.aftercare import AfterCare
from workflows.code_versions import NewerCode
from workflows.decision_keys import DecisionKeys
from workflows.desk import Act, Desk, Handler, Judge
from workflows.inbox import Letter
from workflows.monitoring import checks_closed
from workflows.protocol_change import ProtocolChange
from workflows.sessions import SessionDesk
from workflows.story import Story


class JourneyDesk(Desk[Receipt]):
    """Where every message to a journey arrives."""

    def __init__(self, state: JourneyState) -> None:
        super().__init__(
            workflow_id=state.workflow_id,
            journey_id=state.journey_id,
            clinic=state.clinic,
            protocol=state.protocol,
            state=state,
            receipt=self._answer,
            card=lambda: self.story.card(),  # noqa: PLW0108 - the story is made just below
        )
        self._journey = state
        self._newer_code = NewerCode()
        self.story = Story(state, self)
        self.sessions = SessionDesk(self.story)
        for watch in (
            AfterCare,
            risk_alert.RiskLadder,
            journal.JournalWatch,
            authorization.AuthorizationAhead,
        ):
            watch(self.story)
        self.fax = monitoring_form.FormFax(self.story)
        safety_report.SafetyReports(self.story)
        self.decision_keys = DecisionKeys(state, self.recorder)
        self.protocol_change = ProtocolChange(self.story, self._adopt)
        self.story.listeners += [
            partial(checks_closed, self.story),
            partial(closure.day_decided, self.story, self.sessions),
        ]
        self.serve(self._table())

    def open_doors(self) -> None:
        """Start the clerks; in a new run the session left open by the last one is found again."""
        super().open_doors()
        if self._journey.runs > 1:
            self.sessions.adopt()

    def clerks(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The desk's own, and the one that keeps people's deadlines."""
        return (
            *super().clerks(),
            self.story.keep_tasks,
            self.story.letters.run,
            self.fax.run,
            self.sessions.places.run,
        )

    @property
    def wants_refresh(self) -> bool:
        """Whether it was asked for, or whatever woke the run found newer code."""
        return super().wants_refresh or self._newer_code.found

    @property
    def quiet(self) -> bool:
        """The desk's own quiet, no letter left to file, no form to fax and the clinic's book told
        everything."""
        return super().quiet and self._filed and self.sessions.places.drained

    @property
    def idle(self) -> bool:
        """The same for a run that must end: a letter is filed in one piece, a form faxed; what the
        clinic's book has not been told yet goes along."""
        return super().idle and self._filed and not self.sessions.places.busy

    async def wishes_answered(self) -> None:
        """Wait until no wish for a place is under way. Each takes the person's course: it must be
        heard before the end of the journey is, which gives the course up."""
        places = self.sessions.places
        await workflow.wait_condition(lambda: not places.claims or self.broken is not None)
        self.insist_whole()

    @property
    def _filed(self) -> bool:
        return self.story.letters.drained and self.fax.drained

    def _table(self) -> dict[str, Handler]:
        """Command -> its shape, its rule, its effect."""
        row = self._row
        return {
            "accept_referral": row(
                AcceptReferral, referral.judge_referral, referral.accept_referral
            ),
            "decide_approval": Handler(
                DecideApproval, self._unless_closed(self.story.tasks.judge), self.story.tasks.decide
            ),
            "record_evaluation": row(
                RecordEvaluation, evaluation.judge_evaluation, evaluation.record_evaluation
            ),
            "record_screening": row(
                RecordScreening, screening.judge_recording, screening.record_screening
            ),
            "sign_consent": row(SignConsent, consent.judge_signature, consent.sign_consent),
            "withdraw_consent": row(
                WithdrawConsent, consent.judge_withdrawal, consent.withdraw_consent
            ),
            "record_scores": row(RecordScores, scores.judge_scores, scores.record_scores),
            "write_journal": row(WriteJournal, _always, journal.write_journal),
            "record_contact": row(RecordContact, contact.judge_contact, contact.record_contact),
            "acknowledge_alert": row(
                AcknowledgeAlert, risk_alert.judge_acknowledgement, risk_alert.acknowledge_alert
            ),
            "report_adverse_event": row(
                ReportAdverseEvent, safety_report.judge_report, safety_report.report_adverse_event
            ),
            "submit_monitoring_form": row(
                SubmitMonitoringForm,
                monitoring_form.judge_submission,
                monitoring_form.submit_monitoring_form,
            ),
            "certification_lost": self._news(certification.lose_certification),
            "certification_regained": self._news(certification.regain_certification),
            "record_authorization": row(
                RecordAuthorization,
                authorization.judge_recording,
                authorization.record_authorization,
            ),
            "record_result": row(RecordResult, late_result.judge_result, late_result.record_result),
            "announce_closure": row(
                AnnounceClosure, closure.judge_closure, closure.announce_closure
            ),
            "prepare_session": Handler(
                PrepareSession,
                self._unless_closed(partial(preparation.judge_prepare, self.story)),
                partial(preparation.prepare_session, self.story, self.sessions.ahead),
            ),
            "hold": row(HoldJourney, hold.judge_hold, hold.hold),
            "resume": row(ResumeJourney, hold.judge_resume, hold.resume),
            "close_journey": row(CloseJourney, hold.judge_close, hold.close_journey),
            "transfer_out": row(TransferOut, transfer.judge_transfer, transfer.transfer_out),
            "change_protocol": Handler(
                ChangeProtocol,
                self._unless_closed(self.protocol_change.judge),
                self.protocol_change.ask,
            ),
            "adopt_decision_keys": Handler(
                AdoptDecisionKeys,
                self._unless_closed(self.decision_keys.judge),
                self.decision_keys.adopt,
            ),
        }

    def _row(self, model: type[Command], judge: Judge, act: Act) -> Handler:
        return Handler(
            model, self._unless_closed(partial(judge, self.story)), partial(act, self.story)
        )

    def _news(self, act: Act) -> Handler:
        return Handler(
            CertificationNews,
            self._unless_closed(partial(certification.judge_certification, self.story)),
            partial(act, self.story, self.sessions),
        )

    def _unless_closed(self, judge: Judge) -> Judge:
        def judged(command: Command) -> tuple[Reason, ...]:
            if self._journey.phase is Phase.CLOSED:
                return (Reason(code="journey_closed", text="this journey is closed"),)
            return judge(command)

        return judged

    def _adopt(self, protocol: Protocol) -> None:
        self.parameters = Parameters(protocol.parameters)

    # -- signals of the engine's own ----------------------------------------------------------

    def _other(self, letter: Letter, /) -> None:
        if letter.name == "session_closed":
            self.sessions.heard(letter.read(SessionResult))
        else:
            super()._other(letter)

    def _clock_moved(self, command_id: str, seconds: float) -> None:
        self.recorder.note(EventKind.CLOCK_ADVANCED, {"by_seconds": seconds})
        self.sessions.move_clock(command_id, seconds)

    def _answer(self, command: Command, version: int, duplicate: bool, _: object) -> Receipt:
        command_id = command.command_id
        if isinstance(command, AcceptReferral):
            command_id = self._journey.accepted_by
            duplicate = command_id != command.command_id
        return Receipt(command_id=command_id, version=version, duplicate=duplicate)


def _always(_story: Story, _command: Command) -> tuple[Reason, ...]:
    return ()
