"""The environment: read in one place, wrong words refused, generated secrets kept private."""

import base64
import json
import stat
import subprocess
import sys

import pytest

from config import environment


def load(tmp_path, **environ):
    return environment.load({"MARZHA_DATA": str(tmp_path / "data"), **environ})


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("ALLOW_PRIVATE_HOSTS", "maybe"),
        ("ALLOW_PRIVATE_HOSTS", "2"),
        ("MARZHA_DEBUG", "ja"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("REDIS_URL", "localhost:6379"),
        ("PUBLIC_URL", "crm.example.org"),
        ("TELEGRAM_API_URL", "ftp://example.org"),
        ("DATABASE_URL_RW", "postgresql://app_rw:x@db/marzha"),  # alone: its two companions are missing
        ("SECRET_KEY_FILE", "/nowhere/at/all"),
        ("ENCRYPTION_KEYS", "k1:c2hvcnQ="),
        ("ENCRYPTION_KEYS", "k1"),
        ("S3_ENDPOINT", "s3.example.org"),
    ],
)
def test_a_word_that_cannot_be_meant_is_refused_by_name(tmp_path, name, word):
    with pytest.raises(environment.Refused) as refused:
        load(tmp_path, **{name: word})
    assert name.removesuffix("_RW").removesuffix("_FILE") in str(refused.value)


@pytest.mark.parametrize("word", ["1", "yes", "ON", "True"])
def test_words_for_yes(tmp_path, word):
    assert load(tmp_path, ALLOW_PRIVATE_HOSTS=word).allow_private_hosts is True


@pytest.mark.parametrize("word", ["0", "no", "off", ""])
def test_words_for_no(tmp_path, word):
    assert load(tmp_path, ALLOW_PRIVATE_HOSTS=word).allow_private_hosts is False


def test_generated_secrets_are_private_and_last(tmp_path):
    first, second = load(tmp_path), load(tmp_path)
    kept = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    assert first.passwords == second.passwords
    assert len(set(first.passwords.values())) == len(first.passwords)
    key = first.encryption_keys["keys"][first.encryption_keys["current"]]
    assert len(base64.b64decode(key)) == 32


def test_processes_that_start_together_agree_on_secrets(tmp_path):
    say = "from config import environment as e; print(e.load().secret_key)"
    command = [sys.executable, "-c", say]
    environ = {"MARZHA_DATA": str(tmp_path / "data"), "PATH": "/usr/bin:/bin"}
    starters = [
        subprocess.Popen(command, env=environ, cwd=environment.ROOT, stdout=subprocess.PIPE) for _ in range(4)
    ]
    assert len({starter.communicate()[0] for starter in starters}) == 1


def test_a_newer_version_completes_secrets_and_keeps_the_old_ones(tmp_path):
    before = load(tmp_path)
    kept = tmp_path / "data" / "secrets.json"
    told = json.loads(kept.read_text())
    del told["passwords"]["ingest"]
    kept.write_text(json.dumps(told))
    after = load(tmp_path)
    assert after.passwords["ingest"]
    assert {**after.passwords, "ingest": ""} == {**before.passwords, "ingest": ""}
    assert after.secret_key == before.secret_key


def test_secrets_that_cannot_be_read_are_not_generated_over(tmp_path):
    load(tmp_path)
    kept = tmp_path / "data" / "secrets.json"
    kept.write_text("{ half a fi")
    with pytest.raises(environment.Refused):
        load(tmp_path)
    assert kept.read_text() == "{ half a fi"


def test_no_secret_is_seen_when_it_is_printed(tmp_path):
    given = load(tmp_path, OPENAI_API_KEY="sk-planted", DATABASE_URL="postgresql://me:planted@db/x")
    shown = repr(given)
    assert "planted" not in shown
    assert given.secret_key not in shown
    assert not [password for password in given.passwords.values() if password in shown]


def test_a_secret_may_be_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")
    assert load(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")).secret_key == "from a file"


def test_the_platforms_own_application_fills_settings_of_its_kinds(tmp_path):
    assert load(tmp_path).platform_settings == {}
    given = load(tmp_path, META_APP_SECRET="planted-secret", META_APP_ID="77")
    assert given.platform_settings["whatsapp"] == {"app_id": "77", "app_secret": "planted-secret"}
    assert given.platform_settings["instagram"]["app_secret"] == "planted-secret"
    assert "planted-secret" not in repr(given)


def test_one_database_address_gives_one_per_role(tmp_path):
    given = load(tmp_path, DATABASE_URL="postgresql://me:p%40ss@db.example:6432/postgres?sslmode=require")
    assert not given.embedded_postgres
    parts = environment.database_settings(given.database_url_rw)
    assert (parts["USER"], parts["HOST"], parts["PORT"]) == ("app_rw", "db.example", "6432")
    assert parts["NAME"] == "marzha"
    assert parts["PASSWORD"] == given.passwords["rw"]
    assert parts["OPTIONS"] == {"sslmode": "require"}
    assert environment.database_settings(given.databases.admin or "")["PASSWORD"] == "p@ss"


def test_a_named_database_is_the_one_that_is_used(tmp_path):
    given = load(tmp_path, DATABASE_URL="postgresql://me@db/salon")
    assert environment.database_settings(given.database_url_ro)["NAME"] == "salon"


def test_a_process_with_the_products_own_addresses_needs_no_other(tmp_path):
    roles = {
        f"DATABASE_URL_{role}": f"postgresql://my_{role.lower()}:x@db/m" for role in ("RW", "RO", "INGEST")
    }
    given = load(tmp_path, **roles)
    assert not given.embedded_postgres
    assert given.databases.admin is None
    assert given.database_url_ingest == "postgresql://my_ingest:x@db/m"


def test_the_first_key_seals_and_all_open(tmp_path):
    new, old = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    ring = load(tmp_path, ENCRYPTION_KEYS=f"k2:{new}, k1:{old}").encryption_keys
    assert ring == {"current": "k2", "keys": {"k2": new, "k1": old}}


def test_manage_says_what_is_wrong_and_exits_with_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=environment.ROOT,
        env={"PATH": "/usr/bin:/bin", "MARZHA_DATA": str(tmp_path), "ALLOW_PRIVATE_HOSTS": "perhaps"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "ALLOW_PRIVATE_HOSTS" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


STORE = {
    "S3_ENDPOINT": "https://s3.example.org/",
    "S3_BUCKET": "media",
    "S3_KEY": "k",
    "S3_SECRET": "hunter2",
}


def test_an_outside_store_is_named_whole_or_not_at_all(tmp_path):
    assert load(tmp_path).s3 is None
    store = load(tmp_path, **STORE).s3
    assert (store.endpoint, store.bucket, store.region) == ("https://s3.example.org", "media", "us-east-1")
    assert "hunter2" not in repr(store)
    for name in STORE:
        with pytest.raises(environment.Refused, match="S3_SECRET"):
            load(tmp_path, **{other: value for other, value in STORE.items() if other != name})
