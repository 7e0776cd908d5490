"""The front desk's writing half: everything a person or program may tell a journey, answered."""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time
from typing import Final, Protocol, TypeVar

import structlog
from pydantic import JsonValue
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from runtime.names import CLINIC_CODE, JOURNEYS
from schemas.approval import DecideApproval
from schemas.base import Actor, Command, Receipt
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.decision_keys import AdoptDecisionKeys
from schemas.drug_cabinet import CabinetInput, CabinetReceipt
from schemas.infusion import AtThePump, SessionReceipt
from schemas.journey import JourneyInput
from schemas.monitor import MonitoringView
from schemas.referral import AcceptReferral, Referral, ReferralAccepted
from service.cabinet_start import (
    cabinet_start,
    leave_at_cabinet,
    newest_settings,
    start_of_cabinet,
)
from service.course_plan import course_plan
from service.engine_errors import CLOSED, engine_answered_no, translate
from service.errors import (
    FrontDeskError,
    Malformed,
    NotYetAnswered,
    Refused,
    Unavailable,
    UnknownWorkflow,
)
from service.intake import (
    PRODUCTION,
    Deployment,
    clinic_of_cabinet,
    first_state,
    journey_id,
    journey_of,
    judge_referral,
    workflow_of_task,
)
from service.journey_start import attributes_of, settle, start_of, summary_of
from service.licences import LicenceBook
from service.protocols import Catalogue
from service.signing import DecisionSigner

ANSWER_WITHIN_S: Final = 5.0
AT_THE_PUMP_S: Final = 25.0
"""Longer than a session waits for its dose log to be on record: who stands at the pump hears yes or
no as long as any worker runs. After that they are told that nobody answered, and it is so."""
STATE_WITHIN_S: Final = 2.0
KEY_UNKNOWN: Final = "signature_key_unknown"
LOST_AT_TURNOVER: Final = "AcceptedUpdateCompletedWorkflow"

R = TypeVar("R", Receipt, SessionReceipt, CabinetReceipt)
log = structlog.get_logger(__name__)


class Connected(Protocol):
    """Where the engine's client comes from; raises `Unavailable` while it cannot be reached."""

    async def client(self) -> Client: ...


class PastJourneys(Protocol):
    """What the record remembers longer than the engine does."""

    async def knows(self, journey_id: str) -> bool: ...


class Sites(Protocol):
    """What is on record of a site's certification for the spray; None: nothing ever changed."""

    async def certified(self, clinic: str) -> bool | None: ...


def wall_clock() -> datetime:
    """The present moment, for what is judged at the door."""
    return datetime.fromtimestamp(time(), UTC)


def said(command: Command) -> dict[str, JsonValue]:
    """What of a command its sender said, as JSON: a run of an older release refuses a field that it
    does not know, and a field that nobody set is not worth that (docs/decisions, 22)."""
    told: dict[str, JsonValue] = command.model_dump(mode="json", exclude_unset=True)
    return told


