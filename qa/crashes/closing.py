# SPDX-License-Identifier: Apache-2.0
"""Ends a node by SIGTERM while a slow model works for searches, bulks and _embed.

python3 closing.py PORT PID [SECONDS]

The model "slow" (slow_model.py) must be loaded. Fails when the process is not gone within 5 s, and when a request that was open got no answer, or another one
than what it would have got or a 503.
"""
import argparse
import http.client
import json
import os
import signal
import sys
import threading
import time

TEXT = "two small dogs play with a ball near the river while the children watch them and "
LIMIT = 5


class Client(threading.Thread):
    """Asks until nobody listens any more."""

    def __init__(self, name, port, make):
        super().__init__(daemon=True)
        self.kind, self.port, self.make, self.answers = name, port, make, []

    def run(self):
        n = 0
        while True:
            n += 1
            method, path, body = self.make(n)
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            try:
                connection.connect()
            except OSError:
                return
            begun = time.monotonic()
            try:
                connection.request(method, path, body, {"content-type": "application/json"})
                answer = connection.getresponse()
                outcome = answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException) as e:
                outcome = 0, repr(e)
            finally:
                connection.close()
            self.answers.append((begun, time.monotonic(), *outcome))


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, None if body is None else json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {path}: {answer.status} {content[:500]}")
    return json.loads(content)


def search(n):
    return "POST", "/closing/_search", json.dumps({"query": {"clip": {"v": {"query_text": f"{n} {TEXT}", "timeout": "60s"}}}})


def bulk(n):
    return "POST", "/closing/_bulk?pipeline=closing", "".join(f'{{"index": {{}}}}\n{{"t": "{n} {i} {TEXT}"}}\n' for i in range(50))


def embed(n):
    return "POST", "/_plugins/_clip/models/slow/_embed", json.dumps({"inputs": [{"text": f"{n} {i} {TEXT}"} for i in range(5)], "timeout": "60s"})


def as_it_must_be(kind, status, content):
    """An answer as it would have been, or a 503 for it or for some of its parts."""
    if status == 503:
        return True
    if status != 200:
        return False
    body = json.loads(content)
    if kind == "bulk":
        return all(item["index"]["status"] in (201, 503) for item in body["items"])
    return kind == "search" or all("embedding" in result or result["status"] == 503 for result in body["results"])


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("port", type=int)
    args.add_argument("pid", type=int)
    args.add_argument("seconds", type=float, nargs="?", default=8)
    args = args.parse_args()
    ask(args.port, "PUT", "/_ingest/pipeline/closing", {"processors": [{"clip_embedding": {"model_id": "slow", "field_map": {"v": {"text": "t"}}, "timeout": "60s"}}]})
    ask(args.port, "PUT", "/closing", {"settings": {"index.knn": True, "index.clip.model_id": "slow", "number_of_replicas": 0}, "mappings": {"properties": {
        "t": {"type": "text"}, "v": {"type": "knn_vector", "dimension": 24, "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}}}}})
    begun = time.monotonic()
    ask(args.port, "POST", "/_plugins/_clip/models/slow/_embed", {"inputs": [{"text": TEXT}], "timeout": "60s"})
    print(f"a run of one text: {time.monotonic() - begun:.1f} s")
    clients = [Client(make.__name__, args.port, make) for make in (search, search, bulk, bulk, embed, embed)]
    for client in clients:
        client.start()
    time.sleep(args.seconds)
    killed = time.monotonic()
    os.kill(args.pid, signal.SIGTERM)
    while os.path.exists(f"/proc/{args.pid}") and time.monotonic() - killed < 60:
        time.sleep(0.01)
    took = time.monotonic() - killed
    print(f"SIGTERM: the process was gone after {took:.2f} s")
    for client in clients:
        client.join(10)
    wrong = [] if took <= LIMIT else [f"it must be gone within {LIMIT} s"]
    for client in clients:
        for begun, end, status, content in client.answers:
            if end < killed:
                if status != 200:
                    wrong.append(f"{client.kind} before SIGTERM: {status} {content[:300]}")
            elif begun < killed:
                print(f"{client.kind}, open for {killed - begun:.1f} s: {status} after {end - killed:.2f} s: {content[:160]}")
                if not as_it_must_be(client.kind, status, content):
                    wrong.append(f"{client.kind} that was open: {status} {content[:300]}")
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
