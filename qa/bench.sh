#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the plugin costs on a real node, beside what the same node or machine does without it. Everything in one run, interleaved.
#   qa/bench.sh --search [--quick] [--only PART]..   PART: overhead (a query beside its run and plain k-NN), beside (searches by text, idle and beside 4
#                    clients that index texts, pictures and large pictures), one_picture (a search by a large picture against ONNX Runtime on all cores),
#                    crossover (what all cores gain a single run), saturated (ingest while searches fill the node), plain (an index without vectors
#                    while pictures are indexed)
#   qa/bench.sh --loop [--quick]       `_bulk` of pictures in each format and size, and of texts, fp32 and int8, against a bare ONNX Runtime loop
#   qa/bench.sh [--model ID] [--pictures DIR] [--rounds 5] [--documents 512] [--bulks 16,64,256] [--clients 2] [--url URL]
#                    pipelines of several shapes against a bare `_embed` loop: median of the rounds, and their spread
#   qa/bench.sh --one-bulk 5000 [..]   one `_bulk` of so many pictures, with and without `if`: none may fail
# All: [--http PORT]. --search and --loop: [-E key=value].. for the node, such as longer timeouts on a machine that is busy with other things. They
# make their models (qa/bench/models.py) and a node of their own with a heap of 2 GB in target/bench, write
# target/bench/{search,loop}.{md,json}, and exit 1 where a goal of docs/performance.md is missed; they need Python packages (qa/bench/requirements.txt,
# in a virtual environment). Read ratios: the machine's other work is in every number. Environment: NODE_HEAP, BENCH_PYTHON.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 url= kind=indexing options=() settings=()
while [ $# -gt 0 ]; do
  case $1 in
    --search | --loop) kind=${1#--} ;;
    --http) port=$2; shift ;;
    --url) url=$2; shift ;;
    --quick) options+=("$1") ;;
    -E) settings+=(-E "$2"); shift ;;
    --model | --pictures | --rounds | --documents | --bulks | --clients | --one-bulk | --only) options+=("$1" "$2"); shift ;;
    *) sed -n '3,17s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

python=python3 up=()
case $kind in
  search | loop)
    [ -z "$url" ] || { echo "--$kind starts a node of its own" >&2; exit 2; }
    export NODE_HEAP=${NODE_HEAP:-2g} NODE_DIR=target/bench/nodes
    python=$(qa/bench/python.sh)
    case $kind in
      search) needed=(minilm-int8 vit-b32 eva02-l14) ;;
      loop) needed=(minilm minilm-int8 vit-b32 vit-b32-int8) ;;
    esac
    models=$(qa/bench/models.sh "${needed[@]}")
    qa/node.sh build
    at=$(qa/node.sh home)/config/opensearch-clip/models
    for name in "${needed[@]}"; do
      [ "$at/$name/made" -nt "$models/$name/tokenizer.json" ] || { rm -rf "${at:?}/$name"; cp -R "$models/$name" "$at/"; up=(--fresh); }
    done
    up+=(-E plugins.clip.load.at_start=false ${settings[@]+"${settings[@]}"})
    options+=(--models "$models" --out target/bench)
    ;;
esac
if [ -z "$url" ]; then
  trap 'qa/node.sh down' EXIT
  trap 'exit 130' INT TERM
  qa/node.sh up --http "$port" ${up[@]+"${up[@]}"}
  url=http://127.0.0.1:$port
fi
"$python" "qa/bench/$kind.py" --url "$url" ${options[@]+"${options[@]}"}
