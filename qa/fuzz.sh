#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Wrong requests against a real node: schemathesis on rest-api-spec/openapi.yaml, and qa/fuzz/fuzz.py on pipelines, documents and queries.
#   qa/fuzz.sh [--http PORT] [--seconds N] [--seed N]        (9200, 120 of each, 0)
# Builds the plugin if target/releases has none, starts a node that dials nobody, stops it. Exits 1 when an answer is no 2xx, 4xx, 502, 503 or 504, is not as
# documented, or names no field; or when the node's log has an ERROR.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 seconds=120 seed=0
while [ $# -gt 0 ]; do
  case $1 in
    --http) port=$2 ;;
    --seconds) seconds=$2 ;;
    --seed) seed=$2 ;;
    *) sed -n '3,7s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

venv=target/fuzz-venv
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/python" -m pip install -q --disable-pip-version-check schemathesis==4.32.5; }
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
qa/node.sh up --fresh --http "$port" -E plugins.clip.hub.proxy=127.0.0.1:1 -E plugins.clip.image.url.allowed_hosts=localhost
url=http://127.0.0.1:$port
for id in demo spare; do
  curl -sS --fail-with-body -X PUT "$url/_plugins/_clip/models/$id?load=true" -H 'content-type: application/json' -d '{"source": {"catalog": "opensearch-clip-demo-v1"}}'
  echo
done

failed=0
python3 qa/fuzz/fuzz.py --port "$port" --seconds "$seconds" --seed "$seed" || failed=1
# in target/, because it leaves its findings where it runs
(cd target && fuzz-venv/bin/schemathesis --config-file ../qa/fuzz/schemathesis.toml run ../rest-api-spec/openapi.yaml --url "$url" --max-time "$seconds" --seed "$seed") || failed=1
if grep -E '\[(ERROR|FATAL)' target/nodes/node1.log || ! curl -sSf -o /dev/null "$url"; then failed=1; fi
exit $failed
