# SPDX-License-Identifier: Apache-2.0
"""Pipelines, documents, queries and search pipelines with one or two things wrong, against a node that has the model "demo".

Every answer must be 2xx or 4xx, and one that refuses must name the field that is wrong. Everything is derived from the seed.
"""
import argparse
import copy
import http.client
import json
import random
import sys
import time

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII="
)
PROCESSOR = {
    "model_id": "demo",
    "field_map": {
        "v": {"text": ["title", "brand"], "image": "picture", "fusion": {"technique": "weighted_mean", "weights": {"text": 0.3, "image": 0.7}}},
        "small": {"image": "picture", "dimensions": 64, "multi_value": "first"},
        "parts.v": {"image": "media.pictures", "multi_value": "nested"},
    },
    "batch_size": 8,
    "normalize": True,
    "skip_existing": False,
    "ignore_missing": True,
    "on_image_error": "skip",
    "error_field": "_clip",
    "remove_source_image": False,
    "timeout": "10s",
    "classify": {"category": {"image": "picture", "labels": ["red", "blue"], "prompt": "a {} thing", "top_k": 2, "min_score": 0.1, "scores": "scores"}},
    "image_info": "info",
}
DROP_IN = {"model_id": "demo", "embedding": "v", "field_map": {"text": "title", "image": "picture"}}
DOCUMENT = {"title": "red square", "brand": ["a", "b"], "picture": PIXEL, "media": {"pictures": [PIXEL, "data:image/png;base64," + PIXEL]}}
QUERIES = [
    {"query_text": "red", "query_image": PIXEL, "weights": {"text": 0.3, "image": 0.7}, "model_id": "demo", "k": 3, "filter": {"match": {"title": "red"}}, "timeout": "5s", "boost": 2.0, "_name": "n"},
    {"queries": [{"text": "red", "weight": 1.0}, {"image": PIXEL, "weight": -0.5}, {"document": {"_index": "fuzz", "_id": "1"}, "weight": 0.2}], "min_score": 0.1},
    {"query_document": {"_index": "fuzz", "_id": "1", "field": "v", "routing": "1"}, "k": 2, "method_parameters": {"ef_search": 10}, "rescore": {"oversample_factor": 2.0}},
    {"query_text": "red", "dimensions": 256, "max_distance": 1.5, "expand_nested_docs": True, "ignore_unmapped": True},
]
REQUEST_HALF = {"vector_field": "v", "candidates": 10}
RESPONSE_HALF = {"vector_field": "v", "technique": "mmr", "diversity": 0.5, "clusters": 3}


def deep(n):
    value = {}
    for _ in range(n):
        value = {"a": value}
    return value


def values(rng):
    """One value that is probably wrong wherever it stands."""
    return rng.choice([
        lambda: None, lambda: True, lambda: 0, lambda: -1, lambda: 1, lambda: 2**31 - 1, lambda: 2**31, lambda: 2**63, lambda: 10**400,
        lambda: 1e308, lambda: -1e308, lambda: 1e-320, lambda: float("nan"), lambda: float("inf"), lambda: 0.1, lambda: "", lambda: " ", lambda: "\u0000",
        lambda: "a\ud800", lambda: "\U0001f600\u202e\u0301", lambda: "v.", lambda: ".v", lambda: "a..b", lambda: "_id", lambda: "_source.v", lambda: "_ingest.x",
        lambda: "*", lambda: "{}", lambda: "-1", lambda: "99999999999d", lambda: "NaN", lambda: "x" * 70000, lambda: "http://localhost:1/a.png",
        lambda: "http://[::1", lambda: "file:///etc/passwd", lambda: "data:", lambda: "data:image/png;base64,####", lambda: PIXEL[:60], lambda: [], lambda: {},
        lambda: [[]], lambda: [None], lambda: [1, "a", {}], lambda: {"a": 1}, lambda: {"": 1}, lambda: {"a.b": {"c": []}}, lambda: deep(60), lambda: deep(2000),
        lambda: ["x"] * 5000, lambda: {str(i): i for i in range(3000)},
    ])()


def places(node, path=()):
    """Every (path) in a JSON value, the root left out."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield path + (key,)
        yield from places(child, path + (key,))


def wrong(rng, valid):
    """A copy with one or two mutations, and the keys of which the answer may name one."""
    value, keys = copy.deepcopy(valid), set()
    for _ in range(rng.choice([1, 1, 1, 2])):
        path = rng.choice(list(places(value)))
        parent = value
        for key in path[:-1]:
            parent = parent[key]
        key = path[-1]
        keys.update(str(k) for k in path)
        kind = rng.randrange(6)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            unknown = rng.choice(["unknown", "", "a.b", "Text", "texts", "\u00e9", "x" * 300, " v"])
            keys.add(unknown)
            parent[unknown] = values(rng)
        elif kind == 2 and isinstance(parent, dict):
            unknown = rng.choice(["", ".", "v..w", "V", "_x", "t\u0000", "x" * 3000, "{{x}}"])
            keys.add(unknown)
            parent[unknown] = parent.pop(key)
        else:
            parent[key] = values(rng)
    return value, keys


class Node:
    def __init__(self, port):
        self.port = port
        self.connection = None
        self.count = {}
        self.bad = []
        self.unnamed = []

    def ask(self, method, path, *body):
        data = "".join(json.dumps(line) + "\n" for line in body).encode()
        for attempt in (0, 1):
            try:
                self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                self.connection.request(method, path, data, {"content-type": "application/json"})
                answer = self.connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
                return answer.status, text
            except (http.client.HTTPException, ConnectionError):
                self.connection = None
                if attempt:
                    raise

    def check(self, what, method, path, body, keys=()):
        status, text = self.ask(method, path, body)
        self.count[what, status] = self.count.get((what, status), 0) + 1
        sent = json.dumps(body)[:1500]
        if status >= 500 and status != 503 or status not in range(200, 504):
            self.bad.append((what, status, text[:700], sent))
        elif 400 <= status and keys and "" not in keys and not any(json.dumps(k, ensure_ascii=False)[1:-1] in text for k in keys) and not said_by_others(text):
            self.unnamed.append((what, status, text[:500], sent, sorted(keys)))
        return status, text


def said_by_others(text):
    """It was no JSON, or deeper or larger than OpenSearch reads; or a max_distance beyond what the space of the field has, which k-NN's shards know."""
    signs = "json_parse_exception", "stream_constraints_exception", "JsonParseException", "json_e_o_f", "i_o_exception", "traversalSimilarity should be"
    return any(sign in text for sign in signs)


