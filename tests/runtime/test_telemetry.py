"""Requests are counted by route, never by person."""

from runtime.telemetry import HttpMetrics


def test_a_request_is_counted_under_its_route() -> None:
    metrics = HttpMetrics()

    metrics.answered("GET", "/v1/journeys/{id}", 200, 0.02)
    metrics.answered("GET", "/v1/journeys/{id}", 200, 0.03)

    page = metrics.render().decode()
    route = 'method="GET",route="/v1/journeys/{id}"'
    assert f'journey_http_requests_total{{{route},status="200"}} 2.0' in page
    assert f"journey_http_request_duration_seconds_count{{{route}}} 2.0" in page


def test_two_servers_in_one_process_do_not_share_counts() -> None:
    first, second = HttpMetrics(), HttpMetrics()

    first.answered("GET", "/healthz", 200, 0.001)

    assert "healthz" not in second.render().decode()
