#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kills a real node (kill -9) in the middle of a download, several times, and looks at what it does then: it goes on where it was, loads the
# model, and never had a file under its final name that was not whole. The model is the bundled one, from a slow hub on loopback.
#   qa/downloads.sh [percent at which to kill ..]      (10 45 80)
# Exits 1 naming what was wrong. Environment as for qa/node.sh; PORT (19220), RATE (400000 bytes a second).
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
[ $# -gt 0 ] || set -- 10 45 80
port=${PORT:-19220}
hub_port=$((port + 9))
out=$repo/target/downloads
export NODE_DIR=${NODE_DIR:-$out/nodes}
mkdir -p "$out/hub/acme"
rm -rf "$out/hub/acme/demo"
cp -R "$repo/config/opensearch-clip-demo-v1" "$out/hub/acme/demo"

java=$("$repo/qa/jdk.sh")/bin/java
"$java" "$repo/qa/hub/Hub.java" "$out/hub" "$hub_port" "${RATE:-400000}" >"$out/hub.log" 2>&1 &
hub=$!
trap 'kill "$hub" 2>/dev/null; "$repo/qa/node.sh" down' EXIT

die() { echo "$*" >&2; exit 1; }

up() {
  "$repo/qa/node.sh" up "$@" --http "$port" -E plugins.clip.hub.url="http://127.0.0.1:$hub_port" -E plugins.clip.disk.min_free=0b >"$out/up.log" 2>&1 ||
    { cat "$out/up.log" >&2; exit 2; }
}

model() { curl -sS --max-time 60 "http://127.0.0.1:$port/_plugins/_clip/models/demo"; }

field() { sed -nE "s/.*\"$1\":\"?([A-Za-z0-9]+).*/\1/p" | head -n 1; }

# Every file under its final name has that hash, at any moment.
check_files() {
  local file
  for file in "$files"/*; do
    case $file in
      *.part) ;;
      *) [ ! -e "$file" ] || [ "$(sha256sum "$file" | cut -d' ' -f1)" = "${file##*/}" ] || die "half-written: $file" ;;
    esac
  done
}

up --fresh
files=$("$repo/qa/node.sh" home)/data/of-1/nodes/0/clip/files
curl -sS --fail-with-body --max-time 120 -X PUT "http://127.0.0.1:$port/_plugins/_clip/models/demo?load=true&wait_for_completion=false" \
  -H 'content-type: application/json' -d '{"source": {"hub": "acme/demo"}}' >"$out/put.json" || die "$(cat "$out/put.json")"
task=$(field task <"$out/put.json")
until model | grep -q '"progress"'; do sleep 0.2; done
curl -sS "http://127.0.0.1:$port/_tasks?detailed&actions=*clip*" >"$out/tasks.json"
grep -q '"stage":"downloading"' "$out/tasks.json" || die "the task shows no progress: $(cat "$out/tasks.json")"

for percent in "$@"; do
  until done=$(model | field percent) && [ "${done:-0}" -ge "$percent" ]; do
    [ "$(model | field state)" != LOADED ] || die "loaded before it could be killed at $percent %: lower RATE"
    sleep 0.1
  done
  pid=$(cat "$NODE_DIR/node1.pid")
  kill -9 "$pid"
  while kill -0 "$pid" 2>/dev/null || curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; done
  "$repo/qa/node.sh" down
  check_files
  echo "killed at $done %: $(find "$files" -name '*.part' | wc -l) unfinished, $(find "$files" -type f ! -name '*.part' | wc -l) whole"
  up
done

until [ "$(model | field state)" = LOADED ]; do
  [ "$(model | field state)" != FAILED ] || die "$(model)"
  sleep 0.5
done
check_files
[ -z "$(find "$files" -name '*.part')" ] || die "left behind: $(ls "$files")"
ranges=$(grep -c 'onnx bytes=' "$out/hub.log" || true)
[ "$ranges" -ge 1 ] || die "no download went on where it was: $(cat "$out/hub.log")"
curl -sS --fail-with-body "http://127.0.0.1:$port/_plugins/_clip/models/demo/_embed" -H 'content-type: application/json' \
  -d '{"inputs": [{"text": "a mushroom"}]}' | grep -q '"embedding"' || die "no vector"
echo "loaded after $# kills; $ranges requests went on where the one before broke off"
