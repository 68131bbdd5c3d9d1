"""From the words of a command line to what does them, by one literal table."""

from __future__ import annotations

import os
import sys

from enve_pm.shell.words import FAILED, USAGE, Failure, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[[str, Sequence[str]], int]

HELP = """pm: the process manager of this node

  pm start|stop|restart|reload UNIT...            and try-restart, reload-or-restart,
                                                  try-reload-or-restart, reset-failed, recheck
     --no-wait  --timeout SECONDS  --by WHO  --with-dependents (stop, restart)
  pm list [PATTERN...] [-o table|json|name]       units, those of nested pms too: pm1.web
  pm status                                       is pm alive, which program, how many units
  pm cat UNIT...                                  parameters
  pm set-property UNIT KEY=VALUE...
  pm list-dependencies [UNIT...] [-o tree|dot|json] [--reverse] [--depth N]
  pm why UNIT [-o text|json]                      from its state to the cause
  pm logs UNIT [-n LINES] [-f]
  pm attach UNIT [--read-only] [--detach-key X]   join a unit that has a terminal
  pm enter UNIT [-- COMMAND...]                   a shell, or COMMAND, beside its process
  pm terminal [--home HOME] [--units FILE] [-- COMMAND...]
                                                  a shell for a pm of its own, ended with it
  pm reexec [PLACE]                               another program goes on, no unit restarts
  pm shutdown                                     stop every unit in order, then pm
  pm host install|remove|start|stop               with the init of this machine
     --kind KIND  --force  --init-stream FILE  --stdout  --as-root
  pm stages VERB...                               what stages made: verify, store, fetch, ...
  pm run [--respawn [--detach]] [--pipe PIPE]     be the pm of a HOME
     --init-stream FILE|-                         with this signed plan, as long as it holds none
  pm version
  every one: --home HOME (else $PMHOME, else where this program lies, else the default)

exit status: 0 done, 3 failed or pm not running, 5 refused or not the owner, 64 usage,
124 not done within the deadline"""


def _verbs(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client.verbs import COMMANDS

    return COMMANDS[verb](verb, words)


def _show(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client.show import COMMANDS

    return COMMANDS[verb](verb, words)


def _graph(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import graph

    return graph.run(verb, words)


def _why(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import why

    return why.run(verb, words)


def _logs(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import logs

    return logs.run(words)


def _attach(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import attach

    return attach.run(words)


def _beside(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import enter

    return enter.run(words)


def _terminal(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import standin

    return standin.run(words)


def _host(verb: str, words: Sequence[str]) -> int:
    from enve_pm.client import host

    return host.run(verb, words)


def _stages(verb: str, words: Sequence[str]) -> int:
    """Another program, which takes the place of this one."""
    from enve_pm.shell.guard import program

    argv = program.stages(program.here(), *words)
    os.execv(argv[0], argv)


def _modes(verb: str, words: Sequence[str]) -> int:
    from enve_pm.cli import COMMANDS

    return COMMANDS[verb](words)


def _enter(verb: str, words: Sequence[str]) -> int:
    from enve_pm.enter.main import main as enter

    return enter(words)


def _load(verb: str, words: Sequence[str]) -> int:
    from enve_pm.loader.main import main as bring

    return bring(words)


def _help(verb: str, words: Sequence[str]) -> int:
    print(HELP)
    return 0


COMMANDS: dict[str, Command] = {
    "start": _verbs,
    "stop": _verbs,
    "reload": _verbs,
    "restart": _verbs,
    "try-restart": _verbs,
    "reload-or-restart": _verbs,
    "try-reload-or-restart": _verbs,
    "reset-failed": _verbs,
    "recheck": _verbs,
    "set-property": _verbs,
    "load": _verbs,
    "reexec": _verbs,
    "shutdown": _verbs,
    "list": _show,
    "status": _show,
    "cat": _show,
    "list-dependencies": _graph,
    "why": _why,
    "logs": _logs,
    "attach": _attach,
    "enter": _beside,
    "terminal": _terminal,
    "host": _host,
    "stages": _stages,
    "run": _modes,
    "version": _modes,
    "help": _help,
    "_watchdog": _modes,
    "_resume": _modes,
    "_do": _modes,
    "_enter": _enter,
    "_load": _load,
    "_try": _modes,
    "_logger": _modes,
    "_terminals": _modes,
}
ALIASES = {"--help": "help", "-h": "help", "--version": "version", "ls": "list"}


def main(words: Sequence[str]) -> int:
    """Run one command line; the exit status. Every error is printed here, in one line."""
    try:
        return _dispatch(list(words))
    except Failure as failure:
        _complain(str(failure))
        return failure.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads: no second complaint at exit
        return 141
    except OSError as error:
        _complain(f"{error.filename or 'system'}: {error.strerror or error}")
        return FAILED


def _complain(text: str) -> None:
    """Others may have had a say in it."""
    from enve_pm.client import plain

    print(f"pm: {plain.text(text)}", file=sys.stderr)


def _dispatch(words: list[str]) -> int:
    if not words:
        raise Failure(USAGE, "which command? pm help lists them")
    verb = ALIASES.get(words[0], words[0])
    command = COMMANDS.get(verb)
    if command is None:
        known = [name for name in COMMANDS if not name.startswith("_")]
        raise Failure(USAGE, f"unknown command {verb!r}{nearest(verb, known) or '; see pm help'}")
    if words[1:] in (["--help"], ["-h"]):
        return _help(verb, [])
    return command(verb, words[1:])
