"""The versions of our own code that a server knows: which one is current, which still have work.

Known where a deployment gives its versions a name (`JOURNEY_DEPLOYMENT_NAME`); elsewhere every
run goes on under whatever code its worker has.
"""

from dataclasses import dataclass

from temporalio.api.enums.v1 import RoutingConfigUpdateState, WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

SPREADING = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
PREFIX = "WORKER_DEPLOYMENT_VERSION_STATUS_"


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """One version. `status`: current, ramping, draining (runs are left), drained (none is, as far
    as the server has looked), or inactive."""

    build_id: str
    status: str


@dataclass(frozen=True, slots=True)
class CodeVersions:
    """All versions of one deployment. `current`: where new runs begin, empty where nobody has said
    so yet; `ramping`: where a part of them begins; `settled`: whether the server says that all of
    it knows (it may forget to: seen on 1.32 under load, so wait for it, but not for ever)."""

    deployment: str
    current: str = ""
    ramping: str = ""
    settled: bool = True
    versions: tuple[CodeVersion, ...] = ()

    def named(self, build_id: str) -> str:
        """A version as the server's lists name it."""
        return f"{self.deployment}:{build_id}"


async def read_code_versions(client: Client, deployment: str) -> CodeVersions:
    """What the server knows of a deployment; nothing, where no worker of it has come yet."""
    try:
        answer = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment),
            retry=True,
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return CodeVersions(deployment)
        raise
    about = answer.worker_deployment_info
    return CodeVersions(
        deployment,
        current=about.routing_config.current_deployment_version.build_id,
        ramping=about.routing_config.ramping_deployment_version.build_id,
        settled=about.routing_config_update_state != SPREADING,
        versions=tuple(
            CodeVersion(
                found.deployment_version.build_id,
                WorkerDeploymentVersionStatus.Name(found.status).removeprefix(PREFIX).lower(),
            )
            for found in about.version_summaries
        ),
    )
