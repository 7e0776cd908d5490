"""The patient's journal: kept, looked at for danger, and missed when it stays silent.

Clinical fact sheet, sections 6.3 and 9.
"""

from datetime import date, datetime, time, timedelta

from clinical.aftercare import JournalStep, journal_gap_reasons, judge_journal_gap
from clinical.clinic_hours import at_local, local_date
from clinical.suicide_risk import triage_journal
from schemas.approval import ApprovalKind
from schemas.event import EventKind
from schemas.journal import WriteJournal
from schemas.journey import Phase
from schemas.notification import NotificationClass
from schemas.patient_link import LinkPurpose, LinkWish
from workflows.absence import seen
from workflows.risk_alert import raise_risk
from workflows.schedule import in_words
from workflows.story import Story

JOURNAL_CALL = "journal-call"
MORNING = time(10)
"""When a silent journal is looked at: the patient is written to in the morning, not at night."""

IN_TREATMENT = frozenset(
    {Phase.INFUSION_SERIES, Phase.TAPER, Phase.MAINTENANCE, Phase.SWITCH_ESKETAMINE}
)
SILENCE = (JournalStep.NOTHING, JournalStep.NUDGE, JournalStep.NURSE_CALL)


def write_journal(story: Story, command: WriteJournal) -> None:
    """Keep the entry on record; a sign of danger reaches a person within its time."""
    story.recorder.note(
        EventKind.JOURNAL_WRITTEN,
        command.model_dump(mode="json", exclude={"command_id", "actor"}),
        by=command,
    )
    notes = story.state.notes
    notes.journal_at, notes.journal_step = story.clock.now(), JournalStep.NOTHING.value
    story.tasks.cancel(JOURNAL_CALL)
    story.tasks.changed()
    seen(story)
    raise_risk(story, command, triage_journal(command, story.parameters))


class JournalWatch:
    """Notices that the journal has been silent for days while treatment goes on."""

    def __init__(self, story: Story) -> None:
        self._story = story
        story.watches.append(self)

    def next_at(self) -> datetime | None:
        """The morning on which the silence calls for the next step; None after the last."""
        began = self._began_on()
        if began is None or self._step is JournalStep.NURSE_CALL:
            return None
        p = self._story.parameters
        days = p.integer("after.journal_gap_nudge")
        if self._step is JournalStep.NUDGE:
            days *= p.integer("after.journal_nurse_gaps")
        last = self._last_on() or began
        return at_local(last + timedelta(days=days), MORNING, self._story.state.clinic)

    def tend(self) -> None:
        """Nudge the patient, or ask a nurse to call, once for each silence."""
        at, began = self.next_at(), self._began_on()
        now = self._story.clock.now()
        if at is None or began is None or now < at:
            return
        facts = (self._last_on(), began, local_date(now, self._story.state.clinic))
        step = judge_journal_gap(*facts, self._story.parameters)
        if SILENCE.index(step) <= SILENCE.index(self._step):
            return
        self._story.state.notes.journal_step = step.value
        self._story.recorder.note(EventKind.JOURNAL_SILENT, {"step": step.value})
        if step is JournalStep.NUDGE:
            self._nudge(began)
        else:
            reasons = journal_gap_reasons(*facts, self._story.parameters)
            self._story.tasks.open(
                ApprovalKind.PATIENT_CONTACT,
                JOURNAL_CALL,
                "The journal has been silent for days: call the patient",
                evidence=in_words(reasons),
            )

    def _nudge(self, began: date) -> None:
        since = self._last_on() or began
        self._story.tell_patient(
            "journal_nudge",
            f"journal:{since.isoformat()}:nudge",
            NotificationClass.REMINDER,
            LinkWish(purpose=LinkPurpose.JOURNAL),
            after_hours_phone=self._story.state.clinic.after_hours_phone or "",
        )

    def _began_on(self) -> date | None:
        """The day of the first dose here, while treatment goes on: where a patient came from, the
        journal was somebody else's."""
        state = self._story.state
        doses = [s.dosed_at for s in state.sessions if s.dosed_at is not None and not s.source]
        if not doses or state.phase not in IN_TREATMENT:
            return None
        return local_date(doses[0], state.clinic)

    def _last_on(self) -> date | None:
        at = self._story.state.notes.journal_at
        return local_date(at, self._story.state.clinic) if at else None

    @property
    def _step(self) -> JournalStep:
        return JournalStep(self._story.state.notes.journal_step)
