"""The reevaluation packet: what a psychiatrist decides on, and the decision itself.

The journey seals the facts of each proposal (`packet`, SHA-256) in the task that waits and again in
the decision; what is shown here is read from the record beside that seal.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol

import asyncpg
from pydantic import ValidationError

from clinical.parameters import Parameters
from clinical.response import Response, newest, response
from clinical.scales import SYMPTOM_SCALES
from records.errors import RecordUnavailable
from schemas.approval import ApprovalKind, Choice, DecideApproval, TaskStatus
from schemas.base import Actor, CommandId, Reason, Receipt, Role, ShortText
from schemas.course_plan import CoursePlan, PlannedCourse
from schemas.drug_cabinet import CabinetReceipt
from schemas.event import EventKind
from schemas.infusion import SessionPhase, SessionReceipt
from schemas.reevaluation import Course, Instrument, Proposal, Score
from schemas.transfer import TransferHistory
from service.commands import wall_clock
from service.errors import FrontDeskError, Refused
from service.journey_file import EVENT_FACTS, EventShown, JourneyFiles, events_of, remission_of
from service.lookups import Clinics, Lookups, read
from service.rows import EventRow, JourneyRow, Row, ScoreRow, SessionRow, TaskRow

PLAN_WITHIN_S: Final = 3.0
ON_RECORD_WITHIN_S: Final = 2.0
LOOK_EVERY_S: Final = 0.05
PLANS: Final = {
    Course.TAPER: PlannedCourse.TAPER,
    Course.MAINTENANCE: PlannedCourse.MAINTENANCE,
    Course.SWITCH: PlannedCourse.SPRAY,
}
"""Ways on whose dates can be shown before anybody decides."""
LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
COURSE_FACTS = (EventKind.COURSE_PROPOSED.value, EventKind.COURSE_DECIDED.value)
JOURNAL_FACTS = (EventKind.JOURNAL_WRITTEN.value, EventKind.JOURNAL_SILENT.value)
STALE: Final = Reason(
    code="packet_changed",
    text="the facts have changed since this packet was shown: look at the new one, then decide",
)
NO_TASK: Final = Reason(code="not_waiting", text="no reevaluation waits on a decision here")
NOT_OFFERED: Final = Reason(code="choice_not_offered", text="choose one of the ways on offered")
NO_REASON: Final = Reason(code="reason_missing", text="a decision has its reason in words")


class Trend(Row):
    """One instrument: its baseline, the score before the last, the last, and what that is by the
    protocol this journey is treated by."""

    instrument: Instrument
    baseline: Score | None
    previous: Score | None
    latest: Score | None
    response: Response | None


class Adherence(Row):
    """Treatment days by how they ended, and journal entries among the newest facts."""

    given: int
    missed: int
    called_off: int
    journal_entries: int
    journal_silences: int

    @property
    def kept_percent(self) -> int | None:
        """Of the days a patient could have kept; None while there was none."""
        owed = self.given + self.missed
        return round(100 * self.given / owed) if owed else None


class Option(Row):
    """One way on. `why`: reasons for or against offering it. `plan`: its dates, where it has any;
    `no_plan`: why they cannot be shown now."""

    course: Course
    offered: bool
    proposed: bool
    why: tuple[Reason, ...] = ()
    plan: CoursePlan | None = None
    no_plan: tuple[Reason, ...] = ()


class Packet(Row):
    """What there is to decide on. `task` None: nothing waits, or ever waited. `seal`: the hash the
    journey froze with the task; `sealed_decision`: the decision that carries it, once taken."""

    journey: JourneyRow
    task: TaskRow | None
    proposal: Proposal | None
    seal: str
    sealed_decision: EventRow | None
    trends: tuple[Trend, ...]
    scores: tuple[ScoreRow, ...]
    remission: dict[Instrument, float]
    carried: TransferHistory | None
    sessions: tuple[SessionRow, ...]
    adherence: Adherence
    adverse_events: tuple[EventShown, ...]
    options: tuple[Option, ...]
    missing: tuple[Reason, ...]

    @property
    def waits(self) -> bool:
        """Whether a decision is owed."""
        return self.task is not None and self.task.status is TaskStatus.PENDING

    def roles_that_may(self, roles: Iterable[str]) -> tuple[Role, ...]:
        """In which of their roles somebody may decide now."""
        if self.task is None or not self.waits:
            return ()
        wanted = (*self.task.still_needed, *self.task.stand_ins)
        return tuple(role for role in dict.fromkeys(wanted) if role.value in set(roles))


class Decided(Row):
    """What somebody wrote into the packet's form. `seal`, `version`: what they had before them."""

    task_id: str
    version: int
    seal: str
    choice: str
    reason: ShortText
    command_id: CommandId


class CommandsPort(Protocol):
    """`service.commands.Commands`, the part that a packet needs."""

    async def decide(
        self, decision: DecideApproval
    ) -> Receipt | SessionReceipt | CabinetReceipt: ...
    async def plan(self, journey: str, course: PlannedCourse) -> CoursePlan: ...


