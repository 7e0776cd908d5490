"""A link by which a patient does one thing without an account: made and taken back by staff.

The token is told once, in the answer, and kept by nobody: the record has its hash alone. What the
engine writes to patients carries links of its own (`records/engine_links.py`), on the same record.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

import structlog
from pydantic import JsonValue

from clinical.consent import judge_consent
from clinical.parameters import Parameters
from records.link_tokens import (
    address_of,
    lifetimes,
    link_base,
    new_link_id,
    new_token,
    token_hash,
)
from runtime.settings import Settings
from schemas.base import Actor, Reason, Role
from schemas.event import EventKind
from schemas.patient_link import (
    LinkMade,
    LinkPurpose,
    LinkSeen,
    LinkWish,
    PatientLink,
    PreparedConsent,
    signed,
)
from service.commands import wall_clock
from service.errors import Malformed, Refused, UnknownWorkflow
from service.intake import journey_of
from service.rows import EventRow, JourneyRow, SessionRow

Clinics = frozenset[str] | None

MAKERS: Final = frozenset(
    {
        Role.CARE_COORDINATOR,
        Role.NURSE,
        Role.PSYCHIATRIST,
        Role.PRESCRIBER,
        Role.MEDICAL_DIRECTOR,
    }
)
"""Who may make and revoke a patient's link."""
ATTESTS_CAPACITY: Final = MAKERS - {Role.CARE_COORDINATOR}
NOBODY: Final = "-"
"""Stands for the signature that is still missing while a form is judged."""
NOT_SET_UP: Final = Reason(
    code="links_not_set_up", text="patients' links need an https address: JOURNEY_LINK_URL"
)
SAYS_WHO: Final = (EventKind.JOURNEY_STARTED.value, EventKind.REFERRAL_COMPLETED.value)
ENGLISH: Final = "en"

log = structlog.get_logger(__name__)


class LinkStore(Protocol):
    """`records.patient_links.PatientLinkStore`, the part of it that staff need."""

    async def make(
        self, link: PatientLink, token_sha256: bytes, command_id: str
    ) -> PatientLink | None: ...
    async def of_journey(self, journey_id: str) -> tuple[PatientLink, ...]: ...
    async def revoke(self, link_id: str, journey_id: str, now: datetime, actor: Actor) -> bool: ...


class KnowsJourneys(Protocol):
    """`service.lookups.Lookups`, the part of it that links need."""

    async def journey(self, journey_id: str, *, clinics: Clinics) -> JourneyRow | None: ...
    async def session(self, session_id: str, *, clinics: Clinics) -> SessionRow | None: ...
    async def facts(
        self, journey_id: str, kinds: tuple[str, ...], *, clinics: Clinics
    ) -> tuple[EventRow, ...]: ...


