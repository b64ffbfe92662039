"""The one typed place that reads the environment. Imports no Django: the launcher and manage.py come first.

Every setting may be given as NAME or, for secrets mounted as files, as NAME_FILE. What nobody gives is generated
once and kept in MARZHA_DATA/secrets.json, readable by its owner alone.
"""

import base64
import contextlib
import fcntl
import json
import os
import re
import secrets
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder; a relative MARZHA_DATA starts here, wherever a command is run from."""

PROVIDERS: Mapping[str, tuple[str, str]] = {
    "telegram": ("TELEGRAM_API_URL", "https://api.telegram.org"),
    "meta": ("META_GRAPH_URL", "https://graph.facebook.com"),
    "vk": ("VK_API_URL", "https://api.vk.com"),
    "max": ("MAX_API_URL", "https://platform-api2.max.ru"),
    "avito": ("AVITO_API_URL", "https://api.avito.ru"),
    "smsc": ("SMSC_API_URL", "https://smsc.ru"),
    "smsaero": ("SMSAERO_API_URL", "https://gate.smsaero.ru/v2"),
    "twilio": ("TWILIO_API_URL", "https://api.twilio.com"),
    "mango": ("MANGO_API_URL", "https://app.mango-office.ru"),
    "uis": ("UIS_API_URL", "https://dataapi.uiscom.ru"),
    "novofon": ("NOVOFON_API_URL", "https://api.novofon.com"),
    "zadarma": ("ZADARMA_API_URL", "https://api.zadarma.com"),
    "megafon": ("MEGAFON_API_URL", ""),
    "yookassa": ("YOOKASSA_API_URL", "https://api.yookassa.ru/v3"),
    "tbank": ("TBANK_API_URL", "https://securepay.tinkoff.ru/v2"),
    "bitrix24": ("BITRIX24_OAUTH_URL", "https://oauth.bitrix24.tech"),
    "amocrm": ("AMOCRM_BASE_URL", ""),
    "openai": ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
}
"""Outside system -> (variable, its public address). An empty address: every account has its own."""

PLATFORM_KEYS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "META_APP_ID": (("whatsapp", "app_id"), ("instagram", "app_id")),
    "META_APP_SECRET": (("whatsapp", "app_secret"), ("instagram", "app_secret")),
}
"""Variable -> the settings (kind of channel, name) that this installation's own approved application fills."""

ROLES = ("owner", "rw", "ro", "ingest")
"""The database roles that log in: migrations, the product, dashboards, the webhook door."""

NOWHERE = "postgresql://nobody@127.0.0.1:1/marzha"
"""Database address while no server is known: connecting is refused at once, importing settings works."""

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off", ""}


class Refused(Exception):
    """The environment says something that cannot be meant; the message names the variable and what it may be."""


class KeyRing(TypedDict):
    """Keys of secrets at rest: `current` encrypts, all of them decrypt; values are 32 bytes in base64."""

    current: str
    keys: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """One address per role. `admin` may create roles; None where nobody gave one."""

    owner: str
    rw: str
    ro: str
    ingest: str
    admin: str | None = None


