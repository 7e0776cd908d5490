"""Pages that a patient reaches by a link: no account, the birth date first, one question a page.

They work without a script, tell nothing before the birth date, and say on each of them whom to call
in a crisis. Looking at a link uses nothing up: what is done is done by a form alone.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.languages import LANGUAGES, language_of
from console.office import Office
from console.pages import HEADERS, THEMES, Look
from console.patient_journal import STEPS, Entry
from console.patient_link_words import ELEMENTS
from console.sign_in import fields_of
from records.errors import RecordUnavailable
from schemas.patient_link import LinkPurpose, LinkUse
from service.errors import FrontDeskError, Refused, UnknownWorkflow
from service.patient_visits import Front, Outcome, Standing, Visit

STRICT: Final = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
LONGEST_NAME: Final = 200
SAID_SO_FAR: Final = ("step", "signer", *STEPS)
"""What goes along when the birth date is asked for once more, so that nothing is written twice."""
Fields = dict[str, str]

TASKS: Final = {
    LinkPurpose.CONSENT: "patient_link_consent.html",
    LinkPurpose.JOURNAL: "patient_link_journal.html",
    LinkPurpose.HOME_SAFE: "patient_link_home.html",
}
TOLD: Final = {
    LinkUse.SIGN: "signed",
    LinkUse.WITHDRAW: "withdrawn",
    LinkUse.WRITE: "written",
    LinkUse.HOME_SAFE: "said",
}
AWAY: Final = {LinkUse.WITHDRAW: "withdrawal_away"}
UNSURE: Final = {LinkUse.WITHDRAW: "withdrawal_unsure"}
KNOWN_REFUSALS: Final = frozenset({"no_consent", "nothing_owed"})
"""Refusals that are good news, or no news, to the patient."""


def room(office: Office) -> APIRouter:
    """A patient's own pages, outside the console's sign-in."""
    router = APIRouter(prefix="/l", include_in_schema=False)
    desk = LinkDesk(office)

    @router.get("/{token}")
    async def look(request: Request, token: str) -> Response:
        return await desk.look(request, token)

    @router.post("/{token}")
    async def answer(request: Request, token: str) -> Response:
        return await desk.answer(request, token, await fields_of(request))

    return router


@dataclass(frozen=True, slots=True)
class Caller:
    """One request by a link: what was sent, whom this clinic's patients call, how pages look."""

    request: Request
    token: str
    fields: Fields
    front: Front
    look: Look

    def said(self, name: str) -> str:
        """One field, without what no record can keep."""
        return self.fields.get(name, "").replace("\0", "").strip()


