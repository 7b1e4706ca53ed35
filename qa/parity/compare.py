# SPDX-License-Identifier: Apache-2.0
"""Every input of every family through a real node's _embed, against the reference: compare.py <out> <url> <home of the node> [family..]

Prints a table of family and kind, writes it to <out>/parity.md too, and ends with 1 when one cosine is below 0.9999, one token id differs,
one pixel is off by more than 1e-5, or an error is missing.
"""

import base64
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np

import texts

COSINE, PIXEL = 0.9999, 1e-5
HERE = pathlib.Path(__file__).resolve().parent
Row = collections.namedtuple("Row", "family kind inputs cosine ids pixel other missed")


def call(url, method, path, body=None):
    request = urllib.request.Request(
        url + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


def ok(*arguments):
    status, answer = call(*arguments)
    if status >= 300:
        raise RuntimeError(f"{arguments[1]} {arguments[2]}: {status} {json.dumps(answer)[:2000]}")
    return answer


def embed(url, model, inputs, at_once, **options):
    results = []
    for i in range(0, len(inputs), at_once):
        results += ok(url, "POST", f"/_plugins/_clip/models/{model}/_embed", {"inputs": inputs[i:i + at_once], "timeout": "120s"} | options)["results"]
    return results


def cosine(a, b):
    a, b = np.array(a, np.float64), np.array(b, np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def others(rows):
    """The lowest cosine between the reference and another pipeline of the same library."""
    found = [(cosine(r["vector"], r["other"]), r["why"]) for r in rows if r["other"]]
    return "{:.6f} {}".format(*min(found)) if found else ""


def probe(place, pictures, home):
    jars = os.pathsep.join(f"{home / folder}/*" for folder in ("plugins/opensearch-clip", "plugins/opensearch-knn", "lib"))
    java = pathlib.Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    done = subprocess.run(
        [java, "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", f"-Djava.io.tmpdir={place}", "-cp", jars, HERE / "Probe.java",
         place, pictures], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError("Probe.java: " + done.stderr[:1000])
    return json.loads((place / "probe.json").read_text())


class Suite:
    def __init__(self, out, url, home):
        self.out, self.url, self.home = out, url, home
        self.rows, self.misses = [], []

    def miss(self, family, what, why):
        self.misses.append(f"{family}: {what}: {why}")

    def judge(self, family, what, expected, result, dimensions=None):
        """The cosine, or -1 where there is an error instead."""
        if "embedding" not in result:
            self.miss(family, what, json.dumps(result, ensure_ascii=False)[:300])
            return -1
        expected = expected[:dimensions]
        if len(result["embedding"]) != len(expected):
            self.miss(family, what, f"{len(result['embedding'])} values instead of {len(expected)}")
            return -1
        c = cosine(expected, result["embedding"])
        if not c >= COSINE:
            self.miss(family, what, f"cosine {c:.6f}")
        return c

    def texts(self, family, reference, ids):
        for side in dict.fromkeys(r["side"] for r in reference["texts"]):
            rows = [(r, i) for r, i in zip(reference["texts"], ids) if r["side"] == side]
            results = embed(self.url, family, [{"text": r["text"]} for r, _ in rows], 64, side=side)
            kinds = collections.defaultdict(list)
            for (r, got), result in zip(rows, results):
                same = r["ids"] == got
                if not same:
                    self.miss(family, f"{r['kind']} {r['text'][:60]!r} {side}", f"ids {r['ids'][:24]} != {got[:24]}")
                what = f"{r['kind']} {r['text'][:60]!r} {side}"
                kinds[r["kind"]].append((self.judge(family, what, r["vector"], result), same, r))
            for kind, values in kinds.items():
                name = f"text: {kind}" + ("" if side == "query" else f" ({side})")
                wrong = sum(not same for _, same, _ in values)
                self.rows.append(Row(
                    family, name, len(values), min(c for c, _, _ in values), "same" if not wrong else f"{wrong} differ", "", others(r for _, _, r in values),
                    sum(not same or not c >= COSINE for c, same, _ in values)))
        results = embed(self.url, family, [{"text": t} for t in texts.EMPTY], 64)
        wrong = [t for t, r in zip(texts.EMPTY, results) if r.get("status") != 400]
        for t in wrong:
            self.miss(family, f"empty {t!r}", "no error")
        self.rows.append(Row(family, "text: empty", len(results), None, "an error each" if not wrong else "no error", "", "", len(wrong)))

    def pictures(self, family, reference, differences):
        kinds = collections.defaultdict(list)
        rows = reference["pictures"]
        inputs = [{"image": base64.b64encode((self.out / "pictures" / r["name"]).read_bytes()).decode()} for r in rows]
        for r, d, result in zip(rows, differences, embed(self.url, family, inputs, 8)):
            if d > PIXEL:
                self.miss(family, r["name"], f"a pixel is off by {d:.6f}")
            kinds[r["kind"]].append((self.judge(family, r["name"], r["vector"], result), d, r))
        for kind, values in kinds.items():
            self.rows.append(Row(
                family, f"picture: {kind}", len(values), min(c for c, _, _ in values), "", f"{max(d for _, d, _ in values):.1e}", others(r for _, _, r in values),
                sum(d > PIXEL or not c >= COSINE for c, d, _ in values)))

    def matryoshka(self, family, reference):
        for n in reference["dimensions"]:
            rows = [r for r in reference["texts"] if r["side"] == "query"][::7]
            values = [self.judge(family, f"{n} dimensions", r["vector"], result, n) for r, result in zip(
                rows, embed(self.url, family, [{"text": r["text"]} for r in rows], 64, dimensions=n))]
            self.rows.append(Row(family, f"text: {n} dimensions", len(values), min(values), "", "", "", sum(not c >= COSINE for c in values)))

    def family(self, place):
        name = place.name
        reference = json.loads((place / "reference.json").read_text())
        target = self.home / "config" / "opensearch-clip" / "models" / f"parity-{name}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(place / "model", target)
        for file in target.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        call(self.url, "DELETE", f"/_plugins/_clip/models/{name}?force=true")
        try:
            ok(self.url, "PUT", f"/_plugins/_clip/models/{name}?load=true&wait_for_completion=true&timeout=5m",
               {"source": {"path": target.name}} | reference["overrides"])
            probed = probe(place, self.out / "pictures", self.home)
            self.texts(name, reference, probed["ids"])
            if reference["pictures"]:
                self.pictures(name, reference, probed["differences"])
            self.matryoshka(name, reference)
        except RuntimeError as e:
            self.miss(name, "all", str(e))
            self.rows.append(Row(name, "all", 0, None, "", "", "", 1))
        finally:
            call(self.url, "DELETE", f"/_plugins/_clip/models/{name}?force=true")
            shutil.rmtree(target, ignore_errors=True)

    def report(self):
        lines = ["| family | kind | inputs | worst cosine | token ids | worst pixel | other pipelines | |", "|---|---|---|---|---|---|---|---|"]
        for r in self.rows:
            c = "" if r.cosine is None else f"{r.cosine:.7f}"
            lines.append(f"| {r.family} | {r.kind} | {r.inputs} | {c} | {r.ids} | {r.pixel} | {r.other} | {'MISS' if r.missed else ''} |")
        inputs, missed = sum(r.inputs for r in self.rows), sum(r.missed for r in self.rows)
        lines += ["", f"{len({r.family for r in self.rows})} families, {inputs} inputs, {missed} missed", ""] + [f"- {m}" for m in self.misses]
        (self.out / "parity.md").write_text("\n".join(lines) + "\n")
        print("\n".join(lines))
        return 1 if missed or self.misses else 0


def main(out, url, home, wanted):
    suite = Suite(out, url, home)
    for place in sorted(p.parent for p in out.glob("*/reference.json")):
        if not wanted or place.name in wanted:
            suite.family(place)
    return suite.report()


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4:]))
