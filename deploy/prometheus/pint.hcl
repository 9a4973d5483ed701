# What pint holds the rules to, against a live Prometheus of the stack: `make pint`.
prometheus "motcua" {
  uri     = "${ENV_PROMETHEUS_URL}"
  timeout = "30s"
}

rule {
  match { kind = "alerting" }
  annotation "runbook_url" {
    severity = "bug"
    value    = ".+#motcua[a-z]+"
    required = true
  }
  annotation "summary" {
    severity = "bug"
    required = true
  }
  label "severity" {
    severity = "bug"
    value    = "critical|warning|none"
    required = true
  }
}

rule {  # sloth's groups build on each other's records, a minute apart
  match { path = ".*slos.yml" }
  disable = ["rule/dependency"]
}
