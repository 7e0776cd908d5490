#!/bin/sh
# The namespace the engine works in. Closed journeys stay readable in Temporal for 90 days; the
# record in PostgreSQL is what is kept for good.
set -eu

temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
    temporal operator namespace create --namespace default --retention 90d
