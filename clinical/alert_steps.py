"""The steps at which something that ends is announced: 90, 60, 30 and 7 days (11.33, 11.39)."""

from collections.abc import Sequence


def step_reached(days_left: float, steps: Sequence[float]) -> float | None:
    """The narrowest step, in days, that so many days left have come within; None before the
    first. What has ended already is within the narrowest."""
    return min((step for step in steps if days_left <= step), default=None)
