"""The writer on the node, `RUN/march`: one small POSIX sh program that brings signed streams into
pm's fifo and prints what pm answers (contracts, section 7). It has no rights of its own: whoever
may write the fifo may run it, also as the forced command of an ssh key.

Facts that shaped it, all tried: `cat` writes up to 128 KiB in one go, so that frames of two
writers can tear, while dd with ibs=65536 obs=512 makes whole frames of input that comes in odd
pieces; a blocking open hangs for ever when nobody reads; every process costs a millisecond, so what
is short is read by the shell itself (which reads byte by byte: what may be long is for `cat`).
"""

from __future__ import annotations

_TEXT = r"""#!/bin/sh
# enve: brings signed streams into pm's pipe and prints what pm answers.
# march look | lease LANE WHO | send SHA NONCE SECONDS | put SHA SIZE | ack SHA NONCE SECONDS
set -uf
umask 077
PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin:/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL
home=@HOME@
pipe=@PIPE@
run=${pipe%/*}
public=$home/public
nl='
'

fail() { # CODE TEXT
  printf '%s\n' "$2" >&2
  exit "$1"
}

usage() {
  fail 64 'march: wanted look | lease LANE WHO | send|ack SHA NONCE SECONDS | put SHA SIZE'
}

hex() { # LENGTH TEXT: that many hexadecimal digits?
  case $2 in *[!0-9a-f]*) return 1 ;; esac
  [ ${#2} -eq "$1" ]
}

number() { # TEXT: a number without sign, of at most 15 digits?
  case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac
}

uptime() { # seconds since some fixed moment, without a process where there is /proc
  if [ -r /proc/uptime ]; then
    read -r up _ </proc/uptime
    up=${up%%.*}
  else
    up=$(date +%s)
  fi
}

section() { # NAME FILE: its one line, or -
  printf '== %s\n' "$1"
  cat "$2" 2>/dev/null || echo -
}

kernel() { # what `uname` tells
  if [ -r /proc/sys/kernel/ostype ] && [ -r /proc/sys/kernel/osrelease ]; then
    read -r os </proc/sys/kernel/ostype
    read -r release </proc/sys/kernel/osrelease
    os="$os $release"
  else
    os=$(uname -sr)
  fi
}

look() {
  kernel
  shown=$(
    cat "$public/status.json" - "$public/held.json" 2>/dev/null <<'end'
== held
end
  )
  case $shown in '== held'*) shown="-$nl$shown" ;; esac
  case $shown in *'== held') shown="$shown$nl-" ;; esac
  pid=${shown%%"$nl"*}
  pid=${pid#*'"pid":'}
  pid=${pid%%[!0-9]*}
  boot=-
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
  line=
  if [ -n "$pid" ] && [ -r "/proc/$pid/stat" ]; then read -r line <"/proc/$pid/stat"; fi 2>/dev/null
  old=-
  if [ -k "$public/status.json" ]; then old=outdated; fi # the disk takes no newer one
  printf '== uname\n%s\n== now\n%s\n== boot\n%s\n== pm\n%s\n== disk\n%s\n== status\n%s\n' \
    "$os" "$(date +%s)" "$boot" "${line:--}" "$old" "$shown"
  set +f
  for sub in "$public"/sub/*.json; do
    [ -e "$sub" ] || continue
    name=${sub##*/}
    section "sub ${name%.json}" "$sub"
  done
  set -f
}

holder() { # WHO: as one line of at most 200 printable bytes
  case $1 in
    *[!\ -~]*) printf '%s\n' "$1" | head -c 200 | tr -d '\000-\037' ;;
    *) printf '%.200s' "$1" ;;
  esac
  echo
}

lease() { # LANE WHO
  case $1 in '' | *[!A-Za-z0-9_-]*) usage ;; esac
  lock=$run/lease/$1
  command -v flock >/dev/null || fail 69 'march: this node lacks flock (package util-linux)'
  true 2>/dev/null >>"$lock" || fail 5 "march: no right to lease $1"
  exec 9>>"$lock"
  if ! flock -n 9; then
    holder=
    read -r holder <"$lock" || :
    printf 'lease held %s\n' "${holder:-somebody}"
    exit 6
  fi
  holder "$2" >"$lock"
  echo 'lease ok'
  section held "$public/held.json" # has somebody marched since the look?
  echo '== end'
  while read -r _; do :; done # until the session is over
  : >"$lock"
}

# Prints every new ack of this attempt until one is final; what pm could not take whole is
# answered under the first 16 digits of SHA.
follow() { # SHA NONCE SECONDS
  uptime
  end=$((up + $3))
  told=
  wait=0.06 # an idle node has its answer by then
  short=${1%????????????????????????????????????????????????}
  while :; do
    for ack in "$public/acks/$1" "$public/acks/$short"; do
      [ -r "$ack" ] || continue
      if [ ${#told} -gt 4096 ]; then line=$(cat "$ack"); else read -r line <"$ack"; fi 2>/dev/null
      case $line in *'"nonce":"'"$2"'"'*) ;; *) continue ;; esac
      [ "$line" = "$told" ] && continue
      told=$line
      printf '%s\n' "$line"
      case $line in *'"final":true'*) exit 0 ;; esac
    done
    uptime
    [ "$up" -lt "$end" ] || exit 124
    sleep $wait 2>/dev/null || sleep 1
    case $wait in 0.06) wait=0.1 ;; 0.1) wait=0.2 ;; *) wait=0.3 ;; esac
  done
}

# Opening waits for a reader: pm and its watchdog hold the pipe open as long as they live. A dd that
# knows how not to wait answers at once when there is one.
reader() {
  dd if=/dev/null of="$pipe" conv=notrunc oflag=nonblock 2>/dev/null && return
  # shellcheck disable=SC2016 # it is the inner shell that expands it
  timeout 5 sh -c ': >"$1"' sh "$pipe" 2>/dev/null
  case $? in
    0) ;;
    124 | 143) fail 3 'pm down' ;;
    *) fail 5 "march: no right to write $pipe" ;;
  esac
}

send() { # SHA NONCE SECONDS
  [ -p "$pipe" ] || fail 3 'pipe missing'
  reader
  uptime
  end=$((up + $3))
  if command -v flock >/dev/null; then # only a courtesy: frames do not tear
    true 2>/dev/null >>"$pipe.lock" || fail 5 "march: no right to write $pipe.lock"
    exec 9>>"$pipe.lock"
    flock -n 9 || timeout "$3" flock 9 || exit 124
  fi
  uptime
  left=$((end - up))
  [ "$left" -gt 0 ] || exit 124
  timeout "$left" dd ibs=65536 obs=512 conv=notrunc of="$pipe" 2>/dev/null
  code=$?
  exec 9>&-
  case $code in
    0) ;;
    124 | 143) exit 124 ;;
    *) fail 3 'pm down' ;;
  esac
  uptime
  follow "$1" "$2" $((end - up))
}

put() { # SHA SIZE
  # Others may write there too, so the name is made new and cannot be guessed: what stands in its
  # way might be a link to a file of ours.
  inbox=$run/inbox
  part=
  trap 'rm -f "$part"' EXIT
  trap 'exit 130' HUP INT TERM
  part=$(mktemp "$inbox/.$1.XXXXXX" 2>/dev/null) || fail 3 'march: the inbox is not ours to use'
  { head -c "$2" >"$part"; } 2>/dev/null || fail 3 'march: the inbox is full, or not ours to use'
  [ "$(wc -c <"$part")" -eq "$2" ] || fail 3 'march: the file came incomplete'
  if [ -h "$inbox/$1" ] || [ -d "$inbox/$1" ]; then # mv would go into it
    rm -f "$inbox/$1" 2>/dev/null || fail 3 'march: something else stands in the inbox'
  fi
  # One that somebody else has put there is as good: pm looks at the bytes.
  mv -f "$part" "$inbox/$1" 2>/dev/null || [ -e "$inbox/$1" ] || fail 3 'march: not put in place'
}

main() {
  case ${1:-}/$# in
    look/1) look ;;
    lease/3) lease "$2" "$3" ;;
    send/4 | ack/4)
      { hex 64 "$2" && hex 16 "$3" && number "$4"; } || usage
      case $1 in send) send "$2" "$3" "$4" ;; *) follow "$2" "$3" "$4" ;; esac
      ;;
    put/3)
      { hex 64 "$2" && number "$3"; } || usage
      put "$2" "$3"
      ;;
    *) usage ;;
  esac
}

# As a forced command: the words come from the client. They are split, never evaluated.
if [ $# -eq 0 ] && [ -n "${SSH_ORIGINAL_COMMAND:-}" ]; then
  # shellcheck disable=SC2046
  set -- $(printf '%s' "$SSH_ORIGINAL_COMMAND" | tr -d "'\"")
  # What wraps a command of enve's is passed over: exec sh -c 'exec /var/pm/march look'
  [ "${1:-}" = exec ] && shift
  [ "${1:-}/${2:-}" = sh/-c ] && shift 2
  [ "${1:-}" = exec ] && shift
  case ${1:-} in march | */march) shift ;; esac
  # Listings and marches look with a line that is ready for a node without us.
  case "$*" in m=*"then exec \$m look; fi;"*) set -- look ;; esac
  if [ "${1:-}" = lease ] && [ $# -gt 2 ]; then
    lane=$2
    shift 2
    set -- lease "$lane" "$*"
  fi
fi
main "$@"
"""


def text(home: str, pipe: str) -> str:
    """The program for this HOME and PIPE (absolute paths)."""
    return _TEXT.replace("@HOME@", quoted(home)).replace("@PIPE@", quoted(pipe))


def quoted(word: str) -> str:
    """One word for sh."""
    return "'" + word.replace("'", "'\\''") + "'"
