# SPDX-License-Identifier: Apache-2.0
"""Clients of a node: connections that stay open, bodies that are ready before the clock starts."""

import http.client
import json
import math
import os
import platform
import statistics
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "eval"))
from node import Node  # noqa: E402

HttpError = http.client.HTTPException
HEADERS = {"Content-Type": "application/json"}


class Http:
    """One connection. Not for use by several threads."""

    def __init__(self, url, timeout=1200):
        at = urlparse(url)
        self.host, self.port, self.timeout, self.connection = at.hostname, at.port, timeout, None

    def send(self, method, path, body=None):
        """Status, headers, bytes."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            self.connection.request(method, path, body, HEADERS)
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def json(self, method, path, body=None):
        body = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        status, _, content = self.send(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path} answered {status}: {content.decode(errors='replace')[:1500]}")
        return json.loads(content)


def percentile(values, share):
    """The smallest value that so many of all do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor()) \
        if os.path.exists("/proc/cpuinfo") else platform.processor()
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "system": platform.platform(), "load_average": [round(v, 1) for v in os.getloadavg()], "heap": os.environ.get("NODE_HEAP", "512m")}


def declare(http, model):
    """Loads a folder of `config/opensearch-clip/models`."""
    return Node(f"http://{http.host}:{http.port}").load(model)


def index(http, name, model, kind):
    """An index of the model's vectors, made of the field `in`, which holds texts or pictures, by a pipeline of the same name."""
    http.json("PUT", f"/_ingest/pipeline/{name}", {"processors": [{"clip_embedding": {
        "model_id": model["model_id"], "field_map": {"vector": {kind: "in"}}, "remove_source_image": kind == "image"}}]})
    http.json("DELETE", f"/{name}?ignore_unavailable=true")
    http.json("PUT", f"/{name}", {
        "settings": {"index": {"knn": True, "number_of_shards": 1, "number_of_replicas": 0, "default_pipeline": name,
                               "clip.model_id": model["model_id"]}},
        "mappings": {"_source": {"excludes": ["vector"]}, "properties": {
            "vector": model["mapping"], "in": {"type": "keyword", "index": False, "doc_values": False}}}})


def bodies(inputs, size):
    """Bulks that go through all inputs, each a body and its number of documents."""
    lines = [b'{"index":{}}\n' + json.dumps({"in": value}).encode() + b"\n" for value in inputs]
    count = max(1, len(lines) // size)
    return [b"".join(lines[(i * size + k) % len(lines)] for k in range(size)) for i in range(count)], size


class Indexing:
    """So many clients that send bulks until they are told to stop, or all inputs once. Every item must be indexed."""

    def __init__(self, url, name, inputs, clients, size, once=False):
        self.url, self.path = url, f"/{name}/_bulk?filter_path=errors,items.*.status,items.*.error"
        self.bodies, self.size, self.once = *bodies(inputs, size), once
        self.lock, self.stop, self.done, self.failed, self.turn = threading.Lock(), threading.Event(), 0, [], 0
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(clients)]

    def work(self):
        http = Http(self.url)
        while not self.stop.is_set():
            with self.lock:
                if self.once and self.turn == len(self.bodies):
                    return
                body = self.bodies[self.turn % len(self.bodies)]
                self.turn += 1
            try:
                answer = http.json("POST", self.path, body)
            except (OSError, RuntimeError, HttpError) as e:
                with self.lock:
                    self.failed.append(repr(e)[:1000])
                continue
            errors = [i["index"]["error"] for i in answer["items"] if "error" in i["index"]] if answer["errors"] else []
            with self.lock:
                self.done += self.size - len(errors)
                self.failed += [json.dumps(e)[:1000] for e in errors]

    def __enter__(self):
        self.begin = time.perf_counter()
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, kind, error, trace):
        if not self.once:
            self.stop.set()
        for t in self.threads:
            t.join()
        self.took = time.perf_counter() - self.begin

    def rate(self):
        """Documents a second, from the first request to the last answer."""
        if self.failed:
            raise SystemExit(f"{len(self.failed)} documents or bulks failed: {self.failed[0]}")
        return self.done / self.took


def median(values):
    return statistics.median(values)
