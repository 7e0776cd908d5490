"""The spray's safety programme: the monitoring form owed after every session, and its receipt."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Actor, Carried, Code, Command, CommandId, Instant, RequiredText, Value
from schemas.people import Sex


class Pressure(Carried):
    """One blood pressure of the form, mmHg."""

    systolic_mmhg: int
    diastolic_mmhg: int
    taken_at: Instant | None = None


class SprayFacts(Carried):
    """What a spray session alone knows and the form asks for; None: nobody recorded it.
    `pressures`: before, 40 minutes after, at the end. `concomitant`: classes of drugs taken."""

    devices: int | None = None
    lot: str | None = None
    first_device_at: Instant | None = None
    ready_to_leave_at: Instant | None = None
    left_at: Instant | None = None
    acceptable_before: bool | None = None
    acceptable_at_end: bool | None = None
    pressures: tuple[Pressure, ...] = ()
    sedation: bool | None = None
    dissociation: bool | None = None
    respiratory_depression: bool | None = None
    concomitant: tuple[Code, ...] = ()
    supervised_by: str | None = None


class MonitoringForm(Carried):
    """One patient monitoring form as assembled from its session's own facts. `form_version`: of
    the form's layout; `revision`: 1, and one more for each amendment. `not_recorded`: fields that
    a person has to add before it is sent."""

    form_version: Code = "pmf-1"
    revision: int = 1
    session_id: str
    patient_reference: str
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    site: Code
    first_treatment: bool
    treated_at: Instant
    dose_mg: float
    facts: SprayFacts = SprayFacts()
    total_minutes: int | None = None
    ready_to_leave_minutes: int | None = None
    serious_events: tuple[Code, ...] = ()
    not_recorded: tuple[Code, ...] = ()


class FormOwed(Carried):
    """A form that is not with the programme yet. `sending`: a machine was asked to send it."""

    form: MonitoringForm
    digest: str
    due_at: Instant
    sending: bool = False


class SubmissionWay(StrEnum):
    """How a form went to the programme. `fax_service`: this deployment's own adapter sends it."""

    ONLINE = "online"
    FAX = "fax"
    FAX_SERVICE = "fax_service"


class SubmitMonitoringForm(Command):
    """A person has sent a session's form, and this is its receipt; or asks for it to be faxed."""

    session_id: Code
    how: SubmissionWay
    receipt: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    submitted_at: Instant | None = None


class FaxForm(Value):
    """A form on its way to the programme. It holds patient data and goes nowhere else; with
    `form_id` a retry sends it once."""

    form_id: str
    form: MonitoringForm
    digest: str
    training: bool


class FormReceipt(Value):
    """What the other side gave for it."""

    receipt: str


class CertificationChange(Value):
    """A clinic's site is no longer certified for the spray, or is again."""

    clinic: Code
    certified: bool
    reason: RequiredText
    actor: Actor
    command_id: CommandId


class CertificationNews(Command):
    """The site's certification for the spray was lost, or is back."""

    reason: RequiredText
