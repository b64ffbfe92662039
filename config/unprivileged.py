"""PostgreSQL refuses to run as root. As root it runs as somebody else, and no folder is opened for that.

In a user namespace files stay root's own. Where namespaces are forbidden, or the folders belong to yet another
user, it runs as `nobody`, who keeps the one capability that lets it walk into folders that are closed to it;
binaries that lie in such a folder are copied to a place where anybody may read them.
"""

import functools
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

Way = Literal["plain", "namespace", "nobody"]

_COPIES = Path("/var/lib/marzha")


@functools.cache
def way(folder: Path, binary: Path) -> Way:
    """How `binary` runs with its data in `folder`; a namespace only if both are within its reach."""
    if os.geteuid() != 0:
        return "plain"
    reach = ["sh", "-c", 'test -x "$1" && test -w "$2"', "sh", str(binary), str(folder)]
    return "namespace" if _succeeds([*_namespace(), *reach]) else "nobody"


def command(words: list[str], *, by: Way) -> list[str]:
    """The command that runs `words` that way; a leash (PR_SET_PDEATHSIG) holds through it."""
    if by == "namespace":
        return [*_namespace(), *words]
    if by == "nobody":
        keep = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        # Changing the user undoes the leash, so setpriv ties it again.
        return ["setpriv", *_nobody(), *keep, "--pdeathsig=INT", "--", *words]
    return words


def own(path: Path, *, by: Way) -> None:
    """Gives files to whom the server runs as; needed when the way changed since they were made."""
    if by == "plain":
        return
    user = pwd.getpwnam("nobody") if by == "nobody" else pwd.getpwuid(0)
    if path.stat().st_uid == user.pw_uid:
        return
    for place in (path, *(path.rglob("*") if path.is_dir() else ())):
        os.chown(place, user.pw_uid, user.pw_gid, follow_symlinks=False)


@functools.cache
def readable(folder: Path, *, by: Way) -> Path:
    """The folder of binaries itself, or a copy of it that `nobody` can read.

    initdb asks by access(), which looks past capabilities.
    """
    if by != "nobody" or _succeeds(["setpriv", *_nobody(), "test", "-r", str(folder)]):
        return folder
    key = hashlib.sha256(f"{folder} {folder.stat().st_mtime_ns}".encode()).hexdigest()[:16]
    copy = _COPIES / key / folder.name
    if not copy.exists():
        _COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=_COPIES))
        fresh.chmod(0o755)
        # The libraries that the wheel brought along lie beside its package.
        for part in (folder, folder.with_name(f"{folder.name}.libs")):
            if part.exists():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        fresh.rename(copy.parent)
    return copy


def _namespace() -> list[str]:
    # The number must have a name: initdb looks it up.
    other = min((user for user in pwd.getpwall() if user.pw_uid), key=lambda user: user.pw_uid)
    return ["unshare", "--user", f"--map-user={other.pw_uid}", f"--map-group={other.pw_gid}"]


def _nobody() -> list[str]:
    user = pwd.getpwnam("nobody")
    return [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _succeeds(words: list[str]) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
