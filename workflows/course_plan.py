"""The answer to the journey's `plan` query: a course shown before anybody decides on it."""

from clinical.course_plan import plan_course
from clinical.reevaluation import propose
from schemas.course_plan import CoursePlan, PlannedCourse
from workflows.course_facts import facts_of
from workflows.story import Story


def course_plan(story: Story, course: PlannedCourse) -> CoursePlan:
    """The course as it would go if it were decided on now."""
    return plan_course(
        story.state,
        course,
        story.clock.now(),
        story.parameters,
        proposal=propose(facts_of(story), story.parameters),
    )
