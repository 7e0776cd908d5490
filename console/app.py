"""The door for people: server-rendered pages over the record, each room a module of its own."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from console import (
    bedside,
    day,
    journey_page,
    journeys,
    packet,
    patient_links,
    reports,
    sign_in,
    worklist,
    worklist_acts,
    worklist_live,
    worklist_many,
)
from console.office import Office
from console.pages import FOLDER, HEADERS
from console.visitors import NotSignedIn

Room = Callable[[Office], APIRouter]

ROOMS: Final[tuple[Room, ...]] = (
    *(sign_in.room, worklist_live.room, worklist_many.room, worklist_acts.room, worklist.room),
    *(journeys.room, journey_page.room, packet.room, reports.room, day.room, bedside.room),
    patient_links.room,
)
"""Every part of the console; each adds its pages under `/console`."""


def attach_console(app: FastAPI, office: Office) -> None:
    """Add the console's pages to the program."""
    for room in ROOMS:
        app.include_router(room(office))
    app.mount("/console/static", StaticFiles(directory=FOLDER / "static"), name="console-static")

    @app.exception_handler(NotSignedIn)
    async def to_sign_in(_: Request, __: Exception) -> Response:
        return RedirectResponse("/console/sign-in", 303, HEADERS)
