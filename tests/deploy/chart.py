"""What the Helm chart makes of values, by helm itself."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.deployment import DEPLOY
from tests.support.npm import installed

CHART = DEPLOY / "helm" / "motcua"
RELEASE = "motcua"
KUBERNETES = "1.34"
MODELS = Path(__file__).with_name("kubernetes_models")
EVERYTHING: Mapping[str, Any] = {
    "intake": {"erasures": {"enabled": True}, "settings": {"LOG_LEVEL": "DEBUG", "MAX_BULK_BYTES": 1073741824}},
    "processing": {"autoscaling": {"enabled": True}},
    "reporting": {
        "followUp": [
            {"department": "H59.15", "mail": ["mot-cua@stp.example"], "digest": False},
            {
                "department": "H59.02",
                "webhook": "https://nghiep-vu.example/don-doc",
                "webhook_secret_file": "/run/secrets/motcua/don-doc",
            },
        ]
    },
    "access": {"secret": "motcua-access"},
    "catalogue": {"configMap": "motcua-catalogue"},
    "database": {
        "image": "ghcr.io/cloudnative-pg/postgresql:17.6",
        "intake": {"backup": {"retentionPolicy": "30d", "volumeSnapshot": {"className": "csi"}}},
    },
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-buffering": "off"},
        "intake": {"host": "motcua.example.vn", "tlsSecret": "motcua-tls"},
        "reporting": {"host": "figures.example.vn"},
    },
    "image": {"pullSecrets": ["registry"]},
    "monitoring": {"labels": {"release": "kube-prometheus-stack"}, "key": {"secret": "motcua-prometheus"}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "motcua", "operator": "Exists"}],
}


def helm() -> str:
    """The program, as the package helm-binary brings it."""
    return str(Path(sys.executable).with_name("helm"))


def template(values: Mapping[str, Any], release: str = RELEASE) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [helm(), "template", release, CHART, "--kube-version", f"{KUBERNETES}.0", "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def resources(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the chart makes of them."""
    return _resources(json.dumps(values))


@cache
def _resources(values: str) -> list[dict[str, Any]]:
    answer = template(json.loads(values))
    assert answer.returncode == 0, answer.stderr
    return [found for found in yaml.safe_load_all(answer.stdout) if found]


def of_kind(kind: str, found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By their names."""
    return {resource["metadata"]["name"]: resource for resource in found if resource["kind"] == kind}


def pods(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The specification of every pod that is made, and whose it is."""
    for resource in found:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        if resource["kind"] in ("Deployment", "StatefulSet"):
            yield name, resource["spec"]["template"]
        if resource["kind"] == "CronJob":
            yield name, resource["spec"]["jobTemplate"]["spec"]["template"]


def models_say(found: list[dict[str, Any]]) -> list[list[str]]:
    """Kind, name and verdict of each resource, by the schemas of KEDA and the Prometheus operator."""
    script = (MODELS / "validate.mjs").read_text("utf-8")
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=installed(MODELS, "kubernetes-models"),
        input=json.dumps(found),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]