class Packets:
    """Puts packets together and takes the decision on them."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        lookups: Lookups,
        commands: CommandsPort,
        *,
        plan_within_s: float = PLAN_WITHIN_S,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._pool = pool
        self._lookups = lookups
        self._commands = commands
        self._files = JourneyFiles(pool, lookups)
        self._plan_within_s = plan_within_s
        self._now = now

    async def packet(self, journey_id: str, *, clinics: Clinics) -> Packet | None:
        """The packet of the last reevaluation, once it is decided as it was then; None where the
        journey is not the asker's to see. Raises `RecordUnavailable`."""
        row = await self._lookups.journey(journey_id, clinics=clinics)
        if row is None:
            return None
        (
            (task, carried, courses, parameters),
            (scores, sessions, events, journal),
        ) = await asyncio.gather(
            asyncio.gather(
                self._task(journey_id, clinics),
                self._lookups.carried(journey_id, clinics=clinics),
                self._files.facts(journey_id, COURSE_FACTS, clinics),
                self._files.parameters(journey_id, clinics),
            ),
            asyncio.gather(
                self._files.scores(journey_id, clinics),
                self._files.sessions(journey_id, clinics),
                self._files.facts(journey_id, EVENT_FACTS, clinics),
                self._files.facts(journey_id, JOURNAL_FACTS, clinics),
            ),
        )
        seal = task.evidence.get("packet", "") if task else ""
        proposal = _proposal(courses, seal)
        as_of = (task.closed_at if task else None) or LAST
        scores = tuple(score for score in scores if score.taken_at <= as_of)
        sessions = tuple(day for day in sessions if (day.scheduled_at or as_of) <= as_of)
        events = tuple(fact for fact in events if fact.at <= as_of)
        journal = tuple(fact for fact in journal if fact.at <= as_of)
        trends = tuple(_trends(scores, sessions, carried, parameters))
        return Packet(
            journey=row,
            task=task,
            proposal=proposal,
            seal=seal,
            sealed_decision=_decision(courses, seal, task),
            trends=trends,
            scores=scores,
            remission=remission_of(parameters),
            carried=carried,
            sessions=sessions,
            adherence=_adherence(sessions, journal),
            adverse_events=events_of(events),
            options=await self._options(journey_id, task, proposal),
            missing=tuple(_missing(trends, sessions, task)),
        )

    async def decide(
        self, journey_id: str, said: Decided, actor: Actor, *, clinics: Clinics
    ) -> Receipt | SessionReceipt | CabinetReceipt:
        """Decide on the packet that was shown, once. Raises `Refused` where the facts have changed
        since, `NotYetAnswered`, `Unavailable`; nothing is changed then."""
        task = await self._lookups.task(said.task_id, clinics=clinics)
        reasons = tuple(_judge(journey_id, task, said))
        if reasons:
            raise Refused(*reasons)
        command = DecideApproval(
            command_id=said.command_id,
            actor=actor,
            approval_id=said.task_id,
            decision=Choice.APPROVE,
            choice=said.choice,
            reason=said.reason,
            expected_version=said.version,
        )
        receipt = await self._commands.decide(command)
        await self._until_on_record(said.task_id, clinics)
        return receipt

    async def _until_on_record(self, task_id: str, clinics: Clinics) -> None:
        """Whoever decided sees it done on the page that comes next, if the record is in time. The
        decision stands whether or not the record can be asked."""
        with suppress(TimeoutError, RecordUnavailable):
            async with asyncio.timeout(ON_RECORD_WITHIN_S):
                while True:
                    task = await self._lookups.task(task_id, clinics=clinics)
                    if task is None or task.status is not TaskStatus.PENDING:
                        return
                    await asyncio.sleep(LOOK_EVERY_S)

    async def _task(self, journey_id: str, clinics: Clinics) -> TaskRow | None:
        kind = ApprovalKind.REEVALUATION_DECISION.value
        rows = await read(self._pool, "newest_task_of_kind", clinics, journey_id, kind)
        return TaskRow.model_validate(dict(rows[0])) if rows else None

    async def _options(
        self, journey_id: str, task: TaskRow | None, proposal: Proposal | None
    ) -> tuple[Option, ...]:
        if task is None:
            return ()
        waits = task.status is TaskStatus.PENDING
        options = [_option(course, task, proposal) for course in Course]
        return tuple(
            await asyncio.gather(*(self._with_plan(journey_id, one, waits) for one in options))
        )

    async def _with_plan(self, journey_id: str, option: Option, waits: bool) -> Option:
        planned = PLANS.get(option.course)
        if planned is None or not (option.offered and waits):
            return option
        try:
            async with asyncio.timeout(self._plan_within_s):
                plan = await self._commands.plan(journey_id, planned)
        except Refused as refused:
            return option.model_copy(update={"no_plan": refused.reasons})
        except (FrontDeskError, TimeoutError):
            late = Reason(code="plan_unavailable", text="the journey did not answer in time")
            return option.model_copy(update={"no_plan": (late,)})
        return option.model_copy(update={"plan": plan})


