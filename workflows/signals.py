"""The signals that every workflow takes: filed as they come, opened later, never able to raise."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from workflows.inbox import NOTHING


class Signals:
    """What comes from outside without waiting for an answer. Every handler takes any payload, or
    none, under any name: what cannot be understood ends in the dead-letter list."""

    def _file(self, name: str, payload: RawValue) -> None:
        """Put the letter on the workflow's own desk."""
        raise NotImplementedError

    @workflow.signal(description="decide_approval's payload, where no answer can be waited for")
    def approval_decided(self, envelope: RawValue = NOTHING) -> None:
        self._file("approval_decided", envelope)

    @workflow.signal(description='Any command in an envelope {"kind": ..., "command": {...}}')
    def command_submitted(self, envelope: RawValue = NOTHING) -> None:
        self._file("command_submitted", envelope)

    @workflow.signal(description="Training only: the clinical clock jumps forward")
    def clock_advanced(self, envelope: RawValue = NOTHING) -> None:
        self._file("clock_advanced", envelope)

    @workflow.signal(description="Turn over to a new run, on the current code")
    def refresh(self, envelope: RawValue = NOTHING) -> None:
        self._file("refresh", envelope)

    @workflow.signal(dynamic=True)
    def anything_else(self, name: str, payloads: Sequence[RawValue]) -> None:
        self._file(name, payloads[0] if payloads else NOTHING)
