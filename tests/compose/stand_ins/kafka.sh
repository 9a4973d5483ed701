#!/bin/sh
# As the Apache Kafka image starts: each KAFKA_SOME_NAME is the property some.name, and storage is formatted once.
set -eu
properties=/opt/kafka/config/server.properties
env | sed -n 's/^KAFKA_//p' | grep -v -e '^HEAP_OPTS=' | while IFS='=' read -r name value; do
    echo "$(echo "$name" | tr '[:upper:]_' '[:lower:].')=$value"
done > "$properties"
set -- java ${KAFKA_HEAP_OPTS:--Xmx512m} -XX:+ExitOnOutOfMemoryError -cp '/opt/kafka/libs/*'
"$@" kafka.tools.StorageTool format --cluster-id "$CLUSTER_ID" --config "$properties" --ignore-formatted
exec "$@" kafka.Kafka "$properties"
