"""The hashes of the stages: each of all that its stage depends on, and of nothing else.

A stage is a pure function of its inputs plus one directory, so what has the same hash need not be
done again. Only rendered sections are hashed, never variables: one that is used in setup alone can
rebuild nothing. Where software is built and where a store lies are no inputs.

`platform`: [system, machine, libc and its major.minor], as `os.uname` and `os.confstr` tell.
"""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.digest import FORMAT, hash_of
from enve_pm.core.canonical import dumps
from enve_pm.core.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    Table = Mapping[str, Any]


def checkout_text(base: str, ref: str, how: Table) -> str:
    """The requirement text of what was fetched. `ref`: what the reference was found to mean;
    `how`: a checkout section."""
    what = {key: how[key] for key in ("subdir", "submodules", "strip")}
    return dumps({"v": FORMAT, "checkout": {"url": base, "ref": ref, **what}}).decode()


def sub(table: Table, name: str, deps: Sequence[str] = (), platform: Sequence[str] = ()) -> Any:
    """What a section is hashed as. `deps`: the hashes of what it needs."""
    body = {
        "v": FORMAT,
        "x": name,
        "title": table["title"],
        "prefix": table["prefix"],
        "sec": _plain(name, profile.section(table, name)),
        "deps": list(deps),
    }
    return {**body, "plat": list(platform)} if platform else body


def _build(table: Table, source: str, deps: Sequence[str], platform: Sequence[str]) -> Table:
    """What an artifact is made of; its modes depend on which files may be setuid."""
    setuid = profile.setuid(table)
    more = {"setuid": sorted(setuid)} if setuid else {}
    return {"build": sub(table, profile.BUILD, deps, platform), "source": source, **more}


def build_text(table: Table, source: str, deps: Sequence[str], platform: Sequence[str]) -> str:
    """The requirement text of an artifact, by which a store knows it."""
    return dumps(_build(table, source, deps, platform)).decode()


def build(table: Table, source: str, deps: Sequence[str], platform: Sequence[str]) -> str:
    return hash_of("b", _build(table, source, deps, platform))


def artifact(table: Table, source: str, deps: Sequence[str], platform: Sequence[str]) -> str:
    """The hash of what is installed: of what was built, or of the source where nothing is."""
    if profile.builds(table):
        return build(table, source, deps, platform)
    return hash_of("src", {"v": FORMAT, "source": source})


def install(
    table: Table, artifact: str, place: str, deps: Sequence[str], platform: Sequence[str]
) -> str:
    """`place`: the name of the root or spot that it is installed for."""
    what = sub(table, profile.INSTALL, deps, platform)
    return hash_of("i", {"sub": what, "artifact": artifact, "place": place})


def content(table: Table, source: str, brought: str = "") -> str:
    """What tells two contents of one version apart, in eight characters: of all that is installed,
    for whatever place and platform. `brought`: where it comes from, if it is not built."""
    what = {"build": _build(table, source, (), ()), "install": sub(table, profile.INSTALL)}
    return hash_of("v", {**what, "deps": table.get("deps", {}), "brought": brought})[:8]


def setup(table: Table, installed: str, seal: Callable[[str], str] = str) -> str:
    """`seal`: what the hash of a secret's content is replaced by, as this hash is shown to all."""
    what = sub(table, "setup")
    for one in what["sec"]["files"]:
        if one.get("secret"):
            one["sha256"] = seal(one["sha256"])
    return hash_of("u", {"sub": what, "install": installed})


def settle(table: Table) -> str:
    return hash_of("s", sub(table, "settle"))


def root_text(debootstrap: Table, platform: Sequence[str]) -> str:
    """The requirement text of a root that debootstrap makes: for the machine, whatever its libc."""
    what = {"v": FORMAT, "debootstrap": dict(debootstrap), "plat": list(platform[:2])}
    return dumps(what).decode()


def final(profile_text: bytes, **what: Any) -> str:
    """Of an rc file; `profile_text`: the bytes of the profile's files. `what` says the rest: url,
    values that were set, target, root, user."""
    found = {"v": FORMAT, "profile": sha256(profile_text).hexdigest(), **what}
    return hash_of("rc", found)


def _plain(name: str, found: Table) -> Any:
    """Contents of files by their hashes: what is brought beside counts as what stands in here."""
    if name == profile.INSTALL:
        return {key: value for key, value in found.items() if key != "keep"}
    if name != "setup":
        return found
    return {**found, "files": [_file(one) for one in found["files"]]}


def _file(one: Table) -> Any:
    rest = {key: one[key] for key in ("path", "mode", "owner", "secret") if key in one}
    sum_ = one.get("sha256") or sha256(one["content"].encode()).hexdigest()
    return {**rest, "sha256": sum_}
