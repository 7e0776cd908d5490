"""The spray's monitoring form: owed after every dosed session until there is a receipt for it.

Clinical fact sheet, 5.4 and edge case 24. The engine assembles and reminds; a person submits.
"""

from datetime import datetime

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError

from clinical.monitoring_form import amend_form, assemble_form, form_digest, judge_lateness
from clinical.nasal_spray import monitoring_form_times
from runtime.names import INTEGRATIONS
from schemas.approval import ApprovalKind, Task, TaskStatus
from schemas.base import Command, Reason, Role
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.safety_program import (
    FaxForm,
    FormOwed,
    FormReceipt,
    SubmissionWay,
    SubmitMonitoringForm,
)
from schemas.screening import Modality
from workflows.deadlines import after_the_story
from workflows.options import FORM_TIME, FORM_TURN, NOTIFY_RETRY, NOTIFY_TIMEOUT
from workflows.story import Story
from workflows.visible import show_answered


def owe_form(story: Story, result: SessionResult) -> None:
    """Assemble the form of a spray session that was dosed; it is owed in seven calendar days."""
    if result.modality is not Modality.ESKETAMINE or result.dosed_at is None:
        return
    state = story.state
    earlier = any(
        s.dosed_at is not None
        and s.modality is result.modality
        and s.session_id != result.session_id
        for s in state.sessions
    )
    form = assemble_form(
        result,
        result.dosed_at,
        state.clinic,
        state.referral.patient,
        state.journey_id,
        first_treatment=not earlier,
    )
    reminders, due_at = monitoring_form_times(result.dosed_at, state.clinic, story.parameters)
    owed = FormOwed(form=form, digest=form_digest(form), due_at=due_at)
    state.monitoring_forms.append(owed)
    story.recorder.note(EventKind.MONITORING_FORM_ASSEMBLED, _shown(owed))
    _ask(story, owed, reminders=reminders)


def add_serious_event(story: Story, session_id: str | None, code: str) -> None:
    """A serious event goes on the form of its session, while that is not sent, as a revision."""
    owed = _find(story, session_id)
    if owed is None or code in owed.form.serious_events:
        return
    before = owed.digest
    owed.form = amend_form(owed.form, code)
    owed.digest = form_digest(owed.form)
    story.recorder.note(EventKind.MONITORING_FORM_AMENDED, {**_shown(owed), "replaces": before})


def judge_submission(story: Story, command: SubmitMonitoringForm) -> tuple[Reason, ...]:
    """Why this is no submission; empty when it is. A late one is taken as well."""
    owed = _find(story, command.session_id)
    if owed is None:
        return (Reason(code="no_form_owed", text="no form of this session is owed"),)
    if command.submitted_at is not None and command.submitted_at > story.clock.now():
        return (Reason(code="in_the_future", text="it cannot have been sent later than now"),)
    machine = command.how is SubmissionWay.FAX_SERVICE
    if machine and owed.sending:
        return (Reason(code="already_sending", text="it is on its way; its receipt closes it"),)
    if not machine and command.receipt is None:
        text = "name the receipt: the confirmation number, or that of the fax"
        return (Reason(code="receipt_missing", text=text, source="5.4"),)
    return ()


def submit_monitoring_form(story: Story, command: SubmitMonitoringForm) -> None:
    """Close what is owed with its receipt, or have it sent."""
    owed = _find(story, command.session_id)
    assert owed is not None, "judged before it is submitted"
    if command.how is SubmissionWay.FAX_SERVICE:
        owed.sending = True
        return
    sent_at = command.submitted_at or story.clock.now()
    _submitted(story, owed, command.how.value, command.receipt, sent_at, by=command)
    story.tasks.enter(form_key(command.session_id), command)


def form_key(session_id: str) -> str:
    """The task of one session's form."""
    return f"form-{session_id}"


