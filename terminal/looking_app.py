"""What a person looks at: the commands that read the record and change nothing."""

from collections.abc import Coroutine
from typing import Annotated, Literal

import typer

from terminal.carrying_out import carry_out
from terminal.options import Json


def tasks(
    *,
    role: Annotated[
        str | None, typer.Option("--role", help="Only what waits on this role.")
    ] = None,
    clinic: Annotated[str | None, typer.Option("--clinic", help="Only this clinic's.")] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only what is past its deadline.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what waits on a person."""

    def run() -> Coroutine[object, object, None]:
        from terminal.tasks import list_tasks

        return list_tasks(role, clinic, overdue=overdue, as_json=as_json)

    carry_out("tasks", run)


def stock(
    *,
    clinic: Annotated[str | None, typer.Option("--clinic", help="Only this clinic's.")] = None,
    lot: Annotated[
        str | None, typer.Option("--lot", help="Every line of this lot's log instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the controlled substances: on hand, in use, and which lots may be drawn from."""

    def run() -> Coroutine[object, object, None]:
        from terminal.stock import show_stock

        return show_stock(clinic, lot, as_json=as_json)

    carry_out("stock", run)


def day(
    *,
    clinic: Annotated[str | None, typer.Option("--clinic", help="Only this clinic's.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="Which day, as 2026-12-03; today's without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who sits where when: chairs, observers and sessions of one day."""

    def run() -> Coroutine[object, object, None]:
        from terminal.clinic_day import show_day

        return show_day(clinic, on, as_json)

    carry_out("day", run)


def overrides(
    *,
    clinic: Annotated[str, typer.Option("--clinic", help="At which clinic.")],
    week: Annotated[
        str | None, typer.Option("--week", help="Which week, as 2026-W48; the last one without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every override that took effect in a week, for the medical director."""

    def run() -> Coroutine[object, object, None]:
        from terminal.override_report import show_overrides

        return show_overrides(clinic, week, as_json=as_json)

    carry_out("overrides", run)


def shortage(
    *,
    clinic: Annotated[str, typer.Option("--clinic", help="At which clinic.")],
    doses: Annotated[int, typer.Option("--doses", min=0, max=10_000, help="How many there are.")],
    modality: Annotated[
        str, typer.Option("--modality", help="Of which medicine: iv_ketamine or esketamine.")
    ] = "iv_ketamine",
    as_json: Json = False,
) -> None:
    """Propose by risk which booked days should have the doses; nothing is cancelled."""

    def run() -> Coroutine[object, object, None]:
        from terminal.shortage import show_shortage

        return show_shortage(clinic, doses, modality, as_json=as_json)

    carry_out("shortage", run)


def show(journey: str, *, as_json: Json = False) -> None:
    """Show where a journey stands and what it waits on."""

    def run() -> Coroutine[object, object, None]:
        from terminal.journeys import show as body

        return body(journey, as_json)

    carry_out("show", run)


def timeline(journey: str, *, as_json: Json = False) -> None:
    """List every event of a journey in order."""

    def run() -> Coroutine[object, object, None]:
        from terminal.journeys import timeline as body

        return body(journey, as_json)

    carry_out("timeline", run)


def plan(
    journey: str,
    course: Annotated[
        Literal["taper", "maintenance", "spray"],
        typer.Option("--as", help="Which course to look ahead to."),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Look ahead: the dates, tasks and checks of a course before anybody commits to it."""

    def run() -> Coroutine[object, object, None]:
        from terminal.course_plan import show_plan

        return show_plan(journey, course, as_json=as_json)

    carry_out("plan", run)


OF_A_CLINIC = (tasks, stock, day, overrides, shortage)
OF_A_JOURNEY = (show, timeline, plan)
"""As `journey --help` lists them."""
