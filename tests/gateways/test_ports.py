"""The outside fits the activities' ports, and a message travels the whole way."""

from temporalio.testing import ActivityEnvironment

from activities.notification_ports import (
    DeliveriesPort,
    MailPort,
    OwnLinksPort,
    SmsPort,
    TemplatesPort,
)
from activities.notifications import NotificationsActivities
from gateways.email import SmtpMail
from gateways.messages import MessageTemplates
from gateways.sms import FileSmsSink, NoSmsProvider, SmsAdapter
from records.deliveries import DeliveryStore
from records.engine_links import EngineLinks
from schemas.base import Role
from schemas.notification import (
    Claim,
    Delivery,
    DeliveryStatus,
    Notification,
    SendNotifications,
)
from tests.gateways.conftest import Postmaster


class OneRow:
    """A delivery record that holds one row."""

    def __init__(self) -> None:
        self.settled: list[tuple[DeliveryStatus, str | None]] = []

    async def claim(
        self,
        workflow_id: str,
        journey_id: str,
        clinic: str,
        notification: Notification,
        address: str | None,
    ) -> Claim:
        return Claim.SENT if self.settled else Claim.NEW

    async def settle(
        self, workflow_id: str, occurrence: str, status: DeliveryStatus, provider_id: str | None
    ) -> None:
        self.settled.append((status, provider_id))


def the_real_ones_fit(
    store: DeliveryStore,
    mail: SmtpMail,
    sink: FileSmsSink,
    words: MessageTemplates,
    links: EngineLinks,
) -> tuple[DeliveriesPort, MailPort, SmsPort, SmsAdapter, TemplatesPort, OwnLinksPort]:
    """Never called: the type checker reads it."""
    return store, mail, sink, NoSmsProvider(), words, links


async def test_a_task_that_opens_reaches_the_inbox_of_its_role_once(
    postmaster: Postmaster,
) -> None:
    row = OneRow()
    activities = NotificationsActivities(
        row,
        SmtpMail("127.0.0.1", postmaster.port, "clinic@north.example", security="none"),
        NoSmsProvider(),
        MessageTemplates("https://console.north.example/console"),
    )
    journey = "journey-quetzal234567abcdefghijkl"
    batch = SendNotifications(
        workflow_id=journey,
        journey_id=journey,
        clinic="north",
        clinic_name="North Clinic",
        training=False,
        notifications=(
            Notification(
                occurrence="triage",
                template="task_opened",
                to_role=Role.CARE_COORDINATOR,
                facts={"task_kind": "referral_triage"},
            ),
        ),
        inboxes={Role.CARE_COORDINATOR: "coordinators@north.example"},
    )

    for _ in range(2):
        environment = ActivityEnvironment()
        deliveries = await environment.run(activities.send_notifications, batch)
        assert deliveries == (Delivery(occurrence="triage", status=DeliveryStatus.SENT),)

    content = postmaster.taken[0].content
    assert len(postmaster.taken) == 1
    assert isinstance(content, bytes)
    assert b"Subject: Waiting for you: triage of a referral" in content
    assert row.settled[0][1] is not None
    assert row.settled[0][1].encode() in content
