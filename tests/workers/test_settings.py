"""Settings: from the environment, from the stack, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import BadInput, Unavailable
from workers.embedded.addresses import Stack, StackAddresses, write_stack
from workers.embedded.folder import StackFolder
from workers.embedded.processes import own_handle
from workers.settings import PREFIX, Settings, settings_page, variable_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No SEASON_ variable but the data folder."""
    import os

    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEASON_DATA_DIR", str(tmp_path))


def put_stack(folder: Path) -> None:
    """Write down a stack that is up."""
    addresses = StackAddresses(
        database_url="postgresql+asyncpg://postgres@/season?host=%2Ftmp%2Fx",
        temporal_address="127.0.0.1:7999",
        smtp_host="127.0.0.1",
        smtp_port=2599,
        desk_host="127.0.0.1",
        desk_port=8699,
    )
    write_stack(StackFolder.at(folder), Stack(state="up", supervisor=own_handle(), addresses=addresses))


def test_page_equals_the_code() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "Run: python -m workers.settings > docs/settings.md"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert variable_names()["SEASON_DESK_PORT"] == "desk_port"


def test_the_stack_fills_what_the_environment_leaves_open(tmp_path: Path) -> None:
    put_stack(tmp_path)
    settings = Settings.load()
    assert settings.database().endswith("host=%2Ftmp%2Fx")
    assert settings.temporal()["target_host"] == "127.0.0.1:7999"
    assert settings.smtp() == ("127.0.0.1", 2599)
    assert settings.desk_url() == "http://127.0.0.1:8699"


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_stack(tmp_path)
    monkeypatch.setenv("SEASON_TEMPORAL_ADDRESS", "temporal.example.org:7233")
    monkeypatch.setenv("SEASON_SMTP_HOST", "mail.example.org")
    settings = Settings.load()
    assert settings.temporal()["target_host"] == "temporal.example.org:7233"
    assert settings.smtp() == ("mail.example.org", 25)
    assert settings.desk_port == 8699


def test_without_a_stack_the_remedy_is_named() -> None:
    for ask in (Settings.load().database, Settings.load().temporal, Settings.load().smtp):
        with pytest.raises(Unavailable, match="season up"):
            ask()


def test_a_database_url_of_another_form_gets_our_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEASON_DATABASE_URL", "postgresql://season:hidden-word@db/season")
    settings = Settings.load()
    assert settings.database() == "postgresql+asyncpg://season:hidden-word@db/season"
    assert "hidden-word" not in repr(settings)


def test_an_unreadable_setting_is_named_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEASON_SMTP_PORT", "many")
    with pytest.raises(BadInput, match="SEASON_SMTP_PORT 'many'"):
        Settings.load()


def test_a_profile_gives_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_stack(tmp_path)
    config = tmp_path / "temporal.toml"
    config.write_text('[profile.prod]\naddress = "cloud.example.org:7233"\nnamespace = "seasons"\n', encoding="utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(config))
    monkeypatch.setenv("SEASON_TEMPORAL_PROFILE", "prod")
    connection = Settings.load().temporal()
    assert (connection["target_host"], connection["namespace"]) == ("cloud.example.org:7233", "seasons")
    monkeypatch.setenv("SEASON_TEMPORAL_PROFILE", "absent")
    with pytest.raises(BadInput, match="absent"):
        Settings.load().temporal()


@pytest.mark.parametrize(
    ("host", "public", "given", "is_open"),
    [
        ("127.0.0.1", "", "auto", True),
        ("localhost", "http://localhost:8600", "auto", True),
        ("::1", "http://[::1]:8600", "auto", True),
        ("0.0.0.0", "", "auto", False),
        ("desk.example.org", "", "auto", False),
        ("127.0.0.1", "https://season.example.org", "auto", False),
        ("0.0.0.0", "", "true", True),
        ("127.0.0.1", "", "false", False),
    ],
)
def test_a_desk_needs_no_sign_in_on_this_machine_alone_unless_told(
    monkeypatch: pytest.MonkeyPatch, host: str, public: str, given: str, is_open: bool
) -> None:
    monkeypatch.setenv("SEASON_DESK_HOST", host)
    monkeypatch.setenv("SEASON_PUBLIC_URL", public)
    monkeypatch.setenv("SEASON_DESK_OPEN", given)
    assert Settings.load().needs_no_sign_in() is is_open
