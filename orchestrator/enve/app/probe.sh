# What a node is, and what is deployed on it: read by the node's own sh, with no Python needed to
# fail well. The controller puts assignments before it:
#   home, pipe         where pm lives (words that this sh has expanded)
#   want_program, want_blueprint   hashes; what differs from them is shown
# The answer: `== NAME` lines, each with the lines that belong to it.
LC_ALL=C
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL PATH

section() { printf '== %s\n' "$1"; }
there() { command -v "$1" >/dev/null 2>&1; }
first_line() { # FILE: its first line, without a process
  line=
  [ -r "$1" ] && IFS= read -r line <"$1"
  printf '%s\n' "$line"
}

user=$(id -un 2>/dev/null) || user=${USER:-}
uid=$(id -u)
section probe; echo 1
section who; printf '%s\n%s\n%s\n' "$uid" "$user" "${HOME:-}"
section now; date +%s
section uname; uname -snrm
section home; printf '%s\n' "$home"
section pipe; printf '%s\n' "$pipe"

section os
if [ -r /etc/os-release ]; then
  while IFS= read -r line; do
    case $line in ID=* | VERSION_ID=* | PRETTY_NAME=*) printf '%s\n' "$line" ;; esac
  done </etc/os-release
fi
section memory; first_line /proc/meminfo
section cores; getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null || echo 0

section disk # free KiB where the home is, or will be
place=$home
while [ -n "$place" ] && [ ! -d "$place" ]; do place=${place%/*}; done
[ -n "$place" ] || place=/
[ -w "$place" ] && echo writable || echo "read-only $place"
df -Pk "$place" 2>/dev/null

section tools
for tool in gpgv flock timeout dd mkfifo sha256sum crontab systemctl loginctl; do
  if there "$tool"; then printf '%s ' "$tool"; fi
done
echo

section init
first_line /proc/1/comm
[ -d /run/systemd/system ] && echo systemd
[ -S "${XDG_RUNTIME_DIR:-/run/user/$uid}/systemd/private" ] && echo user-manager
[ -e "/var/lib/systemd/linger/$user" ] && echo linger

section boot; first_line /proc/sys/kernel/random/boot_id
section deployed
[ -r "$home/lib/deployed.json" ] && head -c 262144 "$home/lib/deployed.json"
section state; first_line "$home/trust/state.json" # the serials that it holds
section floors; first_line "$home/trust/floors.json"
section current; first_line "$home/lib/current"
section present
[ -r "$home/lib/$want_program/enve_pm/__init__.py" ] && echo yes
section changed # files that deploy put there and that are not what they were
if [ -r "$home/lib/installed" ] && there sha256sum; then
  sha256sum -c "$home/lib/installed" 2>/dev/null | while IFS= read -r line; do
    case $line in *": OK") ;; *) printf '%s\n' "$line" ;; esac
  done
fi

section status # pid, start and boot of the pm that wrote it stand within its first bytes
status=$(head -c 400 "$home/public/status.json" 2>/dev/null)
printf '%s\n' "$status"
section pm
pid=${status#*\"pid\":}
pid=${pid%%[!0-9]*}
[ -n "$pid" ] && [ -r "/proc/$pid/stat" ] && first_line "/proc/$pid/stat"

section pipes # those that the pm which lives does not read: deleted, or another one's
if [ -n "$pid" ] && [ -r "/proc/$pid/fd" ] && [ / -ef / ] 2>/dev/null; then
  for path in "$pipe" "$home/input"; do
    read=
    for fd in "/proc/$pid/fd"/*; do
      if [ "$fd" -ef "$path" ]; then read=yes && break; fi
    done
    [ -n "$read" ] || printf '%s\n' "$path"
  done
fi

# What nested pms show, where one of them may run another program than the wanted one.
for file in "$home"/public/sub/*.json; do
  [ -r "$file" ] && grep -o '"hash":"[0-9a-f]*"' "$file" 2>/dev/null | grep -qv "$want_program" && {
    section "sub ${file##*/}"; head -c 8388608 "$file"; }
done

section python
known=
wanted_link=
if [ -r "$home/lib/python" ]; then
  { IFS= read -r known && IFS= read -r wanted_link; } <"$home/lib/python"
fi
link=
[ -n "$known" ] && [ -x "$known" ] && link=$(readlink -f "$known" 2>/dev/null)
current=
[ -r "$home/lib/current" ] && IFS= read -r current <"$home/lib/current"
if [ -n "$link" ] && [ "$link" = "$wanted_link" ] && [ "$current" = "$want_program" ]; then
  printf 'same %s\n' "$known"
else
  # Whatever PATH says, it has to outlive the environment of somebody's work (the one that this
  # machine's enve lives in), and root's has to be one that the users of its services can run too.
  best=
  for name in python3 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 \
    /usr/local/bin/python3 /usr/bin/python3; do
    there "$name" || continue
    case $name in /*) [ -x "$name" ] || continue ;; esac # some shells do not look
    said=$("$name" -I -S -c '
import os
import sys
version = "%d.%d.%d" % sys.version_info[:3]
program = sys.executable
lacks = []
if sys.version_info < (3, 8):
    print("old %s %s" % (version, program))
    sys.exit()
if os.path.exists(os.path.join(os.path.dirname(os.path.dirname(program)), "pyvenv.cfg")):
    program = os.path.realpath(program)
for module in """json ctypes hashlib zipfile zlib struct select signal fcntl resource shutil subprocess
        tempfile py_compile socket errno pwd grp tarfile selectors""".split():
    try:
        __import__(module)
    except ImportError:
        lacks.append(module)
at = os.path.realpath(program)
ways = [os.stat(at).st_mode]
while at != "/":
    at = os.path.dirname(at)
    ways.append(os.stat(at).st_mode)
if lacks:
    print("lacks %s %s %s" % (version, program, " ".join(lacks)))
elif os.geteuid() == 0 and not all(mode & 1 for mode in ways):
    print("private %s %s" % (version, program))
else:
    print("good %s %s" % (version, program))
' 2>/dev/null) || said="broken ? $name"
    case $said in
      private*) best=${best:-good${said#private}} ;;
      good*) best=$said && break ;;
      *) printf '%s\n' "$said" ;;
    esac
  done
  [ -n "$best" ] && printf '%s\n' "$best"
fi

case $(head -c 262144 "$home/lib/deployed.json" 2>/dev/null) in
  *"\"blueprint\":\"$want_blueprint\""*) ;;
  *) # the old one and what lives, so that nothing is dropped unseen
    section blueprint; head -c 4194304 "$home/trust/blueprint.json" 2>/dev/null
    section units; head -c 8388608 "$home/public/status.json" 2>/dev/null
    for file in "$home"/public/sub/*.json; do
      [ -r "$file" ] && { section "sub ${file##*/}"; head -c 8388608 "$file"; }
    done
    ;;
esac
section end
