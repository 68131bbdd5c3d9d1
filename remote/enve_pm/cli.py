"""The modes of pm that are not its client: run, and the hidden ones that pm itself starts."""

from __future__ import annotations

import gc
import os
import sys

from enve_pm.shell import words
from enve_pm.shell.words import FAILED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_pm.shell.guard.post import Post

RUN_FLAGS = {
    "--home": True,
    "--pipe": True,
    "--respawn": False,
    "--detach": False,
    "--wait": False,
    "--sub": False,
    "--mode": True,
    "--feed": True,
    "--heartbeat": True,
    "--patience": True,
    "--no-cgroup": False,
    "--init-stream": True,
    "--input-fd": True,
    "--tell-fd": True,
    "--lock-fd": True,
    "--ready-fd": True,
}
OUTER = ("--respawn", "--detach")  # options of the outer loop alone


def run(arguments: Sequence[str]) -> int:
    """`pm run`: the watchdog and, below it, pm; with --respawn an outer loop around both."""
    options, rest = words.split(arguments, RUN_FLAGS)
    if rest:
        raise Failure(USAGE, f"pm run takes options only, found {rest[0]!r}")
    if "--detach" in options and "--respawn" not in options:
        raise Failure(USAGE, "--detach goes with --respawn")
    _stand()
    from enve_pm.shell.guard.lock import Held

    if "--init-stream" in options:
        from enve_pm.shell import where
        from enve_pm.shell.plan import initial

        _fits(options)
        options["--init-stream"] = initial.place(options["--init-stream"], where.home(options))
    try:
        return _outer(options) if "--respawn" in options else _pair(options)
    except Held as held:
        raise Failure(FAILED, f"a pm runs here already: {held}") from None


def _fits(options: dict[str, str]) -> None:
    if "--sub" in options:
        raise Failure(USAGE, "--init-stream is for a node's own pm: a sub-pm has its parent's word")


def _stand() -> None:
    """What we open must not get the numbers 0 to 2, which mean something to every child."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free


def _outer(options: dict[str, str]) -> int:
    from enve_pm.shell import where
    from enve_pm.shell.guard import respawn

    home = where.home(options)
    options = {"--home": home, "--pipe": where.pipe(options, home), **options}
    inner = [
        word
        for name, value in options.items()
        if name not in OUTER
        for word in ([name, value] if RUN_FLAGS[name] else [name])
    ]
    ready = respawn.detach(f"{home}/log/pm.log") if "--detach" in options else -1
    return respawn.run(home, inner, ready)


def _pair(options: dict[str, str]) -> int:
    """Fork: this process is the watchdog, or pm."""
    from enve_pm.shell.guard import watchdog

    post = watchdog.split(_prepare(options), groups="--no-cgroup" not in options)
    if post.pid:
        return watchdog.guard(post)
    from enve_pm.serve import serve

    tell = int(words.number(options, "--tell-fd", -1))
    first = options.get("--init-stream", "")
    return serve(post, options.get("--feed", ""), tell, options.get("--mode", ""), first)


def _prepare(options: dict[str, str]) -> Post:
    from enve_pm.shell import where
    from enve_pm.shell.events import pipes
    from enve_pm.shell.guard import lock, watchdog

    home = where.home(options)
    fds = {key: int(words.number(options, f"--{key}-fd", -1)) for key in ("lock", "input", "ready")}
    pipe = "" if "--sub" in options else where.pipe(options, home)
    if "--wait" in options:
        fds["lock"] = lock.take(home, wait=True)
    try:
        post = watchdog.prepare(home, pipe, fds["lock"], fds["input"], fds["ready"])
    except pipes.NoFifo as error:
        raise Failure(FAILED, str(error)) from None
    every = words.number(options, "--heartbeat", post.every)
    patience = words.number(options, "--patience", post.patience)
    return post._replace(every=every, patience=patience)


def version(arguments: Sequence[str]) -> int:
    """`pm version`: the version, and the hash of the installed program."""
    import enve_pm
    from enve_pm.shell.guard import program

    place = program.here()
    name = os.path.basename(place) if program.home_of(place) else "not installed"
    print(f"pm {enve_pm.__version__} ({name}) on Python {sys.version.split()[0]}")
    return 0


def guard(arguments: Sequence[str]) -> int:
    """`_watchdog KEY=VALUE...`: go on as the watchdog that another program was."""
    from enve_pm.shell.guard import watchdog

    return watchdog.resume(list(arguments))


def resume(arguments: Sequence[str]) -> int:
    gc.disable()  # until pm turns: nobody is answered meanwhile, and what is made now stays
    from enve_pm import serve

    return serve.resume(list(arguments))


def trial(arguments: Sequence[str]) -> int:
    from enve_pm import serve

    return serve.trial(list(arguments))


def do(arguments: Sequence[str]) -> int:
    from enve_pm.maker import step

    return step.main(arguments)


def logger(arguments: Sequence[str]) -> int:
    from enve_pm.shell.log import logger

    return logger.main(int(arguments[0]))


def terminals(arguments: Sequence[str]) -> int:
    from enve_pm.shell.terminal import holder

    return holder.main(arguments[0], int(arguments[1]))


COMMANDS = {
    "run": run,
    "version": version,
    "_watchdog": guard,
    "_resume": resume,
    "_do": do,
    "_try": trial,
    "_logger": logger,
    "_terminals": terminals,
}
