"""The journey's own desk: which commands it takes, in which file each is judged and done."""

from collections.abc import Awaitable, Callable
from functools import partial

from temporalio import workflow

from clinical.parameters import Parameters
from schemas.approval import DecideApproval, RemindTask
from schemas.base import Command, Reason, Receipt
from schemas.decision_keys import AdoptDecisionKeys
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.journey import (
    ChangeProtocol,
    JourneyState,
    Phase,
)
from schemas.preparation import PrepareSession
from schemas.protocol import Protocol
from schemas.referral import AcceptReferral
from schemas.risk_alert import RiskTold
from schemas.safety_program import CertificationNews
from workflows import (
    absence,
    authorization,
    certification,
    closure,
    journal,
    late_result,
    monitoring_form,
    preparation,
    primary_provider,
    rescreening,
    risk_alert,
    safety_report,
)
from workflows.aftercare import AfterCare
from workflows.decision_keys import DecisionKeys
from workflows.desk import Act, Desk, Handler, Judge, Speaker
from workflows.inbox import Letter
from workflows.journey_commands import ROWS
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
        self.story = Story(state, self)
        self.sessions = SessionDesk(self.story)
        for watch in (
            AfterCare,
            risk_alert.RiskLadder,
            journal.JournalWatch,
            authorization.AuthorizationAhead,
            primary_provider.ProviderWatch,
            absence.AbsenceWatch,
            rescreening.ClearanceWatch,
        ):
            watch(self.story)
        self.fax = monitoring_form.FormFax(self.story)
        safety_report.SafetyReports(self.story)
        self.decision_keys = DecisionKeys(state, self.recorder)
        self.protocol_change = ProtocolChange(self.story, self._adopt)
        self.story.listeners += [
            partial(checks_closed, self.story),
            partial(closure.day_decided, self.story, self.sessions),
            partial(late_result.result_decided, self.sessions),
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
            self.story.watch_length,
            self.story.letters.run,
            self.fax.run,
            self.sessions.places.run,
            self.sessions.unheard.run,
        )

    def speakers(self) -> tuple[Speaker, ...]:
        """The desk's own, and whoever writes letters, faxes forms, asks the clinic's book, or reads
        how a day ended that was not heard of."""
        sessions = self.sessions
        return (
            *super().speakers(),
            self.story.letters,
            self.fax,
            sessions.places,
            sessions.unheard,
        )

    @property
    def quiet(self) -> bool:
        """The desk's own quiet, no letter left to file, no form to fax and the clinic's book told
        everything."""
        filed = self.story.letters.drained and self.fax.drained
        return super().quiet and filed and self.sessions.places.drained

    async def wishes_answered(self) -> None:
        """Wait until no wish for a place is under way. Each takes the person's course: it must be
        heard before the end of the journey is, which gives the course up."""
        places = self.sessions.places
        await workflow.wait_condition(lambda: not places.claims or self.broken is not None)
        self.insist_whole()

    def _table(self) -> dict[str, Handler]:
        """Command -> its shape, its rule, its effect."""
        return {
            **{
                kind: self._handler(
                    row.model, partial(row.judge, self.story), partial(row.act, self.story)
                )
                for kind, row in ROWS.items()
            },
            **self._of_the_sessions(),
            "decide_approval": self._handler(
                DecideApproval, self.story.tasks.judge, self.story.tasks.decide
            ),
            "remind_task": self._handler(
                RemindTask, self.story.tasks.judge_reminder, self.story.tasks.remind
            ),
            "change_protocol": self._handler(
                ChangeProtocol, self.protocol_change.judge, self.protocol_change.ask
            ),
            "adopt_decision_keys": self._handler(
                AdoptDecisionKeys, self.decision_keys.judge, self.decision_keys.adopt
            ),
        }

    def _of_the_sessions(self) -> dict[str, Handler]:
        """What also concerns the booked treatment day."""
        story, sessions = self.story, self.sessions
        news = partial(certification.judge_certification, story)
        return {
            "certification_lost": self._handler(
                CertificationNews, news, partial(certification.lose_certification, story, sessions)
            ),
            "certification_regained": self._handler(
                CertificationNews,
                news,
                partial(certification.regain_certification, story, sessions),
            ),
            "prepare_session": self._handler(
                PrepareSession,
                partial(preparation.judge_prepare, story),
                partial(preparation.prepare_session, story, sessions.ahead),
            ),
        }

    def _handler(self, model: type[Command], judge: Judge, act: Act) -> Handler:
        return Handler(model, self._unless_closed(judge), act)

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
        match letter.name:
            case "session_closed":
                self.sessions.heard(letter.read(SessionResult))
            case "suicide_risk_told":
                risk_alert.told_at_chair(self.story, letter.read(RiskTold))
            case _:
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
