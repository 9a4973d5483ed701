"""The Helm chart: helm accepts it, what it makes is valid by the schemas of Kubernetes and of operators, and says of
settings, topics, alerts and secrets what the project says elsewhere."""

import base64
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bench.settings_document import variable
from motcua.stack.stack import settings_class
from services.reporting.projecting import counted
from services.reporting.recipients import read_recipients
from shared.catalogue import Catalogue
from shared.contract.topics import TOPICS
from shared.service.secret_files import is_secret
from tests.deploy.chart import CHART, EVERYTHING, KUBERNETES, helm, models_say, of_kind, pods, resources, template
from tests.deploy.deployment import DEPLOY, SERVICES, run
from tests.support.npm import needs_node

CUSTOM = {
    "KafkaTopic", "KafkaUser", "Cluster", "ScheduledBackup", "ScaledObject", "TriggerAuthentication", "ServiceMonitor",
    "PrometheusRule",
}  # fmt: skip
VALUES = pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])


def test_helm_finds_nothing_wrong() -> None:
    answer = run(helm(), "lint", "--strict", "--kube-version", f"{KUBERNETES}.0", CHART)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@VALUES
def test_what_kubernetes_has_is_valid_by_its_schemas(values: dict[str, Any]) -> None:
    found = resources(values)
    for resource in found:
        if resource["kind"] not in CUSTOM:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)
    assert {"Deployment", "StatefulSet", "NetworkPolicy", "PodDisruptionBudget", "CronJob"} <= {
        resource["kind"] for resource in found
    }


def test_a_release_whose_names_kubernetes_would_refuse_is_refused() -> None:
    assert template({}, "a" * 41).returncode == 0
    answer = template({}, "a" * 42)
    assert answer.returncode != 0
    assert "choose a name of at most 41 characters" in answer.stderr


@needs_node
def test_what_keda_and_the_prometheus_operator_have_is_valid_by_their_schemas() -> None:
    said = [line for line in models_say(resources(EVERYTHING)) if line[2] != "no schema"]
    assert [verdict for *_, verdict in said if verdict != "ok"] == []
    assert {kind for kind, *_ in said} == {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}


@pytest.mark.parametrize("values", [{"intake": {"secret": None}}, {"verify": {"key": {"secret": "Not A Name"}}}])
def test_values_that_cannot_be_are_refused(values: dict[str, Any]) -> None:
    assert template(values).returncode != 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"intake": {"replica": 2}}, "replica"),
        ({"reporting": {"replicas": 2}}, "replicas"),
        ({"intake": {"settings": {"LOGLEVEL": "DEBUG"}}}, "LOGLEVEL: is no setting of intake"),
        ({"intake": {"settings": {"PSEUDONYM_KEY": "x"}}}, "goes into intake.secret"),
        ({"intake": {"secret": {"keys": ["YEAR"]}}}, "YEAR is no secret among the settings of intake"),
        ({"reporting": {"settings": {"ALLOWED_HOSTS": "a.example.vn"}}}, "Prometheus calls pods by their addresses"),
        ({"processing": {"replicas": 5}}, "more than kafka.partitions"),
        ({"access": {"secret": "motcua-access"}}, "/metrics needs a key"),
        ({"kafka": {"minInsyncReplicas": 4}}, "more than kafka.replicas; no record could ever be written"),
        ({"reporting": {"settings": {"FOLLOW_UP_RECIPIENTS": "/etc/x.toml"}}}, "under reporting.followUp"),
        ({"reporting": {"followUp": [{"mail": ["a@so.example"]}]}}, "department"),
        ({"reporting": {"followUp": [{"department": "H59.15", "mails": ["a@so.example"]}]}}, "mails"),
        (
            {"reporting": {"followUp": [{"department": "H59.15", "webhook": "https://a.example"}]}},
            "webhook_secret_file",
        ),
    ],
)
def test_values_that_are_wrong_are_named(values: dict[str, Any], said: str) -> None:
    answer = template(values)
    assert answer.returncode != 0
    assert said in answer.stderr


@VALUES
def test_every_pod_is_confined(values: dict[str, Any]) -> None:
    found = list(pods(resources(values)))
    assert len(found) == 4
    for name, pod in found:
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] == 10001, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in spec["containers"]:
            may = container["securityContext"]
            assert (may["readOnlyRootFilesystem"], may["allowPrivilegeEscalation"]) == (True, False), name
            assert may["capabilities"] == {"drop": ["ALL"]}, name
            assert set(container["resources"]) == {"requests", "limits"}, name