def _judge(journey_id: str, task: TaskRow | None, said: Decided) -> Iterable[Reason]:
    """What stands against this decision before the journey is asked."""
    if (
        task is None
        or task.journey_id != journey_id
        or task.kind != (ApprovalKind.REEVALUATION_DECISION.value)
    ):
        yield NO_TASK
        return
    if task.status is TaskStatus.CANCELLED or task.evidence.get("packet", "") != said.seal:
        yield STALE
    if said.choice not in task.options:
        yield NOT_OFFERED
    if not said.reason.strip():
        yield NO_REASON


def _proposal(courses: Sequence[EventRow], seal: str) -> Proposal | None:
    """The proposal that was made on these very facts."""
    for fact in courses:
        if fact.kind == EventKind.COURSE_PROPOSED.value and fact.data.get("packet") == seal:
            content = {name: value for name, value in fact.data.items() if name != "packet"}
            try:
                return Proposal.model_validate(content)
            except ValidationError:
                return None
    return None


def _decision(courses: Sequence[EventRow], seal: str, task: TaskRow | None) -> EventRow | None:
    if task is None or task.status is TaskStatus.PENDING:
        return None
    return next(
        (
            fact
            for fact in courses
            if fact.kind == EventKind.COURSE_DECIDED.value and fact.data.get("packet") == seal
        ),
        None,
    )


def _trends(
    scores: Sequence[ScoreRow],
    sessions: Sequence[SessionRow],
    carried: TransferHistory | None,
    parameters: Parameters,
) -> Iterable[Trend]:
    """Each symptom scale that was ever taken. A baseline never rolls: the last score before the
    first dose, here or where the patient came from."""
    known = [Score.model_validate(row.model_dump()) for row in scores]
    if carried is not None:
        known = [*carried.scores, *known]
    first = min((s.dosed_at for s in sessions if s.dosed_at), default=None)
    before = [s for s in known if first is None or s.taken_at < first]
    if carried is not None and carried.baseline:
        before = list(carried.baseline)
    for instrument in SYMPTOM_SCALES:
        mine = sorted((s for s in known if s.instrument is instrument), key=lambda s: s.taken_at)
        baseline = newest(before, instrument)
        after = [s for s in mine if baseline is None or s.taken_at > baseline.taken_at]
        if not mine and baseline is None:
            continue
        latest = after[-1] if after else None
        compared = response(baseline, latest, parameters) if baseline and latest else None
        yield Trend(
            instrument=instrument,
            baseline=baseline,
            previous=after[-2] if len(after) > 1 else None,
            latest=latest,
            response=compared,
        )


def _adherence(sessions: Sequence[SessionRow], journal: Sequence[EventRow]) -> Adherence:
    written = sum(fact.kind == EventKind.JOURNAL_WRITTEN.value for fact in journal)
    return Adherence(
        given=sum(day.dosed_at is not None for day in sessions),
        missed=sum(day.phase == SessionPhase.MISSED for day in sessions),
        called_off=sum(
            day.phase in (SessionPhase.RESCHEDULED, SessionPhase.ABORTED) and day.dosed_at is None
            for day in sessions
        ),
        journal_entries=written,
        journal_silences=len(journal) - written,
    )


def _option(course: Course, task: TaskRow, proposal: Proposal | None) -> Option:
    offered = course.value in task.options
    proposed = course.value == task.evidence.get("proposal")
    return Option(
        course=course,
        offered=offered,
        proposed=proposed,
        why=tuple(_why(course, offered=offered, proposed=proposed, proposal=proposal)),
    )


def _why(
    course: Course, *, offered: bool, proposed: bool, proposal: Proposal | None
) -> Iterable[Reason]:
    row = f"row {proposal.row}" if proposal else "the decision table"
    by_row = proposal is None or not proposal.options or course in proposal.options
    if proposed and proposal is not None:
        yield from proposal.reasons
    elif offered:
        yield Reason(code="offered_by_row", text=f"{row} leaves it open to a person's judgement")
    elif course is Course.SWITCH and by_row:
        yield Reason(code="spray_not_here", text="this clinic may not give the spray")
    else:
        yield Reason(code="not_in_row", text=f"{row} does not offer it on these facts")


def _missing(
    trends: Sequence[Trend], sessions: Sequence[SessionRow], task: TaskRow | None
) -> Iterable[Reason]:
    """What a decision would like to rest on and cannot."""
    last = max((day.dosed_at for day in sessions if day.dosed_at), default=None)
    for trend in trends:
        name = trend.instrument.value
        if trend.baseline is None:
            text = "no score from before the first dose: no response can be told"
            yield Reason(code="no_baseline", text=text, fact=name)
        elif trend.latest is None or (last is not None and trend.latest.taken_at < last):
            text = "not taken again since the last dose"
            yield Reason(code="not_taken_again", text=text, fact=name)
    if not trends:
        yield Reason(code="no_scores", text="no symptom scale was ever taken")
    for day in sessions:
        if day.lost_at is not None and day.result is None:
            text = "how this treatment day ended is not on record"
            yield Reason(code="session_lost", text=text, fact=f"{day.modality} {day.number}")
    if task is not None and task.evidence.get("switch_refused"):
        text = "the spray was refused before: " + task.evidence["switch_refused"]
        yield Reason(code="switch_refused", text=text)
