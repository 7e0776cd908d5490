"""One program for all tests of a process: FastAPI works its two hundred routes out once, not once a
test. What stands behind the routes is each test's own: the reception, and whose office is seated.
"""

from dataclasses import replace
from functools import cache
from typing import Any, cast

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.app import create_app
from api.codec_routes import CodecDesk
from api.ports import Reception
from console.app import attach_console
from console.office import Office
from runtime.codec import SealingCodec


class Chair:
    """An office whose parts are those of whoever is seated; asked while empty, a test fails."""

    seated: Office | None = None

    def __getattr__(self, part: str) -> Any:
        assert self.seated is not None, f"nobody's office is seated, and its {part} was asked for"
        return getattr(self.seated, part)


CHAIR = Chair()
_with_api: dict[bool, FastAPI] = {}


def the_api(reception: Reception, codec: SealingCodec, *, console: bool = False) -> FastAPI:
    """The program with this reception behind its routes, with or without the console's pages."""
    if console not in _with_api:
        counting = replace(reception, registry=CollectorRegistry())
        _with_api[console] = create_app(counting, codec)
        if console:
            _furnish(_with_api[console])
    app = _with_api[console]
    # What the program counts, it counts for as long as it lives.
    app.state.reception = replace(reception, registry=app.state.reception.registry)
    app.state.codec = CodecDesk(reception.settings, codec, reception.verifier)
    return app


@cache
def the_console() -> FastAPI:
    """The console's pages alone, without the API."""
    app = FastAPI()
    _furnish(app)
    return app


def _furnish(app: FastAPI) -> None:
    """Rooms that take a part of the office along while they are made would keep it for all tests:
    nobody is seated meanwhile."""
    seated, CHAIR.seated = CHAIR.seated, None
    attach_console(app, cast("Office", CHAIR))
    CHAIR.seated = seated


def seat(office: Office) -> None:
    """Put this office behind the console's pages."""
    CHAIR.seated = office