@VALUES
def test_a_service_is_asked_where_it_answers(values: dict[str, Any]) -> None:
    found = resources(values)
    for service in SERVICES:
        [container] = _workload(service, found)["spec"]["template"]["spec"]["containers"]
        assert container["startupProbe"]["httpGet"]["path"] == "/healthz/live"
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/healthz/ready"
        [port] = container["ports"]
        assert port["containerPort"] == settings_class(service).model_fields["port"].default
        assert of_kind("Service", found)[f"motcua-{service}"]["spec"]["ports"][0]["port"] == port["containerPort"]


@VALUES
def test_a_service_is_given_settings_it_reads_and_its_secrets_as_mounted_files(values: dict[str, Any]) -> None:
    found = resources(values)
    for service in SERVICES:
        pod = _workload(service, found)["spec"]["template"]["spec"]
        [container] = pod["containers"]
        cls = settings_class(service)
        plain = {variable(cls, name) for name, field in cls.model_fields.items() if not is_secret(field)}
        secret = {f"{variable(cls, name)}_FILE" for name, field in cls.model_fields.items() if is_secret(field)}
        given = {entry["name"]: entry for entry in container["env"]}
        assert set(given) <= plain | secret
        assert not any("secretKeyRef" in entry.get("valueFrom", {}) for entry in container["env"])
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        for name, entry in given.items():
            if "/run/secrets/" in entry.get("value", ""):
                assert any(entry["value"].startswith(mount) for mount in mounts), name


def test_recipients_of_follow_ups_are_mounted_and_read(tmp_path: Path, shipped: Catalogue) -> None:
    """A file that reporting takes, where its setting says; another one makes another pod, for it is read at start."""
    found = resources(EVERYTHING)
    text = of_kind("ConfigMap", found)["motcua-reporting-follow-up"]["data"]["recipients.toml"]
    (tmp_path / "don-doc").write_bytes(base64.b64encode(b"a-secret-for-this-test-only"))
    file = tmp_path / "recipients.toml"
    file.write_text(text.replace("/run/secrets/motcua", str(tmp_path)), "utf-8")
    read = read_recipients(file, shipped)
    assert (read["H59.15"].mail, read["H59.15"].digest) == (("mot-cua@stp.example",), False)
    webhook = read["H59.02"].webhook
    assert webhook is not None
    assert (webhook.url, webhook.key) == ("https://nghiep-vu.example/don-doc", b"a-secret-for-this-test-only")
    template = _workload("reporting", found)["spec"]["template"]
    [container] = template["spec"]["containers"]
    named = {"name": "MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS", "value": "/etc/motcua/follow-up/recipients.toml"}
    assert named in container["env"]
    assert {"name": "follow-up", "mountPath": "/etc/motcua/follow-up", "readOnly": True} in container["volumeMounts"]
    assert {"name": "follow-up", "configMap": {"name": "motcua-reporting-follow-up"}} in template["spec"]["volumes"]
    fewer = resources({"reporting": {"followUp": [{"department": "H59.15"}]}})
    assert (
        _workload("reporting", fewer)["spec"]["template"]["metadata"]["annotations"]
        != (template["metadata"]["annotations"])
    )
    without = resources({})
    assert "motcua-reporting-follow-up" not in of_kind("ConfigMap", without)
    assert "FOLLOW_UP_RECIPIENTS" not in json.dumps(_workload("reporting", without))


def test_numbers_reach_a_service_as_they_are_written() -> None:
    [container] = _workload("intake", resources(EVERYTHING))["spec"]["template"]["spec"]["containers"]
    assert {"name": "MOTCUA_INTAKE_MAX_BULK_BYTES", "value": "1073741824"} in container["env"]


def test_a_worker_has_a_name_that_outlives_it() -> None:
    worker = of_kind("StatefulSet", resources({}))["motcua-processing"]["spec"]
    [container] = worker["template"]["spec"]["containers"]
    name = {"fieldRef": {"fieldPath": "metadata.name"}}
    assert {"name": "MOTCUA_PROCESSING_INSTANCE", "valueFrom": name} in container["env"]
    assert worker["replicas"] == 2
    assert "replicas" not in of_kind("StatefulSet", resources(EVERYTHING))["motcua-processing"]["spec"], "KEDA's to say"