class FormFax:
    """The forms a person asked to be faxed. Nothing waits for it; what cannot be sent stays the
    person's own to send."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._resting = False
        self.busy = False
        story.listeners.append(self._closed)

    def rest(self) -> None:
        """Send no more forms: they go along to the next run."""
        self._resting = True

    @property
    def drained(self) -> bool:
        """Whether nothing is on its way."""
        return self._next() is None

    async def run(self) -> None:
        """Send forms, in order, for as long as the journey lives."""
        while True:
            await workflow.wait_condition(self._has_reason)
            await after_the_story(FORM_TURN)
            owed = self._next()
            if owed is None or not self._has_reason():
                continue
            self.busy = True
            try:
                receipt = await self._send(owed)
            except ActivityError:
                self._story.recorder.note(
                    EventKind.MONITORING_FORM_NOT_SENT, {"session_id": owed.form.session_id}
                )
            else:
                self._done(owed, receipt)
            owed.sending = self.busy = False
            show_answered("form")

    def _next(self) -> FormOwed | None:
        return next((f for f in self._story.state.monitoring_forms if f.sending), None)

    def _has_reason(self) -> bool:
        return self._next() is not None and not (self._resting or self._story.recorder.busy)

    async def _send(self, owed: FormOwed) -> FormReceipt:
        receipt: FormReceipt = await workflow.execute_activity(
            "fax_monitoring_form",
            FaxForm(
                form_id=f"{owed.form.session_id}-form-{owed.form.revision}",
                form=owed.form,
                digest=owed.digest,
                training=self._story.state.training,
            ),
            task_queue=INTEGRATIONS,
            result_type=FormReceipt,
            start_to_close_timeout=NOTIFY_TIMEOUT,
            schedule_to_close_timeout=FORM_TIME,
            retry_policy=NOTIFY_RETRY,
            summary="monitoring form: by fax",
        )
        return receipt

    def _done(self, owed: FormOwed, receipt: FormReceipt) -> None:
        if owed not in self._story.state.monitoring_forms:
            return
        way = SubmissionWay.FAX_SERVICE.value
        _submitted(self._story, owed, way, receipt.receipt, self._story.clock.now())
        self._story.tasks.cancel(form_key(owed.form.session_id))

    def _closed(self, task: Task) -> None:
        """Decided at the stock command line: what was said stands in for the receipt. A "no" ends
        nothing: the form is then the representative's to send."""
        owed = _find(self._story, task.session_id)
        if task.kind is not ApprovalKind.MONITORING_FORM or owed is None:
            return
        if task.status is TaskStatus.APPROVED:
            _submitted(self._story, owed, "as_stated", None, self._story.clock.now())
        elif task.status is TaskStatus.DECLINED:
            _ask(self._story, owed, slots=(Role.REMS_REPRESENTATIVE,))


def _ask(
    story: Story,
    owed: FormOwed,
    *,
    reminders: tuple[datetime, ...] = (),
    slots: tuple[Role, ...] | None = None,
) -> None:
    story.tasks.open(
        ApprovalKind.MONITORING_FORM,
        form_key(owed.form.session_id),
        "Monitoring form of a spray session: send it to the programme, name the receipt",
        due_at=owed.due_at if owed.due_at > story.clock.now() else None,
        remind_at=reminders,
        slots=slots,
        evidence={"digest": owed.digest, "not_recorded": ", ".join(owed.form.not_recorded)},
        session_id=owed.form.session_id,
    )


def _submitted(
    story: Story,
    owed: FormOwed,
    how: str,
    receipt: str | None,
    sent_at: datetime,
    *,
    by: Command | None = None,
) -> None:
    late = judge_lateness(owed.form.treated_at, sent_at, story.state.clinic, story.parameters)
    story.state.monitoring_forms.remove(owed)
    story.recorder.note(
        EventKind.MONITORING_FORM_SUBMITTED,
        {
            "session_id": owed.form.session_id,
            "revision": owed.form.revision,
            "digest": owed.digest,
            "how": how,
            "receipt": receipt,
            "submitted_at": sent_at.isoformat(),
            "late": bool(late),
        },
        by=by,
    )
    for reason in late:
        story.recorder.note(
            EventKind.DEVIATION_LOGGED,
            {
                "deviation": reason.code,
                "session_id": owed.form.session_id,
                "fact": reason.fact,
                "source": reason.source,
            },
            by=by,
        )


def _find(story: Story, session_id: str | None) -> FormOwed | None:
    return next((f for f in story.state.monitoring_forms if f.form.session_id == session_id), None)


def _shown(owed: FormOwed) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = owed.model_dump(mode="json", exclude={"sending"})
    return {"session_id": owed.form.session_id, "revision": owed.form.revision, **content}
