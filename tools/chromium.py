"""Finds a Chromium for the browser tests, or fetches one, and prints its path.

In this order: CHROMIUM, PATH, the system's packages as root, the npm package @sparticuz/chromium.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chromium-headless-shell",
    "headless_shell",
)  # fmt: skip


def main() -> None:
    """Prints the path; what it does meanwhile goes to stderr."""
    for find in (given, on_path, by_system, by_npm):
        path = find()
        if path and starts(path):
            print(path)
            return
    sys.exit(
        "no Chromium was found or could be fetched; install one and name it: CHROMIUM=/path/to/chromium make test"
    )


def given() -> str | None:
    """What CHROMIUM names."""
    return os.environ.get("CHROMIUM") or None


def on_path() -> str | None:
    """One that is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def by_system() -> str | None:
    """Debian's and Ubuntu's packages; needs root. The small headless one first."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    _quietly("apt-get", "update", "-q")
    for package in ("chromium-headless-shell", "chromium"):
        _quietly("apt-get", "install", "-qy", "--no-install-recommends", package)
        path = on_path()
        # Ubuntu's package of that name is an empty hint at another installer: it has to start, not only to be there.
        if path and starts(path):
            return path
    return None


def by_npm() -> str | None:
    """The one in node_modules: it unpacks itself, with the libraries that a bare system lacks."""
    folder = ROOT / ".stamps" / "chromium-from-npm"
    folder.mkdir(parents=True, exist_ok=True)
    script = 'import c from "@sparticuz/chromium"; console.log(await c.executablePath());'
    environ = {
        **os.environ,
        "TMPDIR": str(folder),
        "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",  # makes it unpack its libraries too
        "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x",
    }
    done = subprocess.run(
        [sys.executable, "tools/node.py", "node", "--input-type=module", "--eval", script],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    binary = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not Path(binary).is_file():
        print(done.stderr[-1500:], file=sys.stderr)
        return None
    start = folder / "chromium.sh"
    start.write_text(
        textwrap.dedent(f"""\
            #!/bin/sh
            LD_LIBRARY_PATH="{folder}/al2023/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" exec "{binary}" "$@"
            """)
    )
    start.chmod(0o755)
    return str(start)


def _quietly(*command: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def starts(path: str) -> bool:
    """Does it run here at all?"""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main()
