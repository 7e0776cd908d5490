"""The staff's door through the API: real tokens, real refusals, patience while servers restart."""

import asyncio
import math
import time
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import httpx
from temporalio.client import Client
from temporalio.service import RPCError

from runtime.settings import Settings
from runtime.temporal import connect
from schemas.base import Actor, Command, Role
from schemas.infusion import SessionView
from schemas.journey import ClockAdvanced, JourneyView
from service.training_issuer import TrainingIssuer

PATHS: Final = {
    "record_evaluation": "evaluation",
    "record_screening": "screening",
    "sign_consent": "consent",
    "withdraw_consent": "consent/withdrawal",
    "record_scores": "scores",
    "write_journal": "journal",
    "record_contact": "contact",
    "acknowledge_alert": "alerts/acknowledgement",
    "submit_monitoring_form": "monitoring-forms",
    "prepare_session": "preparation",
    "record_authorization": "authorization",
    "record_result": "results",
    "change_provider": "provider",
    "request_deletion": "deletion-request",
    "hold": "hold",
    "resume": "resume",
    "close_journey": "close",
    "change_protocol": "protocol",
    "check_in": "check-in",
    "order_dose": "order",
    "start_dosing": "start",
    "record_vitals": "vitals",
    "pause_dosing": "pause",
    "resume_dosing": "resume",
    "stop_dosing": "stop",
    "end_dosing": "end",
    "report_adverse_event": "adverse-events",
    "discharge": "discharge",
    "acknowledge_order": "acknowledgement",
}
COORDINATOR = Actor(id="cc-moreau", role=Role.CARE_COORDINATOR)
TRIES = 600
PAUSE_S = 0.1
IN_VAIN = "no_longer_waited_for"
"""Nobody answered while somebody stood at the pump: they look, and ask again."""


class Refused(Exception):  # noqa: N818 - what a person reads
    """A rule refused it: the status and every reason's code."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.codes = [reason["code"] for reason in problem.get("reasons", [])]
        super().__init__(f"{status} {problem.get('code')}: {', '.join(self.codes)}")


class HttpDoor:
    """One clinic's people at the API."""

    def __init__(self, api: str, settings: Settings) -> None:
        self._settings = settings
        self._issuer = TrainingIssuer.open(settings)
        self._http = httpx.AsyncClient(base_url=api, timeout=30, trust_env=False)
        self._tokens: dict[Actor, tuple[str, float]] = {}
        self._sign_in_again_s = settings.step_up_within.total_seconds() / 2
        self._temporal: Client | None = None
        self.waited = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def check(self) -> None:
        """Raise `ConnectionError` at once when no API answers, before anything is begun."""
        try:
            await self._http.get("/healthz")
        except httpx.TransportError:
            where = self._http.base_url
            raise ConnectionError(f"no API answers at {where}; start one: journey up") from None

    async def refer(self, path: str, content: bytes, media_type: str) -> str:
        """Send a referral through one of the doors; the journey it started or found."""
        reply = await self._call(
            "POST", path, COORDINATOR, content=content, headers={"content-type": media_type}
        )
        return reply.headers["location"].rpartition("/")[2]

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        body = command.model_dump(mode="json", exclude_none=True)
        if kind == "decide_approval":
            path = f"/v1/approvals/{body['approval_id']}/decision"
        elif "-infusion-" in workflow_id or "-spray-" in workflow_id:
            path = f"/v1/sessions/{workflow_id}/{PATHS[kind]}"
        else:
            path = f"/v1/journeys/{workflow_id}/{PATHS[kind]}"
        try:
            reply = await self._answered(path, command.actor, body)
        except Refused as refused:
            if refused.codes != [IN_VAIN]:
                raise
            asked_again = command.model_copy(update={"command_id": uuid4().hex})
            return await self.send(workflow_id, kind, asked_again)
        receipt: dict[str, Any] = reply.json()
        return receipt

    async def journey(self, workflow_id: str) -> JourneyView:
        return JourneyView.model_validate(await self._get(f"/v1/journeys/{workflow_id}/state"))

    async def session(self, session_id: str) -> SessionView:
        told = await self._get(f"/v1/sessions/{session_id}")
        return SessionView.model_validate(
            {name: told[name] for name in SessionView.model_fields if name in told}
        )

    async def until(self, workflow_id: str, moment: datetime) -> None:
        """Training only: the clock of the journey, and with it its session's, jumps forward."""
        journey_id = workflow_id.split("-infusion-", maxsplit=1)[0].split("-spray-", maxsplit=1)[0]
        look = self.journey if journey_id == workflow_id else self.session
        if (await look(workflow_id)).now >= moment:
            return
        await self._jump(journey_id, moment)
        for _ in range(TRIES):
            if (await look(workflow_id)).now >= moment:
                return
            await self.settle()
        raise TimeoutError("the clinical clock did not move")

    async def settle(self) -> None:
        await asyncio.sleep(0.02)

    async def get(self, path: str) -> Any:
        """What the API answers to a coordinator."""
        return await self._get(path)

    # -- inside -----------------------------------------------------------------------------

    async def _answered(self, path: str, actor: Actor, body: dict[str, Any]) -> httpx.Response:
        """Ask until somebody answers."""
        reply = await self._call("POST", path, actor, json=body)
        while reply.status_code == 202:
            await asyncio.sleep(PAUSE_S)
            reply = await self._call("POST", path, actor, json=body)
        return reply

    async def _jump(self, journey_id: str, moment: datetime) -> None:
        jump = ClockAdvanced(command_id=uuid4().hex, to=moment)
        for _ in range(TRIES):
            try:
                if self._temporal is None:
                    self._temporal = await connect(self._settings, identity="demo", wait_s=60)
                await self._temporal.get_workflow_handle(journey_id).signal("clock_advanced", jump)
            except RPCError:
                self.waited += 1
                await asyncio.sleep(PAUSE_S)
            else:
                return
        raise TimeoutError("the clock signal did not get through")

    async def _get(self, path: str) -> Any:
        """A reading; while there is nothing to read yet, or nobody to ask, look again."""
        for _ in range(TRIES):
            reply = await self._call("GET", path, COORDINATOR, missing_is_fine=True)
            if reply.status_code == 200 and reply.json().get("live", True):
                return reply.json()
            self.waited += 1
            await asyncio.sleep(PAUSE_S)
        raise TimeoutError(f"{path.split('/')[1]} does not answer")

    async def _call(
        self,
        method: str,
        path: str,
        actor: Actor,
        *,
        missing_is_fine: bool = False,
        **more: Any,
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token(actor)}", **more.pop("headers", {})}
        for _ in range(TRIES):
            try:
                reply = await self._http.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                self.waited += 1
                await asyncio.sleep(PAUSE_S)
                continue
            if reply.status_code in (429, 502, 503, 504):
                self.waited += 1
                await asyncio.sleep(PAUSE_S)
                continue
            if reply.status_code < 400 or (missing_is_fine and reply.status_code == 404):
                return reply
            raise Refused(reply.status_code, reply.json())
        raise TimeoutError("the API does not answer")

    def _token(self, actor: Actor) -> str:
        """People sign in again before a dangerous decision would ask it of them."""
        now = time.monotonic()
        token, minted_at = self._tokens.get(actor, ("", -math.inf))
        if now - minted_at > self._sign_in_again_s:
            token = self._issuer.mint(actor.id, (actor.role,), ("*",))
            self._tokens[actor] = (token, now)
        return token
