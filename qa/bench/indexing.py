# SPDX-License-Identifier: Apache-2.0
"""What indexing through `clip_embedding` costs, beside a bare `_embed` loop of the same pictures on the same node."""

import argparse
import base64
import json
import random
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "eval"))
from node import Node  # noqa: E402

IF = {"if": "ctx.picture != null"}

# name: (options of the processor, settings of the index)
SHAPES = {
    "plain": ({}, {}),
    "if": (IF, {}),
    "pipeline": ({}, {}),
    "guard off": ({}, {"clip.guard": "off"}),
    "image_info": ({"image_info": "info"}, {}),
    "skip_existing": ({"skip_existing": True, "remove_source_image": False}, {}),
}
NO_MODEL = "no processor, no vector"
READY = "no processor, vector sent"
EMBED = "_embed"
SENT_WITH_VECTORS = (READY, "skip_existing")


class Bench:
    def __init__(self, node: Node, model: str, pictures: list[str]):
        self.node, self.pictures = node, pictures
        self.model = node.load(model)
        for name in [NO_MODEL, READY, *SHAPES]:
            self.create(name)

    @staticmethod
    def index(name: str) -> str:
        return "bench-" + "".join(c if c.isalnum() else "-" for c in name.lower())

    def create(self, name: str) -> None:
        index = self.index(name)
        processor, settings = SHAPES.get(name, ({}, {}))
        clip = {"clip_embedding": {"model_id": self.model["model_id"], "field_map": {"vector": {"image": "picture"}},
                                   "remove_source_image": True, **processor}}
        processors = [clip]
        if name in (NO_MODEL, READY):
            processors = [{"remove": {"field": "picture"}}]
        if name == "pipeline":
            self.node.call("PUT", f"/_ingest/pipeline/{index}-inner", {"processors": [clip]})
            processors = [{"pipeline": {"name": index + "-inner"}}]
        self.node.call("PUT", f"/_ingest/pipeline/{index}", {"processors": processors})
        self.node.call("DELETE", f"/{index}?ignore_unavailable=true")
        self.node.call("PUT", f"/{index}", {
            "settings": {"index": {"knn": True, "number_of_shards": 1, "number_of_replicas": 0, "default_pipeline": index,
                                   "refresh_interval": -1, **settings}},
            "mappings": {"properties": {"vector": self.model["mapping"], "picture": {"type": "keyword", "index": False, "doc_values": False},
                                        "info": {"type": "object", "enabled": False}, "_clip": {"type": "object", "enabled": False}}}})

    def documents(self, count: int) -> list[tuple[str, dict]]:
        return [(str(i), {"picture": self.pictures[i % len(self.pictures)]}) for i in range(count)]

    def existing(self, name: str, count: int) -> list[tuple[str, dict]]:
        """The documents as they are after the pipeline, their vectors in them."""
        index = self.index(name)
        for body in bulks(self.documents(count), 64):
            self.bulk(name, body)
        self.node.call("POST", f"/{index}/_refresh")
        hits = self.node.call("GET", f"/{index}/_search?size={count}")["hits"]["hits"]
        assert len(hits) == count and all("vector" in h["_source"] for h in hits), "documents came back without vectors"
        return [(h["_id"], h["_source"]) for h in hits]

    def bulk(self, name: str, body: bytes) -> None:
        answer = self.node.call("POST", f"/{self.index(name)}/_bulk?filter_path=errors,items.*.error", body)
        if answer["errors"]:
            failed = [i["index"]["error"] for i in answer["items"] if "error" in i.get("index", {})]
            raise RuntimeError(f"{name}: {len(failed)} documents were refused: {json.dumps(failed[0])[:1000]}")

    def embed(self, body: bytes) -> None:
        answer = self.node.call("POST", f"/_plugins/_clip/models/{self.model['model_id']}/_embed?filter_path=results.error", body)
        failed = [r for r in answer.get("results", []) if r]
        if failed:
            raise RuntimeError(f"{EMBED}: {json.dumps(failed[0])}")

    def counts(self) -> list[float]:
        """So far: runs of the model, the inputs in them, milliseconds of CPU of the nodes, which they look up once a second."""
        time.sleep(1.1)
        process = [n["process"]["cpu"]["total_in_millis"] for n in self.node.call("GET", "/_nodes/stats/process")["nodes"].values()]
        stats = [n["models"].get(self.model["model_id"]) for n in self.node.call("GET", "/_plugins/_clip/stats")["nodes"].values()]
        return [sum(s["runs"] for s in stats if s), sum(s["runs"] * s["inputs_per_run"] for s in stats if s), sum(process)]


