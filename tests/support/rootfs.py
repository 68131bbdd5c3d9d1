"""Debian root file systems to boot from: one base made by mmdebstrap, and on it a thin layer for
each set of further packages (made by apt in an overlay). A node lays its own disk over the two.

Cached under XDG_CACHE_HOME/enve-tests: the base takes about 30 s and 190 MB, a layer about 5 s and
5 MB. Whoever is first makes them, all others wait. Root only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RELEASE = "bookworm"
BASE = ("openssh-server", "python3", "gpgv", "iproute2")  # no init
WITHOUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
# In a mount and a pid namespace: nothing is left, whatever happens. A package must start nothing.
LAY = """\
set -e
folder=$1; root=$folder/root; base=$2; shift 2
mkdir "$folder/upper" "$folder/work" "$root"
mount -t overlay enve -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$root" || {
	# this folder lies in an overlay itself, as in a container: the layer is a whole copy then
	cp -a "$base/." "$folder/upper"; mount --bind "$folder/upper" "$root"; : >"$folder/whole"
}
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom; do
	: >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
policy=$root/usr/sbin/policy-rc.d
printf '#!/bin/sh\\nexit 101\\n' >"$policy"; chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get -qq update
chroot "$root" apt-get -qq install -y --no-install-recommends "$@"
chroot "$root" apt-get clean
rm -rf "$policy" "$root/var/lib/apt/lists"
"""


def lower(packages: tuple[str, ...]) -> str:
    """The system with these packages, as an overlay's `lowerdir`."""
    with _cache() as folder:
        below = _cached(folder, ("base", *BASE), _make_base)
        above = _cached(folder, packages, lambda fresh: _make_layer(fresh, below, packages))
    return f"{above}/upper" if (above / "whole").exists() else f"{above}/upper:{below}"


@contextmanager
def _cache() -> Iterator[Path]:
    """The cache's folder, for us alone."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "enve-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _cached(folder: Path, packages: tuple[str, ...], make: Callable[[Path], None]) -> Path:
    content = hashlib.sha256(repr((BASE, WITHOUT, LAY, packages)).encode()).hexdigest()[:12]
    root = folder / f"{RELEASE}-{packages[0]}-{content}"
    if not root.exists():
        fresh = root.with_suffix(".part")
        shutil.rmtree(fresh, ignore_errors=True)
        make(fresh)
        fresh.rename(root)
    return root


def _make_base(fresh: Path) -> None:
    exclude = [f"--dpkgopt=path-exclude={path}" for path in WITHOUT]
    include = f"--include={','.join(BASE)}"
    options = ("--quiet", "--variant=minbase", include, *exclude)
    _must("mmdebstrap", *options, RELEASE, str(fresh), mirror())


def _make_layer(fresh: Path, below: Path, packages: tuple[str, ...]) -> None:
    fresh.mkdir()
    spaces = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
    _must(*spaces, "sh", "-c", LAY, "lay", str(fresh), str(below), *packages)


def _must(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError((done.stdout + done.stderr).decode())


def mirror() -> str:
    """The Debian mirror that this machine itself uses."""
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(targets, capture_output=True, check=True).stdout.decode().split()
    return next(uri for uri in sorted(set(found)) if uri.endswith("/debian/"))
