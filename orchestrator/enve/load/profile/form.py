"""The one definition of a profile: its keys, what each takes, and what it is for.

Loading reads by it and the schema for editors is made of it. What is rendered is checked once more
by `enve_fire.core.profile`, as nodes do.
"""

from __future__ import annotations

from enve.load.profile.command import Argv, Reload
from enve.load.profile.compound import Anything, Keyed, Listed, Mapped
from enve.load.profile.dep import Dep
from enve.load.profile.files import SetupFile
from enve.load.profile.kinds import Choice, Flag, Kind, Number, Private, Refresh, Text
from enve.load.profile.settle import SETTLE
from enve_fire.core import profile

_LINES = "Commands for `sh -e`, one after the other."

_SECTIONS: dict[str, Kind] = {
    "checkout": Keyed(
        {
            "subdir": Text().said("The folder in the source that is the product."),
            "submodules": Flag().said("Whether submodules of git come too."),
            "strip": Number(0, 16).said("Leading folders of an archive that are left out."),
            "refresh": Refresh().said("When a branch is resolved again: never, always, or 1h."),
        }
    ).said("How the source is fetched."),
    "build": Keyed(
        {
            "prefix": Text().said("The same as `prefix` at the top."),
            "copy": Flag().said("Build in a copy of the source; false: beside it, from $SRC."),
            "env": Mapped(Text()).said("Variables that the commands see."),
            "sandbox": Choice("auto", "none", "userns", "bwrap").said("What the build is kept in."),
            "network": Flag().said("Whether the build may use the network."),
            "run": Listed(Text()).said(_LINES + " What is to be installed goes to $OUT."),
        }
    ).said("How the source becomes an artifact; without `run` the source is it."),
    "test": Keyed(
        {
            "run": Listed(Text()).said(_LINES),
            "needs": Choice("build", "install", "setup").said("What has to be done before."),
        }
    ).said("What `test` runs."),
    "settle": SETTLE.said("The root that it is installed into."),
    "install": Keyed(
        {
            "mode": Choice("auto", "reflink", "hardlink", "copy", "none").said("How it is copied."),
            "owner": Text().said("Whose the files are: UID:GID."),
            "setuid": Listed(Text()).said("Paths below the prefix that keep their setuid bit."),
            "keep": Number(1, 1000).said("How many versions stay side by side."),
        }
    ).said("How the artifact comes to its place."),
    "setup": Keyed(
        {
            "files": Listed(SetupFile()).said("Config files."),
            "run": Listed(Text()).said(_LINES + " They can be run any number of times."),
            "cfgpath": Text().said("The variant's name, where two setups share one root."),
        }
    ).said("How it is configured."),
    "run": Keyed(
        {
            "cmd": Argv().said("The program."),
            "env": Mapped(Private()).said("Its variables; a value may be `!secret NAME`."),
            "reload": Reload().said("How it takes a new setup; without it, it is restarted."),
            "user": Text().said("Whom it runs as."),
        }
    ).said("What `run` starts."),
    "execute": Keyed({"cmd": Argv().said("The program.")}).said("What `execute` starts."),
}
_DEPS = Keyed({kind: Listed(Dep()) for kind in profile.KINDS})
READ: dict[str, Kind] = {
    "enve": Number(1, 1).said("The format: 1."),
    "title": Text().said("What it is called: letters, digits and . _ + -"),
    "version": Text().said("The version's name."),
    "prefix": Text().said("The path that the software believes to be installed at."),
    "deps": _DEPS.said("Products that it needs to build, to install and to run."),
    **_SECTIONS,
}
_VARS = Mapped(Anything()).said("Values for templates: {{ NAME }}.")
_LAYER = {"vars": _VARS, **{name: kind for name, kind in READ.items() if name != "enve"}}

LAYER = Keyed(_LAYER)  # one of `profiles`, or what a plan says about a product
FORM = Keyed(
    {
        "enve": READ["enve"],
        **_LAYER,
        "profiles": Mapped(LAYER, empty=True).said("Variants by name, laid over what is above."),
    },
    ("enve", "title"),
)
TABLE = Keyed(READ, ("title",))
