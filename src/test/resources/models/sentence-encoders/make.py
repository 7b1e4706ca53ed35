"""What the reference makes of texts with the real weights that langchain4j's jars on Maven Central carry.

pip install onnxruntime==1.28.0 tokenizers==0.23.3 numpy && python make.py FOLDER_WITH_THE_JARS
"""

import json
import pathlib
import sys
import zipfile

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
TEXTS = ["A red shoe.", "Ein roter Schuh ist kein blauer Hut!", "shoes 👟 and hats", "the quick brown fox jumps over the lazy dog " * 60]
MODELS = {"all-minilm-l6-v2-q": (256, ""), "e5-small-v2-q": (512, "query: ")}

for name, (longest, prompt) in MODELS.items():
    with zipfile.ZipFile(next(pathlib.Path(sys.argv[1]).glob(f"*{name}*.jar"))) as jar:
        tokenizer = Tokenizer.from_str(jar.read(f"{name}-tokenizer.json").decode())
        session = onnxruntime.InferenceSession(jar.read(f"{name}.onnx"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    lines = []
    for text in TEXTS:
        ids = np.array([tokenizer.encode(prompt + text).ids])
        states = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)})[0][0]
        lines.append(json.dumps({"input": text, "tokens": ids.shape[1], "vector": [round(float(v), 5) for v in states.mean(0)]}, ensure_ascii=False))
    (HERE / f"{name}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
