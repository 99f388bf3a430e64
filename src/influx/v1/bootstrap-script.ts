import {
  BOOTSTRAP_REFUSED_META_MISSING,
  BOOTSTRAP_REFUSED_META_CORRUPT,
  BOOTSTRAP_REFUSED_DATA_NEWER,
  BOOTSTRAP_REFUSED_SECOND_POD,
  BOOTSTRAP_FAILED,
} from '../bootstrap-words.ts';

/** Exit codes. Of these only `failed` may pass by itself. */
export const BOOTSTRAP_EXIT = {
  failed: 1,
  metaMissing: 10,
  metaCorrupt: 11,
  dataNewer: 12,
  secondPod: 13,
  terminated: 143,
} as const;

/** Names the engine's version in the environment of the script; without it no version is compared. */
export const BOOTSTRAP_VERSION = 'INFLUXADDON_VERSION';

/** Everything but the defaults is for tests that run several on one machine. */
export interface BootstrapOptions {
  stateDir?: string;
  /** With create-admin.iql and heal-admin.iql. */
  statementsDir?: string;
  /** Emptied at the start and removed at the end. */
  scratchDir?: string;
  host?: string;
  httpPort?: number;
  rpcPort?: number;
  terminationLog?: string;
  /** For all of it. */
  deadlineSeconds?: number;
}

/**
 * The script. POSIX sh (dash, bash, busybox) with what the official images have: influxd, influx, and
 * cat, kill, ls, mkdir, mv, rm, sleep. Prints no output of `influx`, which could quote the password.
 */
export function bootstrapScript(options: BootstrapOptions = {}): string {
  const host = options.host ?? '127.0.0.1';
  return `set -u
state=${options.stateDir ?? '/var/lib/influxdb'}
statements=${options.statementsDir ?? '/bootstrap'}
scratch=${options.scratchDir ?? '/tmp/bootstrap'}
message=${options.terminationLog ?? '/dev/termination-log'}
deadline=${options.deadlineSeconds ?? 300}
client='influx -host ${host} -port ${options.httpPort ?? 8086} -format csv'
${BODY}`;
}

