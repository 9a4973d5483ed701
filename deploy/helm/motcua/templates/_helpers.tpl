{{- define "motcua.labels" -}}
app.kubernetes.io/name: motcua
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What selects a service's pods: never changed, for a Deployment's selector can't be. */}}
{{- define "motcua.selector" -}}
{app.kubernetes.io/name: motcua, app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ .service }}}
{{- end }}

{{- define "motcua.fullname" -}}
{{ .root.Release.Name }}-{{ .service }}
{{- end }}

{{- define "motcua.image" -}}
{{ .root.Values.image.repository }}/{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "motcua.port" -}}
{{ get (dict "intake" 8001 "processing" 8002 "reporting" 8003) .service }}
{{- end }}

{{/* What no container of ours may do. */}}
{{- define "motcua.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "motcua.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The environment of a service: where it finds broker and database, its secrets' files, then its own settings. */}}
{{- define "motcua.environment" -}}
{{- $prefix := printf "MOTCUA_%s_" (upper .service) }}
{{- $values := get .root.Values .service }}
{{- $known := get (.root.Files.Get "files/settings.yaml" | fromYaml) .service }}
{{- $kafka := .root.Values.kafka }}
{{- $made := dict
  "HOST" "0.0.0.0"
  "PORT" (include "motcua.port" .)
  "KAFKA_BOOTSTRAP" (printf "%s-kafka-bootstrap:9093" $kafka.cluster)
  "KAFKA_SECURITY_PROTOCOL" "SSL"
  "KAFKA_SSL_CAFILE" "/run/secrets/kafka-cluster/ca.crt"
  "KAFKA_SSL_CERTFILE" "/run/secrets/kafka/user.crt"
  "KAFKA_SSL_KEYFILE" "/run/secrets/kafka/user.key"
  "KAFKA_PARTITIONS" $kafka.partitions
  "KAFKA_REPLICATION_FACTOR" $kafka.replicas }}
{{- if ne .service "processing" }}
  {{- $_ := set $made "DATABASE_URL_FILE" "/run/secrets/database/uri" }}
  {{- $_ := set $made "DATABASE_SSL" "verify-full" }}
  {{- $_ := set $made "DATABASE_SSL_CAFILE" "/run/secrets/database-ca/ca.crt" }}
{{- end }}
{{- if .root.Values.access.secret }}
  {{- $_ := set $made "ACCESS_DIR" "/run/secrets/access" }}
{{- end }}
{{- if and (ne .service "processing") .root.Values.catalogue.configMap }}
  {{- $_ := set $made "CATALOGUE" "/etc/motcua/catalogue" }}
{{- end }}
{{- if and (eq .service "intake") .root.Values.intake.erasures.enabled }}
  {{- $_ := set $made "ERASURES_FILE" "/var/lib/motcua-erasures/erasures.ndjson" }}
{{- end }}
{{- if eq .service "reporting" }}
  {{- if $values.followUp }}
    {{- $_ := set $made "FOLLOW_UP_RECIPIENTS" "/etc/motcua/follow-up/recipients.toml" }}
  {{- end }}
  {{- $_ := set $made "INTAKE_URL" (printf "http://%s:8001" (include "motcua.fullname" (dict "root" .root "service" "intake"))) }}
{{- end }}
{{- range $name := $values.secret.keys }}
  {{- if not (has $name $known.secrets) }}
    {{- fail (printf "%s.secret.keys: %s is no secret among the settings of %s (docs/settings.md)" $.service $name $.service) }}
  {{- end }}
  {{- $_ := set $made (printf "%s_FILE" $name) (printf "/run/secrets/motcua/%s" $name) }}
{{- end }}
{{- range $name, $value := $values.settings }}
  {{- if not (has $name $known.settings) }}
    {{- fail (printf "%s.settings.%s: is no setting of %s (docs/settings.md), or a secret, which goes into %s.secret" $.service $name $.service $.service) }}
  {{- end }}
  {{- if and (eq $name "ALLOWED_HOSTS") $.root.Values.monitoring.enabled }}
    {{- fail (printf "%s.settings.ALLOWED_HOSTS: Prometheus calls pods by their addresses and would be refused; an Ingress passes on its own host only" $.service) }}
  {{- end }}
  {{- if eq $name "FOLLOW_UP_RECIPIENTS" }}
    {{- fail "reporting.settings.FOLLOW_UP_RECIPIENTS: write the recipients under reporting.followUp; the chart makes the file of them and mounts it" }}
  {{- end }}
  {{- $_ := set $made $name $value }}
{{- end }}
{{- range $name, $value := $made }}
{{- if and (kindIs "float64" $value) (eq $value (float64 (int64 $value))) }}
  {{- $value = int64 $value }}{{/* Helm reads every number as a float: 1048576 would be 1.048576e+06 */}}
{{- end }}
- name: {{ $prefix }}{{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- if eq .service "processing" }}
- name: MOTCUA_PROCESSING_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- end }}

