"""By which code a run is told: from its first event to its last by the code that began it.

A treatment day keeps its code until the patient has gone. A journey and a drug cabinet live for
years: their runs keep their code too, and each new run begins under the current one.

Said here in each class and by `Worker`, not by `@workflow.defn`: what is declared there can only
be told by a worker with code versions switched on (measured, server 1.32), and one machine, the
demonstration and the tests have none.
"""

from collections.abc import Iterable

from temporalio import workflow
from temporalio.common import VersioningBehavior

PINNED = VersioningBehavior.PINNED

ON_THE_CURRENT_CODE = workflow.ContinueAsNewVersioningBehavior.AUTO_UPGRADE
"""Where a new run begins. Without code versions it says nothing."""


class NewerCode:
    """Whether whatever woke this run found that there is newer code than its own. A run that began
    under older code all the same, while the server was still spreading the word, waits to be asked:
    it does not turn over in circles."""

    def __init__(self) -> None:
        self._from_the_start = self._seen
        self.found = False

    def look(self) -> None:
        """Only in a moment that leaves an event of its own, as for the length of a run. From then
        on `found` says whether it is time to turn over."""
        self.found = self._seen and not self._from_the_start

    @property
    def _seen(self) -> bool:
        return workflow.info().is_target_worker_deployment_version_changed()


class UndeclaredError(TypeError):
    """A workflow does not say by which code its runs are told."""


def declared_behaviour(workflows: Iterable[type]) -> VersioningBehavior:
    """What a worker that tells these workflows declares for all of them.

    Raises `UndeclaredError` where one says nothing, or they do not agree: a worker can say it
    once only.
    """
    said = {told: getattr(told, "versioning_behavior", None) for told in workflows}
    silent = [told.__name__ for told, behaviour in said.items() if not behaviour]
    if silent or len(set(said.values())) != 1:
        names = ", ".join(silent or sorted(told.__name__ for told in said))
        raise UndeclaredError(f"say one versioning_behavior for: {names}")
    return VersioningBehavior(next(iter(said.values())) or 0)
