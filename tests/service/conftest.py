"""What the front desk's tests share."""

from tests.fixtures_temporal import temporal_server

__all__ = ["temporal_server"]
