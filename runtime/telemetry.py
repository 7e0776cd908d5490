"""What a process counts, for Prometheus: requests at the door, by route, never by person."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class HttpMetrics:
    """Requests of one process. A route is the template (`/v1/journeys/{id}`), never the path:
    paths hold ids, and every id would be a series of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Counter(
            "journey_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._duration_s = Histogram(
            "journey_http_request_duration_seconds",
            "Time to answer.",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._duration_s.labels(method, route).observe(duration_s)

    def render(self) -> bytes:
        """The page for `/metrics`, of type `METRICS_CONTENT_TYPE`."""
        return generate_latest(self.registry)