@dataclass(frozen=True, kw_only=True)
class S3:
    """An S3-compatible store for files of conversations, in place of the folder."""

    endpoint: str
    bucket: str
    key: str
    secret: str = field(repr=False)
    region: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the product knows of its surroundings. URLs of embedded servers are those running at `load()`."""

    data_dir: Path
    secret_key: str = field(repr=False)
    encryption_keys: KeyRing = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    databases: DatabaseUrls = field(repr=False)
    embedded_postgres: bool
    redis_url: str = field(repr=False)
    embedded_redis: bool
    host: str
    port: int
    public_url: str
    allow_private_hosts: bool
    debug: bool
    demo: bool
    provider_urls: Mapping[str, str]
    openai_api_key: str = field(repr=False)
    openai_model: str
    email_url: str = field(repr=False)
    email_from: str
    s3: S3 | None
    platform_settings: Mapping[str, Mapping[str, str]] = field(repr=False)

    @property
    def database_url_owner(self) -> str:
        return self.databases.owner

    @property
    def database_url_rw(self) -> str:
        return self.databases.rw

    @property
    def database_url_ro(self) -> str:
        return self.databases.ro

    @property
    def database_url_ingest(self) -> str:
        return self.databases.ingest

    @property
    def spool_dir(self) -> Path:
        """Where webhooks wait while the database is down."""
        return self.data_dir / "spool"

    @property
    def media_dir(self) -> Path:
        """Files of conversations."""
        return self.data_dir / "media"


def load(environ: Mapping[str, str] | None = None) -> Environment:
    """Reads the environment (default: the process's own), generating and keeping what is generated.

    Raises Refused for a word that is no boolean, a port that is none, an address of an unknown kind.
    """
    read = _Reader(os.environ if environ is None else environ)
    data_dir = _data_dir(read)
    kept = _secrets(data_dir)
    port = read.integer("PORT", 8000, low=1, high=65535)
    live = running_servers(data_dir)
    databases, embedded_postgres = _databases(read, kept, live)
    redis_url = read.url("REDIS_URL", "", {"redis", "rediss", "unix", "sentinel"})
    embedded_redis = not redis_url
    if embedded_redis:
        valkey_port = live.get("valkey", {}).get("port", 1)
        redis_url = f"redis://:{kept['passwords']['valkey']}@127.0.0.1:{valkey_port}/0"
    return Environment(
        data_dir=data_dir,
        secret_key=read.text("SECRET_KEY", kept["secret_key"]),
        encryption_keys=_key_ring(read, kept),
        passwords=kept["passwords"],
        databases=databases,
        embedded_postgres=embedded_postgres,
        redis_url=redis_url,
        embedded_redis=embedded_redis,
        host=read.text("HOST", "127.0.0.1"),
        port=port,
        public_url=read.url("PUBLIC_URL", f"http://127.0.0.1:{port}", {"http", "https"}).rstrip("/"),
        allow_private_hosts=read.boolean("ALLOW_PRIVATE_HOSTS", default=False),
        debug=read.boolean("MARZHA_DEBUG", default=False),
        demo=read.boolean("MARZHA_DEMO", default=False),
        provider_urls={
            system: read.url(name, default, {"http", "https"}).rstrip("/")
            for system, (name, default) in PROVIDERS.items()
        },
        openai_api_key=read.text("OPENAI_API_KEY", ""),
        openai_model=read.text("OPENAI_MODEL", ""),
        email_url=read.url("EMAIL_URL", "", {"smtp", "smtps", "smtp+tls"}),
        email_from=read.text("EMAIL_FROM", "Marzha <noreply@localhost>"),
        s3=_s3(read),
        platform_settings=_platform_settings(read),
    )


def running_servers(data_dir: Path) -> dict[str, Any]:
    """What servers.json says of the embedded servers of `data_dir`; {} when there are none."""
    try:
        found = json.loads((data_dir / "servers.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def database_settings(url: str) -> dict[str, Any]:
    """The parts of a postgresql:// URL as Django's DATABASES names them; the query becomes OPTIONS."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise Refused(f"a database address starts with postgresql://, not {parts.scheme!r}")
    query = urllib.parse.parse_qs(parts.query)
    host = query.pop("host", [parts.hostname or ""])[-1]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": urllib.parse.unquote(parts.path.lstrip("/")) or "marzha",
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {key: values[-1] for key, values in query.items()},
    }


def with_login(url: str, *, user: str, password: str, database: str | None = None) -> str:
    """The same server's address for another login, and another database if one is named."""
    parts = urllib.parse.urlsplit(url)
    login = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    place = parts.netloc.rpartition("@")[2]
    path = parts.path if database is None else "/" + urllib.parse.quote(database, safe="")
    return urllib.parse.urlunsplit(("postgresql", f"{login}@{place}", path, parts.query, ""))


