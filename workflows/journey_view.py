"""The answer to the journey's `state` query."""

from clinical.clearance import cleared_until
from schemas.journey import JourneyView
from workflows.approval import shown
from workflows.story import Story


def journey_view(story: Story) -> JourneyView:
    """Where the journey stands and what it waits on."""
    state = story.state
    pending = story.tasks.pending()
    now = story.clock.now()
    dosing_at = max(now, state.booking.scheduled_at) if state.booking else now
    return JourneyView(
        journey_id=state.journey_id,
        clinic=state.clinic.code,
        phase=state.phase,
        back_to=state.hold.back_to if state.hold else None,
        training=state.training,
        protocol_version=state.protocol.version,
        version=state.version,
        now=now,
        next_action_at=story.next_action_at,
        attention=story.attention,
        awaiting_roles=tuple(dict.fromkeys(task.owed_to for task in pending)),
        pending_approvals=tuple(shown(task) for task in pending if task.is_approval),
        pending_entries=tuple(shown(task) for task in pending if not task.is_approval),
        open_session=state.booking.session_id if state.booking else None,
        next_session_at=state.booking.scheduled_at if state.booking else None,
        sessions=tuple(state.sessions),
        scores=tuple(state.scores),
        baseline=tuple(state.baseline),
        consents=state.consents,
        follow_ups=tuple(state.follow_ups),
        risk_alerts=tuple(state.risk_alerts),
        monitoring_forms=tuple(state.monitoring_forms),
        adverse_events=tuple(state.adverse_events),
        authorization=state.authorization,
        provider_lost_at=state.provider_lost_at,
        restricted=state.deletion_asked_at is not None,
        site_certified=state.site_certified,
        clearance_valid_until=cleared_until(state, dosing_at, story.parameters),
        clearance_voided=state.clearance_voided,
        hold=state.hold,
        matches=tuple(state.matches),
        same_person=tuple(state.same_person),
        course_claimed=state.course_claimed,
        carried=state.carried,
        dead_letters=tuple(state.dead_letters),
        dead_letter_count=state.dead_letter_count,
        unrecorded=len(state.unrecorded),
        unsent=len(state.unsent),
        facts=state.sequence,
        runs=state.runs,
    )
