import { baseParameters } from '../influx/v1/parameters.ts';
import { JOB_FILES } from './job-files.ts';

/*
 * The engine's container of a Job's pod. It has the engine's image, the other one Node: the first does what the second
 * says, by files in a small volume that both mount, for the large one may be full. The job writes `todo-<n>` (a command, then its arguments, a line
 * each), the script answers with `done-<n>`, which holds an exit code, and `log-<n>` what was printed. Commands:
 *
 *   dump <db>             `influxd backup -portable` from the forwarded port into <scratch>/dump
 *   serve <token> [resume] starts a server on the volume to be filled, on loopback. Exit code 20: the volume holds
 *                         something that no Job made; 21: it was filled before from <token>, and is served as it is. What was
 *                         begun and not finished is removed, but with `resume` that of the same token
 *   restore <from> <to>   `influxd restore -portable` of <scratch>/dump
 *   stop                  stops the server; the code is the server's
 *   finish <token>        marks the volume as filled
 *   quit                  ends the script; a command that runs is ended with it
 *
 * A volume is only ever written to when it was empty or when this script wrote to it before and did not finish.
 */

export const ENGINE_EXIT = { foreignVolume: 20, filledBefore: 21, noServer: 22, noWork: 23 } as const;

/** Everything but the defaults is for tests that run several on one machine. */
export interface EngineOptions {
  readonly scratchDir?: string;
  readonly handoffDir?: string;
  readonly stateDir?: string;
  readonly httpPort?: number;
  /** Of the server it starts, or of the forwarded one. */
  readonly rpcPort?: number;
  /** How long the job may be silent until the script gives up, seconds. */
  readonly patienceSeconds?: number;
}

/** POSIX sh with what the official images have: influxd, and cat, kill, ls, mkdir, mv, rm, sleep. */
export function engineScript(options: EngineOptions = {}): string {
  return `set -u
scratch=${options.scratchDir ?? JOB_FILES.scratch}
handoff=${options.handoffDir ?? JOB_FILES.handoff}
state=${options.stateDir ?? JOB_FILES.state}
rpc=127.0.0.1:${options.rpcPort ?? 8088}
patience=$((${options.patienceSeconds ?? 120} * 20))
${BODY}`;
}

/** The environment of the server that fills a volume: on loopback, without authentication, and leaving the data alone. */
export function engineEnvironment(options: EngineOptions = {}): Record<string, string> {
  return {
    ...baseParameters({
      stateDir: options.stateDir ?? JOB_FILES.state,
      http: `127.0.0.1:${options.httpPort ?? 8086}`,
      rpc: `127.0.0.1:${options.rpcPort ?? 8088}`,
    }),
    HOME: '/tmp',
    INFLUXDB_HTTP_AUTH_ENABLED: 'false',
    INFLUXDB_HTTP_HTTPS_ENABLED: 'false',
    INFLUXDB_HTTP_PPROF_ENABLED: 'false',
    // Old points would go before they are counted, and continuous queries would write new ones.
    INFLUXDB_RETENTION_ENABLED: 'false',
    INFLUXDB_CONTINUOUS_QUERIES_ENABLED: 'false',
    INFLUXDB_SHARD_PRECREATION_ENABLED: 'false',
    // A copy writes one shard after the other, each of which is done with at once: its cache is memory of the plan.
    INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION: '10s',
  };
}

const BODY = `filling=$state/.influxaddon-filling
filled=$state/.influxaddon-filled
server= tool= n=1 last= silent=0

trap 'quit 143' TERM INT

quit() {
  trap '' TERM INT
  [ -z "$tool" ] || kill -TERM "$tool" 2>/dev/null
  [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server"; }
  exit "$1"
}

# A twentieth of a second, and a look at whether the other container still lives: it counts in a file.
tick() {
  sleep 0.05
  now=
  { IFS= read -r now <"$handoff/alive"; } 2>/dev/null
  if [ "$now" = "$last" ]; then silent=$((silent + 1)); else silent=0 last=$now; fi
  [ "$silent" -lt "$patience" ] || { printf 'the job is silent\\n' >&2; quit ${ENGINE_EXIT.noWork}; }
}

answer() {
  printf '%s\\n' "$1" >"$handoff/done-$n.new" && mv "$handoff/done-$n.new" "$handoff/done-$n"
}

run() {
  "$@" </dev/null >"$handoff/log-$n" 2>&1 & tool=$!
  while kill -0 "$tool" 2>/dev/null; do
    tick
    # Nobody waits for it any more.
    [ ! -e "$handoff/todo-$((n + 1))" ] || quit 0
  done
  wait "$tool"
  code=$? tool=
  answer "$code"
}

# Of what the server said; a full volume is said there.
last_line() {
  line=
  while IFS= read -r next; do line=$next; done <"$scratch/server-log"
  printf '%s\\n' "$line"
}

# Of a new file system there is a folder already.
is_empty() {
  for entry in $(ls -A "$state"); do
    [ "$entry" = lost+found ] || return 1
  done
}

prepare() {
  if [ -e "$filled" ] && [ "$(cat "$filled")" = "$1" ]; then return ${ENGINE_EXIT.filledBefore}; fi
  if [ -e "$filling" ] && [ "$2" = resume ] && [ "$(cat "$filling")" = "$1" ]; then return 0; fi
  if [ -e "$filling" ]; then rm -rf "$state/meta" "$state/data" "$state/wal" || return 1
  else
    is_empty || return ${ENGINE_EXIT.foreignVolume}
  fi
  printf '%s\\n' "$1" >"$filling" || return 1
}

serve() {
  prepare "$1" "$2"
  code=$?
  case $code in 0 | ${ENGINE_EXIT.filledBefore}) ;; *) answer "$code"; return ;; esac
  influxd </dev/null >"$scratch/server-log" 2>&1 & server=$!
  answer "$code"
}

stop() {
  [ -n "$server" ] || { answer ${ENGINE_EXIT.noServer}; return; }
  kill -TERM "$server" 2>/dev/null
  while kill -0 "$server" 2>/dev/null; do tick; done
  wait "$server"
  code=$? server=
  answer "$code"
}

finish() {
  printf '%s\\n' "$1" >"$filled.new" && sync && mv "$filled.new" "$filled" && rm -f "$filling" && sync
  answer $?
}

while :; do
  until [ -e "$handoff/todo-$n" ]; do
    tick
    # A server that ended by itself: the job learns of it, whatever it is waiting for.
    if [ -n "$server" ] && ! kill -0 "$server" 2>/dev/null; then
      wait "$server"
      code=$?
      last_line >"$handoff/server-log"
      printf '%s\\n' "$code" >"$handoff/server-ended"
      server=
    fi
  done
  { read -r word; read -r first; read -r second; } <"$handoff/todo-$n"
  case $word in
    dump) mkdir -p "$scratch/dump" && run influxd backup -portable -db "$first" -host "$rpc" "$scratch/dump" ;;
    serve) serve "$first" "$second" ;;
    restore) run influxd restore -portable -host "$rpc" -db "$first" -newdb "$second" "$scratch/dump" ;;
    stop) stop ;;
    finish) finish "$first" ;;
    quit) answer 0; quit 0 ;;
  esac
  n=$((n + 1))
done
`;
