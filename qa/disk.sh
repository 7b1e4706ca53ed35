#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fills the disk of a real node's models while it works: in the middle of a download, before a declaration, before a form is prepared; makes it read-only; and
# cuts a prepared form short. Each time the node says what is missing, uses nothing that is half written, and is fine again without a restart.
#   qa/disk.sh [--http PORT]      (19240)
# The disk is a tmpfs of 160 MB in a mount namespace of its own, so that it needs root or user namespaces. Exits 1 naming what was wrong. Environment as for qa/node.sh.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
if [ -z "${CLIP_DISK_NAMESPACE-}" ]; then
  own=()
  [ "$(id -u)" = 0 ] || own=(--map-current-user --keep-caps)
  CLIP_DISK_NAMESPACE=1 exec unshare "${own[@]}" --mount "$0" "$@"
fi
port=19240
[ "${1-}" != --http ] || port=$2
hub_port=$((port + 9))
out=$repo/target/disk
export NODE_DIR=${NODE_DIR:-$out/nodes}
mkdir -p "$out"

die() { echo "$*" >&2; exit 1; }
api() { curl -sS --max-time 180 -X "$1" "http://127.0.0.1:$port/_plugins/_clip/models/$2" -H 'content-type: application/json' ${3:+-d "$3"}; }
state() { api GET "$1" | sed -nE 's/.*"state":"([A-Z_]+)".*/\1/p' | head -n 1; }

await() { # model state [text that GET must show]
  local begin=$SECONDS
  until [ "$(state "$1")" = "$2" ]; do
    [ $((SECONDS - begin)) -lt 180 ] || die "[$1] is not $2: $(api GET "$1")"
    sleep 0.3
  done
  [ -z "${3-}" ] || api GET "$1" >"$out/shown"
  [ -z "${3-}" ] || grep -q "$3" "$out/shown" || die "[$1] does not say [$3]: $(cat "$out/shown")"
}

fill() { # leaves so many MB
  local left
  left=$(($(df --output=avail -k "$clip" | tail -n 1) - ${1:-0} * 1024))
  dd if=/dev/zero of="$clip/ballast" bs=1024 count="$left" status=none 2>/dev/null || true
}

empty() { rm -f "$clip/ballast"; }

for name in demo other; do
  mkdir -p "$out/hub/acme"
  rm -rf "$out/hub/acme/$name"
  cp -R "$repo/config/opensearch-clip-demo-v1" "$out/hub/acme/$name"
done
"$repo/qa/node.sh" build >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; exit 2; }
home=$("$repo/qa/node.sh" home)
clip=$home/data/of-1/nodes/0/clip
rm -rf "$home/data/of-1"
mkdir -p "$clip"
mount -t tmpfs -o size=160m,mode=777 tmpfs "$clip"
"$("$repo/qa/jdk.sh")/bin/java" "$repo/qa/hub/Hub.java" "$out/hub" "$hub_port" "${RATE:-700000}" >"$out/hub.log" 2>&1 &
hub=$!
trap 'kill "$hub" 2>/dev/null; "$repo/qa/node.sh" down >/dev/null 2>&1; umount "$clip"' EXIT
"$repo/qa/node.sh" up --http "$port" -E plugins.clip.hub.url="http://127.0.0.1:$hub_port" -E plugins.clip.disk.min_free=0b >"$out/up.log" 2>&1 ||
  { cat "$out/up.log" >&2; exit 2; }
pid=$(cat "$NODE_DIR/node1.pid")
vector() { api POST demo/_embed '{"inputs": [{"text": "a mushroom"}]}' | sed -E 's/"took":[0-9]+,//'; }

api PUT 'demo?load=true&wait_for_completion=false' '{"source": {"hub": "acme/demo"}}' >"$out/put.json"
until [ "$(api GET demo | sed -nE 's/.*"percent":([0-9]+).*/\1/p')" -ge 20 ] 2>/dev/null; do sleep 0.1; done
fill
await demo FAILED 'disk is full\|no room for'
[ -z "$(find "$clip/files" -type f ! -name '*.part' -size 0)" ] || die "an empty file has a final name"
empty
await demo LOADED
expected=$(vector)
echo "full in the middle of a download: FAILED with the reason, LOADED by itself when there was room"

fill
status=$(curl -sS -o "$out/refused.json" -w '%{http_code}' --max-time 120 -X PUT "http://127.0.0.1:$port/_plugins/_clip/models/other" -H 'content-type: application/json' -d '{"source": {"hub": "acme/other"}}')
[ "$status" = 507 ] || die "a declaration on a full disk is a $status: $(cat "$out/refused.json")"
empty
api PUT other '{"source": {"hub": "acme/other"}}' | grep -q '"acknowledged":true' || die "not declared when there was room"
echo "full at a declaration: 507, then declared"

api POST demo/_unload >/dev/null
rm -rf "$clip"/prepared/*
fill 30
api POST demo/_load >/dev/null
await demo LOADED 'tower is not prepared'
[ "$(vector)" = "$expected" ] || echo "the vector differs in its last bits where the graph is not packed"
api POST demo/_unload >/dev/null
empty
api POST demo/_load >/dev/null
await demo LOADED
! api GET demo | grep -q '"warning"' || die "it still warns: $(api GET demo)"
[ "$(vector)" = "$expected" ] || die "another vector than before"
echo "no room for a prepared form: LOADED with a warning, prepared at the next load"

api POST demo/_unload >/dev/null
for weights in "$clip"/prepared/*/weights; do truncate -s -4096 "$weights"; done
api POST demo/_load >/dev/null
await demo LOADED
[ "$(vector)" = "$expected" ] || die "another vector than before"
echo "a prepared form cut short: made anew"

api POST demo/_unload >/dev/null
mount -o remount,ro "$clip"
api POST demo/_load >/dev/null
await demo FAILED 'Read-only file system'
mount -o remount,rw "$clip"
await demo LOADED
[ "$(vector)" = "$expected" ] || die "another vector than before"
echo "read-only: FAILED with the reason, LOADED by itself when it could be written"

[ "$(cat "$NODE_DIR/node1.pid")" = "$pid" ] && kill -0 "$pid" || die "the node has not lived through it"
! grep -E 'ERROR' "$NODE_DIR/node1.log" | grep -v 'model \[' || die "errors in the log of the node"
