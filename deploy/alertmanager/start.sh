#!/bin/sh
# Starts Alertmanager with the addresses that .env names: those that are set are added to the receivers of alertmanager.yml.
set -eu
here=$(dirname "$0")
made=${TMPDIR:-/tmp}
config=$made/alertmanager.yml
cp "$here/alertmanager.yml" "$config"

add() { # RECEIVER URL ADDRESS
    {
        if [ -n "$2" ]; then
            echo "    webhook_configs: [{url: '$2'}]"
        fi
        if [ -n "$3" ]; then
            : "${MOTCUA_ALERTS_SMARTHOST:?set MOTCUA_ALERTS_SMARTHOST (HOST:PORT) in .env: mail is to be sent to $3}"
            : "${MOTCUA_ALERTS_EMAIL_FROM:?set MOTCUA_ALERTS_EMAIL_FROM in .env: mail is to be sent to $3}"
            echo "    email_configs:"
            echo "      - to: '$3'"
            echo "        from: '$MOTCUA_ALERTS_EMAIL_FROM'"
            echo "        smarthost: '$MOTCUA_ALERTS_SMARTHOST'"
            echo "        send_resolved: true"
            if [ -n "${MOTCUA_ALERTS_SMTP_USERNAME:-}" ]; then
                echo "        auth_username: '$MOTCUA_ALERTS_SMTP_USERNAME'"
                echo "        auth_password_file: /run/secrets/smtp-password"
            fi
        fi
    } > "$made/receiver.yml"
    sed "/^  - name: $1\$/r $made/receiver.yml" "$config" > "$made/next.yml"
    mv "$made/next.yml" "$config"
}

add operators "${MOTCUA_ALERTS_WEBHOOK_URL:-}" "${MOTCUA_ALERTS_EMAIL_TO:-}"
add departments "${MOTCUA_ALERTS_DEPARTMENTS_WEBHOOK_URL:-${MOTCUA_ALERTS_WEBHOOK_URL:-}}" \
    "${MOTCUA_ALERTS_DEPARTMENTS_EMAIL_TO:-${MOTCUA_ALERTS_EMAIL_TO:-}}"
add watchdog "${MOTCUA_ALERTS_WATCHDOG_WEBHOOK_URL:-}" ""
exec alertmanager --config.file="$config" "$@"
