#!/bin/sh
# Runs once, on an empty data volume: a database for each service, owned by a role that can reach no other,
# and a role that may only look at how the server does.
set -eu

for service in intake reporting; do
    PASSWORD=$(cat "/run/secrets/$service") psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
        --set service="$service" <<'SQL'
\getenv password PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
SQL
done
PASSWORD=$(cat /run/secrets/exporter) psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 <<'SQL'
\getenv password PASSWORD
CREATE ROLE exporter LOGIN PASSWORD :'password' IN ROLE pg_monitor;
SQL
