"""What a model finds in a collection, through the plugin on a real node: see qa/eval.sh."""

import argparse
import json
import random
import sys
from itertools import groupby
from pathlib import Path

import articles
import datasets
from metrics import best_precision, mean, precision, rank, recall, table
from node import Node, picture

PRECISION_AT = (10, 20, 50, 100)
RECALL_AT = (1, 5, 10)
SLICE = 50
VECTORS = ("text", "image", "mean", "weighted")
PICTURES, CAPTIONS = "eval-pictures", "eval-captions"


def say(line=""):
    print(line, flush=True)


class Evaluation:
    """One collection on one model. `dimensions`: lengths of a vector, the first is the model's own."""

    def __init__(self, node: Node, model: dict, items: list[datasets.Item], languages: list[str], dimensions: list[int], text_weight: float):
        self.node, self.model, self.items = node, model, items
        self.languages, self.dimensions, self.text_weight = languages, dimensions, text_weight
        self.pools = sorted({item.pool for item in items})
        self.captions = [
            {"_id": f"{n}-{language}-{i}", "text": text, "item": item.id, "language": language, "pool": item.pool}
            for n, item in enumerate(items)
            for language in languages
            for i, text in enumerate(item.captions.get(language, []))
        ]

    def index(self):
        weights = {"text": self.text_weight, "image": round(1 - self.text_weight, 6)}
        inputs = {
            "text": {"text": "text"},
            "image": {"image": "image"},
            "mean": {"text": "text", "image": "image", "fusion": {"technique": "mean"}},
            "weighted": {"text": "text", "image": "image", "fusion": {"technique": "weighted_mean", "weights": weights}},
        }
        fields = {f"{name}_{d}": {**of, "dimensions": d} for name, of in inputs.items() for d in self.dimensions}
        say(f"Indexing {len(self.items)} pictures with their descriptions")
        self.node.create(PICTURES, self.model, fields, ["item", "pool", "category", "fine_category"])
        self.node.index(PICTURES, [
            {"_id": str(n), "item": item.id, "pool": item.pool, "category": item.category, "fine_category": item.fine_category,
             "text": self.description(item), "image": item.file}
            for n, item in enumerate(self.items)
        ], say)
        say(f"Indexing {len(self.captions)} descriptions")
        self.node.create(CAPTIONS, self.model, {f"text_{d}": {"text": "text", "dimensions": d} for d in self.dimensions},
                         ["item", "pool", "language"])
        self.node.index(CAPTIONS, self.captions, say)

    def description(self, item):
        """In the first of the languages that it has."""
        return next(item.captions[language][0] for language in (*self.languages, *item.captions) if item.captions.get(language))

    def precisions(self, queries: int):
        """{(dimensions, vector, k): (broad, fine)}: each query is the description of a picture, which is not counted itself."""
        asked = [item for item in self.items if item.category]
        asked = random.Random(0).sample(asked, min(queries, len(asked)))
        ks = [k for k in PRECISION_AT if all(sum(i.pool == pool for i in self.items) > k for pool in self.pools)]
        got = {}
        for (pool, slice_) in self.slices(asked, key=lambda item: item.pool):
            texts = [{"query_text": self.description(item)} for item in slice_]
            for d in self.dimensions:
                for name in VECTORS:
                    found = self.node.search(PICTURES, len(self.items), name, d, texts, max(ks, default=0) + 1, {"pool": pool},
                                             ["item", "category", "fine_category"])
                    for item, hits in zip(slice_, found):
                        hits = [hit for hit in hits if hit["item"] != item.id]
                        for k in ks:
                            got.setdefault((d, name, k), []).append((
                                precision([h["category"] for h in hits], item.category, k),
                                precision([h["fine_category"] for h in hits], item.fine_category, k)))
        best = {}
        for k in ks:
            pools = [[i for i in self.items if i.pool == pool and i.category] for pool in self.pools]
            best[k] = tuple(mean(best_precision([getattr(i, of) for i in p], k) for p in pools) for of in ("category", "fine_category"))
        return {key: tuple(map(mean, zip(*values))) for key, values in got.items()}, best

    def distinct(self, queries: int):
        """How many things, and how many categories, are in the first ten of all pools, as found and with `clip_diversify`: means over descriptions."""
        asked = random.Random(0).sample(self.items, min(queries, len(self.items)))
        field = f"image_{self.dimensions[0]}"
        half = [{"clip_diversify": {"vector_field": field, "candidates": 30}}]
        spread = {"search_pipeline": {"request_processors": half, "response_processors": half}}
        got = {}
        for name, pipeline in (("as found", {}), ("spread out", spread)):
            hits = [
                [h["_source"] for h in self.node.call("POST", f"/{PICTURES}/_search", {
                    "size": 10, "_source": ["item", "category"], **pipeline,
                    "query": {"clip": {field: {"query_text": self.description(item), "k": 30}}}})["hits"]["hits"]]
                for item in asked
            ]
            things = [len({h["item"].rpartition("/")[2] for h in of}) for of in hits]
            right = [mean(h["category"] == item.category for h in of) for of, item in zip(hits, asked)]
            got[name] = (mean(things), mean(len({h["category"] for h in of}) for of in hits), mean(right))
        return got

    def recalls(self):
        """{(pool, language, dimensions): (text -> picture, picture -> text)}, each a list of ranks."""
        got = {}
        for ((pool, language), slice_) in self.slices(self.captions, key=lambda c: (c["pool"], c["language"])):
            for d in self.dimensions:
                found = self.node.search(PICTURES, len(self.items), "image", d, [{"query_text": c["text"]} for c in slice_],
                                         max(RECALL_AT), {"pool": pool}, ["item"])
                ranks = [rank([h["item"] for h in hits], {c["item"]}) for c, hits in zip(slice_, found)]
                got.setdefault((pool, language, d), ([], []))[0].extend(ranks)
        for (pool, slice_) in self.slices(self.items, key=lambda item: item.pool):
            images = [{"query_image": picture(item.file)} for item in slice_]
            for d in self.dimensions:
                for language in self.languages:
                    found = self.node.search(CAPTIONS, len(self.captions), "text", d, images, max(RECALL_AT),
                                             {"pool": pool, "language": language}, ["item"])
                    ranks = [rank([h["item"] for h in hits], {item.id}) for item, hits in zip(slice_, found) if item.captions.get(language)]
                    if ranks:
                        got[pool, language, d][1].extend(ranks)
        return got

    @staticmethod
    def slices(things, key):
        """Short enough for one _msearch; what asks the same model the same thing again does so soon, while the node remembers it."""
        for name, group in groupby(sorted(things, key=key), key=key):
            group = list(group)
            for start in range(0, len(group), SLICE):
                yield name, group[start:start + SLICE]


