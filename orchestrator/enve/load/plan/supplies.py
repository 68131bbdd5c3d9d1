"""What all spots of a plan are made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enve.load.chain.commits import Commits
from enve.load.plan.content import Files
from enve.load.plan.pushed import Artifacts
from enve.load.secret import Secrets
from enve.load.template.scope import Variables
from enve.load.template.template import Templates


@dataclass(frozen=True, slots=True)
class Supplies:
    """`folder`: where the plan's paths start; `variables`: its `vars`; `extra`: those of -e."""

    folder: Path
    templates: Templates
    secrets: Secrets
    files: Files
    artifacts: Artifacts
    commits: Commits
    variables: Variables
    extra: Mapping[str, Any]
