#!/bin/sh
# Starts Alertmanager with the receivers that .env names: each variable that is set adds its own to the receiver `operators`.
set -eu
here=$(dirname "$0")
config=${TMPDIR:-/tmp}/alertmanager.yml
receivers=${TMPDIR:-/tmp}/receivers.yml

{
    if [ -n "${MOTCUA_ALERTS_WEBHOOK_URL:-}" ]; then
        echo "    webhook_configs: [{url: '$MOTCUA_ALERTS_WEBHOOK_URL'}]"
    fi
    if [ -n "${MOTCUA_ALERTS_EMAIL_TO:-}" ]; then
        : "${MOTCUA_ALERTS_SMARTHOST:?set MOTCUA_ALERTS_SMARTHOST (HOST:PORT) in .env, or leave MOTCUA_ALERTS_EMAIL_TO out}"
        : "${MOTCUA_ALERTS_EMAIL_FROM:?set MOTCUA_ALERTS_EMAIL_FROM in .env, or leave MOTCUA_ALERTS_EMAIL_TO out}"
        echo "    email_configs:"
        echo "      - to: '$MOTCUA_ALERTS_EMAIL_TO'"
        echo "        from: '$MOTCUA_ALERTS_EMAIL_FROM'"
        echo "        smarthost: '$MOTCUA_ALERTS_SMARTHOST'"
        echo "        send_resolved: true"
        if [ -n "${MOTCUA_ALERTS_SMTP_USERNAME:-}" ]; then
            echo "        auth_username: '$MOTCUA_ALERTS_SMTP_USERNAME'"
            echo "        auth_password_file: /run/secrets/smtp-password"
        fi
    fi
} > "$receivers"
sed "/^  - name: operators\$/r $receivers" "$here/alertmanager.yml" > "$config"
exec alertmanager --config.file="$config" "$@"
