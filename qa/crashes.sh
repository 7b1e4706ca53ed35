#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ends a real node in the middle of a load, by kill -9, SIGSEGV and SIGTERM, and looks at what its next start does: a model that was never loaded
# there is FAILED and every other model loads; one that was is tried once more, and FAILED at the second crash in a row; _load tries
# again; a normal stop leaves nothing; with plugins.clip.load.at_start=false nothing is loaded before _load. At last it is ended by SIGTERM while
# a model of 2 s a run works for searches, bulks and _embed: each gets an answer, and the process is gone within 5 s.
#   qa/crashes.sh
# Exits 1 naming what was wrong. Needs Python. Environment as for qa/node.sh; PORT (19240).
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
port=${PORT:-19240}
out=$repo/target/crashes
export NODE_DIR=${NODE_DIR:-$out/nodes}
mkdir -p "$out"
trap '"$repo/qa/node.sh" down' EXIT

die() { echo "$*" >&2; exit 1; }

up() { "$repo/qa/node.sh" up "$@" --http "$port" >"$out/up.log" 2>&1; }

models() { curl -sS --max-time 120 -X "$1" "http://127.0.0.1:$port/_plugins/_clip/models/$2" -H 'content-type: application/json' ${3:+-d "$3"}; }

state() { models GET "$1" | sed -nE 's/.*"state":"([A-Z]+)","bytes.*/\1/p'; }

marker() { compgen -G "$data/loading/$fingerprint-*.text" || compgen -G "$data/loading/$fingerprint-*.image"; }

expect() { # model state
  local now
  for _ in $(seq 300); do
    now=$(state "$1")
    [ "$now" != "$2" ] || return 0
    [ "$now" = LOADING ] || [ -z "$now" ] || break
    sleep 0.2
  done
  die "expected $2: $(models GET "$1")"
}

catch() { # stands the process still in the middle of a load
  local pid
  until marker >/dev/null; do :; done
  pid=$(cat "$NODE_DIR/node1.pid")
  kill -STOP "$pid"
  marker >"$out/marker" || die "the load was over too soon"
  echo "$pid"
}

finish() { # pid signal
  kill "-$2" "$1"
  kill -CONT "$1" 2>/dev/null || true
  while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
  "$repo/qa/node.sh" down >/dev/null 2>&1
}

load() { # begins, with everything to do anew
  models POST demo/_unload >/dev/null
  rm -rf "$data/prepared"
  models POST 'demo/_load?wait_for_completion=false' >/dev/null
}

up --fresh || { cat "$out/up.log" >&2; exit 2; }
data=$("$repo/qa/node.sh" home)/data/of-1/nodes/0/clip
models PUT 'other?load=true' '{"source": {"catalog": "opensearch-clip-demo-v1"}, "resize_mode": "squash"}' >/dev/null
expect other LOADED
models PUT 'demo?load=false' '{"source": {"catalog": "opensearch-clip-demo-v1"}}' >/dev/null
fingerprint=$(models GET demo | sed -nE 's/.*"fingerprint":"([0-9a-f]+)".*/\1/p')

load
finish "$(catch)" KILL
marker >/dev/null || die "kill -9 left no marker"
up || die "the node did not start: $(cat "$out/up.log")"
expect other LOADED
expect demo FAILED
models GET demo | grep -q 'this model ended the node while it was loaded; POST _load tries it again' || die "$(models GET demo)"
models POST demo/_load >/dev/null
expect demo LOADED
echo "kill -9 in its first load: FAILED at the next start, the other model LOADED; _load loaded it"

load
finish "$(catch)" SEGV
grep -q SIGSEGV "$NODE_DIR/node1.log" || die "no SIGSEGV"
up || die "the node did not start: $(cat "$out/up.log")"
expect demo LOADED
echo "SIGSEGV in a later load: tried once more, LOADED"

load
finish "$(catch)" KILL
rm -rf "$data/prepared"
up &
starting=$!
until compgen -G "$data/loading/$fingerprint-*.again" >/dev/null; do :; done # what the marker of the first crash becomes
pid=$(catch)
finish "$pid" KILL
wait "$starting" || true
up || die "the node did not start: $(cat "$out/up.log")"
expect other LOADED
expect demo FAILED
models POST demo/_load >/dev/null
expect demo LOADED
echo "two crashes in a row: FAILED; _load loaded it"

load
finish "$(catch)" TERM
if marker; then die "a normal stop left a marker"; fi
up || die "the node did not start: $(cat "$out/up.log")"
expect demo LOADED
echo "SIGTERM in the middle of a load: no marker, LOADED at the next start"

"$repo/qa/node.sh" down >/dev/null 2>&1
up -E plugins.clip.load.at_start=false || die "the node did not start: $(cat "$out/up.log")"
expect demo UNLOADED
expect other UNLOADED
models POST demo/_load >/dev/null
expect demo LOADED
expect other UNLOADED
echo "plugins.clip.load.at_start=false: nothing is loaded before _load"

"$repo/qa/node.sh" down >/dev/null 2>&1
python3 "$repo/qa/crashes/slow_model.py" "$("$repo/qa/node.sh" home)/config/opensearch-clip/models/slow"
up || die "the node did not start: $(cat "$out/up.log")"
models PUT 'slow?load=true' '{"source": {"path": "slow"}}' >/dev/null
expect slow LOADED
python3 "$repo/qa/crashes/closing.py" "$port" "$(cat "$NODE_DIR/node1.pid")"
echo "SIGTERM while a slow model runs: all were answered, gone within 5 s"
