"""Where others see a mount of ours: in a namespace that follows ours (`attach.pass_on`). Who stands
in it there keeps it in use out here too."""

from __future__ import annotations

import os

from enve_pm.shell.process import mountinfo

LARGEST = 1 << 20  # bytes that are read of what somebody may have made long
SHARED, MASTER = "shared:", "master:"


class Followers:
    """Of what is mounted just at a path. Each namespace is looked at once."""

    def __init__(self, path: str) -> None:
        here = mountinfo.on(path, mountinfo.read())
        own = {tag for tag in here.tags if tag.startswith(SHARED)} if here is not None else set()
        self._tags = own | {MASTER + tag[len(SHARED) :] for tag in own}
        self._places: dict[str, list[str]] = {}

    def places(self, pid: str) -> list[str]:
        """Where this process sees it."""
        if not self._tags:
            return []
        try:
            space = os.readlink("/proc/%s/ns/mnt" % pid)
            if space not in self._places:
                self._places[space] = self._of(pid)
            return self._places[space]
        except OSError:
            return []

    def _of(self, pid: str) -> list[str]:
        with open("/proc/%s/mountinfo" % pid, "rb") as file:
            text = file.read(LARGEST).decode("utf-8", "surrogateescape")
        return [one.at for one in mountinfo.parse(text) if not self._tags.isdisjoint(one.tags)]
