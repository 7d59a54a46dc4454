"""Every setting of every process, read from the environment with the prefix `SEASON_`.

What the environment leaves open is filled from the embedded stack of the data folder, when `season up` has
started one there. The environment always wins.

`python -m workers.settings > docs/settings.md` writes the page that lists them.
"""

from __future__ import annotations

import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

from models.errors import BadInput, Unavailable
from notices.signing import Signer
from records.store import Bucket
from workers.embedded.addresses import StackAddresses, read_stack
from workers.embedded.folder import StackFolder

PREFIX = "SEASON_"


class Settings(BaseSettings):
    """The settings of one process. Build it with `Settings.load()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(
        default=Path(".season"),
        description="Folder of the embedded stack: database, Temporal's file, mails, logs. Relative to where the"
        " command is given.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL to use, such as `postgresql+asyncpg://season:…@db.example.org/season`."
        " Empty: the embedded one of the data folder. Secret.",
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="Database connections that one process may hold.")
    temporal_address: str = Field(
        default="",
        description="Host and port of the Temporal server. Empty: the profile's, else the embedded one.",
    )
    temporal_namespace: str = Field(default="default", min_length=1, description="Temporal namespace to work in.")
    temporal_profile: str = Field(
        default="",
        description="Profile of Temporal's own configuration (`temporal config`) to take the address, TLS and API"
        " key from. Empty: none.",
    )
    temporal_ui_url: str = Field(
        default="", description="Where people find the Temporal UI; the console links to it. Empty: the embedded one."
    )
    smtp_host: str = Field(default="", description="Mail server. Empty: the embedded mail sink.")
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Port of the mail server.")
    smtp_username: str = Field(default="", description="Name to log in to the mail server with. Empty: no log-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password for the mail server. Secret.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none", description="How the connection to the mail server is encrypted: `none`, `starttls` or `tls`."
    )
    mail_from: str = Field(
        default="Season office <season@localhost>", min_length=3, description="Sender of every notice."
    )
    mail_per_second: float = Field(
        default=20.0, ge=0, le=10_000, description="Most notices per second from each mail worker. 0: no limit."
    )
    mail_per_second_domain: float = Field(
        default=0.0,
        ge=0,
        le=10_000,
        description="Most notices per second from each mail worker to one domain of addresses. 0: no such limit.",
    )
    mail_connections: int = Field(
        default=32,
        ge=1,
        le=100,
        description="Connections that each mail worker makes to the mail server at most: fewer where its speed needs no"
        " more or the server takes no more; and so how many notices are on their way at once.",
    )
    dkim_domain: str = Field(
        default="",
        description="Domain that signs notices (DKIM), mostly that of `SEASON_MAIL_FROM`. Empty: no signature.",
    )
    dkim_selector: str = Field(
        default="season",
        description="Selector of the DKIM key; `season notices dkim` prints the DNS record to publish.",
    )
    dkim_key: SecretStr = Field(
        default=SecretStr(""),
        description="RSA private key for DKIM, as PEM text or as the path of a file with it. Secret.",
    )
    bounce_mailbox: str = Field(
        default="",
        description="Mailbox to which reports of bounces come: a Maildir folder, or `imaps://user@host/folder`."
        " Empty: none is read.",
    )
    bounce_password: SecretStr = Field(
        default=SecretStr(""), description="Password for the mailbox of bounces on an IMAP server. Secret."
    )
    hooks_private: bool = Field(
        default=False,
        description="Whether webhooks may go to this machine and to private networks, and by plain HTTP.",
    )
    desk_host: str = Field(default="127.0.0.1", description="Address that the console and the API listen on.")
    desk_port: int = Field(default=8600, ge=1, le=65535, description="Port that the console and the API listen on.")
    desk_open: Literal["auto", "true", "false"] = Field(
        default="auto",
        description="Whether the console and the API need no sign-in: `true`, `false`, or `auto`: only while the desk"
        " listens on this machine alone and `SEASON_PUBLIC_URL` names no other.",
    )
    api_per_minute: int = Field(
        default=600,
        ge=0,
        le=1_000_000,
        description="Requests to the API a minute for each token, person, or address of nobody known. 0: no limit.",
    )
    sign_in_per_minute: int = Field(
        default=60, ge=0, le=1_000_000, description="Attempts to sign in a minute for each address. 0: no limit."
    )
    document_store: str = Field(
        default="",
        description="Where documents lie: a folder, or `s3://bucket/prefix`. Empty: `documents` in the data folder.",
    )
    document_s3_endpoint: str = Field(
        default="", description="Address of the S3 service, such as `https://s3.example.org`. Empty: Amazon's."
    )
    document_s3_region: str = Field(default="us-east-1", description="Region of the bucket.")
    document_s3_access_key: str = Field(
        default="", description="Access key of the S3 service. Empty: as the machine that this runs on has it."
    )
    document_s3_secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key of the S3 service. Secret."
    )
    document_max_megabytes: int = Field(
        default=20, ge=1, le=500, description="Largest document that is taken, in MB of 1024 × 1024 bytes."
    )
    document_keep_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="Days that the file of a removed document is kept.",
    )
    public_url: str = Field(
        default="",
        description="Address that people reach the console under; links in notices start with it."
        " Empty: built from the desk's host and port.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key under which secrets lie in the database: 32 characters or more, the same for every process,"
        " and kept apart from backups of the database. Empty: the embedded stack's own. Secret.",
    )
    health_port: int = Field(
        default=0, ge=0, le=65535, description="Port of a worker's health and metrics page. 0: no such page."
    )
    health_host: str = Field(default="127.0.0.1", description="Address that a worker's health page listens on.")
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="`json`: one object a line; `console`: for people; `auto`: by whether it is a terminal.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity that is logged."
    )

    @classmethod
    def from_environment(cls, data_dir: Path | None = None) -> Self:
        """The settings as the environment alone gives them. Raises BadInput, as `load` does."""
        try:
            return cls() if data_dir is None else cls(data_dir=data_dir)
        except ValidationError as error:
            raise _unreadable(error) from None

    @classmethod
    def load(cls, data_dir: Path | None = None) -> Self:
        """The settings of this process: environment first, then the stack of the data folder, then defaults.

        Args:
            data_dir: used in place of `SEASON_DATA_DIR`.

        Raises:
            BadInput: a setting cannot be read; the sentence names the variable.
        """
        given = cls.from_environment(data_dir)
        stack, key = read_stack(given.folder), given.folder.read_secret()
        if stack is None and not key:
            return given
        known: dict[str, Any] = _unset(given, stack.addresses) if stack else {}
        if key and not given.is_given("secret_key"):
            known["secret_key"] = SecretStr(key)
        return cls(data_dir=given.data_dir, **known)

    @property
    def folder(self) -> StackFolder:
        """The data folder, as an absolute path with names for all that lies in it."""
        return StackFolder.at(self.data_dir)

    def database(self) -> str:
        """The database's SQLAlchemy URL, with its password. Raises Unavailable when there is none yet."""
        url = self.database_url.get_secret_value()
        if not url:
            raise self._nothing_up("database", "SEASON_DATABASE_URL")
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+asyncpg")
        return parsed.render_as_string(hide_password=False)

    def temporal(self) -> dict[str, Any]:
        """Arguments for `Client.connect(**…)`: address, namespace, and TLS and API key where a profile has them.

        Raises:
            Unavailable: no address is known.
            BadInput: the profile cannot be read.
        """
        # Imported here, since it takes a third of a second, and most readers of settings do not need it.
        from temporalio.envconfig import ClientConfigProfile

        config: dict[str, Any] = {}
        if self.temporal_profile:
            try:
                profile = ClientConfigProfile.load(self.temporal_profile)
            except Exception as error:  # the SDK's own kind of error has no public name
                raise BadInput(
                    "settings.profile",
                    f"Temporal's profile '{self.temporal_profile}' (SEASON_TEMPORAL_PROFILE) cannot be read: {error}.",
                    "`temporal config list` shows the profiles there are.",
                ) from None
            config.update(profile.to_client_connect_config())
        if "namespace" not in config or self.is_given("temporal_namespace"):
            config["namespace"] = self.temporal_namespace
        if self.temporal_address:
            config["target_host"] = self.temporal_address
        if not config.get("target_host"):
            raise self._nothing_up("Temporal server", "SEASON_TEMPORAL_ADDRESS")
        return config

    def documents(self) -> Path | Bucket:
        """Where documents lie. Raises BadInput for an address that is no folder and no bucket."""
        scheme, found, rest = self.document_store.partition("://")
        if not found:
            given = Path(self.document_store).expanduser() if self.document_store else self.folder.documents
            return given.absolute()
        name, _, prefix = rest.partition("/")
        if scheme != "s3" or not name:
            raise BadInput(
                "settings.document_store",
                f"The setting {PREFIX}DOCUMENT_STORE '{self.document_store}' cannot be used.",
                "Write a folder, or s3://bucket/prefix.",
            )
        return Bucket(
            name, prefix.strip("/"), self.document_s3_endpoint, self.document_s3_region, self.document_s3_access_key,
            self.document_s3_secret_key.get_secret_value(),
        )  # fmt: skip

    def smtp(self) -> tuple[str, int]:
        """Host and port of the mail server. Raises Unavailable when none is known."""
        if not self.smtp_host:
            raise self._nothing_up("mail server", "SEASON_SMTP_HOST")
        return self.smtp_host, self.smtp_port

    def signer(self) -> Signer | None:
        """What signs notices by DKIM; None where no domain is set. Raises BadInput for a key that is of no use."""
        key = self.dkim_key.get_secret_value()
        if not self.dkim_domain and not key:
            return None
        if not self.dkim_domain or not key:
            has, lacks = ("KEY", "DOMAIN") if key else ("DOMAIN", "KEY")
            raise BadInput(
                "settings.dkim", f"{PREFIX}DKIM_{has} is set, and {PREFIX}DKIM_{lacks} is not.",
                f"Set both, or neither; {PREFIX}DKIM_SELECTOR names the key.",
            )  # fmt: skip
        if "-----BEGIN" not in key:
            path = Path(key).expanduser()
            try:
                key = path.read_text(encoding="ascii")
            except (OSError, ValueError):
                raise BadInput(
                    "settings.dkim_file", f"{PREFIX}DKIM_KEY is no PEM text, and no file that can be read.",
                    "Name a file that the process may read.",
                ) from None  # fmt: skip
        # Where a variable can hold one line only, its line breaks are written as \n.
        return Signer(self.dkim_domain, self.dkim_selector, key.replace("\\n", "\n"))

    def desk_url(self) -> str:
        """Address that people reach the console under, without a slash at the end."""
        return (self.public_url or f"http://{self.desk_host}:{self.desk_port}").rstrip("/")

    def needs_no_sign_in(self) -> bool:
        """Whether everybody who reaches the console may do everything there."""
        if self.desk_open != "auto":
            return self.desk_open == "true"
        # Behind a proxy the desk listens on loopback too, and yet the whole world reaches it.
        return _is_loopback(self.desk_host) and _is_loopback(urlsplit(self.desk_url()).hostname or "")

    def is_given(self, name: str) -> bool:
        """Whether the setting was given with a value (by the environment or the stack), not left at its default."""
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return name in self.model_fields_set and text != ""

    def _nothing_up(self, what: str, variable: str) -> Unavailable:
        return Unavailable(
            "stack.down",
            f"No {what} is known: nothing is up in {self.folder.root}.",
            f"Start the embedded stack with `season up`, or name one in {variable}.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _unset(given: Settings, addresses: StackAddresses) -> dict[str, object]:
    known = addresses.model_dump(exclude_none=True)
    if given.temporal_profile:
        known.pop("temporal_address", None)
    # An SMTP port belongs to its host: a host from the environment keeps the environment's or the usual port.
    if given.is_given("smtp_host"):
        known.pop("smtp_port", None)
    return {name: value for name, value in known.items() if not given.is_given(name)}


def _unreadable(error: ValidationError) -> BadInput:
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    known = Settings.model_fields.get(field)
    value = "" if known is None or known.annotation is SecretStr else f" '{first.get('input')}'"
    return BadInput(
        "settings.unreadable",
        f"The setting {PREFIX}{field.upper()}{value} cannot be used: {first['msg']}.",
        "docs/settings.md lists every setting and its values.",
    )


def variable_names() -> dict[str, str]:
    """Every environment variable that is read, and the field that it fills."""
    return {PREFIX + name.upper(): name for name in Settings.model_fields}


def settings_page() -> str:
    """The text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Every process reads these from its environment. What is left open is taken from the embedded stack of the",
        "data folder, when `season up` has started one there; the environment wins. An unreadable value stops the",
        "process with a sentence that names the variable. Secrets are never logged.",
        "",
        "This page is written by `python -m workers.settings > docs/settings.md`; a test holds it against the code.",
        "",
        "| variable | default | what it sets |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |" for name, field in _fields()]
    return "\n".join(lines) + "\n"


def _fields() -> list[tuple[str, FieldInfo]]:
    return list(Settings.model_fields.items())


def _default(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return f"`{value}`" if str(value) else "empty"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
