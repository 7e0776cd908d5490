"""Letters to the provider who shares the care, at each milestone, beside the story."""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ActivityError

from clinical.aftercare import letter_due
from clinical.parameters import Parameters
from runtime.names import INTEGRATIONS
from schemas.event import EventKind
from schemas.health_record import Letter, LetterDue, LetterReceipt, Milestone
from schemas.journey import JourneyState, Phase
from schemas.people import Contact
from workflows.deadlines import Clock, after_the_story
from workflows.options import GIVE_UP_AFTER, LETTER_TURN, NOTIFY_RETRY, NOTIFY_TIMEOUT
from workflows.recorder import Recorder
from workflows.visible import show_answered

AT_PHASE = {
    Phase.MED_SCREEN: Milestone.EVALUATED,
    Phase.REEVALUATION: Milestone.SERIES_FINISHED,
    Phase.DISCONTINUE_REFER: Milestone.TREATMENT_ENDED,
    Phase.CLOSED: Milestone.CLOSED,
}


class Letters:
    """The letters one journey owes. No outside system holds up the story: what could not be filed
    in its time is put on record for a person."""

    def __init__(self, state: JourneyState, clock: Clock, recorder: Recorder) -> None:
        self._state = state
        self._clock = clock
        self._recorder = recorder
        self._resting = False
        self.busy = False
        self.behind: Callable[[], bool] = lambda: False
        """Whether something is on its way that a letter lets go first."""

    def entered(self, phase: Phase) -> None:
        """A milestone, if this phase is one and there is somebody to write to."""
        milestone = AT_PHASE.get(phase)
        if milestone is not None:
            self.owe(milestone)

    def owe(self, milestone: Milestone) -> None:
        """A letter, if there is somebody to write to."""
        if self._reader(milestone) is None or self._state.referral.patient is None:
            return
        now, state = self._clock.now(), self._state
        self._state.letter_count += 1
        self._state.letters.append(
            LetterDue(
                letter_id=f"{self._state.journey_id}-letter-{self._state.letter_count}",
                milestone=milestone,
                at=now,
                due_at=letter_due(
                    milestone, now, state.clinic, Parameters(state.protocol.parameters)
                ),
            )
        )

    def rest(self) -> None:
        """Begin no more letters: they go along to the next run."""
        self._resting = True

    @property
    def drained(self) -> bool:
        """Whether every letter was filed or given up on."""
        return not self._state.letters

    async def run(self) -> None:
        """File letters, what is due first before the rest, for as long as the journey lives."""
        while True:
            await workflow.wait_condition(self._has_reason)
            await after_the_story(LETTER_TURN)
            if not self._has_reason():
                continue
            self.busy = True
            due = min(self._state.letters, key=lambda letter: letter.due_at or letter.at)
            await self._send(due)
            self._state.letters.remove(due)
            self.busy = False
            show_answered("letter")

    def _reader(self, milestone: Milestone) -> Contact | None:
        """Who shares the care; of the pressure it is primary care, where the referral names it."""
        of_the_body = milestone is Milestone.PRESSURE_HIGH
        care = self._state.referral.primary_care if of_the_body else None
        return care or self._state.shares_care

    def _has_reason(self) -> bool:
        free = not (self._resting or self._recorder.busy or self.behind())
        return free and bool(self._state.letters)

    async def _send(self, due: LetterDue) -> None:
        provider = self._reader(due.milestone)
        if provider is None:  # lost since the letter was owed: nobody can read it
            self._recorder.note(EventKind.LETTER_NOT_FILED, {"milestone": due.milestone.value})
            return
        try:
            receipt = await self._file(due, provider)
        except ActivityError:
            self._recorder.note(EventKind.LETTER_NOT_FILED, {"milestone": due.milestone.value})
            return
        late = due.due_at is not None and self._clock.now() > due.due_at
        self._recorder.note(
            EventKind.LETTER_FILED,
            {
                "milestone": due.milestone.value,
                "reference": receipt.reference,
                **({"late": True} if late else {}),
            },
        )

    async def _file(self, due: LetterDue, provider: Contact) -> LetterReceipt:
        patient, now = self._state.referral.patient, self._clock.real_now()
        due.tried_at = due.tried_at or now
        assert patient is not None, "a letter is owed only where it is known whom it is about"
        receipt: LetterReceipt = await workflow.execute_activity(
            "file_letter",
            Letter(
                letter_id=due.letter_id,
                journey_id=self._state.journey_id,
                clinic=self._state.clinic.code,
                clinic_name=self._state.clinic.name,
                milestone=due.milestone,
                to=provider,
                patient=patient,
                written_at=due.at,
                training=self._state.training,
            ),
            task_queue=INTEGRATIONS,
            result_type=LetterReceipt,
            start_to_close_timeout=NOTIFY_TIMEOUT,
            # In all, whatever runs it lives through; a last try is always left.
            schedule_to_close_timeout=max(due.tried_at + GIVE_UP_AFTER - now, NOTIFY_TIMEOUT),
            retry_policy=NOTIFY_RETRY,
            summary=f"letter: {due.milestone.value}",
        )
        return receipt
