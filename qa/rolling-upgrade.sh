#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Upgrades three real nodes one after the other, from one zip of the plugin to another, under bulks and searches: no document that was
# acknowledged may be missing or have another vector than `_embed` gives, and nothing may be refused but with a 429 or a 503.
#   qa/rolling-upgrade.sh --from OLD.zip [--to NEW.zip] [--http PORT] [--seconds 20]
# --seconds is how long each mix of nodes is under load. Exits 1 naming what was wrong. Environment as for qa/node.sh. Needs python3, no packages.
set -euo pipefail
cd "$(dirname "$0")/.."
from= to= port=19240 seconds=20
while [ $# -gt 0 ]; do
  case $1 in
    --from) from=$2; shift ;;
    --to) to=$2; shift ;;
    --http) port=$2; shift ;;
    --seconds) seconds=$2; shift ;;
    *) sed -n '3,7s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ -n "$from" ] || { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
if [ -z "$to" ]; then
  for to in target/releases/opensearch-clip-*.zip; do :; done
fi
export NODE_DIR=${NODE_DIR:-target/upgrade/nodes}
mkdir -p "$NODE_DIR"
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
touch "$from" # homes of an earlier run have the other zip
PLUGIN_ZIP=$from qa/node.sh up --nodes 3 --http "$port" --fresh
python3 qa/upgrade/rolling.py --http "$port" --to "$to" --seconds "$seconds"
if grep -hE 'ERROR\]|fatal error' "$NODE_DIR"/node*.log | grep -i clip; then
  echo "the nodes have logged errors of the plugin" >&2
  exit 1
fi
