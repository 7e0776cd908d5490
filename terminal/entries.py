"""Sending any command of the contract to a journey, session or drug cabinet, from a JSON file."""

import json
import uuid
from collections.abc import Mapping

from pydantic import JsonValue

from clinical.permissions import MAY
from schemas.approval import DecideApproval
from schemas.base import Command, Receipt, Role
from schemas.drug_cabinet import CabinetReceipt
from schemas.infusion import (
    AcknowledgeOrder,
    AssignAttendant,
    CheckIn,
    Discharge,
    EndDosing,
    HandOver,
    OrderDose,
    PauseDosing,
    RecordVitals,
    RecordWaste,
    RenewPresence,
    ResumeDosing,
    SessionReceipt,
    StartDosing,
    StopDosing,
    SupplyMissing,
    TakeOver,
)
from service.errors import UnknownWorkflow
from service.intake import clinic_of_cabinet, journey_of
from terminal.failures import CommandFailedError
from terminal.files import read_json
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_line
from terminal.people import Speaker, actor_for

AnyReceipt = Receipt | SessionReceipt | CabinetReceipt


def session_commands() -> Mapping[str, type[Command]]:
    """What a treatment session is told, by its public name."""
    from schemas.adverse_event import ReportAdverseEvent

    return {
        "check_in": CheckIn,
        "order_dose": OrderDose,
        "start_dosing": StartDosing,
        "record_vitals": RecordVitals,
        "pause_dosing": PauseDosing,
        "resume_dosing": ResumeDosing,
        "stop_dosing": StopDosing,
        "end_dosing": EndDosing,
        "report_adverse_event": ReportAdverseEvent,
        "discharge": Discharge,
        "supply_missing": SupplyMissing,
        "record_waste": RecordWaste,
        "assign_attendant": AssignAttendant,
        "renew_presence": RenewPresence,
        "hand_over": HandOver,
        "take_over": TakeOver,
        "acknowledge_order": AcknowledgeOrder,
        "decide_approval": DecideApproval,
    }


def journey_commands() -> Mapping[str, type[Command]]:
    """What a journey is told, by its public name."""
    from schemas.adverse_event import ReportAdverseEvent
    from schemas.aftercare import RecordContact
    from schemas.authorization import RecordAuthorization
    from schemas.closure import AnnounceClosure
    from schemas.consent import SignConsent, WithdrawConsent
    from schemas.deletion import RequestDeletion
    from schemas.evaluation import RecordEvaluation
    from schemas.journal import WriteJournal
    from schemas.journey import ChangeProtocol, CloseJourney, HoldJourney, ResumeJourney
    from schemas.late_result import RecordResult
    from schemas.preparation import PrepareSession
    from schemas.primary_provider import ChangeProvider
    from schemas.reevaluation import RecordScores
    from schemas.referral import AcceptReferral
    from schemas.risk_alert import AcknowledgeAlert
    from schemas.safety_program import CertificationNews, SubmitMonitoringForm
    from schemas.screening import RecordScreening
    from schemas.transfer import TransferOut

    return {
        "accept_referral": AcceptReferral,
        "record_evaluation": RecordEvaluation,
        "record_screening": RecordScreening,
        "sign_consent": SignConsent,
        "withdraw_consent": WithdrawConsent,
        "record_scores": RecordScores,
        "write_journal": WriteJournal,
        "record_contact": RecordContact,
        "acknowledge_alert": AcknowledgeAlert,
        "report_adverse_event": ReportAdverseEvent,
        "submit_monitoring_form": SubmitMonitoringForm,
        "certification_lost": CertificationNews,
        "certification_regained": CertificationNews,
        "announce_closure": AnnounceClosure,
        "prepare_session": PrepareSession,
        "record_authorization": RecordAuthorization,
        "record_result": RecordResult,
        "change_provider": ChangeProvider,
        "request_deletion": RequestDeletion,
        "hold": HoldJourney,
        "resume": ResumeJourney,
        "close_journey": CloseJourney,
        "transfer_out": TransferOut,
        "change_protocol": ChangeProtocol,
        "decide_approval": DecideApproval,
    }


def cabinet_commands() -> Mapping[str, type[Command]]:
    """What a clinic's drug cabinet is told, by its public name."""
    from schemas import drug_cabinet

    return {
        "receive_stock": drug_cabinet.ReceiveStock,
        "count_stock": drug_cabinet.CountStock,
        "waste_stock": drug_cabinet.WasteStock,
        "return_stock": drug_cabinet.ReturnStock,
        "report_loss": drug_cabinet.ReportLoss,
        "recall_lot": drug_cabinet.RecallLot,
        "freeze_lot": drug_cabinet.FreezeLot,
        "unfreeze_lot": drug_cabinet.UnfreezeLot,
    }


async def send(
    workflow: str,
    kind: str,
    file: str,
    speaker: Speaker,
    command_id: str | None,
    *,
    as_json: bool,
) -> None:
    """Send one command and tell the workflow's answer. The file may name `command_id` and
    `actor`; what the file leaves out the command line fills in.

    Raises:
        CommandFailedError, FrontDeskError, ValidationError: when it is refused.
    """
    journey, cabinet = journey_of(workflow), clinic_of_cabinet(workflow)
    if journey is None and cabinet is None:
        raise UnknownWorkflow
    known = _known(workflow, journey)
    if kind not in known:
        raise CommandFailedError(f"{kind!r} is no command here; there are {', '.join(known)}")
    content = read_json(file)
    if not isinstance(content, dict):
        raise CommandFailedError("a command is one JSON object")
    async with front_desk() as desk:
        clinic = cabinet or await _clinic_of(desk, journey)
        said = _said_role(content) or tuple(role for role in Role if role in MAY[kind])
        actor = await actor_for(speaker, desk.settings, clinic, said)
        filled = {
            "command_id": command_id or str(uuid.uuid4()),
            **({} if speaker.token else {"actor": actor.model_dump(mode="json")}),
            **content,
            # A token outranks whatever the file claims.
            **({"actor": actor.model_dump(mode="json")} if speaker.token else {}),
        }
        command = known[kind].model_validate_json(json.dumps(filled))
        if cabinet is not None:
            receipt: AnyReceipt = await desk.commands.send_to_cabinet(cabinet, kind, command)
        elif journey == workflow:
            receipt = await desk.commands.send(workflow, kind, command)
        else:
            receipt = await desk.commands.send_to_session(workflow, kind, command)
    if as_json:
        print_json(receipt)
    else:
        print_line(f"{kind}: taken" + (" before; nothing was done again" * receipt.duplicate))


def _known(workflow: str, journey: str | None) -> Mapping[str, type[Command]]:
    if journey is None:
        return cabinet_commands()
    return journey_commands() if journey == workflow else session_commands()


async def _clinic_of(desk: FrontDesk, journey: str | None) -> str | None:
    row = await desk.lookups.journey(journey, clinics=None) if journey else None
    return row.clinic if row else None


def _said_role(content: Mapping[str, JsonValue]) -> tuple[Role, ...]:
    actor = content.get("actor")
    role = actor.get("role") if isinstance(actor, dict) else None
    return (Role(role),) if isinstance(role, str) and role in set(Role) else ()
