"""Protocols at the command line: what differs, who would feel it, how to ask for it."""

import json
from pathlib import Path

from clinical.protocol import compare, parse_protocol
from schemas.protocol import Protocol
from service.protocol_preview import ProtocolBook, change_row
from service.protocols import SUFFIXES
from service.rows import JourneyImpact, ProtocolChangeRow
from terminal.failures import CommandFailedError
from terminal.files import read_text
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_line, print_table

COLUMNS = ("parameter", "old", "new", "unit", "direction", "felt in")
WHERE = ("journey", "clinic", "phase", "on version", "now", "later", "")


async def show_difference(old: str, new: str, *, as_json: bool) -> None:
    """What differs between two protocols.

    Raises:
        CommandFailedError, ProtocolRefused: for what cannot be found or read.
    """
    before, after = await _protocol(old), await _protocol(new)
    rows = tuple(map(change_row, compare(before, after)))
    if as_json:
        print_json({"old": _name(before), "new": _name(after), "differences": rows})
        return
    if not rows:
        print_line(f"{_label(before)} and {_label(after)} say the same")
        return
    print_table(
        f"From {_label(before)} to {_label(after)}", COLUMNS, [_change(row) for row in rows]
    )


async def show_preview(new: str, clinic: str | None, *, as_json: bool) -> None:
    """Which open journeys would feel a protocol.

    Raises:
        CommandFailedError, ProtocolRefused, RecordUnavailable: as above; nothing is shown then.
    """
    async with front_desk() as desk:
        if clinic is not None and clinic not in desk.clinic_codes:
            known = ", ".join(desk.clinic_codes)
            raise CommandFailedError(f"there is no clinic {clinic!r}; there are {known}")
        protocol = _from_file(new) or await _on_record(desk, new)
        scope = frozenset({clinic}) if clinic else None
        found = await _book(desk).preview(protocol, clinics=scope)
    if as_json:
        print_json(found)
        return
    rows = [_journey(journey) for journey in found.journeys]
    print_table(f"Open journeys, were they moved to {_label(protocol)}", WHERE, rows)
    changes = {
        row.name: row for journey in found.journeys for row in (*journey.now, *journey.later)
    }
    if changes:
        print_table("What they would feel", COLUMNS, [_change(row) for row in changes.values()])


async def print_proposal(new: str, reason: str, from_version: str | None) -> None:
    """The content of `change_protocol`, as JSON on stdout.

    Raises:
        CommandFailedError, ProtocolRefused: for what cannot be found or read.
    """
    protocol = await _protocol(new)
    content: dict[str, object] = {"protocol": protocol.model_dump(mode="json"), "reason": reason}
    if from_version is not None:
        content["from_version"] = from_version
    print_line(json.dumps(content, ensure_ascii=False))


async def _protocol(word: str) -> Protocol:
    """A file needs no deployment; a version is looked up in one."""
    found = _from_file(word)
    if found is not None:
        return found
    async with front_desk() as desk:
        return await _on_record(desk, word)


def _from_file(word: str) -> Protocol | None:
    """The protocol in a file; None when the word names no file."""
    path = Path(word)
    if word != "-" and path.suffix not in SUFFIXES and not path.is_file():
        return None
    return parse_protocol(read_text(word), word)


async def _on_record(desk: FrontDesk, word: str) -> Protocol:
    code, at, version = word.rpartition("@")
    found = await _book(desk).version(version, code if at else None)
    if not found:
        raise CommandFailedError(f"{word!r} is no file, and no version on record or in protocols")
    if len(found) > 1:
        codes = sorted({protocol.code for protocol in found})
        if len(codes) > 1:
            named = ", ".join(f"{code}@{version}" for code in codes)
            raise CommandFailedError(f"several protocols go by {word!r}: name one of {named}")
        raise CommandFailedError(f"several contents went by {word!r}: name a file instead")
    return found[0]


def _book(desk: FrontDesk) -> ProtocolBook:
    return ProtocolBook(desk.pool, desk.catalogue.protocols)


def _name(protocol: Protocol) -> dict[str, str]:
    return {"code": protocol.code, "version": protocol.version}


def _label(protocol: Protocol) -> str:
    return f"{protocol.code}@{protocol.version}"


def _change(row: ProtocolChangeRow) -> tuple[object, ...]:
    direction = "" if row.direction == "neither" else row.direction
    felt = "every phase" if len(row.phases) > 10 else row.phases
    return (row.name, row.old, row.new, row.unit, direction, felt)


def _journey(journey: JourneyImpact) -> tuple[object, ...]:
    mark = "training" if journey.training else ""
    said = "; ".join(filter(None, (journey.unknown, journey.note, mark)))
    return (
        journey.journey_id, journey.clinic, journey.phase, journey.protocol_version,
        _counted(journey.now), _counted(journey.later), said,
    )  # fmt: skip


def _counted(changes: tuple[ProtocolChangeRow, ...]) -> str:
    """`3 (2 stricter, 1 laxer)`."""
    directions = [row.direction for row in changes]
    parts = [f"{directions.count(w)} {w}" for w in ("stricter", "laxer") if w in directions]
    return f"{len(changes)} ({', '.join(parts)})" if parts else str(len(changes))
