"""What deploy wrote down of its files, after `pm host` has put one of them anew."""

from __future__ import annotations

import subprocess
from pathlib import Path

from enve_pm.hostinit import files, record


def test_the_sum_of_a_renewed_file_is_renewed_alone(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    known = {str(tmp_path / name): files.sha256(b"old") for name in ("a", "b b")}
    (tmp_path / "lib/installed").write_bytes(record.installed(known))
    for path in known:
        Path(path).write_text("new")
    record.renew(str(tmp_path), str(tmp_path / "b b"))
    record.renew(str(tmp_path), str(tmp_path / "c"))
    done = subprocess.run(
        ["sha256sum", "-c", "lib/installed"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [f"{tmp_path}/a: FAILED", f"{tmp_path}/b b: OK"]
