"""What the runs of an earlier release left behind is read by this one, whole; what a newer one
wrote is refused."""

import base64
import json
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload

from runtime.keys import KeyFile, KeyRing
from runtime.temporal import data_converter
from schemas.base import CarriedState
from schemas.drug_cabinet import CabinetInput, CabinetState
from schemas.journey import JourneyInput, JourneyState, Phase
from tests.replay.capture_states import HERE, STATES, WRITTEN, StoredState
from workflows.replay import TEST_KEYS

INPUTS: dict[str, type[JourneyInput] | type[CabinetInput]] = {
    "PatientJourney": JourneyInput,
    "DrugCabinet": CabinetInput,
}
STORED = [
    pytest.param(state, id=f"{file.stem}-{state.story}")
    for file in sorted(STATES.glob("*.json"))
    for state in WRITTEN.validate_json(file.read_bytes())
]


async def opened(stored: StoredState) -> tuple[dict[str, Any], JourneyState | CabinetState]:
    """What was written, as it was written, and as this release reads it."""
    ring = KeyRing(KeyFile.model_validate_json((HERE / TEST_KEYS).read_bytes()))
    converter = data_converter(ring, stored.namespace)
    payload = Payload.FromString(base64.b64decode(stored.payload))
    read = await converter.decode([payload], [INPUTS[stored.workflow_type]])
    assert converter.payload_codec is not None
    (plain,) = await converter.payload_codec.decode([payload])
    return json.loads(plain.data)["state"], read[0].state


def lost(written: Any, kept: Any, where: str = "state") -> list[str]:
    """Everything of `written` that is not in `kept` any more, or is another there."""
    match written, kept:
        case dict(), dict():
            return [
                place
                for key in written
                for place in (
                    lost(written[key], kept[key], f"{where}.{key}")
                    if key in kept
                    else [f"{where}.{key}"]
                )
            ]
        case list(), list() if len(written) == len(kept):
            pairs = zip(written, kept, strict=True)
            return [p for n, (w, k) in enumerate(pairs) for p in lost(w, k, f"{where}[{n}]")]
        case _:
            return [] if written == kept else [where]


@pytest.mark.parametrize("stored", STORED)
async def test_nothing_of_a_state_that_any_release_wrote_is_lost(stored: StoredState) -> None:
    written, read = await opened(stored)

    kept = read.model_dump(mode="json")

    assert lost({**written, "schema_version": read.NEWEST_SCHEMA}, kept) == []


def test_a_field_that_a_release_dropped_or_read_otherwise_is_found() -> None:
    written = {"sessions": [{"dose_mg": 35, "phase": "DISCHARGED"}]}

    assert lost(written, {"sessions": [{"dose_mg": 35}]}) == ["state.sessions[0].phase"]
    assert lost(written, {"sessions": []}) == ["state.sessions"]


def test_the_stored_states_show_both_workflows_that_go_on_for_years() -> None:
    found = [param.values[0] for param in STORED]

    assert {s.workflow_type for s in found if isinstance(s, StoredState)} == set(INPUTS)


async def test_among_the_stored_states_are_one_on_hold_and_one_in_maintenance() -> None:
    states = [(await opened(param.values[0]))[1] for param in STORED]  # type: ignore[arg-type]

    assert {s.phase for s in states if isinstance(s, JourneyState)} >= {
        Phase.ON_HOLD,
        Phase.MAINTENANCE,
        Phase.INFUSION_SERIES,
    }


@pytest.mark.parametrize("shape", [JourneyInput, CabinetInput])
async def test_a_state_of_a_newer_schema_is_refused_with_words_that_say_so(
    shape: type[JourneyInput] | type[CabinetInput],
) -> None:
    name = next(name for name, model in INPUTS.items() if model is shape)
    stored = next(p.values[0] for p in STORED if p.values[0].workflow_type == name)  # type: ignore[union-attr]
    written, _ = await opened(stored)  # type: ignore[arg-type]

    with pytest.raises(ValidationError, match="newer release wrote this state: schema 2, and this"):
        shape.model_validate_json(json.dumps({"state": {**written, "schema_version": 2}}))


class Later(CarriedState):
    """A state as two releases from now might write it."""

    NEWEST_SCHEMA: ClassVar[int] = 3

    sessions: int = 0
    boosters: int = 0


@pytest.mark.parametrize("written", [{}, {"schema_version": 1}, {"schema_version": 2}])
def test_an_older_state_is_read_and_written_anew_in_this_releases_schema(
    written: dict[str, int],
) -> None:
    read = Later.model_validate({**written, "sessions": 14})

    assert read.model_dump() == {"schema_version": 3, "sessions": 14, "boosters": 0}


def test_a_state_made_by_this_release_says_so() -> None:
    assert Later().schema_version == 3


@pytest.mark.parametrize("version", [0, -1, "next"])
def test_a_schema_that_never_was_is_refused(version: object) -> None:
    with pytest.raises(ValidationError):
        Later.model_validate({"schema_version": version})
