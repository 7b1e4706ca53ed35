# SPDX-License-Identifier: Apache-2.0
"""Upgrades nodes one by one under load, and compares what they have acknowledged with what is there in the end: see qa/rolling-upgrade.sh."""

import argparse
import collections
import json
import math
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "qa" / "eval"))
from node import Node, picture  # noqa: E402

MODEL = "demo"
INDEX = "upgraded"
NODES = 3
# node3 holds no model: it sends what it is asked to the others, in whichever form they understand; it goes first
HOLDERS = "node1,node2"
ORDER = [3, 1, 2]
# texts of a dynamically quantised model depend on what shares their run; a vector of another document is far below
LEAST = {"image_vector": 0.9999, "text_vector": 0.99}
MAY_HAPPEN = ("429", "503", "connection")


def words() -> list[str]:
    pictures = json.loads((ROOT / "qa" / "pictures" / "pictures.json").read_text())
    return sorted({word for p in pictures for word in re.findall(r"[a-z]{4,}", p["title"]["en"].lower())})


class Load:
    """Writers and searchers that take the next node when one does not answer, as clients do."""

    def __init__(self, ports: list[int]):
        self.nodes = [Node(f"http://127.0.0.1:{port}") for port in ports]
        self.words = words()
        self.pictures = [picture(p) for p in sorted((ROOT / "qa" / "pictures").rglob("*.png"))[:64]]
        self.acknowledged: dict[str, tuple[str, dict]] = {}
        self.counts = collections.Counter()
        self.wrong: list[str] = []
        self.ids = iter(range(10**9))
        self.phase = "before"
        self.stopped = threading.Event()
        self.lock = threading.Lock()

    def count(self, what: str, kind: str, detail: str = "") -> None:
        with self.lock:
            self.counts[f"{what} {kind}"] += 1
            if kind not in ("ok", *MAY_HAPPEN):
                self.wrong.append(f"{self.phase}: {what}: {kind} {detail[:500]}")

    def send(self, what: str, node: Node, method: str, path: str, body=None):
        """@return the answer, None when there was none."""
        try:
            answer = node.call(method, path, body)
            self.count(what, "ok")
            return answer
        except RuntimeError as e:
            code = re.search(r"answered (\d+)", str(e)).group(1)
            self.count(what, code, str(e))
        except OSError as e:  # the node is being restarted
            self.count(what, "connection", str(e))
        return None

    def document(self, rng: random.Random) -> tuple[str, dict]:
        with self.lock:
            number = next(self.ids)
        document = {"text": " ".join(rng.sample(self.words, 4))}
        if number % 4 == 0:
            document["image"] = self.pictures[rng.randrange(len(self.pictures))]
        return str(number), document

    def write(self, seed: int) -> None:
        rng = random.Random(seed)
        while not self.stopped.is_set():
            index = INDEX if rng.random() < 0.9 else f"{INDEX}-{self.phase}"
            documents = [self.document(rng) for _ in range(16)]
            lines = [json.dumps(line) for i, d in documents for line in ({"index": {"_index": index, "_id": i}}, d)]
            answer = self.send("bulk", rng.choice(self.nodes), "POST", "/_bulk", ("\n".join(lines) + "\n").encode())
            for (i, d), item in zip(documents, answer["items"] if answer else []):
                done = item["index"]
                if done["status"] in (200, 201):
                    with self.lock:
                        self.acknowledged[i] = (index, d)
                    self.count("item", "ok")
                else:
                    self.count("item", str(done["status"]), json.dumps(done.get("error")))

    def search(self, seed: int) -> None:
        rng = random.Random(seed)
        while not self.stopped.is_set():
            node, text = rng.choice(self.nodes), " ".join(rng.sample(self.words, 2))
            clip = {"query": {"clip": {"text_vector": {"query_text": text, "model_id": MODEL, "k": 5}}}}  # an index learns its model by its first bulk
            known = rng.choice(list(self.acknowledged)) if self.acknowledged else None
            kind = rng.randrange(6)
            if kind == 0 and known and self.acknowledged[known][0] == INDEX:
                clip = {"query": {"clip": {"text_vector": {"query_document": {"_index": INDEX, "_id": known}, "k": 5}}}}
                self.send("query_document", node, "POST", f"/{INDEX}/_search", clip)
            elif kind == 1:
                self.send("diversify", node, "POST", f"/{INDEX}/_search?search_pipeline={INDEX}", clip)
            elif kind == 2:
                self.send("embed", node, "POST", f"/_plugins/_clip/models/{MODEL}/_embed", {"inputs": [{"text": text}]})
            elif kind == 3:
                self.send("status", node, "GET", rng.choice(["/_plugins/_clip/models", "/_plugins/_clip/stats", "/_tasks?detailed"]))
            else:
                answer = self.send("search", node, "POST", f"/{INDEX}/_search", clip)
                failures = json.dumps(answer["_shards"].get("failures", "")) if answer else ""
                if "clip" in failures.replace(INDEX, ""):  # a shard of a node that leaves fails for core's reasons
                    self.count("shard", "failed", failures)

    def run(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.write, args=(i,)) for i in range(2)]
        threads += [threading.Thread(target=self.search, args=(100 + i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        return threads


def create(node: Node) -> None:
    node.call("PUT", f"/_plugins/_clip/models/{MODEL}?load=true&timeout=10m",
              {"source": {"catalog": bundled(node)}, "nodes": HOLDERS})
    model = node.call("GET", f"/_plugins/_clip/models/{MODEL}")
    fields = {"text_vector": {"text": "text"}, "image_vector": {"image": "image"}}
    node.call("PUT", f"/_ingest/pipeline/{INDEX}", {"processors": [{"clip_embedding": {"model_id": MODEL, "field_map": fields}}]})
    node.call("PUT", f"/_search/pipeline/{INDEX}", {
        "request_processors": [{"clip_diversify": {"vector_field": "text_vector", "candidates": 10}}],
        "response_processors": [{"clip_diversify": {"vector_field": "text_vector", "candidates": 10}}]})
    node.call("PUT", f"/_index_template/{INDEX}", {"index_patterns": [f"{INDEX}*"], "template": {
        "settings": {"index": {"knn": True, "number_of_shards": 3, "number_of_replicas": 1, "default_pipeline": INDEX}},
        "mappings": {"properties": {"text": {"type": "text"}, "image": {"type": "keyword", "index": False, "doc_values": False},
                                    **{f: model["mapping"] for f in fields}}}}})
    node.call("PUT", f"/{INDEX}")


def bundled(node: Node) -> str:
    return next(m["id"] for m in node.call("GET", "/_plugins/_clip/models/_catalog")["models"] if m["bundled"])


def settle(node: Node) -> None:
    """Until every copy is there again and every node that answers holds the model."""
    node.call("GET", "/_cluster/health?wait_for_status=green&wait_for_no_relocating_shards=true&timeout=15m")
    for _ in range(240):
        states = [n["state"] for n in node.call("GET", f"/_plugins/_clip/models/{MODEL}")["nodes"].values()]
        if states and set(states) == {"LOADED"}:
            return
        time.sleep(0.5)
    raise SystemExit(f"the model is {states} on its nodes")


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def verify(node: Node, acknowledged: dict) -> tuple[list[str], dict]:
    """What is wrong with documents that were acknowledged, and the worst cosine of each field."""
    node.call("POST", f"/{INDEX}*/_refresh")
    wrong, worst = [], dict.fromkeys(LEAST, 1.0)
    items = sorted(acknowledged.items(), key=lambda item: int(item[0]))
    for at in range(0, len(items), 100):
        part = items[at:at + 100]
        docs = node.call("POST", "/_mget", {"docs": [{"_index": index, "_id": i} for i, (index, _) in part]})["docs"]
        for field, of, key in (("text_vector", "text", "text"), ("image_vector", "image", "image")):
            having = [(i, sent, doc) for (i, (_, sent)), doc in zip(part, docs) if of in sent]
            made = node.call("POST", f"/_plugins/_clip/models/{MODEL}/_embed",
                             {"side": "passage", "inputs": [{key: sent[of]} for _, sent, _ in having]})["results"] if having else []
            for (i, _, doc), result in zip(having, made):
                if not doc.get("found"):
                    wrong.append(f"{i} is missing")
                elif field not in doc["_source"]:
                    wrong.append(f"{i} has no {field}")
                else:
                    like = cosine(doc["_source"][field], result["embedding"])
                    worst[field] = min(worst[field], like)
                    if like < LEAST[field]:
                        wrong.append(f"{i} has another {field}: cosine {like:.5f}")
    return wrong, worst


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    args = parser.parse_args()
    load = Load([args.http + n for n in range(NODES)])
    create(load.nodes[0])
    threads = load.run()
    try:
        time.sleep(args.seconds)
        for n in ORDER:
            load.phase = f"upgrading-{n}"
            begin = time.time()
            subprocess.run([ROOT / "qa" / "node.sh", "upgrade", str(n), "--zip", args.to, "--nodes", str(NODES), "--http", str(args.http)], check=True)
            load.phase = f"with-{n}"
            for node in load.nodes:
                settle(node)
            print(f"node {n}: upgraded and settled after {time.time() - begin:.0f} s", flush=True)
            time.sleep(args.seconds)
            for node in load.nodes:
                if not node.call("POST", f"/_plugins/_clip/models/{MODEL}/_verify")["passed"]:
                    load.wrong.append(f"{load.phase}: {node.url} does not pass _verify")
    finally:
        load.stopped.set()
        for thread in threads:
            thread.join()
    wrong, worst = verify(load.nodes[-1], load.acknowledged)
    print(f"{len(load.acknowledged)} acknowledged, {len([w for w in wrong if 'missing' in w])} missing, "
          f"{len([w for w in wrong if 'missing' not in w])} with a wrong vector, worst cosine {worst}")
    print(", ".join(f"{what}: {n}" for what, n in sorted(load.counts.items())))
    for line in (load.wrong + wrong)[:20]:
        print("WRONG " + line)
    sys.exit(1 if load.wrong or wrong or not load.acknowledged else 0)


main()
