"""Holds the Helm chart to what it promises: each file of `values` lints, renders to objects that Kubernetes' own schemas
take, and to a configuration file that warp2api takes; what cannot work is refused before anything is installed.

    chart.py HELM KUBERNETES_VALIDATE WARP2API
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
CHART = HERE.parent.parent / "deploy/helm/warp2api"
EXPECTED = {
    "plain": {"ConfigMap", "Deployment", "Service", "ServiceAccount"},
    "volume": {"ConfigMap", "Deployment", "Service", "PersistentVolumeClaim", "NetworkPolicy"},
    "everything": {
        "ConfigMap",
        "Deployment",
        "Service",
        "ServiceAccount",
        "Ingress",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "ServiceMonitor",
    },
}
# What must be refused, and a word of the reason.
REFUSED = [
    (["--set", "replicas=1"], "existingSecret"),
    (["--set", "existingSecret=s,replicas=2"], "state.url"),
    (["--set", "existingSecret=s,autoscaling.enabled=true"], "state.url"),
    (["--set", "existingSecret=s,replicas=2,state.url=redis://r,persistence.enabled=true"], "persistence"),
    (["--set", "existingSecret=s,config.api_key=wk-1"], "api_key is a secret"),
    (["--set", "existingSecret=s,state.url=http://r"], "url"),
    (["--set", "existingSecret=s,repliccas=2"], "repliccas"),
    (["--set", "existingSecret=s,ingress.enabled=true"], "ingress.host"),
]


def run(*command, wanted=0):
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ran.returncode != wanted:
        sys.exit(f"{command}: code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def check_pod(deployment):
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    inside = container["securityContext"]
    assert inside["readOnlyRootFilesystem"] and not inside["allowPrivilegeEscalation"]
    assert inside["capabilities"] == {"drop": ["ALL"]}
    paths = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert paths == ["/healthz", "/healthz", "/readyz"], paths
    assert container["resources"]["limits"]["memory"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    selector = deployment["spec"]["selector"]["matchLabels"].items()
    assert selector <= deployment["spec"]["template"]["metadata"]["labels"].items()
    # No secret stands in the open.
    assert not [one for one in container["env"] if "TOKEN" in one["name"] or "SECRET" in one["name"]]


def main():
    helm, validate, warp2api = sys.argv[1:]
    files = sorted((HERE / "values").glob("*.yaml"))
    assert {file.stem for file in files} == set(EXPECTED), files
    for file in files:
        run(helm, "lint", "--strict", "--values", file, CHART)
        rendered = run(helm, "template", "tried", CHART, "--namespace", "space", "--values", file)
        documents = [document for document in yaml.safe_load_all(rendered) if document]
        kinds = {document["kind"]: document for document in documents}
        assert len(kinds) == len(documents) and set(kinds) == EXPECTED[file.stem], (file, set(kinds))
        check_pod(kinds["Deployment"])
        with tempfile.TemporaryDirectory() as place:
            place = pathlib.Path(place)
            # A ServiceMonitor is not one of Kubernetes' own objects.
            own = [document for document in documents if document["kind"] != "ServiceMonitor"]
            (place / "objects.yaml").write_text(yaml.safe_dump_all(own))
            told = run(validate, "--strict", place / "objects.yaml")
            (place / "config.toml").write_text(kinds["ConfigMap"]["data"]["config.toml"])
            environment = {"HOME": str(place), "API_TOKEN": "k", "HOST": "0.0.0.0"}
            checked = subprocess.run(
                [warp2api, "config", "check", "config.toml"],
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert checked.returncode == 0, checked.stderr
        print(f"{file.stem}: {len(documents)} objects; {told.strip().splitlines()[-1] if told.strip() else 'valid'}")
    for options, reason in REFUSED:
        ran = subprocess.run([helm, "template", "tried", str(CHART), *options], capture_output=True, text=True)
        assert ran.returncode != 0 and reason in ran.stderr, (options, ran.stdout[:300], ran.stderr)
    print(f"{len(REFUSED)} settings that cannot work are refused")


if __name__ == "__main__":
    os.environ.setdefault("HELM_CACHE_HOME", tempfile.gettempdir())
    main()
