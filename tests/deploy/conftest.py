"""The template as `sls package` makes it."""

import json
import os
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from handlers.manifest import document, functions
from ops.deploy import template as generator
from ops.deploy.package import PACKAGES, PROCESSORS, archive, has_runtime_python

ROOT = Path(__file__).resolve().parents[2]
SLS = ROOT / "node_modules" / ".bin" / "sls"


@pytest.fixture(scope="session")
def package_service(tmp_path_factory):
    """Runs `sls package` with these options, stand-ins for the zips, and serverless.yml edited; gives the template."""
    if not SLS.exists():
        pytest.skip("the Serverless Framework is not installed (npm ci)")

    def packaged(*options, edited=lambda text: text):
        folder = tmp_path_factory.mktemp("service")
        _lay_out(folder, edited)
        environment = {**os.environ, "AWS_REGION": "eu-central-1", "SLS_TELEMETRY_DISABLED": "1"}
        command = [str(SLS), "package", *options]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "arning" not in done.stderr
        return folder / ".serverless" / "cloudformation-template-update-stack.json"

    return packaged


def _lay_out(folder, edited):
    for name in ("serverless.yml", "package.json", "ops/deploy/resources.yml", "ops/deploy/retraining.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    service = folder / "serverless.yml"
    service.write_text(edited(service.read_text()))
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    for place in (folder / "build" / processor for processor in PROCESSORS):
        place.mkdir(parents=True)
        for name in PACKAGES:
            with zipfile.ZipFile(place / f"{name}.zip", "w") as archive:
                archive.writestr(name, name)
    made = generator.template(functions().values(), document()["custom"]["allow"])
    (folder / "build" / "functions.json").write_text(json.dumps(made))


@pytest.fixture(scope="session")
def unzipped(tmp_path_factory):
    """Gives the folder of a package that `make package` built for this machine's processor."""
    if not has_runtime_python():
        pytest.skip("there is no Python of the runtime here")
    folders = {}

    def folder(name):
        path = archive(name, "arm64" if platform.machine() == "aarch64" else "x86_64")
        if not path.exists():
            pytest.skip("make package has not run here")
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            zipfile.ZipFile(path).extractall(folders[name])
        return folders[name]

    return folder


@pytest.fixture(scope="session")
def template_file(package_service):
    """Where the template of prod is."""
    return package_service("--stage", "prod")


@pytest.fixture(scope="session")
def template(template_file):
    """The template's document."""
    return json.loads(template_file.read_text())


@pytest.fixture(scope="session")
def resources(template):
    """Its resources by name."""
    return template["Resources"]
