"""`enve why ADDRESS...`: the chain from a state to its cause, down to the plan and the key."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from enve.cli import arguments, fleet

if TYPE_CHECKING:
    from enve.core.stories import Table

ABOUT = """\
Follows a state to its cause: what a unit needs and waits for, the pm around it, what was run and
how that ended, its last lines, the plan (file and line, where this machine signed it), the key."""
FORMATS = ("table", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve why`."""
    parser.epilog = ABOUT
    parser.add_argument("addresses", nargs="+", metavar="ADDRESS", help="web1.tenants.shop")
    arguments.inventory(parser)
    arguments.connection(parser)
    arguments.screen(parser, FORMATS)


def run(args: argparse.Namespace) -> int:
    """Ask, and tell."""
    from enve.app.origins import Origins  # noqa: PLC0415
    from enve.app.reasoning import Reasoning  # noqa: PLC0415
    from enve.cli import control, progress  # noqa: PLC0415
    from enve.core.order import Order  # noqa: PLC0415
    from enve.model.report import Event, Result  # noqa: PLC0415
    from enve_pm.core import address, stages  # noqa: PLC0415

    settings = fleet.settings(args)
    domain = fleet.domain(settings)
    origins = Origins(settings.of_domain(domain.name) / "history", domain)
    order = Order("why", words=("-o", "json"))
    with progress.aside(args, ("table",)) as report:

        def emit(event: Event) -> None:
            if not isinstance(event, Result) or event.problem is not None:
                report.emit(event)

        asked = control.carry_out(args, order, args.addresses, emit, Reasoning)
        code = report.code
    told = asked.told if isinstance(asked, Reasoning) else {}
    for story in told.values():
        node, *steps = address.parse(story["chain"][-1]["unit"])
        plan = story.get("plan", "")
        story["where"] = origins.of(address.format(stages.owner(steps)), node, plan)
        story["signer"] = f"{origins.signer(plan)} {story.get('signer', '')}".strip()
    _print(told, args.output)
    return code


def _print(told: dict[str, Table], output: str) -> None:
    from enve.cli.clock import now  # noqa: PLC0415
    from enve_pm.core import story  # noqa: PLC0415

    if output == "json":
        print(json.dumps({"v": 1, "why": told}))
        return
    texts = ["\n".join(story.lines(one, now(), "enve")) for one in told.values()]
    print("\n\n".join(texts), end="\n" if texts else "")
