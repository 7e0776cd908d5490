"""Informed consent as a live gate: asked for, signed, lapsed and asked again, withdrawn at once."""

from datetime import datetime

from clinical.consent import judge_consent
from clinical.course_gates import consent_again, consent_holds
from schemas.approval import EntryKind
from schemas.base import Reason, Role
from schemas.consent import Consent, ConsentStatus, SignConsent, WithdrawConsent
from schemas.event import EventKind
from schemas.journey import Event, Phase
from schemas.notification import NotificationClass
from schemas.screening import Modality
from workflows.absence import seen
from workflows.schedule import in_words
from workflows.story import Story

CONSENT = "consent"


async def informed_consent(story: Story) -> Event:
    """Wait until consent to the infusions is signed or declined."""
    await _expect(story, Modality.IV_KETAMINE, story.clock.now())
    return Event.CONSENT_DECLINED if story.state.consent_declined else Event.CONSENT_SIGNED


async def consent_in_force(story: Story, modality: Modality, at: datetime) -> bool:
    """Ask again when consent to this modality will not be in force at `at`; False when declined."""
    await _expect(story, modality, at)
    return not story.state.consent_declined


def judge_signature(story: Story, command: SignConsent) -> tuple[Reason, ...]:
    """Why this form does not count as informed consent; empty when it does."""
    if story.state.phase in (Phase.REFERRAL, Phase.PSYCH_EVAL, Phase.MED_SCREEN, Phase.FOLLOW_UP):
        return (Reason(code="wrong_phase", text="consent is asked for after the screening"),)
    if command.form is None:
        missing = not command.declined_reason
        text = "send the signed form, or say why it was declined"
        return (Reason(code="form_missing", text=text),) if missing else ()
    now = story.clock.now()
    if command.form.signed_at is not None and command.form.signed_at > now:
        return (Reason(code="signed_in_future", text="the form is dated in the future"),)
    decision = judge_consent(
        command.form, command.form.signed_at or now, command.form.modality, None, story.parameters
    )
    return () if decision.in_force else decision.reasons


def sign_consent(story: Story, command: SignConsent) -> None:
    """Keep the signed form, or that it was declined."""
    state = story.state
    if command.form is None:
        state.consent_declined = True
        story.recorder.note(
            EventKind.CONSENT_DECLINED, {"reason": command.declined_reason}, by=command
        )
    else:
        consent = _signed(story, command)
        state.consents = {**state.consents, consent.form.modality: consent}
        state.consent_declined = False
        state.consent_sequence = story.recorder.note(
            EventKind.CONSENT_SIGNED, consent.model_dump(mode="json"), by=command
        )
    story.entered(CONSENT, command)
    seen(story)


def judge_withdrawal(story: Story, _command: WithdrawConsent) -> tuple[Reason, ...]:
    """Withdrawal is heard whenever there is a consent to withdraw."""
    if story.state.phase is Phase.CLOSED:
        return (Reason(code="journey_closed", text="this journey is closed"),)
    if any(c.status is ConsentStatus.SIGNED for c in story.state.consents.values()):
        return ()
    return (Reason(code="no_consent", text="no signed consent is in force"),)


def withdraw_consent(story: Story, command: WithdrawConsent) -> None:
    """Take consent back for every modality: no new dose, no dosing reminder; what is owed to the
    patient's safety goes on."""
    state = story.state
    now = story.clock.now()
    state.consents = {
        modality: consent.model_copy(
            update={"status": ConsentStatus.WITHDRAWN, "withdrawn_at": now}
        )
        for modality, consent in state.consents.items()
    }
    story.recorder.note(
        EventKind.CONSENT_WITHDRAWN,
        {"reason": command.reason, "open_session": _open_session(story)},
        by=command,
    )
    story.tell_role(
        Role.CARE_COORDINATOR,
        "consent_withdrawn",
        f"withdrawn:{command.command_id}"[:200],
        NotificationClass.SAFETY,
        journey_id=state.journey_id,
    )
    story.interrupt(Event.CONSENT_WITHDRAWN)


async def _expect(story: Story, modality: Modality, at: datetime) -> None:
    """Ask until consent is in force at `at`, or declined: a form that is not the one asked for, or
    is dated too early, answers the task and not the question."""
    if _in_force(story, modality, at):
        return
    state = story.state
    state.consent_declined = False
    while not (state.consent_declined or _in_force(story, modality, at)):
        again = _lapsed(story, modality, at)
        _forget_answered(story)
        title = f"Informed consent for {modality.value}: explain, answer, sign"
        story.tasks.open(EntryKind.SIGN_CONSENT, CONSENT, title, evidence=in_words(again))
        await story.wait(lambda: state.consent_declined or not _asked(story))
    _forget_answered(story)


def _lapsed(story: Story, modality: Modality, at: datetime) -> tuple[Reason, ...]:
    """Why the consent that is held no longer stands; from now on it is on record as expired."""
    state = story.state
    held = state.consents.get(modality)
    again = consent_again(state, modality, at, story.clock.now(), story.parameters)
    if held is not None and held.status is ConsentStatus.SIGNED:
        expired = held.model_copy(update={"status": ConsentStatus.EXPIRED})
        state.consents = {**state.consents, modality: expired}
        story.recorder.note(
            EventKind.CONSENT_EXPIRED,
            {"modality": modality.value, "reasons": [reason.code for reason in again]},
        )
    return again


def _asked(story: Story) -> bool:
    task = story.tasks.find(CONSENT)
    return task is not None and task.pending


def _forget_answered(story: Story) -> None:
    if story.tasks.find(CONSENT) is not None and not _asked(story):
        story.tasks.take(CONSENT)


def _in_force(story: Story, modality: Modality, at: datetime) -> bool:
    return consent_holds(story.state, modality, at, story.clock.now(), story.parameters)


def _signed(story: Story, command: SignConsent) -> Consent:
    assert command.form is not None
    signed_at = command.form.signed_at or story.clock.now()
    decision = judge_consent(command.form, signed_at, command.form.modality, None, story.parameters)
    return Consent(
        form=command.form,
        status=ConsentStatus.SIGNED,
        signed_at=signed_at,
        valid_until=decision.valid_until or signed_at,
    )


def _open_session(story: Story) -> str | None:
    return story.state.booking.session_id if story.state.booking else None
