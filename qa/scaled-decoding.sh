#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What decoding JPEGs at 1/2, 1/4 and 1/8 costs: cosines of fp32 vectors against exact decoding, of ViT-B/32 and SigLIP shapes with random weights at 224, 384 and 512 px, for
# 240 large pictures made of photographs and for checkerboards. docs/pictures.md has the result.
#   qa/scaled-decoding.sh [--seconds N] [model ..]      (a day at most each; clip-224 siglip-224 siglip-384 siglip-512)
# Needs ./mvnw test-compile, and Python with numpy and onnx.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=86400
if [ "${1:-}" = --seconds ]; then seconds=$2 && shift 2; fi
[ $# -gt 0 ] || set -- clip-224 siglip-224 siglip-384 siglip-512
java_home=$(qa/jdk.sh) work=target/scaled-decoding
mkdir -p $work/classes
[ -e $work/classpath ] || ./mvnw -q -B -ntp -f pom.xml dependency:build-classpath -Dmdep.outputFile="$PWD/$work/classpath" -Dmdep.includeScope=test
[ -e $work/models/siglip-512.onnx ] || python3 qa/scaled-decoding/models.py $work/models
classpath=$work/classes:target/classes:$(cat $work/classpath)
"$java_home/bin/javac" -d $work/classes -cp "$classpath" qa/scaled-decoding/ScaledDecoding.java
for model in "$@"; do
  "$java_home/bin/java" -Xmx3g -Djava.awt.headless=true --enable-native-access=ALL-UNNAMED -cp "$classpath" org.opensearch.clip.core.image.ScaledDecoding \
    target/natives/org/bytedeco/leptonica "$work/models/$model.onnx" "$seconds" qa/pictures/photographs
done
