# SPDX-License-Identifier: Apache-2.0
"""The bound: ONNX Runtime on ready tensors and the same weights, as many threads as cores, each run on one of them."""

import itertools
import os
import threading
import time

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
BATCH = 8  # of a graph whose vectors do not depend on the neighbours; more brings nothing on CPUs


def session(path, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def towers(folder):
    one = folder / "onnx/model.onnx"
    return (one, one) if one.exists() else (folder / "onnx/text_model.onnx", folder / "onnx/vision_model.onnx")


class Tokens:
    def __init__(self, folder, longest=256):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(longest)

    def feed(self, session, texts):
        """Padded to the longest."""
        ids = [self.tokenizer.encode(t).ids for t in texts]
        longest = max(map(len, ids))
        array = np.array([i + [0] * (longest - len(i)) for i in ids], np.int64)
        mask = np.array([[1] * len(i) + [0] * (longest - len(i)) for i in ids], np.int64)
        values = {"input_ids": array, "attention_mask": mask, "token_type_ids": np.zeros_like(array)}
        return {p.name: values[p.name] for p in session.get_inputs()}


class Loop:
    """Runs of ready tensors, one after the other in each thread."""

    def __init__(self, folder, texts=None, one_by_one=False):
        text, image = towers(folder)
        self.session = session(text if texts else image)
        batch = 1 if one_by_one else BATCH
        if texts:
            tokens = Tokens(folder)
            texts = sorted(texts, key=lambda t: len(tokens.tokenizer.encode(t).ids))
            self.feeds = [(len(part), tokens.feed(self.session, part)) for part in (texts[i:i + batch] for i in range(0, len(texts), batch))]
            np.random.default_rng(1).shuffle(self.feeds)  # so that a slice of time meets all lengths
        else:
            self.feeds = [(batch, self.pixels(self.session, batch))]

    @staticmethod
    def pixels(session, batch):
        port = session.get_inputs()[0]
        return {port.name: np.random.default_rng(2).standard_normal((batch, 3, *port.shape[2:]), dtype=np.float32)}

    def rate(self, seconds, whole=False):
        """Inputs a second. `whole`: all feeds once, for inputs that cost different amounts."""
        turn, lock, done = itertools.cycle(self.feeds), threading.Lock(), [0]
        left = [len(self.feeds) if whole else float("inf")]
        begin = time.perf_counter()

        def work():
            while time.perf_counter() - begin < seconds or whole:
                with lock:
                    if left[0] <= 0:
                        return
                    left[0] -= 1
                    count, feed = next(turn)
                self.session.run(None, feed)
                with lock:
                    done[0] += count

        threads = [threading.Thread(target=work) for _ in range(CORES)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return done[0] / (time.perf_counter() - begin)
