"""How a referral becomes a journey: its id, what is refused at the door, its first state."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from clinical.transfer import judge_history
from runtime.decision_keys import DecisionKeys
from runtime.settings import Settings
from schemas.base import Reason
from schemas.journey import JourneyState
from schemas.protocol import Clinic, Protocol
from schemas.referral import Referral, ReferralIdentifier

OPAQUE_LENGTH = 26
JOURNEY_ID = re.compile(r"^journey-[a-z2-7]{26}$")
WORKFLOW_ID = re.compile(r"^(journey-[a-z2-7]{26})(-(infusion|spray)-[0-9]{1,6})?$")
CABINET_ID = re.compile(r"^cabinet-([A-Za-z0-9_.:-]{1,100})$")
OLDEST_AGE_YEARS = 130


def journey_id(clinic: str, identifier: ReferralIdentifier, key: bytes) -> str:
    """The id of the journey that a referral starts: the same for the same referral at every
    door, and telling nothing about it to whoever has no key."""
    content = f"{clinic}\0{identifier.system}\0{identifier.value}".encode()
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return "journey-" + base64.b32encode(digest).decode().lower()[:OPAQUE_LENGTH]


def journey_of(workflow_id: str) -> str | None:
    """The journey that a workflow id belongs to; None when it is no id of ours."""
    found = WORKFLOW_ID.match(workflow_id)
    return found.group(1) if found else None


def cabinet_id(clinic: str) -> str:
    """The id of a clinic's drug cabinet."""
    return f"cabinet-{clinic}"


def clinic_of_cabinet(workflow_id: str) -> str | None:
    """The clinic whose drug cabinet this is; None when it is no cabinet."""
    found = CABINET_ID.match(workflow_id)
    return found.group(1) if found else None


def workflow_of_task(task_id: str) -> str | None:
    """The workflow that asked for a task, read from its id; None when it is no id of ours."""
    workflow_id, mark, _ = task_id.partition("~")
    ours = WORKFLOW_ID.match(workflow_id) or CABINET_ID.match(workflow_id)
    return workflow_id if mark and ours else None


def judge_referral(referral: Referral, clinic: Clinic, now: datetime) -> tuple[Reason, ...]:
    """Why this referral cannot be true; empty when it can. `now` is an aware moment."""
    if referral.transfer is not None:
        reasons = judge_history(referral.transfer, now)
        if reasons:
            return reasons
    if referral.patient is None:
        return ()
    today = now.astimezone(ZoneInfo(clinic.time_zone)).date()
    born = referral.patient.birth_date
    if born > today:
        return (Reason(code="birth_date_in_future", text="the birth date lies in the future"),)
    if today.year - born.year > OLDEST_AGE_YEARS:
        return (Reason(code="birth_date_too_early", text="the birth date is too long ago"),)
    return ()


@dataclass(frozen=True)
class Deployment:
    """What a journey must know of where it runs. `training`: nobody is treated here, so a training
    journey's clock may be moved. `signatures_required`: unsigned decisions are refused. `keys`:
    by which it knows a signature."""

    training: bool = False
    signatures_required: bool = False
    keys: DecisionKeys | None = None

    @classmethod
    def of(cls, settings: Settings, keys: DecisionKeys | None = None) -> "Deployment":
        """What the settings and the key file say of it."""
        return cls(settings.training, settings.require_signed_decisions, keys)

    @property
    def decision_keys(self) -> dict[str, str]:
        """Key id -> public key, as they are now."""
        return dict(self.keys.signing) if self.keys else {}

    @property
    def decision_keys_ms(self) -> int:
        """When that set of keys was made, in milliseconds."""
        return self.keys.issued_ms if self.keys else 0


PRODUCTION = Deployment()
"""Where nothing is said: people are treated, and no clock may be moved."""


def first_state(
    referral: Referral,
    workflow_id: str,
    clinic: Clinic,
    protocol: Protocol,
    deployment: Deployment,
) -> JourneyState:
    """What a journey carries into its first run, pinned to its clinic and protocol version."""
    return JourneyState(
        journey_id=workflow_id,
        workflow_id=workflow_id,
        clinic=clinic,
        protocol=protocol,
        training=referral.training,
        clock_may_move=referral.training and deployment.training,
        signatures_required=deployment.signatures_required,
        decision_keys=deployment.decision_keys,
        decision_keys_ms=deployment.decision_keys_ms,
        referral=referral,
    )