def documents(node, rng):
    """One wrong document among right ones, alone and in a bulk: the others are not touched by it."""
    document, keys = wrong(rng, DOCUMENT)
    node.check("documents", "POST", "/_ingest/pipeline/fuzz-in/_simulate", {"docs": [{"_source": document}]})
    lines = [{"index": {}}, DOCUMENT, {"index": {}}, document, {"index": {}}, DOCUMENT]
    status, text = node.ask("POST", "/fuzz/_bulk?pipeline=fuzz-in", *lines)
    statuses = [item["index"]["status"] for item in json.loads(text)["items"]] if status == 200 else [status]
    for one in statuses:
        node.count["bulk", one] = node.count.get(("bulk", one), 0) + 1
    if statuses[0] != 201 or statuses[-1] != 201 or max(statuses) >= 500:
        if not said_by_others(text):
            node.bad.append(("bulk", statuses, text[:1500], json.dumps(document)[:1500]))


def pipelines(node, rng):
    processor, keys = wrong(rng, rng.choice([PROCESSOR, PROCESSOR, DROP_IN]))
    body = {"processors": [{"clip_embedding": processor}]}
    status, _ = node.check("pipelines", "PUT", "/_ingest/pipeline/fuzz", body, keys)
    if status == 200:
        node.check("accepted pipelines", "POST", "/_ingest/pipeline/fuzz/_simulate", {"docs": [{"_source": DOCUMENT}, {"_source": {}}]})


def queries(node, rng):
    clip, keys = wrong(rng, rng.choice(QUERIES))
    field = rng.choice(["v"] * 8 + ["nothing", "title", "", "small"])
    if field != "v":
        keys.add(field)
    query = {"clip": {field: clip}}
    wrapped = rng.choice([query, query, {"bool": {"must": [query]}}, {"nested": {"path": "parts", "query": query}}, {"function_score": {"query": query}}, {"clip": [query]}])
    what = rng.choice(["_search", "_search", "_validate/query"])
    node.check(what, "POST", "/fuzz/" + what, {"query": wrapped}, keys | {"clip", "parts", "distance", "expand_nested_docs"})


def diversify(node, rng):
    request, keys = wrong(rng, REQUEST_HALF)
    response, more = wrong(rng, RESPONSE_HALF)
    body = {"request_processors": [{"clip_diversify": request}], "response_processors": [{"clip_diversify": response}]}
    status, _ = node.check("search pipelines", "PUT", "/_search/pipeline/fuzz", body, keys | more)
    if status == 200:
        search = {"query": {"clip": {"v": {"query_text": "red"}}}, "size": rng.choice([0, 1, 10]), "_source": rng.choice([True, False, ["title"]])}
        node.check("accepted search pipelines", "POST", "/fuzz/_search?search_pipeline=fuzz", search)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--port", type=int, default=9200)
    args.add_argument("--seconds", type=int, default=120)
    args.add_argument("--seed", type=int, default=0)
    args = args.parse_args()
    sys.setrecursionlimit(20_000)  # for what is deeper than a node reads
    node, rng = Node(args.port), random.Random(args.seed)
    node.ask("DELETE", "/fuzz")
    node.ask("DELETE", "/_ingest/pipeline/fuzz")
    made, text = node.ask("POST", "/_plugins/_clip/models/demo/_setup", {"index": "fuzz", "text": "title", "image": "picture", "vector_field": "v"})
    if made != 200:
        sys.exit(text)
    node.ask("PUT", "/fuzz/_mapping", {"dynamic": False})
    node.ask("PUT", "/_ingest/pipeline/fuzz-in", {"processors": [{"clip_embedding": {**PROCESSOR, "on_image_error": "fail"}}]})
    for i in range(3):
        node.ask("PUT", f"/fuzz/_doc/{i}?refresh&routing=1", DOCUMENT)
    for clip in QUERIES:
        status, text = node.ask("POST", "/fuzz/_search", {"query": {"clip": {"v": clip}}})
        if status != 200:
            sys.exit("what is wronged must be right: " + text)
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        for attack in (documents, pipelines, queries, queries, diversify):
            attack(node, rng)
    for (what, status), count in sorted(node.count.items()):
        print(f"{count:6} {status} {what}")
    for title, failures in (("not 2xx or 4xx", node.bad), ("names no field", node.unnamed)):
        print(f"{title}: {len(failures)}")
        for failure in failures[:40]:
            print("  " + "\n    ".join(str(part) for part in failure))
    sys.exit(1 if node.bad or node.unnamed else 0)


if __name__ == "__main__":
    main()
