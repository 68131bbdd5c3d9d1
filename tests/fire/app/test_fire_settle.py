"""A product that runs in a root of its own, on somebody's own machine."""

from __future__ import annotations

import os
import subprocess

import pytest
from tests.support.workbench import ARGV, table

pytestmark = [pytest.mark.real, pytest.mark.host]

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts take root's rights")
SHOWN = {"mounts": [{"type": "bind", "src": "/usr", "dst": "/usr", "ro": True}]}
SAY = "#!/bin/sh\nls /opt; echo ${1:-none} at $PREFIX\n"


def script(*commands: str) -> list[str]:
    """All of them among mounts that nobody else sees, and that end with them."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-e", "-c", "\n".join(commands)]


@ROOT
def test_it_is_laid_used_and_taken_away(bench):
    found = table(settle=SHOWN, run={"cmd": ["/opt/greet/bin/greet"]})
    source = bench.source()
    bench.write(source / "greet", SAY, 0o755)
    fire = " ".join([*ARGV, "fire"])
    verify = " ".join([*ARGV, "verify"])
    about = f"-f {bench.profile(found)} {source}"
    lines = script(
        f"{fire} run {about}",
        f"{fire} run {about} -- again",
        f"{fire} shell {about} -- greet shell",
        f"grep -c {bench.home} /proc/self/mountinfo",
        f"echo '{SAY}echo newer' >{source}/greet",
        f"{fire} run {about}",
        f"ls {bench.home}/.cache/enve/root | wc -l",
        f"{verify}",
        f"umount $(grep -o '{bench.home}[^ ]*/root/opt/greet' /proc/self/mountinfo | tail -1)",
        f"{verify} || echo $?",
        f"{fire} unsettle {about}",
        f"grep -c {bench.home} /proc/self/mountinfo || true",
        f"ls {bench.home}/.cache/enve/root | wc -l",
        f"{fire} unsettle --purge {about}",
        f"ls {bench.home}/.cache/enve/root",
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:6] == [
        *("greet", "none at /opt/greet"),
        *("greet", "again at /opt/greet"),
        *("greet", "shell at /opt/greet"),
    ]
    assert int(said[6]) > 3
    assert said[7:12] == ["greet", "none at /opt/greet", "newer", "1", "3 as they were laid"]
    assert said[12].startswith("greet-1, settled in ")
    assert said[13].startswith("  [software!settle@here]: missing: ")
    assert said[14:] == ["3", "0", "1"]
    assert done.stderr.count("settle of greet") == 2


@ROOT
def test_data_outlives_the_version_that_wrote_it(bench):
    data = {"type": "bind", "src": "data", "dst": "/srv"}
    passing = {"type": "bind", "src": "passing", "dst": "/var/passing"}
    section = {"mounts": [*SHOWN["mounts"], data, passing]}
    section["volumes"] = [{"path": "data"}, {"path": "passing", "ephemeral": True}]
    found = table(settle=section, run={"cmd": ["/opt/greet/bin/greet"]})
    source = bench.source()
    write = "#!/bin/sh\necho $0 >>/srv/rows\ntouch /var/passing/seen\nls /var/passing /srv\n"
    bench.write(source / "greet", write, 0o755)
    about = f"-f {bench.profile(found)} {source}"
    fire = " ".join([*ARGV, "fire"])
    volumes = f"{bench.home}/.local/share/enve/volumes"
    rows = f"{volumes}/greet/data/rows"
    lines = script(
        f"{fire} run {about}",
        f"echo '#' >>{source}/greet",
        f"{fire} shell {about} -- ls /var/passing",
        f"{fire} run {about}",
        f"wc -l <{rows}",
        f"{fire} unsettle {about}",
        f"wc -l <{rows}",
        f"{fire} run --purge {about} || echo $?",
        f"{fire} run {about}",
        f"mkdir -p {volumes}/greet/theirs",
        f"mount -t tmpfs theirs {volumes}/greet/theirs",
        f"{fire} unsettle --purge {about} || echo $?",
        f"umount {volumes}/greet/theirs",
        f"wc -l <{rows}",
        f"{fire} unsettle --purge {about}",
        f"ls {volumes} {bench.home}/.cache/enve/root | grep greet || :",
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = ["/srv:", "rows", "", "/var/passing:", "seen"]
    assert done.stdout.splitlines() == [*shown, *shown, "2", "2", "64", *shown, "81", "3"]


@ROOT
def test_another_version_leaves_alone_what_runs(bench):
    section = {"mounts": [*SHOWN["mounts"], {"type": "bind", "src": "data", "dst": "/srv"}]}
    found = table(settle={**section, "volumes": [{"path": "data"}]})
    source = bench.source()
    stay = "#!/bin/sh\necho begun; read -r line; echo $line >>/srv/rows\n"
    bench.write(source / "greet", stay, 0o755)
    about = f"-f {bench.profile(found)} {source}"
    fire, into, out = " ".join([*ARGV, "fire"]), bench.path / "in", bench.path / "out"
    roots = f"ls {bench.home}/.cache/enve/root | wc -l"
    mounted = f"grep -c {bench.home} /proc/self/mountinfo"
    lines = script(
        f"mkfifo {into} {out}",
        f"{fire} run {about} <{into} >{out} &",
        f"exec 3>{into} 4<{out}; read -r said <&4; echo $said",
        f"(echo '#!/bin/sh'; echo echo newer) >{source}/greet",
        f"{fire} run {about}",
        f"{fire} unsettle {about} || echo $?",
        "echo now >&3; wait",
        f"cat {bench.home}/.local/share/enve/volumes/greet/data/rows",
        f"{fire} unsettle --purge {about}",
        f"{roots}; {mounted} || :",
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["begun", "newer", "81", "now", "0", "0"]
    assert done.stderr.count("in use by pid") == 2


@ROOT
def test_several_at_once_all_run(bench):
    about = f"-f {needing(bench)} {bench.source()}"
    fire, root = " ".join([*ARGV, "fire"]), f"{bench.home}/.cache/enve/root"
    start = f'for n in 1 2 3 4; do {fire} run {about} & all="$all $!"; done'
    each = 'for pid in $all; do wait $pid || echo "$pid: $?"; done'
    mounted = "cut -d' ' -f5 /proc/self/mountinfo | grep " + str(bench.home)
    lines = script(
        start,
        each,
        f"{mounted} | sort | uniq -d",
        f"ls {root} | wc -l",
        f"{fire} unsettle {about}",
        f"{mounted} || echo gone",
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [*["hello you"] * 4, "1", "gone"]
    assert done.stderr.count("settle of greet") == 1


CONF = {"path": "/etc/db.conf", "content": "port=1\n", "mode": 0o640, "owner": "app"}


@ROOT
def test_setup_and_test_are_done_in_the_root(bench):
    see = "ls -ln /etc/db.conf $PREFIX/own; echo ${SRC-none} $SOURCE_DATE_EPOCH; ls -d $HOME; pwd"
    found = table(
        settle={**SHOWN, "users": [{"name": "app", "uid": 4711}]},
        setup={
            "files": [CONF, {**CONF, "path": "own", "content": "mine\n"}],
            "run": [f"({see}) >/etc/seen"],
        },
        run={"cmd": ["/bin/cat", "/etc/db.conf", "/opt/greet/own", "/etc/seen"]},
        test={"needs": "setup", "run": ["cat /etc/db.conf", f"({see}) >/etc/tested"]},
    )
    about = f"-f {bench.profile(found)} {bench.repository()}"
    fire = " ".join([*ARGV, "fire"])
    lines = script(
        f"{fire} run {about}",
        f"umount -R $(grep -o '{bench.home}[^ ]*/root ' /proc/self/mountinfo | head -1)",
        f"{fire} run {about}",
        f"{fire} test {about}",
        f"{fire} shell {about} -- cat /etc/tested",
        f"ls $({fire} setup {about})",
        "test ! -e /etc/db.conf",
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:2] == ["port=1", "mine"]
    assert said[2].split()[:5] == ["-rw-r-----", "1", "4711", "4711", "7"]
    assert said[3].split()[:3] == ["-rw-r-----", "1", "4711"]
    assert said[4].startswith("none 1")
    assert said[5].startswith("/tmp/enve-")
    assert said[6] == "/opt/greet"
    assert said[7:11] == said[:4]
    assert said[14:16] == said[2:4]
    assert said[16] == said[4]
    assert said[18:] == ["/opt/greet", "bin", "own", "when"]


@ROOT
def test_a_setup_that_fails_in_the_root_leaves_nothing_of_it(bench):
    setup = {"files": [CONF, {**CONF, "path": "own"}], "run": ["true"]}
    found = {"settle": {**SHOWN, "users": [{"name": "app", "uid": 4711}]}, "setup": setup}
    good = bench.profile(table(**found))
    setup = {"files": [{**one, "content": "2"} for one in setup["files"]], "run": ["false"]}
    bad = bench.profile(table(**{**found, "setup": setup}), "bad.json")
    unknown = {"files": [{**CONF, "owner": "daemon"}]}
    nobody = bench.profile(table(**{**found, "setup": unknown}), "nobody.json")
    fire, source = " ".join([*ARGV, "fire"]), bench.source()
    show = f"{fire} shell -f {good} {source} -- cat /etc/db.conf /opt/greet/own"
    lines = script(
        show,
        f"{fire} setup -f {bad} {source} || echo $?",
        f"cat $({fire} install -f {good} {source})/own",
        f"cat {bench.home}/.cache/enve/root/greet-*/spots/root*/root/etc/db.conf",
        f"{fire} setup -f {nobody} {source} || echo $?",
        show,
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [*["port=1"] * 2, "84", *["port=1"] * 2, "84", *["port=1"] * 2]
    assert "there is no user daemon in this root" in done.stderr


@ROOT
def test_what_is_not_entered_runs_out_here(bench):
    test = {"needs": "install", "run": ["test -n $ROOT", "cd $ROOT$PREFIX"]}
    found = table(settle={**SHOWN, "isolate": "none"}, test=test)
    about = f"-f {bench.profile(found)} {bench.source()}"
    fire = " ".join([*ARGV, "fire"])
    lines = script(f"{fire} run {about}", f"{fire} run {about}", f"{fire} test {about}")
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["hello you"] * 2


@ROOT
def test_what_was_unmounted_or_is_not_mounted_here_is_laid_again(bench):
    found = table(settle=SHOWN, run={"cmd": ["/opt/greet/bin/greet"]})
    run = " ".join([*ARGV, "fire run", f"-f {bench.profile(found)} {bench.source()}"])
    part = f"$(grep -o '{bench.home}[^ ]*/root/opt/greet' /proc/self/mountinfo | tail -1)"
    whole = f"$(grep -o '{bench.home}[^ ]*/root ' /proc/self/mountinfo | head -1)"
    apart = f"umount -R $1; {run}; {run}"
    lines = script(
        run,
        f"umount {part}",
        run,
        f"umount -R {whole}",
        run,
        f"unshare --mount sh -e -c '{apart}' sh {whole}",
        run,
    )
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["hello you"] * 6


def needing(bench, **more):
    """A profile in a root of its own, that runs with a tool."""
    tool = bench.source("tool")
    bench.write(tool / "greet", "#!/bin/sh\necho a tool\n", 0o755)
    needed = {"url": f"file://{tool}", "table": {**table("tool"), **more}}
    return bench.profile(table(settle=SHOWN, deps={"run": [needed]}))


@ROOT
def test_it_sees_what_it_runs_with(bench):
    about = f"-f {needing(bench)} {bench.source()}"
    fire = " ".join([*ARGV, "fire"])
    see = "sh -c 'ls /opt; echo $DEP_TOOL; echo $PATH; $DEP_TOOL/bin/greet'"
    lines = script(*[f"{fire} shell {about} -- {see}"] * 2, f"{fire} unsettle {about}")
    done = subprocess.run(lines, env=bench.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:3] == ["greet", "tool", "/opt/tool"]
    assert "/opt/tool/bin" in said[3].split(":")
    assert said[4] == "a tool"
    assert said[5:] == said[:5]
    assert done.stderr.count("settle of greet") == 1


def test_two_are_not_seen_at_one_prefix(bench):
    done = bench.fire("run", "-f", needing(bench, prefix="/opt/greet"), bench.source())
    assert done.returncode == 81
    assert "found tool-1 at /opt/greet" in done.stderr
