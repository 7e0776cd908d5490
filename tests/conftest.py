"""Fixtures that more than one floor's tests share."""

pytest_plugins = ["tests.fixtures_postgres"]
