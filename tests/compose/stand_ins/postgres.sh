#!/bin/bash
# As the PostgreSQL image starts: an empty volume gets a cluster and the scripts of docker-entrypoint-initdb.d,
# then the server runs as its own user.
set -euo pipefail
if [[ $(id -u) == 0 ]]; then
    chown -R postgres "$PGDATA" && chmod 700 "$PGDATA"
    exec setpriv --reuid postgres --regid postgres --init-groups /bin/bash "$0" "$@"
fi
if [[ ! -s $PGDATA/PG_VERSION ]]; then
    password=${POSTGRES_PASSWORD_FILE:+$(< "$POSTGRES_PASSWORD_FILE")}
    # shellcheck disable=SC2086 # several arguments
    initdb --username "$POSTGRES_USER" --pwfile <(echo "${password:-$POSTGRES_PASSWORD}") ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait --options "-c listen_addresses=" start
    [[ ${POSTGRES_DB:-postgres} == postgres ]] || createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
    shopt -s nullglob
    for script in /docker-entrypoint-initdb.d/*.sh; do sh "$script"; done
    pg_ctl --wait stop
fi
exec postgres -c 'listen_addresses=*' "$@"
