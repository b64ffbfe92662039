"""The project's own linters find what they are for, and set-up starts from what a fresh machine has."""

import re
import stat
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from config import environment
from tools import chromium, lint_texts, messages

ROOT = environment.ROOT
WORD = "\u0417\u0430\u043f\u0438\u0441\u044c"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.py", f'"""Doc."""\nx = "{WORD}"\n'),
        ("x.py", f'x = f"{{1}} {WORD}"\n'),
        ("x.py", f'def f():\n    return "a" "{WORD}"\n'),
        ("x.html", f"<p>\n{WORD}</p>"),
        ("x.html", f'<img alt="{WORD}">'),
        ("x.js", f"const a = '{WORD}';"),
        ("x.js", f'say("http://x.example/", "{WORD}");'),
        ("x.css", f'p::before {{ content: "{WORD}"; }}'),
    ],
)
def test_cyrillic_in_the_source_is_found(name, words):
    assert len(list(lint_texts.faults_of(words, ROOT / name))) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.py", f'"""{WORD} as a word."""\n# {WORD}\nx = 1\n'),
        ("x.py", f'"""Language data of dates."""\nx = "{WORD}"\n'),
        ("x.py", f'x = "{WORD}"  # language data\n'),
        ("x.py", 'x = text.replace("\\u0451", "\\u0435")\n'),
        ("x.html", f"{{# {WORD} #}}<p></p>"),
        ("x.js", f"// {WORD}\n/* {WORD}\n{WORD} */ const a = 1;"),
        ("x.css", f"/* {WORD} */"),
    ],
)
def test_comments_and_language_data_may_be_cyrillic(name, words):
    assert list(lint_texts.faults_of(words, ROOT / name)) == []


def test_texts_of_code_are_collected():
    code = (
        "from django.utils.translation import gettext_lazy as _, ngettext, pgettext as p\n"
        "_('one' ' two'); ngettext('%(n)s row', '%(n)s rows', n); p('month', 'May'); other('no'); _(variable)\n"
    )
    assert list(messages._of_python(code, "x.py")) == [
        messages.Text("one two"),
        messages.Text("%(n)s row", "%(n)s rows"),
        messages.Text("May", context="month"),
    ]
    with pytest.raises(SystemExit):
        list(messages._of_python("from django.utils.translation import gettext as _\n_(f'{x} rows')", "x.py"))


def test_texts_of_templates_are_collected():
    template = (
        "{% translate 'Save' %}{{ _('Close') }}{% include 'x' with title=_(\"It's\") %}"
        "{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}"
        "{# {% translate 'no' %} #}<p>_('no')</p>"
    )
    found = {text.msgid: text.plural for text in messages._of_template(template, "x.html")}
    assert found == {"Save": "", "Close": "", "It's": "", "%(n)s row": "%(n)s rows"}


def catalogue(tmp_path, *entries):
    made = polib.POFile()
    made.metadata = {"Plural-Forms": "nplurals=3; plural=0;", "Content-Type": "text/plain; charset=UTF-8"}
    made.extend(entries)
    path = tmp_path / "django.po"
    made.save(str(path))
    return path


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, "lacks"),
        (polib.POEntry(msgid="%(n)s row", msgstr=""), "not translated"),
        (polib.POEntry(msgid="%(n)s row", msgstr="%(m)s"), "became"),
        (polib.POEntry(msgid="%(n)s row", msgstr="x"), "became"),
        (polib.POEntry(msgid="%(n)s row", msgstr="%(n)s", flags=["fuzzy"]), "fuzzy"),
        (polib.POEntry(msgid="other", msgstr="x"), "nobody says"),
    ],
)
def test_a_faulty_catalogue_is_found(tmp_path, monkeypatch, entry, said):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    path = catalogue(tmp_path, *([entry] if entry else []))
    text = messages.Text("%(n)s row")
    faults = list(messages._faults(path, {text.key: (text, {"x.py"})}))
    assert [fault for fault in faults if said in fault], faults


def test_plural_forms_of_the_language_are_all_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    text = messages.Text("%(n)s row", "%(n)s rows")
    texts = {text.key: (text, {"x.py"})}
    forms = {0: "%(n)s a", 1: "%(n)s b"}
    short = catalogue(
        tmp_path, polib.POEntry(msgid=text.msgid, msgid_plural=text.plural, msgstr_plural=forms)
    )
    assert "needs 3 plural forms" in "".join(messages._faults(short, texts))
    forms = {**forms, 2: "%(n)s c"}
    whole = catalogue(
        tmp_path, polib.POEntry(msgid=text.msgid, msgid_plural=text.plural, msgstr_plural=forms)
    )
    assert list(messages._faults(whole, texts)) == []


def test_a_compiled_catalogue_speaks(tmp_path):
    import gettext

    path = catalogue(tmp_path, polib.POEntry(msgid="Save", msgstr=WORD))
    assert messages.compile_catalogues([path]) == 0
    with path.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Save") == WORD


def test_locks_hold_hashes_and_no_addresses():
    locks = [*(ROOT / "requirements").glob("*.lock"), ROOT / "package-lock.json"]
    assert len(locks) >= 5
    for lock in locks:
        words = lock.read_text()
        assert not re.search(r"https?://\S+\.(?:tgz|whl|tar\.gz)", words)
        assert '"resolved"' not in words
        assert "index-url" not in words
        if lock.suffix == ".lock":
            pinned = r"^[\w.\[\]-]+==[^\n]*(?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)*"
            packages = re.findall(pinned, words, re.MULTILINE)
            assert packages
            assert [package for package in packages if "--hash=" not in package] == []


def test_demo_and_dev_pin_what_the_product_pins():
    def pins(name):
        return dict(
            re.findall(r"^([\w.\[\]-]+)==([^\s;]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE)
        )

    product, demo, dev = pins("prod.lock"), pins("demo.lock"), pins("dev.lock")
    assert product.items() <= demo.items() <= dev.items()


def test_the_machines_chromium_is_taken_when_it_is_named(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/somewhere/chromium")
    assert chromium.given() == "/somewhere/chromium"
    assert not chromium.starts("/somewhere/chromium")


@pytest.mark.parametrize(("version", "enough"), [("v12.1.0", False), ("v20.0.0", True), ("rubbish", False)])
def test_an_old_node_is_not_used(tmp_path, version, enough):
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", "from tools import node; print(node.is_new_enough())"],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(enough)


def test_ci_runs_lint_and_tests():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    words = script.read_text()
    assert "make lint" in words
    assert "make test" in words
    assert "set -euo pipefail" in words


@pytest.mark.parametrize(
    "target", ["demo", "up", "test", "lint", "bench", "soak", "clean", "messages", "assets"]
)
def test_make_knows_the_target(target):
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_scripts_of_the_shell_are_readable_by_it():
    for script in [*Path(ROOT, "tools").glob("*.sh"), *Path(ROOT, "deploy").glob("*.sh")]:
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