{{/* The pods of a service; `kind`'s own fields stand around it. */}}
{{- define "motcua.pod" -}}
{{- $values := get .root.Values .service }}
{{- $fullname := include "motcua.fullname" . }}
metadata:
  labels: {{ include "motcua.selector" . }}
  {{- if and (eq .service "reporting") $values.followUp }}
  annotations: {motcua/follow-up: {{ toJson $values.followUp | sha256sum }}} # it is read at the start: another one is another pod
  {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 45
  securityContext: {{- include "motcua.podSecurity" . | nindent 4 }}
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{- range . }}
    - name: {{ . }}
  {{- end }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: {matchLabels: {{ include "motcua.selector" . }}}
  containers:
    - name: {{ .service }}
      image: {{ include "motcua.image" . }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext: {{- include "motcua.confined" . | nindent 8 }}
      env: {{- include "motcua.environment" . | nindent 8 }}
      ports:
        - {name: http, containerPort: {{ include "motcua.port" . }}}
      # It answers while it reads its ledger or read model; until it answers at all the other probes wait.
      startupProbe:
        httpGet: {path: /healthz/live, port: http}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 90
      livenessProbe:
        httpGet: {path: /healthz/live, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /healthz/ready, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      {{- if eq .service "intake" }}
      # Callers are sent elsewhere before it stops to listen.
      lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
      {{- end }}
      resources: {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: home, mountPath: /var/lib/motcua}
        - {name: secrets, mountPath: /run/secrets/motcua, readOnly: true}
        - {name: kafka, mountPath: /run/secrets/kafka, readOnly: true}
        - {name: kafka-cluster, mountPath: /run/secrets/kafka-cluster, readOnly: true}
        {{- if .root.Values.access.secret }}
        - {name: access, mountPath: /run/secrets/access, readOnly: true}
        {{- end }}
        {{- if ne .service "processing" }}
        - {name: database, mountPath: /run/secrets/database, readOnly: true}
        - {name: database-ca, mountPath: /run/secrets/database-ca, readOnly: true}
        {{- if .root.Values.catalogue.configMap }}
        - {name: catalogue, mountPath: /etc/motcua/catalogue, readOnly: true}
        {{- end }}
        {{- end }}
        {{- if and (eq .service "intake") .root.Values.intake.erasures.enabled }}
        - {name: erasures, mountPath: /var/lib/motcua-erasures}
        {{- end }}
        {{- if and (eq .service "reporting") $values.followUp }}
        - {name: follow-up, mountPath: /etc/motcua/follow-up, readOnly: true}
        {{- end }}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 256Mi}}
    - {name: home, emptyDir: {sizeLimit: 64Mi}}
    - {name: secrets, secret: {secretName: {{ $values.secret.name }}, defaultMode: 0440}}
    - {name: kafka, secret: {secretName: {{ $fullname }}, defaultMode: 0440}}
    - {name: kafka-cluster, secret: {secretName: {{ .root.Values.kafka.cluster }}-cluster-ca-cert, defaultMode: 0440}}
    {{- if .root.Values.access.secret }}
    - {name: access, secret: {secretName: {{ .root.Values.access.secret }}, defaultMode: 0440}}
    {{- end }}
    {{- if ne .service "processing" }}
    {{- $database := get .root.Values.database .service }}
    - name: database
      secret: {secretName: {{ $database.cluster }}-app, defaultMode: 0440, items: [{key: uri, path: uri}]}
    - name: database-ca
      secret: {secretName: {{ $database.cluster }}-ca, defaultMode: 0440, items: [{key: ca.crt, path: ca.crt}]}
    {{- with .root.Values.catalogue.configMap }}
    - {name: catalogue, configMap: {name: {{ . }}}}
    {{- end }}
    {{- end }}
    {{- if and (eq .service "intake") .root.Values.intake.erasures.enabled }}
    - {name: erasures, persistentVolumeClaim: {claimName: {{ $fullname }}-erasures}}
    {{- end }}
    {{- if and (eq .service "reporting") $values.followUp }}
    - {name: follow-up, configMap: {name: {{ $fullname }}-follow-up}}
    {{- end }}
{{- end }}
