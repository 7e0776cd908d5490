"""The record that goes along with a patient: as the referral that the next clinic is sent."""

from typing import Protocol

from pydantic import JsonValue, ValidationError

from schemas.adverse_event import AdverseEvent
from schemas.base import Reason
from schemas.event import EventKind
from schemas.infusion import SessionResult
from schemas.journey import JourneyView
from schemas.referral import Referral, ReferralIdentifier
from schemas.screening import Screening
from schemas.transfer import CarriedConsent, CarriedDose, CarriedEvent, TransferHistory
from service.errors import Refused, Unavailable, UnknownWorkflow
from service.lookups import Clinics
from service.rows import EventRow

SYSTEM = "urn:treatment-journey:transfer"
MOST_DOSES, MOST_SCORES, MOST_EVENTS, MOST_CONSENTS = 200, 40, 100, 20
LONGEST = 2_000
SAYS_WHO = (EventKind.JOURNEY_STARTED.value, EventKind.REFERRAL_COMPLETED.value)
LEFT = EventKind.TRANSFERRED_OUT.value
EVENTS = (EventKind.ADVERSE_EVENT_OPENED.value, EventKind.ADVERSE_EVENT_AMENDED.value)
CARRIED = EventKind.HISTORY_CARRIED.value
SCREENED = EventKind.SCREENING_RECORDED.value
FACTS = (*SAYS_WHO, LEFT, CARRIED, SCREENED, *EVENTS)
PDMP = "pdmp"


class FactsPort(Protocol):
    """`service.lookups.Lookups`, the part of it that is needed."""

    async def facts(
        self, journey_id: str, kinds: tuple[str, ...], *, clinics: Clinics
    ) -> tuple[EventRow, ...]: ...


class StatePort(Protocol):
    """`service.commands.Commands`, the part of it that is needed."""

    async def state(self, workflow_id: str) -> dict[str, JsonValue] | None: ...


class Transfers:
    """Puts together what a transferred journey sends along. Reads only."""

    def __init__(self, commands: StatePort, lookups: FactsPort) -> None:
        self._commands = commands
        self._lookups = lookups

    async def referral_of(self, journey_id: str, *, clinics: Clinics) -> Referral:
        """The referral to the clinic that goes on; asked again it is the same referral, which
        starts one journey. Raises `UnknownWorkflow`, `Refused` (codes `not_transferred`,
        `session_open`, `patient_missing`) or `Unavailable`."""
        facts = await self._lookups.facts(journey_id, FACTS, clinics=clinics)
        if not facts:
            raise UnknownWorkflow
        left = next((f for f in reversed(facts) if f.kind == LEFT), None)
        if left is None:
            text = "this journey was not transferred: `transfer_out` comes first"
            raise Refused(Reason(code="not_transferred", text=text))
        view = await self._view(journey_id)
        if view.open_session is not None:
            text = "a treatment day is still open: what was given is not known yet"
            raise Refused(Reason(code="session_open", text=text))
        return _referral(_sent(facts), left, view, _history(facts, left, view))

    async def _view(self, journey_id: str) -> JourneyView:
        told = await self._commands.state(journey_id)
        if told is None:
            raise Unavailable
        try:
            return JourneyView.model_validate(told)
        except ValidationError:
            # A journey told by another release, in the middle of an upgrade: ask again after it.
            raise Unavailable from None


def _sent(facts: tuple[EventRow, ...]) -> Referral:
    """The newest referral that says who the patient is."""
    referrals = [Referral.model_validate(f.data["referral"]) for f in facts if f.kind in SAYS_WHO]
    complete = [referral for referral in referrals if referral.patient is not None]
    if not complete:
        text = "nobody has said yet who the patient is"
        raise Refused(Reason(code="patient_missing", text=text))
    return complete[-1]


def _carried(facts: tuple[EventRow, ...]) -> TransferHistory | None:
    """What this clinic was told itself when the patient came."""
    told = next((f for f in reversed(facts) if f.kind == CARRIED), None)
    return TransferHistory.model_validate(told.data) if told else None


def _events(
    facts: tuple[EventRow, ...], before: TransferHistory | None
) -> tuple[CarriedEvent, ...]:
    """Every adverse event as it was last amended, signed off or not; first those told of places
    before this one, each with its source."""
    known: dict[str, CarriedEvent] = {}
    for row in (f for f in facts if f.kind in EVENTS):
        event = AdverseEvent.model_validate(row.data["event"])
        known[str(row.data["event_id"])] = CarriedEvent(
            code=event.code,
            at=event.began_at or event.known_at or row.at,
            serious=event.serious,
            description=event.description,
        )
    told = before.adverse_events if before else ()
    earlier = tuple(e.model_copy(update={"source": _source(e, before)}) for e in told)
    return (*earlier, *known.values())[-MOST_EVENTS:]


def _consents(view: JourneyView, before: TransferHistory | None) -> tuple[CarriedConsent, ...]:
    """What was signed, here and before; none of it is in force at the clinic that goes on."""
    told = before.consents if before else ()
    earlier = tuple(c.model_copy(update={"source": _source(c, before)}) for c in told)
    here = tuple(
        CarriedConsent(modality=m, signed_at=c.signed_at, valid_until=c.valid_until)
        for m, c in view.consents.items()
    )
    return (*earlier, *here)[-MOST_CONSENTS:]


def _source(told: CarriedConsent | CarriedEvent, before: TransferHistory | None) -> str:
    return told.source or (before.source if before else "")


def _monitoring(
    facts: tuple[EventRow, ...], view: JourneyView, before: TransferHistory | None
) -> str:
    """What the prescription monitoring programme showed, the newest first: here, by each screening
    on record, and before, in the words of whoever told."""
    here = [
        f"{view.clinic}, {result.taken_at:%Y-%m-%d}: {result.result}"
        for row in reversed(facts)
        if row.kind == SCREENED
        for result in Screening.model_validate(row.data["screening"]).work_up
        if result.kind == PDMP
    ]
    told = before.monitoring if before else ""
    earlier = [f"{before.source}: {told}"] if before and told else []
    return "; ".join((*here, *earlier))[:LONGEST]


def _referral(
    sent: Referral, left: EventRow, view: JourneyView, history: TransferHistory
) -> Referral:
    to_clinic = left.data.get("to_clinic")
    clinic = to_clinic if isinstance(to_clinic, str) else "elsewhere"
    return sent.model_copy(
        update={
            "clinic": clinic,
            "identifier": ReferralIdentifier(
                system=SYSTEM, value=f"{view.journey_id}~{left.sequence}"
            ),
            "reason": str(left.data.get("reason", "")),
            "training": view.training,
            "transfer": history,
        }
    )


def _history(facts: tuple[EventRow, ...], left: EventRow, view: JourneyView) -> TransferHistory:
    course, done = left.data.get("course"), left.data.get("series_done")
    doses = [_dose(session) for session in view.sessions if session.dosed_at is not None]
    before = _carried(facts)
    return TransferHistory(
        source=view.clinic,
        from_journey=view.journey_id,
        course=course if isinstance(course, str) else None,
        series_done=done if isinstance(done, int) else 0,
        doses=tuple(doses[-MOST_DOSES:]),
        baseline=view.baseline,
        scores=view.scores[-MOST_SCORES:],
        consents=_consents(view, before),
        adverse_events=_events(facts, before),
        monitoring=_monitoring(facts, view, before),
    )


def _dose(session: SessionResult) -> CarriedDose:
    fields = session.model_dump(include=set(CarriedDose.model_fields))
    return CarriedDose.model_validate(fields)
