"""What a journey may be told: each command's shape, its rule and its effect, in one table.

What also concerns the booked day, or carries a state of its own, is added by the desk.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from schemas.adverse_event import ReportAdverseEvent
from schemas.aftercare import RecordContact
from schemas.authorization import RecordAuthorization
from schemas.base import Command, Reason
from schemas.closure import AnnounceClosure
from schemas.consent import SignConsent, WithdrawConsent
from schemas.deletion import RequestDeletion
from schemas.evaluation import RecordEvaluation
from schemas.journal import WriteJournal
from schemas.journey import (
    CloseJourney,
    HoldJourney,
    ResumeJourney,
)
from schemas.late_result import RecordResult
from schemas.primary_provider import ChangeProvider
from schemas.reevaluation import RecordScores
from schemas.referral import AcceptReferral
from schemas.risk_alert import AcknowledgeAlert
from schemas.safety_program import SubmitMonitoringForm
from schemas.screening import RecordScreening
from schemas.transfer import TransferOut
from workflows import (
    authorization,
    closure,
    consent,
    contact,
    deletion,
    evaluation,
    hold,
    journal,
    late_result,
    monitoring_form,
    primary_provider,
    referral,
    risk_alert,
    safety_report,
    scores,
    screening,
    transfer,
)
from workflows.story import Story


class Row(NamedTuple):
    """`judge` says why the command cannot be taken, nothing where it can; `act` takes it."""

    model: type[Command]
    judge: Callable[[Story, Any], tuple[Reason, ...]]
    act: Callable[[Story, Any], object]


def _always(_story: Story, _command: Command) -> tuple[Reason, ...]:
    return ()


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "accept_referral": Row(AcceptReferral, referral.judge_referral, referral.accept_referral),
        "record_evaluation": Row(
            RecordEvaluation, evaluation.judge_evaluation, evaluation.record_evaluation
        ),
        "record_screening": Row(
            RecordScreening, screening.judge_recording, screening.record_screening
        ),
        "sign_consent": Row(SignConsent, consent.judge_signature, consent.sign_consent),
        "withdraw_consent": Row(
            WithdrawConsent, consent.judge_withdrawal, consent.withdraw_consent
        ),
        "record_scores": Row(RecordScores, scores.judge_scores, scores.record_scores),
        "write_journal": Row(WriteJournal, _always, journal.write_journal),
        "record_contact": Row(RecordContact, contact.judge_contact, contact.record_contact),
        "acknowledge_alert": Row(
            AcknowledgeAlert, risk_alert.judge_acknowledgement, risk_alert.acknowledge_alert
        ),
        "report_adverse_event": Row(
            ReportAdverseEvent, safety_report.judge_report, safety_report.report_adverse_event
        ),
        "submit_monitoring_form": Row(
            SubmitMonitoringForm,
            monitoring_form.judge_submission,
            monitoring_form.submit_monitoring_form,
        ),
        "record_authorization": Row(
            RecordAuthorization, authorization.judge_recording, authorization.record_authorization
        ),
        "record_result": Row(RecordResult, late_result.judge_result, late_result.record_result),
        "change_provider": Row(
            ChangeProvider, primary_provider.judge_provider, primary_provider.change_provider
        ),
        "request_deletion": Row(
            RequestDeletion, deletion.judge_deletion_request, deletion.request_deletion
        ),
        "announce_closure": Row(AnnounceClosure, closure.judge_closure, closure.announce_closure),
        "hold": Row(HoldJourney, hold.judge_hold, hold.hold),
        "resume": Row(ResumeJourney, hold.judge_resume, hold.resume),
        "close_journey": Row(CloseJourney, hold.judge_close, hold.close_journey),
        "transfer_out": Row(TransferOut, transfer.judge_transfer, transfer.transfer_out),
    }
)