class Commands:
    """Sends commands and waits a little for the answer. Safe to repeat: every command takes
    effect at most once, and a referral starts one journey whatever door it came through."""

    def __init__(
        self,
        engine: Connected,
        catalogue: Catalogue,
        referral_key: bytes,
        *,
        past: PastJourneys | None = None,
        sites: Sites | None = None,
        licences: LicenceBook | None = None,
        deployment: Deployment = PRODUCTION,
        answer_within_s: float = ANSWER_WITHIN_S,
        at_the_pump_s: float = AT_THE_PUMP_S,
        now: Callable[[], datetime] = wall_clock,
        signer: DecisionSigner | None = None,
    ) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._key = referral_key
        self._past = past
        self._sites = sites
        self._licences = licences
        self._deployment = deployment
        self._answer_within_s = answer_within_s
        self._at_the_pump_s = at_the_pump_s
        self._now = now
        self._signer = signer

    async def refer(self, referral: Referral, actor: Actor) -> ReferralAccepted:
        """Start the journey of a referral, or find it. Raises `Malformed`, `Refused` (code
        `unknown_clinic`), `NotYetAnswered` (started, no worker yet) or `Unavailable`."""
        clinic = self._catalogue.clinic(referral.clinic)
        reasons = judge_referral(referral, clinic, self._now())
        if reasons:
            raise Malformed(*reasons)
        found = journey_id(referral.clinic, referral.identifier, self._key)
        if self._past is not None and await self._past.knows(found):
            # The engine forgets an ended journey after its retention; the record does not.
            return ReferralAccepted(journey_id=found, created=False)
        protocol = self._catalogue.protocol_of(referral.clinic)
        state = first_state(referral, found, clinic, protocol, self._deployment)
        if self._sites is not None:
            state.site_certified = await self._sites.certified(referral.clinic)
        command = AcceptReferral(command_id=str(uuid.uuid4()), actor=actor, referral=referral)
        return await self._started(found, JourneyInput(state=state), command)

    async def _started(
        self, found: str, start: JourneyInput, command: AcceptReferral
    ) -> ReferralAccepted:
        client = await self._engine.client()
        for attempt in (1, 2):
            operation = start_of(found, start)
            try:
                async with asyncio.timeout(self._answer_within_s):
                    receipt: Receipt = await client.execute_update_with_start_workflow(
                        "accept_referral",
                        said(command),
                        # The same referral has the same id, and the run answers all its senders
                        # alike; one that says more (the missing patient) is heard by itself.
                        id=self.update_id("refer", command.referral.model_dump_json()),
                        start_workflow_operation=operation,
                        result_type=Receipt,
                    )
                mine = receipt.command_id == command.command_id
                return ReferralAccepted(journey_id=found, created=mine and not receipt.duplicate)
            except WorkflowAlreadyStartedError:
                return ReferralAccepted(journey_id=found, created=False)
            except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
                return await self._start_unanswered(client, found, start, command)
            except WorkflowUpdateFailedError as failed:
                if attempt == 1 and _lost_at_turnover(failed):
                    continue
                raise engine_answered_no(failed) from None
            except RPCError as error:
                if error.status is RPCStatusCode.FAILED_PRECONDITION:
                    # It exists and is paused, so this referral was accepted before.
                    return ReferralAccepted(journey_id=found, created=False)
                raise translate(error) from None
            finally:
                await settle(operation)
        raise Unavailable

    async def _start_unanswered(
        self, client: Client, found: str, start: JourneyInput, command: AcceptReferral
    ) -> ReferralAccepted:
        """No worker answered. A start alone is enough to keep the referral: its input holds it."""
        try:
            async with asyncio.timeout(self._answer_within_s):
                await client.start_workflow(
                    "PatientJourney",
                    start,
                    id=found,
                    task_queue=JOURNEYS,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=summary_of(start),
                    search_attributes=attributes_of(start),
                )
        except WorkflowAlreadyStartedError:
            return ReferralAccepted(journey_id=found, created=False)
        except (RPCError, TimeoutError) as error:
            raise translate(error) from None
        raise NotYetAnswered(found, found, command.command_id)

    async def decide(self, decision: DecideApproval) -> Receipt | SessionReceipt | CabinetReceipt:
        """Sign a decision and send it to whatever workflow asked for it; the approval's id names
        it. For doors that have verified who speaks."""
        workflow_id = workflow_of_task(decision.approval_id)
        if workflow_id is None:
            raise UnknownWorkflow
        if self._licences is not None:
            lapsed = await self._licences.against(workflow_id, decision.actor, self._now())
            if lapsed:
                raise Refused(*lapsed)
        if self._signer is None:
            return await self._send_any(workflow_id, "decide_approval", decision)
        decision = await self._signer.signed(decision, workflow_id, self.state)
        await self._tell_keys(workflow_id, self._signer)
        try:
            return await self._send_any(workflow_id, "decide_approval", decision)
        except Refused as refused:
            if refused.code != KEY_UNKNOWN:
                raise
        # Begun before this deployment had keys, or restored from before it was told of them.
        await self.announce_keys(workflow_id, self._signer.announcement())
        return await self._send_any(workflow_id, "decide_approval", decision, asked=2)

    async def _tell_keys(self, workflow_id: str, signer: DecisionSigner) -> None:
        """Work that began under older keys hears of the newer ones before it has to judge by
        them. It may know them already, or hear of them later, with the decision behind it."""
        news = signer.news_for(workflow_id)
        if news is not None:
            await self.announce_keys(workflow_id, news)
            signer.told(workflow_id, news)

    async def announce_keys(self, workflow_id: str, news: AdoptDecisionKeys) -> str:
        """Tell one workflow by which keys decisions are signed; what came of it, in a word. Never
        raises: the workflow judges by the keys it has, and can be told again."""
        try:
            await self._send_any(workflow_id, "adopt_decision_keys", news)
        except NotYetAnswered:
            return "kept"
        except UnknownWorkflow:
            return "gone"
        except Refused as refused:
            log.warning("decision_keys_refused", workflow_id=workflow_id, code=refused.code)
            return "refused"
        except FrontDeskError as error:
            log.warning(
                "decision_keys_not_told", workflow_id=workflow_id, error=type(error).__name__
            )
            return "unavailable"
        return "told"

    async def _send_any(
        self, workflow_id: str, kind: str, command: Command, *, asked: int = 1
    ) -> Receipt | SessionReceipt | CabinetReceipt:
        """To a journey, a session or a cabinet, whichever it is."""
        if clinic_of_cabinet(workflow_id) is not None:
            return await self._send(workflow_id, kind, command, CabinetReceipt, asked=asked)
        if journey_of(workflow_id) == workflow_id:
            return await self._send(workflow_id, kind, command, Receipt, asked=asked)
        return await self._send(workflow_id, kind, command, SessionReceipt, asked=asked)

    async def send(self, journey: str, kind: str, command: Command) -> Receipt:
        """Send a command to a journey and wait for its answer. Raises `Refused`,
        `UnknownWorkflow`, `NotYetAnswered` (kept), `Busy` or `Unavailable` (not taken)."""
        return await self._send(journey, kind, command, Receipt)

    async def send_to_cabinet(self, clinic: str, kind: str, command: Command) -> CabinetReceipt:
        """Send a command to a clinic's drug cabinet, which its first command opens; raises as
        `send` does, and `Refused` (code `unknown_clinic`)."""
        found, start = cabinet_start(
            self._catalogue.clinic(clinic), self._catalogue.protocol_of(clinic), self._deployment
        )
        client = await self._engine.client()
        receipt = await self._told_cabinet(client, found, start, kind, command)
        if receipt is None:
            await self._keep(client, found, kind, command, start)
            raise NotYetAnswered(found, found, command.command_id)
        if receipt.pins != start.state.pins:
            await self._renew(found, start)
        return receipt

    async def _told_cabinet(
        self, client: Client, found: str, start: CabinetInput, kind: str, command: Command
    ) -> CabinetReceipt | None:
        """The cabinet's answer; None when nobody could give one in time."""
        for attempt in (1, 2):
            operation = start_of_cabinet(found, start)
            try:
                async with asyncio.timeout(self._answer_within_s):
                    receipt: CabinetReceipt = await client.execute_update_with_start_workflow(
                        kind,
                        said(command),
                        id=self.update_id(kind, command.command_id),
                        start_workflow_operation=operation,
                        result_type=CabinetReceipt,
                    )
                    return receipt
            except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
                return None
            except WorkflowUpdateFailedError as failed:
                if attempt == 1 and _lost_at_turnover(failed):
                    continue
                raise engine_answered_no(failed) from None
            except WorkflowAlreadyStartedError:
                raise Refused(CLOSED) from None
            except RPCError as error:
                if error.status is RPCStatusCode.FAILED_PRECONDITION:
                    return None
                raise translate(error) from None
            finally:
                await settle(operation)
        return None

    async def _renew(self, found: str, start: CabinetInput) -> None:
        """The cabinet was opened with an older clinic file or protocol. Whoever gave the command
        has their answer; this may fail and is tried again with the next one."""
        try:
            await self._send(found, "adopt_settings", newest_settings(start), CabinetReceipt)
        except FrontDeskError as error:
            log.warning("settings_not_adopted", workflow_id=found, error=type(error).__name__)

    async def send_to_session(self, session: str, kind: str, command: Command) -> SessionReceipt:
        """Send a command to a treatment session; raises as `send` does. It goes with what the
        clinic's file of today says of the people in it."""
        if self._licences is not None:
            command = await self._licences.stamped(session, command)
        if isinstance(command, AtThePump):
            answer_by = self._now() + timedelta(seconds=self._at_the_pump_s)
            command = command.model_copy(update={"answer_by": answer_by})
        return await self._send(session, kind, command, SessionReceipt)

    async def _send(
        self, workflow_id: str, kind: str, command: Command, answer: type[R], *, asked: int = 1
    ) -> R:
        """`asked`: for the how manieth time, where the engine would repeat its first answer and
        what that rested on has changed."""
        client = await self._engine.client()
        update = kind if asked == 1 else f"{kind}-{asked}"
        at_the_pump = isinstance(command, AtThePump)
        for attempt in (1, 2):
            try:
                within_s = self._at_the_pump_s if at_the_pump else self._answer_within_s
                async with asyncio.timeout(within_s):
                    found: R = await client.get_workflow_handle(workflow_id).execute_update(
                        kind,
                        said(command),
                        id=self.update_id(update, command.command_id),
                        result_type=answer,
                    )
                    return found
            except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
                break
            except WorkflowUpdateFailedError as failed:
                if attempt == 1 and _lost_at_turnover(failed):
                    continue
                raise engine_answered_no(failed) from None
            except RPCError as error:
                if error.status is RPCStatusCode.FAILED_PRECONDITION:
                    break
                if error.status is RPCStatusCode.NOT_FOUND and attempt == 1:
                    continue
                raise translate(error) from None
        if not at_the_pump:
            await self._keep(client, workflow_id, kind, command)
        journey = journey_of(workflow_id) or workflow_id
        raise NotYetAnswered(workflow_id, journey, command.command_id)

    async def _keep(
        self,
        client: Client,
        workflow_id: str,
        kind: str,
        command: Command,
        opening: CabinetInput | None = None,
    ) -> None:
        """Leave a command that nobody answered. Should the update be answered after all, the
        workflow's ledger lets only one of the two count."""
        await self._signal(client, workflow_id, kind, command, opening)
        log.info("command_kept_unanswered", workflow_id=workflow_id, kind=kind)

    async def leave(self, workflow_id: str, kind: str, command: Command) -> None:
        """Leave a command whose answer nobody waits for; whatever is wrong with it is seen among
        the messages that could not be taken. Raises `UnknownWorkflow` or `Unavailable`."""
        await self._signal(await self._engine.client(), workflow_id, kind, command)

    async def _signal(
        self,
        client: Client,
        workflow_id: str,
        kind: str,
        command: Command,
        opening: CabinetInput | None = None,
    ) -> None:
        """As a signal it waits for workers and for a paused journey. `opening`: it starts the
        cabinet if nothing has."""
        envelope: dict[str, JsonValue] = {"kind": kind, "command": said(command)}
        try:
            async with asyncio.timeout(self._answer_within_s):
                if opening is not None:
                    await leave_at_cabinet(client, workflow_id, opening, envelope)
                else:
                    handle = client.get_workflow_handle(workflow_id)
                    await handle.signal("command_submitted", envelope)
        except WorkflowAlreadyStartedError:
            raise Refused(CLOSED) from None
        except (RPCError, TimeoutError) as error:
            raise translate(error) from None

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None:
        """What a journey or session says of itself now; None when nobody can ask it."""
        try:
            client = await self._engine.client()
            async with asyncio.timeout(STATE_WITHIN_S):
                told: dict[str, JsonValue] = await client.get_workflow_handle(workflow_id).query(
                    "state", result_type=dict[str, JsonValue]
                )
                return told
        except (RPCError, TimeoutError, WorkflowQueryFailedError, ValueError, Unavailable):
            return None

    async def plan(self, journey: str, course: PlannedCourse) -> CoursePlan:
        """A course of a journey shown before anybody commits to it; nothing changes. Raises
        `UnknownWorkflow`, `Refused` where this journey cannot show one, `Unavailable`."""
        return await course_plan(await self._engine.client(), journey, course)

    async def monitoring(self, session_id: str) -> MonitoringView | None:
        """By what a session's monitor is to be judged now; None when nobody can say. Raises
        `UnknownWorkflow` when there is no such session."""
        try:
            client = await self._engine.client()
            async with asyncio.timeout(STATE_WITHIN_S):
                view: MonitoringView = await client.get_workflow_handle(session_id).query(
                    "monitoring", result_type=MonitoringView
                )
                return view
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise UnknownWorkflow from None
            return None
        except (TimeoutError, WorkflowQueryFailedError, ValueError, Unavailable):
            return None

    async def clinic_of(self, journey: str) -> str | None:
        """The clinic of a journey that the record may not have yet; None when there is none."""
        client = await self._engine.client()
        try:
            # Asked for raw: the SDK cannot read the status of a paused workflow.
            found = await client.workflow_service.describe_workflow_execution(
                DescribeWorkflowExecutionRequest(
                    namespace=client.namespace, execution=WorkflowExecution(workflow_id=journey)
                ),
                timeout=timedelta(seconds=self._answer_within_s),
            )
        except RPCError as error:
            if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
                return None
            raise translate(error) from None
        fields = found.workflow_execution_info.search_attributes.indexed_fields
        attribute = fields.get(CLINIC_CODE.name)
        code = json.loads(attribute.data) if attribute else None
        return code if isinstance(code, str) else None

    async def reachable(self) -> bool:
        """Whether the engine answers."""
        try:
            client = await self._engine.client()
            async with asyncio.timeout(STATE_WITHIN_S):
                return await client.service_client.check_health()
        except (Unavailable, RPCError, RuntimeError, TimeoutError):
            return False

    def update_id(self, kind: str, command_id: str) -> str:
        """The engine's id of a command: short, and nothing of a caller's free text in it."""
        content = f"{kind}\0{command_id}".encode()
        return f"{kind}-{hmac.new(self._key, content, hashlib.sha256).hexdigest()[:40]}"


def _lost_at_turnover(failed: WorkflowUpdateFailedError) -> bool:
    """Accepted by a run that turned over before it answered: ask the next run, same id."""
    cause = failed.cause
    return isinstance(cause, ApplicationError) and cause.type == LOST_AT_TURNOVER
