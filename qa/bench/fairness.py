# SPDX-License-Identifier: Apache-2.0
"""What others get of a node that is full: ingest while searches saturate it, and plain searches and bulks while pictures are indexed, beside what a foreign
process leaves them that uses as many seconds of CPU."""

import json
import multiprocessing
import threading
import time

import bare
import inputs
from load import Http, Indexing, median

SEARCHERS = 16
PLAIN = "bench-plain"
PIECE = 0.002  # seconds


def spin(share, stop, used):
    """A process that takes that share of a core, as far as it gets it."""
    begin = time.perf_counter()
    while not stop.is_set():
        if time.process_time() > share * (time.perf_counter() - begin):
            time.sleep(PIECE)
        else:
            until = time.process_time() + PIECE
            while time.process_time() < until:
                pass
    used.value = time.process_time()


class Foreign:
    """So many seconds of CPU a second, by as many processes as there are cores."""

    def __init__(self, seconds):
        self.stop = multiprocessing.Event()
        self.used = [multiprocessing.Value("d", 0.0) for _ in range(bare.CORES)]
        share = min(1.0, seconds / bare.CORES)
        self.processes = [multiprocessing.Process(target=spin, args=(share, self.stop, u), daemon=True) for u in self.used]

    def __enter__(self):
        self.begin = time.perf_counter()
        for p in self.processes:
            p.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for p in self.processes:
            p.join()
        self.rate = sum(u.value for u in self.used) / (time.perf_counter() - self.begin)


class Clients:
    """So many clients, each of which sends what `make(n)` says as fast as it is answered."""

    def __init__(self, url, count, make):
        self.url, self.make, self.stop, self.done, self.failed = url, make, threading.Event(), [0] * count, []
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(count)]

    def work(self, i):
        http = Http(self.url)
        while not self.stop.is_set():
            try:
                answer = http.json("POST", *self.make(i))
                if answer.get("errors"):
                    raise RuntimeError(json.dumps(answer)[:500])
                self.done[i] += 1
            except RuntimeError as e:
                self.failed.append(str(e))
                return

    def __enter__(self):
        self.begin = time.perf_counter()
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()
        self.took = time.perf_counter() - self.begin
        if self.failed:
            raise SystemExit(f"{len(self.failed)} of the clients failed: {self.failed[0]}")

    def rate(self):
        return sum(self.done) / self.took


def saturated(search):
    """Ingest while more clients search than the node can serve. search: search.Search"""
    search.prepare("ViT-B/32 JPEGs 500x375")
    search.fill("image")
    seconds, rows = search.args.seconds, []

    def ask(_):
        return "/bench/_search", json.dumps({"size": 3, "_source": False, "query": {"clip": {"vector": {"query_text": search.text(), "k": 3}}}}).encode()

    def ingest():
        return Indexing(search.args.url, "bench", search.given["image"], 4, 16)

    with ingest() as before:
        time.sleep(seconds)
    with Clients(search.args.url, SEARCHERS, ask) as alone:
        time.sleep(seconds / 2)
    with ingest() as beside, Clients(search.args.url, SEARCHERS, ask) as asking:
        time.sleep(seconds)
    with ingest() as after:
        time.sleep(seconds)
    usual = (before.rate() + after.rate()) / 2
    share = beside.rate() / usual
    rows.append([usual, beside.rate(), share, alone.rate(), asking.rate(), ">= 0.2", "yes" if share >= 0.2 else "NO"])
    search.held &= share >= 0.2
    search.report.table(f"ViT-B/32 JPEGs of 4 clients while {SEARCHERS} clients search by text",
                        ["documents a second, alone", "beside searches", "share", "searches a second, alone", "beside", "goal", "holds"], rows)


def plain(search):
    """Plain searches and bulks of an index without vectors: beside pictures that are indexed, and beside a foreign process with the same CPU."""
    search.prepare("ViT-B/32 JPEGs 500x375")
    http = search.http
    http.json("DELETE", f"/{PLAIN}?ignore_unavailable=true")
    http.json("PUT", f"/{PLAIN}", {"settings": {"number_of_shards": 1, "number_of_replicas": 0}, "mappings": {"properties": {"text": {"type": "text"}}}})
    texts = inputs.texts(search.words, 512)
    bulk = b"".join(b'{"index":{}}\n' + json.dumps({"text": t}).encode() + b"\n" for t in texts[:100])
    http.json("POST", f"/{PLAIN}/_bulk?refresh=true", bulk)

    def ask(i):
        if i % 2:
            return f"/{PLAIN}/_bulk?filter_path=errors", bulk
        return f"/{PLAIN}/_search", json.dumps({"query": {"match": {"text": search.text()}}}).encode()

    def cpu():
        time.sleep(1.1)  # the node looks once a second
        return sum(n["process"]["cpu"]["total_in_millis"] for n in http.json("GET", "/_nodes/stats/process")["nodes"].values()) / 1000

    def measure(load):
        """Searches and bulks a second, and seconds of CPU of the node a second."""
        before, begin = cpu(), time.perf_counter()
        with load:
            with Clients(search.args.url, 2, ask) as clients:
                time.sleep(search.args.seconds)
            used = (cpu() - before) / (time.perf_counter() - begin)
        return [d / clients.took for d in clients.done], used

    class Nothing:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    measure(Nothing())
    alone, own = measure(Nothing())
    beside, node = measure(Indexing(search.args.url, "bench", search.given["image"], 4, 16))
    spent = max(0.1, node - own * sum(beside) / sum(alone))
    foreign = Foreign(spent)
    other, _ = measure(foreign)
    again, _ = measure(Indexing(search.args.url, "bench", search.given["image"], 4, 16))
    beside = [(a + b) / 2 for a, b in zip(beside, again)]
    rows = []
    for i, name in enumerate(("searches", "bulks of 100")):
        share = beside[i] / other[i]
        search.held &= share >= 0.9
        rows.append([name, alone[i], beside[i], other[i], share, ">= 0.9", "yes" if share >= 0.9 else "NO"])
    search.report.table("A plain index without vectors, a second",
                        ["", "alone", "beside ViT-B/32 pictures", "beside a foreign process", "ratio", "goal", "holds"], rows,
                        [f"Embedding took {spent:.2f} seconds of CPU a second, the foreign process {foreign.rate:.2f}."])


def crossover(search):
    """From what a run costs on, several threads end it sooner: ONNX Runtime at batch 1 on one core and on all."""
    rows, words = [], search.words
    for model, kind in (("minilm-int8", 8), ("minilm-int8", 64), ("vit-b32", 8), ("vit-b32", "image")):
        folder = search.models / model
        text, image = bare.towers(folder)
        sessions = [bare.session(image if kind == "image" else text, threads) for threads in (1, bare.CORES)]
        feed = bare.Loop.pixels(sessions[0], 1) if kind == "image" else bare.Tokens(folder).feed(sessions[0], [" ".join(words[:kind])])
        took = [[], []]
        for _ in range(40):
            for i, session in enumerate(sessions):
                begin = time.perf_counter()
                session.run(None, feed)
                took[i].append(1000 * (time.perf_counter() - begin))
        one, all_ = (median(t[5:]) for t in took)
        rows.append([model, "a picture" if kind == "image" else f"a text of {kind} words", one, all_, one / all_])
    search.report.table(f"ONNX Runtime at batch 1, medians in ms: one core and {bare.CORES}", ["model", "input", "one", "all", "one / all"], rows)
