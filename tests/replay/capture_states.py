"""Keep what the runs of this release leave to the next: `python -m tests.replay.capture_states`.

Reads the histories of this folder, which are captured first, and writes each state that one run
handed to another into `states/<release>.json`, sealed as it lay on the server. What earlier
releases wrote stays as it is: it is what the next release must still read.
"""

import base64
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from workflows.replay import histories_in, read_history

HERE = Path(__file__).parent
STATES = HERE / "states"


class StoredState(BaseModel):
    """One state between two runs. `payload`: as the server kept it, serialized, in base 64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    story: str
    workflow_id: str
    workflow_type: str
    namespace: str
    payload: str


WRITTEN = TypeAdapter(tuple[StoredState, ...])


def handed_over() -> Iterator[StoredState]:
    """The state that each continued run of the corpus began with."""
    for stored in histories_in(HERE):
        first = read_history(HERE / stored.file, stored.workflow_id).events[0]
        started = first.workflow_execution_started_event_attributes
        if not started.continued_execution_run_id:
            continue
        (payload,) = started.input.payloads
        yield StoredState(
            **stored.model_dump(exclude={"file"}),
            payload=base64.b64encode(payload.SerializeToString()).decode(),
        )


def main() -> int:
    """Write the file of this release."""
    STATES.mkdir(exist_ok=True)
    states = tuple(handed_over())
    file = STATES / f"{version('treatment-journey-engine')}.json"
    file.write_bytes(WRITTEN.dump_json(states, indent=2) + b"\n")
    sys.stdout.write(f"{file.name}: {len(states)} states\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
