#!/bin/sh
# Temporal's two databases, made if missing and brought to the tables of this version.
set -eu

SQL_PASSWORD="$(cat /run/secrets/temporal_db_password)"
export SQL_PASSWORD

tool() {
    temporal-sql-tool --plugin postgres12 --ep temporal-db -p 5432 -u temporal "$@"
}

prepare() { # prepare DATABASE FOLDER
    # The first two refuse what is already there; the last one must not fail.
    tool --db "$1" create || echo "database $1 is there"
    tool --db "$1" setup-schema -v 0.0 || echo "tables of $1 are there"
    tool --db "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
