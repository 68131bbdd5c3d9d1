"""What the watchdog and pm each hold, as one `Post`. It also travels through the command line when
one of them replaces its own program (`pm reexec`): plain numbers and paths, nothing secret.
"""

from __future__ import annotations

import os

from enve_pm.core.lean import namedtuple
from enve_pm.shell.events.light import signal
from enve_pm.shell.guard import heartbeat

# home: path · pid: pm's · reader, writer: this side of the heartbeat · lock, input, pipe, ready:
# descriptors, -1 = none · cgroup: our node or "" · every, patience: the heartbeat's, in seconds ·
# path: of the signed pipe
Post = namedtuple(
    "Post",
    "home pid reader writer lock input pipe ready cgroup every patience path",
    defaults=("",),
)

EMPTY = Post("", 0, -1, -1, -1, -1, -1, -1, "", heartbeat.EVERY, heartbeat.PATIENCE, "")
# What asks for an end; held back while a program is replaced, which would die of it.
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def descriptors(post: Post) -> list[int]:
    """All that it names; -1 = none."""
    return [post.reader, post.writer, post.lock, post.input, post.pipe, post.ready]


def inherit(post: Post, passes: bool) -> None:
    """Whether its descriptors go along with the next program."""
    for fd in descriptors(post):
        if fd >= 0:
            os.set_inheritable(fd, passes)


def encode(post: Post) -> list[str]:
    """A Post as words KEY=VALUE."""
    return [f"{key}={value}" for key, value in post._asdict().items()]


def decode(words: list[str]) -> Post:
    """The Post in words KEY=VALUE: an older program's may lack keys, a newer one's have more."""
    given = dict(word.partition("=")[::2] for word in words)
    post = EMPTY._replace(home=given["home"])
    for key in Post._fields[1:]:
        if key in given:
            post = post._replace(**{key: type(getattr(post, key))(given[key])})
    return post
