#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the slowest pictures of each format cost that are not refused: time of a core and memory, each in a process of its own.
#   qa/slow-pictures.sh [edge]                 (7071: 50 megapixels)
# Needs ./mvnw test-compile and a quiet machine. Exits 1 when one takes more than 2 s, or more memory than is reserved for it.
set -euo pipefail
cd "$(dirname "$0")/.."
java=$(qa/jdk.sh)/bin/java
work=target/slow-pictures
mkdir -p $work/files
[ -e $work/classpath ] || ./mvnw -q -B -ntp -f pom.xml dependency:build-classpath -Dmdep.outputFile="$PWD/$work/classpath" -Dmdep.includeScope=test
run() { "$java" -Xms1500m -Xmx1500m -XX:+UseSerialGC -XX:+AlwaysPreTouch --enable-native-access=ALL-UNNAMED -Dclip.natives=target/natives/org/bytedeco/leptonica -cp "target/test-classes:target/classes:$(cat $work/classpath)" "$@" 2>$work/errors; }
run org.opensearch.clip.core.image.CostlyPicture $work/files "${1:-7071}"
failed=0
for file in "$work"/files/*; do
  read -r millis grown reserved bytes _ < <(run org.opensearch.clip.core.image.PictureCost "$file" time)
  verdict=
  [ "$millis" -le 2000 ] && [ "$grown" -le $((reserved + (4 << 20))) ] || { verdict="  <- too much" failed=1; }
  printf '%-18s %9d bytes  %5d ms  %4d MB of %4d MB%s\n' "${file##*/}" "$bytes" "$millis" $((grown >> 20)) $((reserved >> 20)) "$verdict"
done
exit $failed
