#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real clients against a real node: Jina's embeddings and reranker of LangChain and LlamaIndex, OpenAI's client, opensearch-py.
#   qa/clients.sh [--http PORT] [--url URL]
# Builds the plugin if target/releases has none, makes a virtual environment of PyPI's packages (qa/clients/requirements.txt) in target/,
# starts a node, runs qa/clients/clients.py, stops the node. With --url it asks a node that runs already, started with
# -E plugins.clip.image.url.allowed_networks=127.0.0.0/8. The exit code says whether everything was as expected.
set -euo pipefail
cd "$(dirname "$0")/.."
port=9200 url=
while [ $# -gt 0 ]; do
  case $1 in
    --http) port=$2; shift ;;
    --url) url=$2; shift ;;
    *) sed -n '3,7s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

venv=target/clients-venv
if ! cmp -s qa/clients/requirements.txt "$venv/requirements.txt"; then
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -r qa/clients/requirements.txt
  cp qa/clients/requirements.txt "$venv/"
fi
if [ -z "$url" ]; then
  trap 'qa/node.sh down' EXIT
  trap 'exit 130' INT TERM
  qa/node.sh up --http "$port" -E plugins.clip.image.url.allowed_networks=127.0.0.0/8
  url=http://127.0.0.1:$port
fi
CLIP_URL=$url "$venv/bin/python" qa/clients/clients.py -v