def bulks(documents: list[tuple[str, dict]], size: int) -> list[bytes]:
    return ["".join(json.dumps({"index": {"_id": i}}) + "\n" + json.dumps(d) + "\n" for i, d in documents[at:at + size]).encode()
            for at in range(0, len(documents), size)]


def inputs(documents: list[tuple[str, dict]], size: int) -> list[bytes]:
    return [json.dumps({"side": "passage", "inputs": [{"image": d["picture"]} for _, d in documents[at:at + size]]}).encode()
            for at in range(0, len(documents), size)]


def spread(values: list[float], digits: int = 2) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def measure(bench: Bench, sizes: list[int], rounds: int, count: int, clients: int) -> None:
    documents = bench.documents(count)
    vectors = bench.existing("skip_existing", count)
    names = [EMBED, NO_MODEL, READY, *SHAPES]
    work, rates, cpu, batches = {}, {}, {}, {}
    for key in [(name, size) for name in names for size in sizes]:
        name, size = key
        bodies = inputs(documents, size) if name == EMBED else bulks(vectors if name in SENT_WITH_VECTORS else documents, size)
        work[key] = (bodies, bench.embed if name == EMBED else lambda body, name=name: bench.bulk(name, body))
        rates[key], cpu[key], batches[key] = [], [], [0, 0]
    after = bench.counts()
    with ThreadPoolExecutor(clients) as pool:
        for r in range(rounds + 1):
            for key in random.sample(list(work), len(work)):
                bodies, send = work[key]
                before, start = after, time.perf_counter()
                list(pool.map(send, bodies))
                took = time.perf_counter() - start
                after = bench.counts()
                runs, ran, millis = (a - b for a, b in zip(after, before))
                if r > 0:  # the first one warms up
                    rates[key].append(count / took)
                    cpu[key].append(millis / count)
                    batches[key] = [batches[key][0] + runs, batches[key][1] + ran]
            print(f"  round {r} of {rounds}", file=sys.stderr)
    for size in sizes:
        base = rates[EMBED, size]
        print(f"\nbulks of {size}, {clients} clients, {count} documents a round, {rounds} rounds; {EMBED}: {spread(base, 0)} a second\n")
        print(f"| | a second, ratio to {EMBED} | ratio to plain | ms of CPU a document | inputs a run |\n|---|---|---|---|---|")
        for name in names:
            runs, ran = batches[name, size]
            ratios = [spread([v / b for v, b in zip(rates[name, size], of)]) for of in (base, rates["plain", size])]
            print(f"| {name} | {ratios[0]} | {ratios[1]} | {spread(cpu[name, size], 1)} | {ran / runs if runs else 0:.1f} |")


def one_bulk(bench: Bench, count: int) -> None:
    for name in ("plain", "if"):
        before, start = bench.counts(), time.perf_counter()
        bench.bulk(name, bulks(bench.documents(count), count)[0])
        took = time.perf_counter() - start
        runs, ran, _ = (after - b for after, b in zip(bench.counts(), before))
        print(f"one _bulk of {count}, {name}: {took:.1f} s, none failed, {ran / max(runs, 1):.1f} inputs a run")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--model", default="opensearch-clip-demo-v1")
    options.add_argument("--pictures", default="qa/pictures")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--documents", type=int, default=512)
    options.add_argument("--bulks", default="16,64,256")
    options.add_argument("--clients", type=int, default=2)
    options.add_argument("--one-bulk", type=int)
    args = options.parse_args()
    files = sorted(f for f in Path(args.pictures).rglob("*") if f.suffix in (".png", ".jpg", ".jpeg", ".webp"))
    bench = Bench(Node(args.url), args.model, [base64.b64encode(f.read_bytes()).decode() for f in files])
    if args.one_bulk:
        one_bulk(bench, args.one_bulk)
    else:
        measure(bench, [int(size) for size in args.bulks.split(",")], args.rounds, args.documents, args.clients)


if __name__ == "__main__":
    main()
