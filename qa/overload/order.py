# SPDX-License-Identifier: Apache-2.0
"""Whose vector is it: many documents through bulks of all sizes by several clients, with failures in between. Each must have its own
vector, exactly the bad ones fail, none is lost."""

import argparse
import base64
import http.client
import itertools
import json
import random
import sys
import threading
import time
from pathlib import Path

import fingerprint
from load import Http, declare

INDEX, CLIENTS = "fingerprints", 6
MODEL = "fingerprint"


def document(number, rng):
    """Its fields, and whether it must fail."""
    kind = rng.choices(("text", "picture", "both", "poison", "broken", "no picture"), (50, 25, 20, 2, 2, 1))[0]
    fields = {}
    if kind in ("text", "both", "poison"):
        fields["text"] = fingerprint.text(number, rng) + (" " + fingerprint.POISON if kind == "poison" else "")
    if kind in ("picture", "both"):
        fields["picture"] = base64.b64encode(fingerprint.picture(number, rng)).decode()
    if kind == "broken":
        fields["picture"] = base64.b64encode(fingerprint.picture(number, rng)[:50]).decode()
    if kind == "no picture":
        fields["picture"] = base64.b64encode(b"nothing of this is a picture").decode()
    return fields, kind in ("poison", "broken", "no picture")


class Order:
    def __init__(self, args):
        self.args, self.http = args, Http(args.url)
        self.expected, self.wrong, self.again, self.left = {}, [], 0, 0
        self.numbers, self.lock = iter(range(args.documents)), threading.Lock()
        declare(self.http, MODEL)
        self.http.json("PUT", f"/_ingest/pipeline/{INDEX}", {"processors": [{"clip_embedding": {
            "model_id": MODEL, "field_map": {"of_text": {"text": "text"}, "of_picture": {"image": "picture"}}, "remove_source_image": True}}]})
        self.http.json("DELETE", f"/{INDEX}?ignore_unavailable=true")
        self.http.json("PUT", f"/{INDEX}", {"settings": {"number_of_replicas": 0, "default_pipeline": INDEX, "refresh_interval": -1},
                                            "mappings": {"dynamic": False}})

    def say(self, what):
        with self.lock:
            self.wrong.append(what)

    def client(self, seed):
        rng, http_ = random.Random(seed), Http(self.args.url)
        while True:
            with self.lock:
                numbers = list(itertools.islice(self.numbers, rng.choice((1, 1, 2, 3, 7, 16, 33, 64, 65, 128, 300))))
            if not numbers:
                return
            documents = {n: document(n, rng) for n in numbers}
            with self.lock:
                self.expected.update({n: (set(d), bad) for n, (d, bad) in documents.items()})
            if rng.random() < 0.03:
                self.leave(documents)
            waiting = list(documents)
            while waiting:
                answer = http_.json("POST", f"/{INDEX}/_bulk", self.body(documents, waiting))
                refused = []
                for number, item in zip(waiting, answer["items"], strict=True):
                    item = item["index"]
                    if item["_id"] != str(number):
                        self.say(f"the answer has [{item['_id']}] where [{number}] was asked")
                    if item["status"] in (429, 503):
                        refused.append(number)
                    elif (item["status"] >= 300) != documents[number][1]:
                        self.say(f"[{number}] {sorted(documents[number][0])} bad={documents[number][1]}: {json.dumps(item)[:500]}")
                waiting = refused
                if refused:
                    with self.lock:
                        self.again += len(refused)
                    time.sleep(1)

    @staticmethod
    def body(documents, numbers):
        return "".join(json.dumps({"index": {"_id": str(n)}}) + "\n" + json.dumps(documents[n][0]) + "\n" for n in numbers).encode()

    def leave(self, documents):
        """A caller that goes away in the middle: its bulk is sent again, by the loop above."""
        connection = http.client.HTTPConnection(self.http.host, self.http.port)
        connection.request("POST", f"/{INDEX}/_bulk", self.body(documents, documents), {"Content-Type": "application/json"})
        connection.close()
        with self.lock:
            self.left += 1

    def index(self):
        def run(seed):
            try:
                self.client(seed)
            except Exception as e:  # told at the end, by the test's own failure
                self.say(f"client {seed}: {e!r}")

        clients = [threading.Thread(target=run, args=(seed,)) for seed in range(CLIENTS)]
        for c in clients:
            c.start()
        for c in clients:
            c.join()

    def check(self):
        """Every document that is there, by its vectors."""
        seen, swaps = {}, 0
        self.http.json("POST", f"/{INDEX}/_refresh")
        answer = self.http.json("POST", f"/{INDEX}/_search?scroll=5m&size=1000", {"sort": ["_doc"], "_source": ["of_text", "of_picture"]})
        while answer["hits"]["hits"]:
            for hit in answer["hits"]["hits"]:
                number, vectors = int(hit["_id"]), hit["_source"]
                seen[number] = True
                fields, found = self.expected[number][0], {}
                if "of_text" in vectors:
                    found["text"] = fingerprint.number_of_text(vectors["of_text"])
                if "of_picture" in vectors:
                    found["picture"] = fingerprint.number_of_picture(vectors["of_picture"])
                if set(found) != fields or any(v != number for v in found.values()):
                    swaps += 1
                    self.say(f"[{number}] has the vectors of {found}")
            answer = self.http.json("POST", "/_search/scroll", {"scroll": "5m", "scroll_id": answer["_scroll_id"]})
        good = {n for n, (_, bad) in self.expected.items() if not bad}
        for name, numbers in (("lost", good - set(seen)), ("indexed though bad", set(seen) - good)):
            if numbers:
                self.say(f"{len(numbers)} documents {name}: {sorted(numbers)[:10]}")
        return len(good), swaps


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--documents", type=int, default=100_000)
    order, begin = Order(options.parse_args()), time.perf_counter()
    order.index()
    took = time.perf_counter() - begin
    good, swaps = order.check()
    bad = len(order.expected) - good
    print(f"{len(order.expected)} documents by {CLIENTS} clients in bulks of 1 to 300: {good} good, {bad} bad; {swaps} swaps; "
          f"{order.again} refused and sent again, {order.left} bulks whose caller went away; {took:.0f} s")
    for what in order.wrong[:20]:
        print("WRONG: " + what)
    sys.exit(1 if order.wrong or len(order.expected) != order.args.documents else 0)


if __name__ == "__main__":
    main()
