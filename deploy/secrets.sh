#!/bin/sh
# Makes the secrets of docker-compose.yml that are not there yet, a folder for each container, and names the folder in .env.
# What an .env of an earlier release has (MOTCUA_API_KEY, MOTCUA_POSTGRES_PASSWORD, MOTCUA_GRAFANA_PASSWORD) is taken over.
set -eu
cd "$(dirname "$0")/.."

folder=${MOTCUA_SECRETS:-./secrets}
mkdir -p "$folder"
chmod 700 "$folder" # who may not enter it can't read what lies below, which each container's own user must be able to

before() { # the value that .env gives a name
    [ ! -f .env ] || sed -n "s/^$1=//p" .env | tail -n 1
}

keep() { # PATH VALUE: written once, never over
    mkdir -p "$folder/${1%/*}"
    [ -s "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"
    chmod 755 "$folder/${1%/*}"
    chmod 644 "$folder/$1"
}

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

found=$(before MOTCUA_API_KEY)
keep intake/api-key "${found:-$(random)}"
for service in processing reporting; do
    keep "$service/api-key" "$(cat "$folder/intake/api-key")"
done

found=$(before MOTCUA_POSTGRES_PASSWORD)
keep postgres/superuser "${found:-$(random)}"
for service in intake reporting; do
    keep "postgres/$service" "${found:-$(random)}"
    keep "$service/database-url" "postgresql+asyncpg://$service:$(cat "$folder/postgres/$service")@postgres:5432/$service"
done
keep postgres/exporter "$(random)"
keep postgres-exporter/password "$(cat "$folder/postgres/exporter")"

found=$(before MOTCUA_GRAFANA_PASSWORD)
keep grafana/admin-password "${found:-$(random)}"
mkdir -p "$folder/prometheus" "$folder/alertmanager" # Prometheus' key is made by `motcua keys`, a mail server's password by its owner
chmod 755 "$folder/prometheus" "$folder/alertmanager"
if [ -f "$folder/prometheus-key" ]; then
    mv "$folder/prometheus-key" "$folder/prometheus/prometheus-key" # where an earlier release had it
    chmod 644 "$folder/prometheus/prometheus-key"
fi

if [ -z "${MOTCUA_SECRETS:-}" ] && [ -z "$(before MOTCUA_SECRETS)" ]; then
    echo "MOTCUA_SECRETS=./secrets" >> .env
fi
