# SPDX-License-Identifier: Apache-2.0
"""The sentence encoder: a text to a vector of length 1, the mean of its tokens. Each text alone, because in 8 bits a batch moves its members a little."""

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from settings import TOKENS


class Sentences:
    def __init__(self, graph, tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS)

    def of(self, text):
        """float32 [384]"""
        tokens = self.tokenizer.encode(text)
        inputs = {"input_ids": tokens.ids, "attention_mask": tokens.attention_mask, "token_type_ids": tokens.type_ids}
        states = self.session.run(["last_hidden_state"], {name: np.array([ids], np.int64) for name, ids in inputs.items()})[0][0]
        mean = states.mean(0)
        return mean / np.linalg.norm(mean)
