"""All linters, two at a time; prints what each found and exits 1 if any found something."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent

CHECKS: dict[str, list[str]] = {  # the slow ones first
    "mypy": [PYTHON, "-m", "mypy", "."],
    "djlint": [PYTHON, "-m", "djlint", "templates", "--lint", "--quiet"],
    "ruff": [PYTHON, "-m", "ruff", "check", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "floors": [str(BIN / "lint-imports"), "--no-logo"],
    "texts": [PYTHON, "tools/lint_texts.py"],
    "catalogues": [PYTHON, "tools/messages.py", "check"],
    "system check": [PYTHON, "manage.py", "check", "--fail-level", "WARNING"],
    # Without a server Django warns that it cannot compare with what a database has applied: not asked here.
    "migrations": [PYTHON, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
}


def main(wanted: list[str]) -> int:
    """Runs the named checks, or all; returns the exit code."""
    names = wanted or list(CHECKS)
    if unknown := [name for name in names if name not in CHECKS]:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max_workers=2) as pool:
        failed = [name for name, passed in zip(names, pool.map(run, names), strict=True) if not passed]
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


def run(name: str) -> bool:
    """Runs one check and prints its line, with what it said if it failed."""
    began = time.monotonic()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    said = "" if passed else f"\n{done.stdout.rstrip()}\n"
    print(f"  {'ok  ' if passed else 'FAIL'}  {name}  {time.monotonic() - began:.1f} s{said}", flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
