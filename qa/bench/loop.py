# SPDX-License-Identifier: Apache-2.0
"""`_bulk` on a real node against the bare loop of the same weights, in turns."""

import argparse
import sys
import time
from pathlib import Path

import bare
import inputs
from load import Http, Indexing, declare, index, median
from report import Report

# (model, kind of input): goal, as a ratio to the loop
ROWS = {
    ("vit-b32", "JPEG 500x375"): 0.95, ("vit-b32", "JPEG 1024x768"): 0.92,
    ("vit-b32-int8", "JPEG 500x375"): 0.90, ("vit-b32-int8", "progressive 500x375"): 0.87, ("vit-b32-int8", "PNG 500x375"): 0.85,
    ("vit-b32-int8", "WebP 500x375"): 0.85, ("vit-b32-int8", "JPEG 1024x768"): 0.85, ("vit-b32-int8", "JPEG 12 MP"): 0.45,
    ("minilm", "texts"): 0.88, ("minilm-int8", "texts"): 0.88,
}
CLIENTS, BULK = 4, 16
SMALLER = {"JPEG 12 MP": 4}  # four bulks of 16 are more than indexing pressure allows


class Bench:
    def __init__(self, args):
        self.args, self.http, models = args, Http(args.url), Path(args.models)
        self.texts = inputs.texts(inputs.words(models / "minilm/tokenizer.json"), 192 if args.quick else 512)
        self.loops, self.ratios, self.rates = {}, {k: [] for k in ROWS}, {k: ([], []) for k in ROWS}
        self.pictures = {k: inputs.pictures(k) for _, k in ROWS if k != "texts"}
        for model, _ in ROWS:
            if model not in self.loops:
                texts = self.texts if model.startswith("minilm") else None
                self.loops[model] = bare.Loop(models / model, texts, one_by_one=model.endswith("int8"))
                declared = declare(self.http, model)
                index(self.http, "bench-" + model, declared, "text" if texts else "image")

    def node(self, model, kind):
        given = self.texts if kind == "texts" else self.pictures[kind]
        with Indexing(self.args.url, "bench-" + model, given, CLIENTS, SMALLER.get(kind, BULK), once=kind == "texts") as load:
            if kind != "texts":
                time.sleep(self.args.seconds)
        return load.rate()

    def loop(self, model, kind):
        """Half a turn: one before and one after the node's, so that what the machine does meanwhile meets both."""
        return self.loops[model].rate(self.args.seconds / 2, whole=kind == "texts")

    def rounds(self):
        for model, kind in ROWS:
            self.node(model, kind)  # warms up
        for r in range(self.args.rounds):
            for model, kind in ROWS:
                before = self.loop(model, kind)
                node = self.node(model, kind)
                after = self.loop(model, kind)
                self.rates[model, kind][0].append(node)
                self.rates[model, kind][1].append((before + after) / 2)
                self.ratios[model, kind].append(2 * node / (before + after))
                print(f"  round {r + 1}, {model}, {kind}: {node:.1f} of {before:.1f}, {after:.1f} a second", file=sys.stderr)

    def report(self):
        report, held = Report(Path(self.args.out) / "loop"), True
        rows = []
        for (model, kind), goal in ROWS.items():
            ratios, (node, loop) = self.ratios[model, kind], self.rates[model, kind]
            held &= median(ratios) >= goal
            rows.append([model, kind, median(node), median(loop), median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}", goal,
                         "yes" if median(ratios) >= goal else "NO"])
        report.table(f"`_bulk` by {CLIENTS} clients in bodies of {BULK}, {self.args.rounds} rounds in turns with the bare loop "
                     f"({bare.CORES} threads, {bare.BATCH} inputs a run, int8 one)",
                     ["model", "input", "node, a second", "loop, a second", "median ratio", "spread", "goal", "holds"], rows)
        self.shared(report)
        report.save()
        return held

    def shared(self, report):
        """What it costs that a dynamically quantised graph takes one input at a time: the bare loop both ways."""
        rows = []
        for model in ("vit-b32-int8", "minilm-int8"):
            texts = self.texts if model.startswith("minilm") else None
            one, many = self.loops[model], bare.Loop(Path(self.args.models) / model, texts)
            rates = [(one.rate(self.args.seconds, texts is not None), many.rate(self.args.seconds, texts is not None)) for _ in range(3)]
            rows.append([model, *(median([r[i] for r in rates]) for i in (0, 1)), median([a / b for a, b in rates])])
        report.table(f"Bare loop of 8-bit graphs, one input a run and {bare.BATCH}", ["model", "one, a second", f"{bare.BATCH}, a second", "median ratio"], rows)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--models", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--quick", action="store_true")
    args = options.parse_args()
    args.rounds, args.seconds = (2, 3) if args.quick else (7, 12)
    bench = Bench(args)
    bench.rounds()
    sys.exit(0 if bench.report() else 1)


if __name__ == "__main__":
    main()