def report_precisions(evaluation, got, best, dataset):
    for d in evaluation.dimensions:
        say(f"\nPrecision at k, broad / fine category, {d} dimensions; each description asks for the others of its category")
        weighted = f"weighted {evaluation.text_weight:g}/{1 - evaluation.text_weight:g}"
        rows = [[f"P@{k}"] + ["{:.4f} / {:.4f}".format(*got[d, name, k]) for name in VECTORS] + ["{:.4f} / {:.4f}".format(*best[k])]
                for k in best]
        say(table(["", "text", "picture", "averaged", weighted, "a perfect order"], rows))
    if dataset == "fashion200k":
        say("\nThe article's, on 1,000 queries (\"Beyond CLIP\")")
        say(table(["", "text", "picture", "averaged"],
                  [[f"P@{k}"] + ["{:.4f} / {:.4f}".format(*row[name]) for name in ("text", "image", "mean")]
                   for k, row in articles.FASHION200K.items()]))


def report_recalls(evaluation, got, dataset):
    for pool in evaluation.pools:
        for d in evaluation.dimensions:
            say(f"\nRecall at 1 / 5 / 10 in percent, {d} dimensions" + (f", {pool}" if len(evaluation.pools) > 1 else ""))
            rows = []
            for language in evaluation.languages:
                both = got.get((pool, language, d))
                if both:
                    rows.append([language, len(both[0]), rate(both[0]), len(both[1]), rate(both[1])])
            if len(rows) > 1:
                all_ = [got[pool, row[0], d] for row in rows]
                rows.append(["mean", "", rate(*(to for to, _ in all_)), "", rate(*(back for _, back in all_))])
            say(table(["", "texts", "text -> picture", "pictures", "picture -> text"], rows))
    if dataset in articles.RECALL_AT_5:
        say("\nThe article's, recall at 5 in percent")
        say(table(["", "text -> picture", "picture -> text"],
                  [[name, f"{t2i:.2f}", f"{i2t:.2f}"] for name, (i2t, t2i) in articles.RECALL_AT_5[dataset].items()]))
    if dataset == "flickr8k":
        say("\n" + articles.FLICKR8K)