def test_the_topics_are_those_of_the_contract() -> None:
    found = of_kind("KafkaTopic", resources({"kafka": {"partitions": 6}}))
    assert set(found) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        spec = found[topic.name]["spec"]
        assert (spec["partitions"], spec["replicas"]) == (topic.partitions or 6, 3)
        assert spec["config"]["cleanup.policy"] == topic.cleanup_policy
        assert spec["config"].get("retention.ms") == (
            str(topic.retention_ms) if topic.cleanup_policy == "delete" else None
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_with_a_topic_what_the_contract_says(service: str) -> None:
    acls = of_kind("KafkaUser", resources({}))[f"motcua-{service}"]["spec"]["authorization"]["acls"]
    granted = {
        acl["resource"]["name"]: set(acl["operations"])
        for acl in acls
        if acl["resource"]["type"] == "topic" and acl["resource"]["patternType"] == "literal"
    }
    needed = {
        topic.name: {"Read", "Write"} if service in topic.producers else {"Read"}
        for topic in TOPICS
        if service in topic.producers or service in topic.consumers
    }
    assert granted == needed
    groups = [acl["resource"]["name"] for acl in acls if acl["resource"]["type"] == "group"]
    of_workers = settings_class("processing").model_fields["application_id"].default
    assert groups == {"processing": [of_workers], "reporting": [counted.GROUP]}.get(service, [])


def test_the_rules_are_those_that_prometheus_has_with_docker_compose() -> None:
    """But for those about Prometheus itself, and with the runbook's address instead of a label that it has there."""
    folder, runbook = DEPLOY / "prometheus" / "rules", "https://province.example/runbook.md"
    groups = [
        group
        for path in sorted(folder.glob("*.yml"))
        if path.stem != "monitoring"
        for group in yaml.safe_load(path.read_text("utf-8").replace("{{ $externalLabels.runbooks }}", runbook))[
            "groups"
        ]
    ]
    found = of_kind("PrometheusRule", resources({"monitoring": {"runbook": runbook}}))["motcua"]["spec"]["groups"]
    assert sorted(found, key=_name) == sorted(groups, key=_name)
    files = json.loads((CHART / "values.schema.json").read_text("utf-8"))["properties"]["monitoring"]["properties"]
    assert set(files["leaveOut"]["items"]["enum"]) == {path.stem for path in folder.glob("*.yml")}


def test_what_is_scraped_has_the_labels_that_rules_ask_for() -> None:
    found = resources(EVERYTHING)
    monitor = of_kind("ServiceMonitor", found)["motcua"]["spec"]
    endpoint, live = monitor["endpoints"]
    for one, job in ((endpoint, "motcua"), (live, "motcua-live")):
        assert {"targetLabel": "job", "replacement": job} in one["relabelings"]
        assert any(rule["targetLabel"] == "service" for rule in one["relabelings"])
    assert (live["path"], live.get("authorization")) == ("/healthz/live", None)
    assert endpoint["authorization"]["credentials"] == {"name": "motcua-prometheus", "key": "key"}
    chosen = [
        name
        for name, service in of_kind("Service", found).items()
        if service["metadata"]["labels"].get("app.kubernetes.io/component") in SERVICES
    ]
    assert chosen == [f"motcua-{service}" for service in SERVICES], "the workers' own service would be scraped twice"


def test_the_dashboards_are_those_of_grafana_with_docker_compose() -> None:
    """But for where they lead."""

    def made(values: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = of_kind("ConfigMap", resources(values))["motcua-dashboards"]["data"]
        return found

    files = list((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    assert made({}) == {path.name: path.read_text("utf-8") for path in files}
    own = made({"monitoring": {"runbook": "https://a.example/book", "reporting": "https://a.example"}})
    assert "https://a.example/book" in own["pipeline.json"]
    assert "https://a.example" in own["centre.json"]
    assert not [name for name, text in own.items() if "motcua.example" in text or "127.0.0.1" in text]


def test_each_pod_reaches_what_it_needs_and_no_more() -> None:
    policies = of_kind("NetworkPolicy", resources({}))
    assert set(policies) == {"motcua-intake", "motcua-processing", "motcua-reporting", "motcua-verify"}
    for name, policy in policies.items():
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"], name
        ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
        assert (
            ports
            == {
                "motcua-intake": {53, 9093, 5432},
                "motcua-processing": {53, 9093},
                "motcua-reporting": {53, 9093, 5432, 8001},
                "motcua-verify": {53, 8001, 8002, 8003},
            }[name]
        )


def test_budgets_and_policies_choose_the_pods_they_are_for() -> None:
    found = resources(EVERYTHING)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(found)}
    for kind, selector in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        for name, resource in of_kind(kind, found).items():
            wanted = resource["spec"][selector]["matchLabels"].items()
            chosen = [pod for pod, has in labels.items() if wanted <= has.items()]
            assert [pod.partition(" ")[2] for pod in chosen] == [name], kind


def test_the_chart_has_the_projects_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    project = (CHART.parents[2] / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{chart["appVersion"]}"\n' in project
    assert chart["version"] == chart["appVersion"]


def _workload(service: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    kind = "StatefulSet" if service == "processing" else "Deployment"
    return of_kind(kind, found)[f"motcua-{service}"]


def _name(group: dict[str, Any]) -> str:
    return str(group["name"])
