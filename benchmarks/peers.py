"""The peers, in a virtual environment of their own, at the versions that the results name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

VERSIONS = {
    "ansible-core": "2.19.14",
    "pyinfra": "3.10.0",
    "supervisor": "4.3.0",
    "circus": "0.19.0",
}
PLACE = Path(__file__).resolve().parent.parent / "build" / "peers"


def environment() -> Path:
    """The folder with the peers' programs; made on first use (needs PyPI)."""
    stamp = PLACE / "versions"
    wanted = "\n".join(f"{name}=={version}" for name, version in VERSIONS.items())
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PLACE)], check=True)
        pip = [str(PLACE / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted.split()], check=True)
        stamp.write_text(wanted)
    return PLACE / "bin"