const BODY = `meta=$state/meta/meta.db
# On the volume itself, the one place that whoever opened the data has certainly been at.
mark=$state/.opened-by
version=\${${BOOTSTRAP_VERSION}:-}
server= call= timer=

# Process 1 ignores a signal it has no trap for: a pod deleted now would wait for its whole grace period.
trap 'stop; exit ${BOOTSTRAP_EXIT.terminated}' TERM INT
trap 'give_up ${BOOTSTRAP_EXIT.failed} "${BOOTSTRAP_FAILED} not finished within $deadline s"' ALRM

stop() {
  trap '' TERM INT ALRM
  [ -z "$call" ] || kill -KILL "$call" 2>/dev/null
  [ -z "$timer" ] || kill -TERM "$timer" 2>/dev/null
  [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" 2>/dev/null; }
  rm -rf "$scratch"
}

give_up() {
  stop
  printf '%s\\n' "$2" >&2
  { printf '%s\\n' "$2" >"$message"; } 2>/dev/null
  exit "$1"
}

fail() { give_up ${BOOTSTRAP_EXIT.failed} "${BOOTSTRAP_FAILED} $1"; }

# A folder that cannot be listed counts as one with something in it.
has_entries() {
  [ -e "$1" ] || return 1
  entries=$(ls -A "$1" 2>/dev/null) || return 0
  [ -n "$entries" ]
}

# Major, minor and patch as one number; 0 for what is no version.
rank() {
  case .$1 in . | *[!0-9.]* | *.*.*.*.* | *.0[0-9]* | *..*) printf 0; return ;; esac
  dots=$IFS IFS=.
  set -- $1
  IFS=$dots
  printf %s "$((\${1:-0} * 1000000 + \${2:-0} * 1000 + \${3:-0}))"
}

opened_by() { { IFS= read -r line <"$mark"; } 2>/dev/null && printf %s "$line"; }

# A full volume has no room for a mark, and must be started all the same.
leave_mark() {
  [ "$(opened_by)" = "$version" ] && return
  { printf '%s\\n' "$version" >"$mark.new" && mv "$mark.new" "$mark"; } 2>/dev/null || rm -f "$mark.new"
}

has_data() { has_entries "$state/data" || has_entries "$state/wal"; }

# Commands run in the background, because a shell notices a signal in wait, but not behind a command.
finish() { call=$1; wait "$call"; code=$?; call=; return "$code"; }
# One call does all: \`influx\` of 1.7 needs two seconds to come up.
feed() {
  { cat "$statements/$1"; printf '; SHOW USERS\\n'; } | $client >"$scratch/answer" 2>&1 & finish $!
}
ask() { $client -execute 'SHOW USERS' </dev/null >"$scratch/answer" 2>&1 & finish $!; }
refused() { case $(cat "$scratch/answer") in *ERR:*) ;; *) return 1 ;; esac; }

# Until the server has answered, whatever it says.
start() {
  influxd </dev/null >"$scratch/log" 2>&1 & server=$!
  until feed create-admin.iql || refused; do
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.1
  done
}

# The line that influxd ends with when it cannot start. No statement was sent to it by then.
last_words() {
  while IFS= read -r line; do
    case $line in 'run: '*) printf '%s' "\${line#run: }" ;; esac
  done <"$scratch/log"
}

move_aside() {
  n=1
  while [ -e "$meta.corrupt-$n" ]; do n=$((n + 1)); done
  mv "$meta" "$meta.corrupt-$n" || fail "$meta cannot be moved aside"
  printf '%s\\n' "meta.db was unreadable and the volume holds no data: moved aside as meta.db.corrupt-$n" >&2
}

did_not_start() {
  wait "$server"
  code=$? server=
  words=$(last_words)
  case $words in
    'create server: '*proto:* | 'create server: '*EOF*) [ -e "$meta" ] && return ;;
  esac
  fail "influxd did not start: \${words:-exit code $code}"
}

# What influx prints may quote a statement, so it is only looked at, never shown.
why() {
  case $(cat "$scratch/answer") in
    *'no space left on device'*) printf 'the volume is full' ;;
    *'read-only file system'*) printf 'the volume is read-only' ;;
    *'permission denied'*) printf 'the volume does not let influxd write' ;;
    *'user not found'*) printf 'the user could not be created' ;;
    *'error parsing query'*) printf 'the statements are not valid' ;;
    *) printf 'the statements failed' ;;
  esac
}

has_admin() {
  while IFS= read -r line; do
    case $line in *,true) return 0 ;; esac
  done <"$scratch/answer"
  return 1
}

# Engines take no lock: two on one folder destroy it. A StatefulSet that somebody scaled up calls its second pod so.
case \${HOSTNAME:-} in
  *-influx-[1-9] | *-influx-[1-9][0-9]*)
    give_up ${BOOTSTRAP_EXIT.secondPod} "${BOOTSTRAP_REFUSED_SECOND_POD}: the data belongs to another pod; the StatefulSet has to have one replica"
    ;;
esac

rm -rf "$scratch"
{ mkdir -m 700 "$scratch" && mkdir "$scratch/data" "$scratch/wal"; } || fail "$scratch cannot be made"
for file in create-admin.iql heal-admin.iql; do
  [ -r "$statements/$file" ] || fail "$statements/$file is not there"
done

if ! [ -e "$meta" ] && has_data; then
  give_up ${BOOTSTRAP_EXIT.metaMissing} "${BOOTSTRAP_REFUSED_META_MISSING}: the volume holds data but no meta/meta.db; a start would show an empty database"
fi

if [ -n "$version" ]; then
  present=$(rank "$version")
  if [ "$present" -gt 0 ] && [ "$present" -lt "$(rank "$(opened_by)")" ]; then
    give_up ${BOOTSTRAP_EXIT.dataNewer} "${BOOTSTRAP_REFUSED_DATA_NEWER}: $(opened_by) has opened the data, which $version may not be able to read"
  fi
  leave_mark
fi

(
  trap 'kill "$nap"' TERM
  sleep "$deadline" & nap=$!
  wait "$nap" && kill -s ALRM $$
) >/dev/null 2>&1 & timer=$!

if ! start; then
  did_not_start
  if has_data; then
    give_up ${BOOTSTRAP_EXIT.metaCorrupt} "${BOOTSTRAP_REFUSED_META_CORRUPT}: meta/meta.db cannot be read and the volume holds data: $words"
  fi
  move_aside
  start || { did_not_start; fail "influxd did not start: $words"; }
fi

reason='the statements made none'
if refused; then # the user is there, with another password or without its rights
  feed heal-admin.iql || reason=$(why)
fi
if ! has_admin; then
  # A full volume takes no new password, but it is of use only to a running engine, and with any
  # administrator the port is safe to open.
  [ "$reason" = 'the volume is full' ] && ask && has_admin || fail "there is no administrator: $reason"
  printf '%s\\n' 'the volume is full: the password of the administrator may be an older one' >&2
fi
stop
`;
