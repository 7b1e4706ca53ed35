#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What indexing through `clip_embedding` costs: pipelines of several shapes against a bare `_embed` loop of the
# same pictures on the same node. Everything in one run, interleaved; each line is the median of the rounds and their spread.
#   qa/bench.sh [--model ID] [--pictures DIR] [--rounds 5] [--documents 512] [--bulks 16,64,256] [--clients 2] [--http PORT | --url URL]
#   qa/bench.sh --one-bulk 5000 [..]                 one `_bulk` of so many pictures, with and without `if`: none may fail
# Needs python3, no packages. Tables are for reading ratios: the machine's other work is in every number.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 url= options=()
while [ $# -gt 0 ]; do
  case $1 in
    --http) port=$2; shift ;;
    --url) url=$2; shift ;;
    --model | --pictures | --rounds | --documents | --bulks | --clients | --one-bulk) options+=("$1" "$2"); shift ;;
    *) sed -n '3,7s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

if [ -z "$url" ]; then
  trap 'qa/node.sh down' EXIT
  trap 'exit 130' INT TERM
  qa/node.sh up --http "$port"
  url=http://127.0.0.1:$port
fi
python3 qa/bench/indexing.py --url "$url" ${options[@]+"${options[@]}"}
