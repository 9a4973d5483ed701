#!/bin/sh
# Runs once, on an empty data volume: a database for each service, owned by a role that can reach no other.
set -eu

for service in intake reporting; do
    psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
        --set service="$service" <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
SQL
done
