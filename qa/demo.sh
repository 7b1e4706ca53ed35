#!/usr/bin/env bash
# The main job on the bundled models: builds the plugin, starts a real node, indexes photographs and pictograms, searches them.
#   qa/demo.sh [--once] [--http PORT] [--model ID] [--pictures DIR]
# The node keeps running until Ctrl-C; with --once it stops at the end, and the exit code says whether every expected hit was found.
set -euo pipefail
cd "$(dirname "$0")/.."
once= port=9200 model= pictures=
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=1 ;;
    --http) port=$2; shift ;;
    --model) model=$2; shift ;;
    --pictures) pictures=$2; shift ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
  esac
  shift
done

JAVA_HOME=$(qa/jdk.sh)
export JAVA_HOME
echo "Building the plugin (the first build fetches its dependencies)"
mkdir -p target
./mvnw -B -ntp package -DskipTests | tee target/build.log | sed -un 's/^\[INFO\] --- \(.*\) ---$/  \1/p' || {
  grep -m 20 '^\[ERROR\]' target/build.log >&2
  exit 1
}
trap 'qa/node.sh down' EXIT
trap 'exit 130' INT TERM
# The demo's own picture server is on loopback, which the plugin refuses to reach unless told.
qa/node.sh up --http "$port" -E 'plugins.clip.image.url.allowed_networks=127.0.0.0/8'
home=$(qa/node.sh home)
url=http://127.0.0.1:$port

[ "$model" != opensearch-clip-demo-v1 ] || pictures=${pictures:-qa/pictures}
collections=(pictures "${model:-opensearch-clip-photos-v1}" "${pictures:-qa/pictures/photographs}")
[ -n "$model$pictures" ] || collections+=(pictograms opensearch-clip-demo-v1 qa/pictures)
found=0
"$JAVA_HOME/bin/java" -cp "$home/plugins/opensearch-clip/*" qa/demo/Demo.java "$url" target/demo "${collections[@]}" || found=$?
[ -z "$once" ] || exit $found

cat <<TRY

The node answers at $url. To try:
  curl '$url/_plugins/_clip/models?pretty'
  curl '$url/pictures/_search?pretty' -H 'content-type: application/json' -d '
    {"_source": ["title", "style"], "query": {"clip": {"image_vector": {"query_text": "something to drink", "k": 5}}}}'
  curl '$url/_plugins/_clip/models/${collections[1]}/_embed' -H 'content-type: application/json' -d '{"inputs": [{"text": "a red apple"}]}'
Ctrl-C stops it.
TRY
while sleep 3600; do :; done
