"""docker-compose.yml and Dockerfile, held against the code, since no container engine runs in the tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from temporalio.api.enums.v1 import IndexedValueType
from typer.testing import CliRunner

from desk.cli import app
from workers.embedded.temporal import RETENTION, SEARCH_ATTRIBUTES
from workers.settings import PREFIX, Settings, variable_names

ROOT = Path(__file__).resolve().parents[2]
OURS = ("migrate", "worker-season", "worker-mail", "desk")
RUN_ONCE = ("migrate", "temporal-setup")
NO_HEALTH_PROGRAM = ("temporal-ui",)
"""Its image brings no program to ask with, and nothing waits for it."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services, with merges resolved."""
    document = YAML(typ="safe", pure=True).load(ROOT / "docker-compose.yml")
    return dict(document["services"])


def filled(value: object) -> str:
    """A value as Compose fills it in when the environment holds nothing but the secrets."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{\w+:\?[^}]*\}", "secret", text)


def test_every_variable_is_a_setting_and_can_be_read(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in OURS:
        with monkeypatch.context() as patch:
            patch.setenv("SEASON_DATA_DIR", str(tmp_path))
            for variable, value in services[name]["environment"].items():
                assert variable in variable_names(), f"{name} sets {variable}, which is no setting"
                patch.setenv(variable, filled(value))
            settings = Settings.load()
            assert settings.database() == "postgresql+asyncpg://season:secret@db:5432/season"
            assert settings.temporal()["target_host"] == "temporal:7233"


def test_each_service_starts_its_own_part(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[str] = []

    async def run_worker(role: str, settings: Settings) -> None:
        started.append(f"{role} worker on {settings.temporal()['target_host']}")

    monkeypatch.setattr("workers.run.run_worker", run_worker)
    monkeypatch.setattr("workers.logs.set_up_logs", lambda *_: None)
    monkeypatch.setattr("records.schema.migrate", lambda url: started.append(f"migration of {url}"))
    monkeypatch.setattr("desk.serve.serve", lambda settings: started.append(f"desk on {settings.desk_host}"))
    for name in OURS:
        with monkeypatch.context() as patch:
            patch.setenv("SEASON_DATA_DIR", str(tmp_path))
            for variable, value in services[name]["environment"].items():
                patch.setenv(variable, filled(value))
            done = CliRunner().invoke(app, services[name]["command"])
            assert done.exit_code == 0, f"{name}: season {' '.join(services[name]['command'])}: {done.output}"
    assert started == [
        "migration of postgresql+asyncpg://season:secret@db:5432/season",
        "season worker on temporal:7233",
        "mail worker on temporal:7233",
        "desk on 0.0.0.0",
    ]


def test_ports_agree(services: dict[str, Any]) -> None:
    ours = {name: {key: filled(v) for key, v in services[name]["environment"].items()} for name in OURS}
    desk = ours["desk"]
    assert services["desk"]["ports"] == [f"127.0.0.1:8600:{desk['SEASON_DESK_PORT']}"]
    assert f":{desk['SEASON_DESK_PORT']}/health" in str(services["desk"]["healthcheck"])
    assert desk["SEASON_PUBLIC_URL"] == "http://127.0.0.1:8600"
    assert int(desk["SEASON_DESK_PORT"]) == Settings.model_fields["desk_port"].default
    for name in ("worker-season", "worker-mail"):
        assert f":{ours[name]['SEASON_HEALTH_PORT']}/health" in str(services[name]["healthcheck"])
    smtp = f"{desk['SEASON_SMTP_HOST']}:{desk['SEASON_SMTP_PORT']}"
    assert smtp == f"mail:{services['mail']['environment']['MP_SMTP_BIND_ADDR'].rpartition(':')[2]}"
    ui = services["temporal-ui"]
    assert ui["ports"] == [f"127.0.0.1:8233:{ui['environment']['TEMPORAL_UI_PORT']}"]
    assert desk["SEASON_TEMPORAL_UI_URL"] == "http://127.0.0.1:8233"
    exposed = re.findall(r"^EXPOSE (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert exposed == [f"{desk['SEASON_DESK_PORT']} {ours['worker-mail']['SEASON_HEALTH_PORT']}"]


def test_ports_are_published_to_this_machine_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|PWD|SECRET|TOKEN", variable):
                assert re.fullmatch(r"\$\{\w+:(\?[^}]+|-)\}", value), f"{name}: {variable} is written out"
        url = service.get("environment", {}).get("SEASON_DATABASE_URL", ":${x}@")
        assert re.search(r":\$\{\w+(:\?[^}]*)?\}@", url), f"{name}: the database's password is written out"


def test_all_that_is_waited_for_can_be_seen_to_be_ready(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert name in (*RUN_ONCE, *NO_HEALTH_PROGRAM) or "healthcheck" in service, f"{name} has no health check"
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in RUN_ONCE else "service_healthy"
            assert needed in services
            assert how["condition"] == wanted, f"{name} waits for {needed} in the wrong way"


def test_the_namespace_is_as_the_code_needs_it(services: dict[str, Any]) -> None:
    script = services["temporal-setup"]["command"][0]
    registered = dict(re.findall(r"--name (\w+) --type (\w+)", script))
    prefix = "INDEXED_VALUE_TYPE_"
    needed = {n: IndexedValueType.Name(k).removeprefix(prefix).capitalize() for n, k in SEARCH_ATTRIBUTES.items()}
    assert registered == needed
    hours = f"{int(RETENTION.total_seconds() // 3600)}h"
    assert f"--retention {hours}" in script
    assert services["temporal"]["environment"]["DEFAULT_NAMESPACE_RETENTION"] == hours


def test_the_image_is_ours_and_installs_by_hash() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)[0]) == ["season"]
    assert "--require-hashes -r requirements.lock" in text
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    assert set(re.findall(rf"\b({PREFIX}\w+)=", text)) <= set(variable_names())


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    # Put together here, so that this file does not name them either.
    hosts = r"py" r"pi\.|python" r"hosted|docker\.io|ghcr\.io|quay\.io|registry\.|/root/|/home/(?!season)|index-url"
    for name in ("Dockerfile", "docker-compose.yml", "Makefile", ".ci/run", "requirements.lock", "pyproject.toml"):
        found = re.findall(hosts, (ROOT / name).read_text(encoding="utf-8"))
        assert not [hit for hit in found if hit != "index-url" or name != "requirements.lock"], f"{name}: {found}"
