"""One journey at the command line: where it stands, and everything that happened."""

import time
from datetime import UTC, datetime
from operator import itemgetter

from schemas.transfer import TransferHistory
from service.errors import UnknownWorkflow
from service.rows import EventRow, JourneyRow, SessionRow, TaskRow
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_line, print_pairs, print_table

PAGE = 500
TOLD = (
    "phase", "task_id", "status", "outcome", "session_id", "session_phase", "template",
    "code", "channel", "reason_code", "milestone", "course", "because",
)  # fmt: skip
"""Codes in an event's data that say more about it, and nothing about the patient."""
NOT_HERE = "not in force here"


async def show(journey: str, as_json: bool) -> None:
    """Where the journey stands, what it waits on, its sessions.

    Raises:
        UnknownWorkflow: when there is no such journey on record.
    """
    async with front_desk() as desk:
        row = await _known(desk, journey)
        now = datetime.fromtimestamp(time.time(), UTC)
        tasks = await desk.lookups.tasks(clinics=None, now=now, journey=journey, limit=PAGE)
        every = await desk.lookups.tasks(
            clinics=None, now=now, journey=journey, only_pending=False, limit=PAGE
        )
        sessions = await desk.lookups.sessions(journey, clinics=None)
        scores = await desk.lookups.scores(journey, clinics=None)
        notifications = await desk.lookups.notifications(journey, clinics=None)
        carried = await desk.lookups.carried(journey, clinics=None)
    if as_json:
        print_json(
            {
                **row.model_dump(mode="json"),
                "tasks": tasks.items,
                "decided": [task for task in every.items if task.votes],
                "sessions": sessions,
                "scores": scores,
                "notifications": notifications,
                "carried": carried,
            }
        )
        return
    _print_journey(row)
    _print_tasks(tasks.items)
    _print_decisions(every.items)
    _print_sessions(sessions)
    if carried is not None:
        _print_carried(carried)


async def timeline(journey: str, as_json: bool) -> None:
    """Every event of the journey and its sessions, in the order of the record.

    Raises:
        UnknownWorkflow: when there is no such journey on record.
    """
    async with front_desk() as desk:
        row = await _known(desk, journey)
        events: list[EventRow] = []
        after: str | None = None
        while True:
            page = await desk.lookups.timeline(journey, clinics=None, after=after, limit=PAGE)
            events.extend(page.items)
            after = page.next_cursor
            if after is None:
                break
    if as_json:
        print_json(events)
        return
    rows = [
        (
            event.at,
            event.workflow_id.removeprefix(journey).lstrip("-") or "journey",
            event.kind,
            f"{event.actor_id} ({event.actor_role})",
            ", ".join((*_codes(event), *_manifest(event))),
        )
        for event in events
    ]
    title = f"Timeline of {journey}" + (" (training)" if row.training else "")
    print_table(title, ("when", "where", "what", "who", ""), rows)


def _codes(event: EventRow) -> list[str]:
    return [str(event.data[name]) for name in TOLD if event.data.get(name)]


def _manifest(event: EventRow) -> list[str]:
    """Of a decision: what was signed, by whom, when, and whether the signature holds."""
    vote = event.data.get("vote")
    if not isinstance(vote, dict) or not vote.get("printed"):
        return []
    return [str(vote["printed"]), f"signed: {vote['signed']}"]


async def _known(desk: FrontDesk, journey: str) -> JourneyRow:
    row = await desk.lookups.journey(journey, clinics=None)
    if row is None:
        raise UnknownWorkflow
    return row


def _print_journey(row: JourneyRow) -> None:
    if row.training:
        print_line("TRAINING: nobody real")
    print_pairs(
        row.journey_id,
        (
            ("patient", row.patient_name),
            ("born", row.patient_birth_date),
            ("clinic", row.clinic),
            ("phase", row.phase),
            ("since", row.phase_entered_at),
            ("hold", row.hold_reason),
            ("waits on", row.awaiting_role),
            ("next action", row.next_action_at),
            ("attention", row.attention or None),
            ("protocol", row.protocol_version),
            ("closed", row.closed or None),
        ),
    )


def _print_tasks(tasks: tuple[TaskRow, ...]) -> None:
    rows = [
        (task.task_id, task.title, task.still_needed or task.owed_to, task.due_at) for task in tasks
    ]
    print_table("Waiting on people", ("id", "what", "whom", "due"), rows)


def _print_decisions(tasks: tuple[TaskRow, ...]) -> None:
    """Each decision with its signature's manifestation (21 CFR 11.50)."""
    rows = [(task.kind, vote.printed, vote.signed) for task in tasks for vote in task.votes]
    if rows:
        print_table("Decided", ("kind", "by whom, what, when", "signed"), rows)


def _print_sessions(sessions: tuple[SessionRow, ...]) -> None:
    rows = [
        (
            session.number,
            session.modality,
            session.scheduled_at,
            session.phase,
            session.outcome,
            session.delivered_mg,
        )
        for session in sessions
    ]
    print_table("Sessions", ("no.", "medicine", "booked for", "phase", "outcome", "mg"), rows)


def _print_carried(carried: TransferHistory) -> None:
    """What the clinic before told, the latest last; its doses stand here where they count."""
    told = (
        *((d.dosed_at, "dose", d.modality, d.outcome, d.source) for d in carried.doses),
        *((c.signed_at, "consent", c.modality, NOT_HERE, c.source) for c in carried.consents),
        *(
            (e.at, "serious event" if e.serious else "event", e.code, e.description, e.source)
            for e in carried.adverse_events
        ),
    )
    rows = [(*row, source or carried.source) for *row, source in sorted(told, key=itemgetter(0))]
    print_table(f"Told by {carried.source}", ("when", "what", "which", "", "where"), rows)
    if carried.monitoring:
        print_line(f"prescription monitoring: {carried.monitoring}")
