# SPDX-License-Identifier: Apache-2.0
"""Ten times of what a node can index, for two minutes, with searches beside: every request is answered, with documents indexed, or with a refusal that says when
to come back; and as much is indexed as without the crowd."""

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import inputs
from load import Http, Indexing, bodies, declare, index, percentile

INDEX, MODEL, BULK = "overload", "vit-b32", 16
BULK_PATH = f"/{INDEX}/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,error,status"
HINT = "retry after"
# Core's own, before the plugin sees the request; core says no time there.
OF_CORE = ("rejected execution of coordinating operation", "[in_flight_requests] Data too large", "[parent] Data too large")


class Answers:
    """What came back, by kind. Anything that is not an answer of the right kind is in `wrong`."""

    def __init__(self):
        self.lock, self.kinds, self.wrong, self.indexed, self.slow = threading.Lock(), Counter(), [], [], []

    def add(self, kind, count=1, wrong=None):
        with self.lock:
            self.kinds[kind] += count
            if wrong:
                self.wrong.append(wrong[:800])

    def refusal(self, what, status, reason, hinted, count=1):
        if status in (429, 503) and hinted:
            self.add(f"{what} refused, {status}, says when to come back", count)
        elif status == 429 and any(o in reason for o in OF_CORE):
            self.add(f"{what} refused by core, 429: {next(o for o in OF_CORE if o in reason)}", count)
        else:
            self.add(f"{what} WRONG", count, f"{what}: {status} {reason}")

    def bulk(self, status, headers, content):
        if status != 200:
            return self.refusal("bulk", status, content.decode(errors="replace"), "Retry-After" in headers)
        for item in json.loads(content)["items"]:
            item = item["index"]
            if item["status"] < 300:
                with self.lock:
                    self.kinds["document indexed"] += 1
                    self.indexed.append(time.perf_counter())
            else:
                reason = json.dumps(item["error"])
                self.refusal("document", item["status"], reason, HINT in reason)


def offer(args, rate, given, answers):
    """Bulks at that many documents a second, whether or not earlier ones are answered. Returns when all are."""
    ready, size = bodies(given, BULK)
    threads, begin, sent = [], time.perf_counter(), 0

    def send(body):
        begun = time.perf_counter()
        try:
            answers.bulk(*Http(args.url, timeout=900).send("POST", BULK_PATH, body))
        except (OSError, http.client.HTTPException) as e:
            answers.add("bulk WITHOUT ANSWER", 1, f"a bulk got no answer after {time.perf_counter() - begun:.1f} s: {e!r}")

    while (now := time.perf_counter() - begin) < args.seconds:
        if sent * size <= now * rate:
            threads.append(threading.Thread(target=send, args=(ready[sent % len(ready)],), daemon=True))
            threads[-1].start()
            sent += 1
        else:
            time.sleep(0.005)
    end = time.perf_counter()
    for t in threads:
        t.join()
    return sent, begin, end


def search(args, words, answers, stop):
    http_, rng = Http(args.url), random.Random(3)
    while not stop.is_set():
        body = json.dumps({"size": 3, "_source": False, "query": {"clip": {"vector": {"query_text": inputs.question(words, rng), "k": 3}}}}).encode()
        begin = time.perf_counter()
        try:
            status, headers, content = http_.send("POST", f"/{INDEX}/_search", body)
            if status == 200:
                answers.add("search answered")
                answers.slow.append(time.perf_counter() - begin)
            else:
                answers.refusal("search", status, content.decode(errors="replace"), "Retry-After" in headers)
        except (OSError, http.client.HTTPException) as e:
            answers.add("search WITHOUT ANSWER", 1, f"a search got no answer: {e!r}")
        stop.wait(0.2)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--log", required=True, help="of the node")
    options.add_argument("--models", required=True)
    options.add_argument("--seconds", type=int, default=120)
    args = options.parse_args()
    control, answers, stop = Http(args.url), Answers(), threading.Event()
    given = inputs.pictures("JPEG 500x375")
    index(control, INDEX, declare(control, MODEL), "image")
    words = inputs.words(Path(args.models) / MODEL / "tokenizer.json")
    peaks = []

    def peak():
        with Indexing(args.url, INDEX, given, 4, BULK) as load:
            time.sleep(args.seconds / 4)
        peaks.append(load.rate())
        print(f"4 clients in turn: {peaks[-1]:.1f} documents a second", flush=True)

    peak()
    peak()  # the first one has warmed up
    asking = threading.Thread(target=search, args=(args, words, answers, stop), daemon=True)
    asking.start()
    sent, begin, end = offer(args, 10 * peaks[1], given, answers)
    stop.set()
    asking.join()
    settled = begin + (end - begin) / 10
    good = sum(settled <= t <= end for t in answers.indexed) / (end - settled)
    peak()
    reference = (peaks[1] + peaks[2]) / 2  # before and after, because the machine has other work
    offered = sent * BULK / (end - begin)
    print(f"offered {offered:.0f} a second, {offered / peaks[1]:.1f} times the peak, for {end - begin:.0f} s; "
          f"indexed and answered {good:.1f} a second meanwhile, {good / reference:.2f} of the peak before and after")
    if answers.indexed:
        came = [t - begin for t in answers.indexed]
        print(f"  answers to what was indexed came {percentile(came, 0.1):.0f}, {percentile(came, 0.5):.0f}, {percentile(came, 0.9):.0f} s after the start "
              f"(a tenth, half, nine tenths); with the time after the crowd that is {len(came) / max(came):.1f} a second")
    for kind, count in sorted(answers.kinds.items()):
        print(f"  {count:7d}  {kind}")
    if answers.slow:
        print(f"  searches: p50 {1000 * percentile(answers.slow, 0.5):.0f} ms, p99 {1000 * percentile(answers.slow, 0.99):.0f} ms")
    if "OutOfMemoryError" in Path(args.log).read_text(errors="replace"):
        answers.wrong.append("OutOfMemoryError in the node's log")
    if control.json("GET", "/_cluster/health")["number_of_nodes"] != 1:
        answers.wrong.append("the node is not in its cluster any more")
    if good < 0.9 * reference:
        answers.wrong.append(f"indexed and answered {good:.1f} a second, less than 0.9 of {reference:.1f}")
    for what in answers.wrong[:20]:
        print("WRONG: " + what)
    sys.exit(1 if answers.wrong else 0)


if __name__ == "__main__":
    main()