def at_database(url: str, name: str) -> str:
    """The same server and login, another database."""
    return urllib.parse.urlunsplit(
        urllib.parse.urlsplit(url)._replace(path="/" + urllib.parse.quote(name, safe=""))
    )


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Holds a file lock for the time of the block; yields its descriptor."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def write_private(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read, at once and whole: readers see the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Reader:
    """Reads single variables, each with one way of being wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        given = self._environ.get(name, "").strip()
        file = self._environ.get(f"{name}_FILE", "").strip()
        if given or not file:
            return given or default
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Refused(f"{name}_FILE: {file} cannot be read: {error.strerror}") from error

    def boolean(self, name: str, *, default: bool) -> bool:
        word = self.text(name, "1" if default else "0").lower()
        if word in _YES | _NO:
            return word in _YES
        raise Refused(f"{name}: {word!r} is neither yes nor no; write 1 or 0")

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        word = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", word) or not low <= int(word) <= high:
            raise Refused(f"{name}: {word!r} is no whole number from {low} to {high}")
        return int(word)

    def url(self, name: str, default: str, schemes: set[str]) -> str:
        word = self.text(name, default)
        if word and urllib.parse.urlsplit(word).scheme not in schemes:
            kinds = ", ".join(f"{scheme}://" for scheme in sorted(schemes))
            raise Refused(f"{name}: an address starting with {kinds} is expected")
        return word


def _s3(read: _Reader) -> S3 | None:
    """S3_ENDPOINT, S3_BUCKET, S3_KEY and S3_SECRET together, or none of them."""
    endpoint = read.url("S3_ENDPOINT", "", {"http", "https"}).rstrip("/")
    names = ("S3_BUCKET", "S3_KEY", "S3_SECRET")
    given = [read.text(name, "") for name in names]
    if not endpoint and not any(given):
        return None
    if not (endpoint and all(given)):
        raise Refused("S3_ENDPOINT, S3_BUCKET, S3_KEY and S3_SECRET are given together or not at all")
    bucket, key, secret = given
    return S3(
        endpoint=endpoint, bucket=bucket, key=key, secret=secret, region=read.text("S3_REGION", "us-east-1")
    )


def _platform_settings(read: _Reader) -> dict[str, dict[str, str]]:
    """Kind of channel -> setting -> value, for the variables that are given."""
    found: dict[str, dict[str, str]] = {}
    for name, places in PLATFORM_KEYS.items():
        value = read.text(name, "")
        for kind, setting in places if value else ():
            found.setdefault(kind, {})[setting] = value
    return found


def _data_dir(read: _Reader) -> Path:
    data_dir = (ROOT / Path(read.text("MARZHA_DATA", ".local")).expanduser()).resolve()
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Refused(f"MARZHA_DATA: {data_dir} cannot be made: {error.strerror}") from error
    return data_dir


def _secrets(data_dir: Path) -> dict[str, Any]:
    """What secrets.json keeps, completed by what a newer version needs more."""
    path = data_dir / "secrets.json"
    kept = _read_secrets(path)
    if _completed(kept) == kept:
        return kept
    with locked(data_dir / "secrets.lock"):
        kept = _completed(_read_secrets(path))
        write_private(path, json.dumps(kept, indent=1))
    return kept


def _read_secrets(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Refused(
            f"{path} cannot be read ({error}); without its keys stored secrets stay closed"
        ) from error
    if not isinstance(kept, dict):
        raise Refused(f"{path} holds no JSON object")
    return kept


def _completed(kept: dict[str, Any]) -> dict[str, Any]:
    passwords = dict(kept.get("passwords", {}))
    for name in ("postgres", "valkey", *ROLES):
        passwords.setdefault(name, secrets.token_urlsafe(24))
    new_key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        **kept,
        "secret_key": kept.get("secret_key") or secrets.token_urlsafe(50),
        "encryption": kept.get("encryption") or {"current": "k1", "keys": {"k1": new_key}},
        "passwords": passwords,
    }


def _key_ring(read: _Reader, kept: Mapping[str, Any]) -> KeyRing:
    """ENCRYPTION_KEYS is `name:base64,name:base64`, the current one first; else the generated ring."""
    given = read.text("ENCRYPTION_KEYS", "")
    ring: KeyRing = kept["encryption"]
    if given:
        pairs = [entry.strip().partition(":") for entry in given.split(",") if entry.strip()]
        ring = {"current": pairs[0][0], "keys": {name: key for name, _, key in pairs}}
    for name, key in ring["keys"].items():
        try:
            right = bool(name) and len(base64.b64decode(key, validate=True)) == 32
        except ValueError:
            right = False
        if not right:
            raise Refused(f"ENCRYPTION_KEYS: key {name!r} is not 32 bytes in base64")
    return ring


def _databases(read: _Reader, kept: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[DatabaseUrls, bool]:
    """The roles' addresses, and whether the embedded server is meant.

    DATABASE_URL alone is a role that may create the others; with all of _RW, _RO and _INGEST given it is the
    owner itself, or may be left out by processes that never migrate.
    """
    schemes = {"postgres", "postgresql"}
    given = read.url("DATABASE_URL", "", schemes)
    roles = {role: read.url(f"DATABASE_URL_{role.upper()}", "", schemes) for role in ROLES}
    named = [role for role in ("rw", "ro", "ingest") if roles[role]]
    if named and len(named) < 3:
        raise Refused(
            "DATABASE_URL_RW, DATABASE_URL_RO and DATABASE_URL_INGEST are given together or not at all"
        )
    if named:
        owner = roles["owner"] or given or NOWHERE
        return DatabaseUrls(
            owner=owner, rw=roles["rw"], ro=roles["ro"], ingest=roles["ingest"], admin=given or None
        ), False
    port = live.get("postgres", {}).get("port", 1)
    admin = given or f"postgresql://postgres:{kept['passwords']['postgres']}@127.0.0.1:{port}/postgres"
    database = database_of(admin)
    urls = {
        role: with_login(admin, user=f"app_{role}", password=kept["passwords"][role], database=database)
        for role in ROLES
    }
    return DatabaseUrls(**urls, admin=admin), not given


def database_of(url: str) -> str:
    """The product's database on the server of `url`: the one it names, or `marzha` beside the server's own."""
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.lstrip("/"))
    return "marzha" if name in {"", "postgres", "template1"} else name
