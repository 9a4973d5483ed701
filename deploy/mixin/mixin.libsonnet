// Motcua's boards and rules, for a Prometheus and a Grafana that are there already. How to use it: README.md
{
  _config+:: {
    runbook: 'https://motcua.example/runbook.md',  // where your people read deploy/runbook.md
    reporting: 'http://127.0.0.1:8003',  // where they open reporting's pages
  },

  local runbooks = '{{ $externalLabels.runbooks }}',
  local groups(text) =
    local read = std.parseYaml(std.strReplace(text, runbooks, $._config.runbook));
    (if std.isArray(read) then read[std.length(read) - 1] else read).groups,  // a list where `---` stands in the file
  local isAlert(rule) = std.objectHas(rule, 'alert'),
  local only(kept, suffix) = [
    { name: group.name + suffix, rules: std.filter(kept, group.rules) }
    for group in std.flattenArrays([
      groups(importstr '../prometheus/rules/departments.yml'),
      groups(importstr '../prometheus/rules/figures.yml'),
      groups(importstr '../prometheus/rules/services.yml'),
      groups(importstr '../prometheus/rules/slos.yml'),
      groups(importstr '../prometheus/rules/upkeep.yml'),
    ])
    if std.length(std.filter(kept, group.rules)) > 0
  ],

  prometheusAlerts+:: { groups+: only(isAlert, '') },
  prometheusRules+:: { groups+: only(function(rule) !isAlert(rule), '.rules') },

  local board(text) = std.parseJson(
    std.strReplace(
      std.strReplace(text, 'https://motcua.example/runbook.md', $._config.runbook),
      'http://127.0.0.1:8003',
      $._config.reporting
    )
  ),
  grafanaDashboards+:: {
    'motcua-centre.json': board(importstr '../grafana/dashboards/centre.json'),
    'motcua-pipeline.json': board(importstr '../grafana/dashboards/pipeline.json'),
    'motcua-services.json': board(importstr '../grafana/dashboards/services.json'),
  },
}