class PatientLinks:
    """Makes links and takes them back. Every call may raise `RecordUnavailable`."""

    def __init__(
        self,
        store: LinkStore,
        lookups: KnowsJourneys,
        settings: Settings,
        *,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._lookups = lookups
        self._base = link_base(settings)
        self._lifetimes = lifetimes(settings)
        self._now = now

    async def make(
        self, journey_id: str, wish: LinkWish, actor: Actor, command_id: str, *, clinics: Clinics
    ) -> LinkMade:
        """One link for one purpose. The same key again gives the same link under a new address,
        and the old address opens nothing any more. Raises `Malformed`, `Refused` with every
        reason, `UnknownWorkflow`."""
        journey = await self._lookups.journey(journey_id, clinics=clinics)
        if journey is None:
            raise UnknownWorkflow
        reasons = [*_not_for_this(journey), *_unprepared(wish, actor)]
        if self._base is None:
            raise Refused(*reasons, NOT_SET_UP)
        if reasons:
            raise Refused(*reasons)
        await self._insist_on_day(journey_id, wish, clinics)
        token = new_token(journey.clinic)
        now = self._now()
        link = PatientLink(
            link_id=new_link_id(),
            journey_id=journey_id,
            clinic=journey.clinic,
            **wish.model_dump(),
            language=await self._language(journey_id),
            made_by=actor,
            made_at=now,
            expires_at=now + self._lifetimes.of(wish.purpose),
        )
        kept = await self._store.make(link, token_hash(token), command_id)
        if kept is None:
            text = "this key made a link that was used or revoked since, or was for something else"
            raise Refused(Reason(code="link_made_before", text=text))
        log.info("patient_link_made", journey_id=journey_id, kind=wish.purpose.value)
        return LinkMade(
            link_id=kept.link_id,
            url=address_of(self._base, token),
            purpose=kept.purpose,
            expires_at=kept.expires_at,
        )

    async def of_journey(self, journey_id: str) -> tuple[LinkSeen, ...]:
        """All links of a journey, the newest first: staff's and the engine's, never an address."""
        return tuple(_seen(link) for link in await self._store.of_journey(journey_id))

    async def revoke(self, journey_id: str, link_id: str, actor: Actor) -> None:
        """The link opens nothing any more. Raises `UnknownWorkflow`."""
        if not await self._store.revoke(link_id, journey_id, self._now(), actor):
            raise UnknownWorkflow
        log.info("patient_link_revoked", journey_id=journey_id)

    async def _insist_on_day(self, journey_id: str, wish: LinkWish, clinics: Clinics) -> None:
        """The treatment day that is asked about is this journey's."""
        if wish.session_id is None:
            return
        theirs = journey_of(wish.session_id) == journey_id != wish.session_id
        if not theirs or await self._lookups.session(wish.session_id, clinics=clinics) is None:
            text = "this journey has no such treatment day"
            raise Refused(Reason(code="unknown_session", text=text, fact="session_id"))

    async def _language(self, journey_id: str) -> str:
        """The patient's own language, by the newest referral that says who they are."""
        told = await self._lookups.facts(journey_id, SAYS_WHO, clinics=None)
        spoken = [language for fact in told if (language := _spoken(fact.data)) is not None]
        return spoken[-1] if spoken else ENGLISH


def _seen(link: PatientLink) -> LinkSeen:
    shown = {name: getattr(link, name) for name in LinkSeen.model_fields}
    return LinkSeen.model_validate(shown)


def _not_for_this(journey: JourneyRow) -> list[Reason]:
    reasons = []
    if journey.closed:
        reasons.append(Reason(code="journey_closed", text="this journey is closed"))
    if journey.patient_birth_date is None:
        text = "a link asks for the patient's birth date, and the record does not know it yet"
        reasons.append(Reason(code="birth_date_unknown", text=text))
    return reasons


def _unprepared(wish: LinkWish, actor: Actor) -> tuple[Reason, ...]:
    """What this link still lacks. Raises `Malformed` for what does not belong to it."""
    needs = {LinkPurpose.CONSENT: "form", LinkPurpose.HOME_SAFE: "session_id"}.get(wish.purpose)
    given = {name for name in ("form", "session_id") if getattr(wish, name) is not None}
    wrong = given ^ ({needs} if needs else set())
    if wrong:
        text = f"a link for {wish.purpose.value} is made with {needs or 'its purpose alone'}"
        raise Malformed(*(Reason(code="malformed", text=text, fact=name) for name in sorted(wrong)))
    return _unready(wish.form, actor) if wish.form else ()


def _unready(form: PreparedConsent, actor: Actor) -> tuple[Reason, ...]:
    """Why the patient's signature would not make this a consent."""
    if actor.role not in ATTESTS_CAPACITY:
        text = "whoever makes a consent link attests capacity: a clinician"
        return (Reason(code="capacity_not_attested", text=text, source="3"),)
    whole = signed(form, NOBODY, actor.id)
    now = wall_clock()
    return judge_consent(whole, now, whole.modality, None, Parameters.default()).reasons


def _spoken(data: Mapping[str, JsonValue]) -> str | None:
    referral = data.get("referral")
    patient = referral.get("patient") if isinstance(referral, dict) else None
    language = patient.get("language") if isinstance(patient, dict) else None
    return language[:35] if isinstance(language, str) and language else None