class LinkDesk:
    """Takes what a patient sends by a link, page by page."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def look(self, request: Request, token: str) -> Response:
        """The first page: nothing about anybody, the same whatever the link is worth."""
        caller = await self._caller(request, token, {})
        return self._show(caller, "patient_link_door.html", trouble=None)

    async def answer(self, request: Request, token: str, fields: Fields) -> Response:
        """The birth date, or on a later page what the patient says."""
        caller = await self._caller(request, token, fields)
        try:
            if "proof" not in fields:
                return await self._knock(caller)
            visit = await self._office.visits.again(token, caller.said("proof"))
            if visit is None:
                return self._show(caller, "patient_link_door.html", 403, trouble="again")
            if "switch" in fields and caller.said("do") != "help":
                return self._task(caller, visit)
            return await self._act(caller, visit)
        except RecordUnavailable:
            return self._show(caller, "patient_link_told.html", 503, told="away")

    async def _caller(self, request: Request, token: str, fields: Fields) -> Caller:
        front = await self._office.visits.front(token)
        chosen = (fields.get("switch"), fields.get("language"), front.language)
        language = next((one for one in map(_ours, chosen) if one), language_of(request))
        return Caller(request, token, fields, front, Look(language, THEMES[0]))

    async def _knock(self, caller: Caller) -> Response:
        if "switch" in caller.fields:
            return self._show(caller, "patient_link_door.html", trouble=None)
        born = _date(caller)
        if born is None:
            return self._show(caller, "patient_link_door.html", 422, trouble="no_date")
        visit = await self._office.visits.open(caller.token, born)
        return self._refused(caller) if visit is None else self._task(caller, visit)

    async def _act(self, caller: Caller, visit: Visit) -> Response:
        match visit.link.purpose, caller.said("do"):
            case LinkPurpose.CONSENT, "withdraw":
                return await self._used(caller, visit, LinkUse.WITHDRAW)
            case LinkPurpose.CONSENT, "sign" if visit.standing is Standing.READY:
                signer = caller.said("signer")
                if not 0 < len(signer) <= LONGEST_NAME:
                    return self._task(caller, visit, 422, trouble="no_name")
                return await self._used(caller, visit, LinkUse.SIGN)
            case LinkPurpose.HOME_SAFE, "home_safe" if visit.standing is Standing.READY:
                return await self._used(caller, visit, LinkUse.HOME_SAFE)
            case LinkPurpose.HOME_SAFE, "help":
                return self._told(caller, visit, "help")
            case LinkPurpose.JOURNAL, _:
                return await self._write_on(caller, visit)
            case _:
                return self._task(caller, visit)

    async def _write_on(self, caller: Caller, visit: Visit) -> Response:
        """One more answer of the journal; the last one, or one that tells of danger, sends it. A
        danger is sent even where today's entry is written already."""
        entry = Entry.of(caller.fields)
        told_now = entry.complete and entry.tells_danger
        if visit.standing is not Standing.READY and not told_now:
            return self._task(caller, visit)
        if entry.trouble:
            return self._task(caller, visit, 422, entry=entry, trouble=entry.trouble)
        if not entry.complete:
            return self._task(caller, visit, entry=entry)
        return await self._used(caller, visit, LinkUse.WRITE, entry)

    async def _used(
        self, caller: Caller, visit: Visit, use: LinkUse, entry: Entry | None = None
    ) -> Response:
        try:
            outcome = await self._outcome(caller, visit, use, entry)
        except (Refused, UnknownWorkflow) as refused:
            code = refused.code if isinstance(refused, Refused) else ""
            told = code if code in KNOWN_REFUSALS else "not_taken"
            return self._told(caller, visit, told, 409)
        except (FrontDeskError, RecordUnavailable):
            return self._press_again(caller, visit, AWAY.get(use, "away"), entry)
        match outcome:
            case Outcome.USED_BEFORE:
                return await self._used_before(caller)
            case Outcome.NOT_KNOWN:
                return self._press_again(caller, visit, UNSURE.get(use, "not_known"), entry)
            case Outcome.DONE | Outcome.KEPT:
                kept, danger = outcome is Outcome.KEPT, _danger(entry)
                return self._told(caller, visit, TOLD[use], kept=kept, danger=danger)

    async def _used_before(self, caller: Caller) -> Response:
        """Nothing was sent: what the link stands for by now is the answer."""
        visit = await self._office.visits.again(caller.token, caller.said("proof"))
        return self._refused(caller) if visit is None else self._task(caller, visit)

    def _press_again(
        self, caller: Caller, visit: Visit, trouble: str, entry: Entry | None
    ) -> Response:
        """The same page with what was said, and the word that nobody has taken it for certain."""
        if entry is None:
            return self._task(caller, visit, 503, trouble=trouble)
        return self._asked(caller, visit, 503, entry=entry.back(), trouble=trouble)

    async def _outcome(
        self, caller: Caller, visit: Visit, use: LinkUse, entry: Entry | None
    ) -> Outcome:
        match use:
            case LinkUse.SIGN:
                return await self._office.visits.sign(visit, caller.said("signer"))
            case LinkUse.WITHDRAW:
                return await self._office.visits.withdraw(visit)
            case LinkUse.HOME_SAFE:
                return await self._office.visits.say_home_safe(visit)
            case LinkUse.WRITE:
                assert entry is not None, "a journal is written with its entry"
                return await self._office.visits.write(visit, entry.content())

    def _task(
        self,
        caller: Caller,
        visit: Visit,
        status: int = 200,
        *,
        entry: Entry | None = None,
        trouble: str | None = None,
    ) -> Response:
        """The page of what this link is still good for."""
        match visit.standing:
            case Standing.READY:
                return self._asked(caller, visit, status, entry=entry, trouble=trouble)
            case Standing.SIGNED:
                return self._told(caller, visit, "signed", status, trouble=trouble)
            case Standing.WITHDRAWN:
                return self._told(caller, visit, "withdrawn", status)
            case Standing.WRITTEN:
                return self._told(caller, visit, "written_today", status)
            case Standing.SAID:
                return self._told(caller, visit, "said", status)

    def _asked(
        self,
        caller: Caller,
        visit: Visit,
        status: int,
        *,
        entry: Entry | None,
        trouble: str | None,
    ) -> Response:
        """The page that asks for what the link was made for."""
        return self._show(
            caller,
            TASKS[visit.link.purpose],
            status,
            visit=visit,
            trouble=trouble,
            danger=_danger(entry),
            signer=caller.said("signer"),
            elements=ELEMENTS,
            explained_by=_explained_by(visit),
            entry=entry or Entry.of(caller.fields, keep_step=True),
        )

    def _told(
        self,
        caller: Caller,
        visit: Visit,
        told: str,
        status: int = 200,
        *,
        kept: bool = False,
        danger: bool = False,
        trouble: str | None = None,
    ) -> Response:
        """The last page: what happened, in plain words, and whom to call."""
        facts = {"told": told, "kept": kept, "danger": danger, "trouble": trouble}
        return self._show(caller, "patient_link_told.html", status, visit=visit, **facts)

    def _refused(self, caller: Caller) -> Response:
        """One answer for a wrong birth date and for a link that is over, locked or none."""
        return self._show(caller, "patient_link_told.html", 403, told="refused")

    def _show(self, caller: Caller, template: str, status: int = 200, **facts: object) -> Response:
        facts = {"visit": None, "kept": False, "danger": False, "trouble": None, **facts}
        answer = self._office.pages.show(
            caller.request,
            template,
            status,
            look=caller.look,
            clinic=caller.front.clinic,
            address=caller.request.url.path,
            fields=caller.fields,
            so_far={name: caller.said(name) for name in SAID_SO_FAR if caller.said(name)},
            other=next(code for code in LANGUAGES if code != caller.look.language),
            **facts,
        )
        answer.headers.update(STRICT)
        return answer


def _danger(entry: Entry | None) -> bool:
    return entry is not None and entry.tells_danger


def _explained_by(visit: Visit) -> str:
    """The clinician's name, as far as the clinic's file knows it."""
    maker = visit.link.made_by.id
    return next((one.name for one in visit.clinic.staff if one.id == maker), maker)


def _ours(language: str | None) -> str | None:
    """One of our languages, or none."""
    code = (language or "").partition("-")[0].lower()
    return code if code in LANGUAGES else None


def _date(caller: Caller) -> date | None:
    try:
        parts = [int(caller.said(name)) for name in ("year", "month", "day")]
        return date(*parts)
    except (ValueError, OverflowError):
        return None
