#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Wrong requests against a real node: schemathesis on rest-api-spec/openapi.yaml, and qa/fuzz/fuzz.py on pipelines, documents and queries.
#   qa/fuzz.sh [--http PORT] [--seconds N] [--seed N]        (9200, 120 of each, 0)
#   qa/fuzz.sh --large [--http PORT] [--seconds N] [--seed N]
# --large: qa/fuzz/large.py instead (1800): large values and products of two of them, several clients at once, a heap of 512 MB.
# Builds the plugin if target/releases has none, starts a node that dials nobody, stops it. Exits 1 when an answer is no 2xx, 4xx, 502, 503, 504 or 507, is not as
# documented, or names no field; when the node is gone; or when its log has an ERROR.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 seconds='' seed=0 large=''
while [ $# -gt 0 ]; do
  case $1 in
    --large) large=yes; shift; continue ;;
    --http) port=$2 ;;
    --seconds) seconds=$2 ;;
    --seed) seed=$2 ;;
    *) sed -n '3,9s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

venv=target/fuzz-venv
[ -n "$large" ] || [ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/python" -m pip install -q --disable-pip-version-check schemathesis==4.32.5; }
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
NODE_HEAP=512m qa/node.sh up --fresh --http "$port" -E plugins.clip.hub.proxy=127.0.0.1:1 -E plugins.clip.image.url.allowed_hosts=localhost
url=http://127.0.0.1:$port
for id in demo spare; do
  curl -sS --fail-with-body -X PUT "$url/_plugins/_clip/models/$id?load=true" -H 'content-type: application/json' -d '{"source": {"catalog": "opensearch-clip-demo-v1"}}'
  echo
done

failed=0
if [ -n "$large" ]; then
  python3 qa/fuzz/large.py --port "$port" --seconds "${seconds:-1800}" --seed "$seed" || failed=1
else
  seconds=${seconds:-120}
  python3 qa/fuzz/fuzz.py --port "$port" --seconds "$seconds" --seed "$seed" || failed=1
  # in target/, because it leaves its findings where it runs
  (cd target && fuzz-venv/bin/schemathesis --config-file ../qa/fuzz/schemathesis.toml run ../rest-api-spec/openapi.yaml --url "$url" --max-time "$seconds" --seed "$seed") || failed=1
fi
if grep -E '\[(ERROR|FATAL)' target/nodes/node1.log || ! curl -sSf -o /dev/null "$url"; then failed=1; fi
exit $failed
