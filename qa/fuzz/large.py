# SPDX-License-Identifier: Apache-2.0
"""Large values, and products of two of them, against a node with a small heap that has the model "demo".

A few clients at once; sizes are drawn around the limits and far beyond them, bodies have up to 24 MB. Every answer must be 2xx or 4xx, or 502, 503, 504 or 507, and the
node must be the same process at the end. Everything is derived from the seed; which requests meet on the node is not.
"""
import argparse
import base64
import http.client
import json
import random
import re
import struct
import sys
import threading
import time
import zlib

FIELDS = {"v": {"text": "t", "image": "p"}}
ALLOWED = {502, 503, 504, 507}

# Seconds for an answer. A bulk of 20,000 texts shares two cores with pictures of 50 megapixels; whether anything hangs is what this tells.
PATIENCE = 600
SLOWEST = 5


def png(width, height):
    """A black picture: a kilobyte for some megapixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = zlib.compress(b"\0" * (1 + (width + 7) // 8) * height, 9)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)) + chunk(b"IDAT", row) + chunk(b"IEND", b"")).decode()


PIXEL = png(8, 8)
PICTURES = [PIXEL, png(640, 480), png(3000, 3000), png(7000, 7000), png(1, 65535), png(65535, 700), png(8000, 8000), "A" * 14_000_000, "!" * 1_000_000]


def near(rng, *limits):
    """A number at a limit, beside it, or far from it."""
    limit = rng.choice(limits)
    return max(0, int(rng.choice([0, 1, limit // 2, limit - 1, limit, limit + 1, limit * 2, limit * 10, limit * rng.random()])))


def some(count, make, most=24_000_000):
    """As many as fit a body."""
    made, size = [], 0
    for i in range(count):
        one = make(i)
        size += len(one) + 4 if isinstance(one, str) else len(json.dumps(one))
        if size > most:
            break
        made.append(one)
    return made


def words(rng, count, length):
    return some(count, lambda i: (f"{i} " + "x" * length)[:max(length, 1)] if length < 8 else f"{i} ".ljust(length, rng.choice("xé\u4e00{\"\\")))


def text(rng):
    return rng.choice([lambda: "x" * near(rng, 65536, 1_000_000, 5_000_000), lambda: "a b " * near(rng, 100_000), lambda: "\u0000" * 100_000, lambda: "\U0001f600" * 100_000, lambda: "red"])()


def inputs(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return words(rng, near(rng, 2048), near(rng, 8, 1000, 10_000))
    if kind == 1:
        return some(near(rng, 2048), lambda i: {"image": rng.choice(PICTURES[:3])})
    if kind == 2:
        return some(rng.randrange(1, 5), lambda i: {"image": rng.choice(PICTURES)})
    if kind == 3:
        return some(near(rng, 64), lambda i: {"text": text(rng)})
    return some(near(rng, 100), lambda i: {"image": f"http://localhost:1/{i}" + "x" * near(rng, 2000)})


def classify(rng):
    body = {"inputs": inputs(rng), "labels": words(rng, near(rng, 2048, 100), near(rng, 8, 1000))}
    if rng.random() < 0.5:
        body["prompt"] = rng.choice(["{}" * near(rng, 500), ["{}" * near(rng, 20, 500) for _ in range(near(rng, 80))]])
    if rng.random() < 0.5:
        body["top_k"] = near(rng, 1, 2048, 2**31)
    return "POST", "/_plugins/_clip/models/demo/_classify", body


def jina_classify(rng):
    return "POST", "/_plugins/_clip/v1/classify", {"model": "demo", "input": inputs(rng), "labels": words(rng, near(rng, 2048), near(rng, 8, 1000))}


def embed(rng):
    return "POST", "/_plugins/_clip/models/demo/_embed", {"inputs": inputs(rng), "side": rng.choice(["query", "passage"]), "timeout": rng.choice(["1ms", "2s", "1h"])}


def embeddings(rng):
    return "POST", "/_plugins/_clip/v1/embeddings", {"model": "demo", "input": inputs(rng), "embedding_type": rng.choice(["float", "base64", ["float", "base64", "binary", "ubinary"], ["float"] * 100_000])}


def similarity(rng):
    return "POST", "/_plugins/_clip/models/demo/_similarity", {"query": {"text": text(rng)}, "inputs": inputs(rng), "top_k": near(rng, 1, 2048)}


def rerank(rng):
    return "POST", "/_plugins/_clip/v1/rerank", {"model": "demo", "query": text(rng), "documents": inputs(rng), "top_n": near(rng, 1, 2048)}


def verify(rng):
    count = near(rng, 2048)
    return "POST", "/_plugins/_clip/models/demo/_verify", {"inputs": words(rng, count, 8), "embeddings": some(count, lambda i: [1] * near(rng, 256, 10_000))}


def clip(rng):
    return rng.choice([
        lambda: {"query_text": text(rng), "k": near(rng, 10, 10_000)},
        lambda: {"query_image": rng.choice(PICTURES)},
        lambda: {"queries": some(near(rng, 100), lambda i: {"text": text(rng)} if rng.random() < 0.5 else {"image": PIXEL, "weight": 1e30})},
        lambda: {"queries": some(near(rng, 100), lambda i: {"document": {"_index": "large", "_id": str(i)}})},
        lambda: {"query_text": "red", "model_id": "m" * near(rng, 128, 100_000)},
        lambda: {"query_document": {"_index": "i" * near(rng, 255, 100_000), "_id": "x" * near(rng, 512, 100_000)}},
        lambda: {"query_text": "red", "filter": {"terms": {"t": words(rng, near(rng, 65536), 8)}}},
    ])()


def search(rng):
    query = {"clip": {"v": clip(rng)}}
    if rng.random() < 0.3:
        query = {"bool": {"should": some(near(rng, 1024, 100), lambda i: {"clip": {"v": clip(rng)}}, 10_000_000)}}
    body = {"query": query, "size": near(rng, 10, 10_000)}
    if rng.random() < 0.5:
        half = {"vector_field": "v", "candidates": near(rng, 50, 1000), "clusters": near(rng, 5, 100, 1000), "technique": rng.choice(["kmeans", "mmr"])}
        body["from"] = near(rng, 1, 1000, 2**31 - 1)
        body["search_pipeline"] = {"request_processors": [{"clip_diversify": half}], "response_processors": [{"clip_diversify": half}]}
    return "POST", "/large/_search", body


def pipeline(rng):
    entry = {"text": ["t"] * near(rng, 1, 100), "image": ["p"] * near(rng, 1, 100)}
    processor = {"model_id": "demo", "on_image_error": "skip", "field_map": {f"f{i}": entry for i in range(near(rng, 1, 100, 1000))}}
    if rng.random() < 0.5:
        labels = words(rng, near(rng, 10, 2048), near(rng, 8, 1000))
        prompt = "{}" * near(rng, 1, 500)
        processor["classify"] = {f"c{i}": {"text": "t", "labels": labels, "prompt": prompt, "top_k": near(rng, 1, 2048), "scores": f"s{i}"} for i in range(near(rng, 1, 10, 100))}
        if len(json.dumps(processor["classify"])) > 24_000_000:
            del processor["classify"]
    return "PUT", f"/_ingest/pipeline/large{rng.randrange(3)}", {"processors": [{"clip_embedding": processor}]}


def document(rng):
    return rng.choice([
        lambda: {"t": text(rng), "p": PIXEL},
        lambda: {"t": words(rng, near(rng, 2048, 100_000), near(rng, 8))},
        lambda: {"p": ["x"] * near(rng, 2048, 500_000)},
        lambda: {"p": [PIXEL] * near(rng, 2048)},
        lambda: {"o": [{"p": "x"}] * near(rng, 2048, 100_000)},
        lambda: {"t": "red", "_clip": {"inputs": {f"f{i}": "x" for i in range(near(rng, 10_000))}}},
    ])()


def simulate(rng):
    return "POST", f"/_ingest/pipeline/large{rng.choice(['0', '1', '2', '-in'])}/_simulate", {"docs": some(near(rng, 1, 10), lambda i: {"_source": document(rng)})}


def bulk(rng):
    documents = some(near(rng, 2000), lambda i: {"t": f"word {i}"}) if rng.random() < 0.5 else some(near(rng, 5), lambda i: document(rng))
    return "POST", "/large/_bulk?pipeline=large-in", [line for one in documents for line in ({"index": {}}, one)]


def declare(rng):
    body = {"source": rng.choice([
        lambda: {"path": "x" * near(rng, 255, 1_000_000)},
        lambda: {"hub": "a/" + "x" * near(rng, 96, 1_000_000)},
        lambda: {"url": "http://localhost:1/" + "x" * near(rng, 2000), "files": some(near(rng, 1000, 50_000), lambda i: {"path": f"f{i}", "sha256": "a" * 64})},
        lambda: {"catalog": "opensearch-clip-demo-v1"},
    ])()}
    body[rng.choice(["nodes", "query_prompt", "device", "towers", "model_ttl"])] = rng.choice([lambda: "x" * near(rng, 1000, 1_000_000), lambda: words(rng, near(rng, 1000, 100_000), 8)])()
    return "PUT", f"/_plugins/_clip/models/large{rng.randrange(200)}", body


def admin(rng):
    name = rng.choice(["x", "%2A", ",", "a,"]) * near(rng, 100, 3000)
    return rng.choice([
        ("GET", f"/_plugins/_clip/models/{name}", None), ("GET", f"/_plugins/_clip/{name}/stats", None), ("GET", "/_plugins/_clip/stats", None), ("GET", "/_plugins/_clip/models", None),
        ("POST", "/_plugins/_clip/models/demo/_load?wait_for_completion=false", None), ("DELETE", f"/_plugins/_clip/models/large{rng.randrange(200)}", None),
        ("POST", "/_plugins/_clip/models/demo/_setup?dry_run=true", {"index": "large", "text": words(rng, near(rng, 100, 10_000), 8), "vector_field": "v" * near(rng, 100, 100_000)}),
    ])


ATTACKS = [classify, classify, jina_classify, embed, embed, embeddings, similarity, rerank, verify, search, search, search, pipeline, simulate, simulate, bulk, bulk, declare, admin]


def taken(content):
    """What the node says that an answer took."""
    return ", ".join(f"{name.decode()} {int(value) / 1000:.1f} s" for name, value in re.findall(rb'"(took|ingest_took)":(\d+)', content[:200]))


class Client(threading.Thread):
    def __init__(self, port, seed, end):
        super().__init__()
        self.port, self.rng, self.end = port, random.Random(seed), end
        self.count, self.bad, self.slowest = {}, [], []

    def ask(self, method, path, body):
        data = b"" if body is None else "".join(json.dumps(line) + "\n" for line in body).encode() if isinstance(body, list) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, data, {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def run(self):
        while time.monotonic() < self.end:
            attack = self.rng.choice(ATTACKS)
            method, path, body = attack(self.rng)
            started = time.monotonic()
            try:
                status, content = self.ask(method, path, body)
            except (OSError, http.client.HTTPException) as e:
                # the node closes a connection whose body is too long for it while it is still being sent
                status, content = (413, b"") if isinstance(e, (BrokenPipeError, ConnectionResetError)) and self.alive() else (0, repr(e).encode())
            took = time.monotonic() - started
            self.slowest = sorted(self.slowest + [(took, f"{status} {method} {path[:80]}, {len(body or [])} lines or keys, {taken(content)}")])[-SLOWEST:]
            self.count[attack.__name__, status] = self.count.get((attack.__name__, status), 0) + 1
            if not (200 <= status < 500 or status in ALLOWED):
                self.bad.append((attack.__name__, status, round(took, 1), content[:700].decode("utf-8", "replace"), json.dumps(body)[:700]))

    def alive(self):
        try:
            return self.ask("GET", "/", None)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--port", type=int, default=9200)
    args.add_argument("--seconds", type=int, default=1800)
    args.add_argument("--seed", type=int, default=0)
    args.add_argument("--clients", type=int, default=4)
    args = args.parse_args()
    asking = Client(args.port, 0, 0)

    def process():
        nodes = json.loads(asking.ask("GET", "/_nodes/_local/process,jvm?filter_path=nodes.*.process.id,nodes.*.jvm.start_time_in_millis", None)[1])
        return json.dumps(nodes)

    first = process()
    asking.ask("PUT", "/large", {"settings": {"index.knn": True, "number_of_replicas": 0}, "mappings": {"dynamic": False, "properties": {"t": {"type": "text"}, "v": {"type": "knn_vector", "dimension": 256, "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}}}}})
    asking.ask("PUT", "/_ingest/pipeline/large-in", {"processors": [{"clip_embedding": {"model_id": "demo", "on_image_error": "skip", "field_map": FIELDS}}]})
    asking.ask("POST", "/large/_bulk?pipeline=large-in&refresh=true", [line for i in range(1200) for line in ({"index": {"_id": str(i)}}, {"t": f"word {i}"})])
    end = time.monotonic() + args.seconds
    clients = [Client(args.port, args.seed * 1000 + i, end) for i in range(args.clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    count = {}
    for client in clients:
        for key, n in client.count.items():
            count[key] = count.get(key, 0) + n
    for (what, status), n in sorted(count.items()):
        print(f"{n:6} {status} {what}")
    for took, what in sorted(slow for client in clients for slow in client.slowest)[-SLOWEST:]:
        print(f"slow: {took:.1f} s {what}")
    bad = [one for client in clients for one in client.bad]
    if not asking.alive() or process() != first:
        bad.append(("the node is gone, or another process than at the start",))
    print(f"{sum(count.values())} requests, not as they must be: {len(bad)}")
    for failure in bad[:40]:
        print("  " + "\n    ".join(str(part) for part in failure))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