def rate(*ranks):
    """Of one list, or the mean of several."""
    return " / ".join(f"{100 * mean(recall(r, k) for r in ranks):5.1f}" for k in RECALL_AT)


def main():
    parser = argparse.ArgumentParser(prog="qa/eval.sh")
    parser.add_argument("--url", required=True)
    parser.add_argument("--data", type=Path, default=Path("qa/pictures"))
    parser.add_argument("--format", choices=["csv", "flickr8k", "flickr30k", "coco", "pictures", "photographs"], default="pictures")
    parser.add_argument("--dataset", choices=articles.DATASETS, help="print the articles' figures of it; of the other formats it is known")
    parser.add_argument("--model", default="opensearch-clip-demo-v1")
    parser.add_argument("--languages", help="comma-separated, default: all that the collection has")
    parser.add_argument("--dimensions", help="comma-separated Matryoshka lengths, default: the model's own")
    parser.add_argument("--queries", type=int, default=1000, help="for precision at k, drawn with a fixed seed")
    parser.add_argument("--text-weight", type=float, default=0.3, help="of the weighted vector, the picture has the rest")
    parser.add_argument("--limit", type=int, help="the first so many pictures only")
    parser.add_argument("--out", type=Path, default=Path("target/eval"))
    options = parser.parse_args()
    dataset = options.dataset or (options.format if options.format in articles.DATASETS else None)

    items = datasets.read(options.data, options.format)[: options.limit]
    languages = options.languages.split(",") if options.languages else list(dict.fromkeys(l for i in items for l in i.captions))
    if not any(language in item.captions for item in items for language in languages):
        sys.exit(f"no description in any of {languages}")
    node = Node(options.url)
    say(f"Loading the model {options.model}")
    model = node.load(options.model)
    dimensions = [int(d) for d in options.dimensions.split(",")] if options.dimensions else [model["dimension"]]
    evaluation = Evaluation(node, model, items, languages, dimensions, options.text_weight)
    evaluation.index()
    result = {"model": options.model, "fingerprint": model["fingerprint"], "data": str(options.data), "pictures": len(items)}
    if any(item.category for item in items):
        say(f"Asking for categories, up to {options.queries} descriptions")
        got, best = evaluation.precisions(options.queries)
        report_precisions(evaluation, got, best, dataset)
        result["precision"] = [{"dimensions": d, "vector": v, "k": k, "broad": b, "fine": f} for (d, v, k), (b, f) in got.items()]
        result["distinct"] = distinct = evaluation.distinct(min(options.queries, 200))
        say("\nThe first ten of all styles, look-alikes spread out or not, means")
        say(table(["", "things", "categories", "of the category"], [[name, *of] for name, of in distinct.items()]))
    say(f"\nAsking {len(evaluation.captions)} descriptions for their picture, {len(items)} pictures for their description")
    got = evaluation.recalls()
    report_recalls(evaluation, got, dataset)
    result["recall"] = [
        {"pool": pool, "language": language, "dimensions": d, "k": k, "text_to_picture": recall(t, k), "picture_to_text": recall(i, k)}
        for (pool, language, d), (t, i) in got.items() for k in RECALL_AT
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{dataset or options.data.resolve().name}-{options.model}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    say(f"\nThe same as JSON: {file}")


if __name__ == "__main__":
    try:
        main()
    except (ValueError, RuntimeError, OSError) as e:
        sys.exit(f"{type(e).__name__}: {e}")
