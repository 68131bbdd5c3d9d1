"""Rows of /proc/self/mountinfo, whatever others call what they mount."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from enve_pm.shell.process import mountinfo

ROW = "41 27 0:35 / /srv/%s rw,nosuid shared:5 master:2 - tmpfs it\\040is rw,size=4k\n"
NAMES = ["a\rb", "a\x0bb", "a\x1eb", "a\x85b", "a\u2028b", "a\udcffb"]


def test_a_row() -> None:
    (found,) = mountinfo.parse(ROW % "a\\040b\\134")
    assert (found.number, found.device, found.at) == ("41", "0:35", "/srv/a b\\")
    assert (found.kind, found.source) == ("tmpfs", "it is")
    assert found.tags == {"shared:5", "master:2"}


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_sign_in_a_name_ends_a_row(name: str) -> None:
    assert [mount.at for mount in mountinfo.parse(ROW % name)] == [f"/srv/{name}"]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
def test_what_is_mounted_under_such_a_name_is_seen(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).mkdir()
    code = (
        "import os, subprocess, sys\n"
        "from enve_pm.shell.process import mountinfo\n"
        "paths = [os.path.join(sys.argv[1], name) for name in os.listdir(sys.argv[1])]\n"
        "for path in paths: subprocess.run(['mount', '-t', 'tmpfs', 'x', path], check=True)\n"
        "sys.exit({one.at for one in mountinfo.read()}.issuperset(paths) is False)\n"
    )
    words = ["unshare", "--mount", "--propagation", "private", "--", sys.executable, "-c", code]
    subprocess.run([*words, str(tmp_path)], check=True)
