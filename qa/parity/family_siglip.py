# SPDX-License-Identifier: Apache-2.0
"""SigLIP, and SigLIP 2 of fixed resolution."""

import functools

import torch
import transformers
from tokenizers import normalizers
from transformers import AutoImageProcessor

import towers
import vocabularies
from family import BATCH, PIXELS, TOKENS, Family, siglip_processor, write_json
from family_clip import OpenAiClip


class Siglip(Family):
    name = "siglip"
    max_tokens = 64
    heads = 2

    def tokens(self, folder):
        data = vocabularies.siglip(self.vocabulary, self.rule)
        (folder / "spiece.model").write_bytes(vocabularies.sentencepiece_model(self.vocabulary, self.rule, lower=True))
        self.tokenizer_files(
            folder, data, tokenizer_class="SiglipTokenizer", model_max_length=64, eos_token="</s>", pad_token="</s>", unk_token="<unk>",
            do_lower_case=True, model_input_names=["input_ids"])
        return len(data["model"]["vocab"])

    def write(self, folder):
        tokens = self.tokens(folder)
        part = {"hidden_size": self.width, "intermediate_size": 2 * self.width, "num_hidden_layers": self.layers, "num_attention_heads": self.heads}
        config = transformers.SiglipConfig(
            text_config=part | {"vocab_size": tokens, "max_position_embeddings": 64, "projection_size": self.width},
            vision_config=part | {"image_size": self.size, "patch_size": self.patch})
        config._attn_implementation = "eager"
        self.model = towers.randomize(transformers.SiglipModel(config), 2)
        config.save_pretrained(folder)
        write_json(folder, "preprocessor_config.json", self.preprocessor())
        towers.export(
            self.model, lambda m, i: (lambda o: (o.last_hidden_state, o.pooler_output))(m.text_model(i)), (torch.randint(3, 400, (2, 64)),),
            folder / "onnx/text_model.onnx", {"input_ids": BATCH}, {"last_hidden_state": BATCH, "pooler_output": TOKENS})
        towers.export(
            self.model, lambda m, p: (lambda o: (o.last_hidden_state, o.pooler_output))(m.vision_model(p)),
            (torch.randn(2, 3, self.size, self.size),), folder / "onnx/vision_model.onnx",
            {"pixel_values": PIXELS}, {"last_hidden_state": TOKENS, "pooler_output": TOKENS})
        self.load(folder)

    def preprocessor(self):
        return siglip_processor(self.size)

    def fast(self, text):
        """What tokenizer.json says, where sentencepiece says otherwise: a special token written out, blanks that its normal form makes."""
        if type(self).tokens is not Siglip.tokens:
            return self.tokenizer
        same = self.file_tokenizer(text)["input_ids"] == self.tokenizer(text)["input_ids"]
        return self.tokenizer if same else self.file_tokenizer

    @functools.cached_property
    def file_tokenizer(self):
        return transformers.PreTrainedTokenizerFast(tokenizer_file=str(self.folder / "tokenizer.json"), eos_token="</s>", pad_token="</s>")

    def ids(self, text, side="query"):
        return self.fast(text)(text, truncation=True, max_length=64)["input_ids"]

    def padded(self, tokenizer, text):
        return {"input_ids": tokenizer([text], return_tensors="pt", padding="max_length", truncation=True, max_length=64, padding_side="right")["input_ids"]}

    def inputs(self, text, side):
        return self.padded(self.fast(text), text)

    def other_text(self, text):
        if self.fast(text) is self.tokenizer:
            return None, ""
        with torch.no_grad():
            return towers.pooled(self.model.get_text_features(**self.padded(self.tokenizer, text)))[0].tolist(), "sentencepiece tokenizer"

    run_text, run_pixels = OpenAiClip.run_text, OpenAiClip.run_pixels


class Siglip2(Siglip):
    """Fixed resolution: model_type siglip, Gemma's tokenizer."""

    name = "siglip2"

    def tokens(self, folder):
        data = vocabularies.gemma(900 if self.small else 1400, lower=False)
        self.tokenizer_files(
            folder, data, tokenizer_class="GemmaTokenizer", model_max_length=64, eos_token="<eos>", pad_token="<pad>", unk_token="<unk>",
            bos_token="<bos>", padding_side="right", model_input_names=["input_ids"])
        return len(data["model"]["vocab"])

    def load(self, folder):
        """As Siglip2Tokenizer does: in lower case, which the hub's tokenizer.json does not say."""
        self.folder = folder
        self.tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
        backend = self.tokenizer.backend_tokenizer
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), backend.normalizer])
        self.processor = AutoImageProcessor.from_pretrained(folder, backend="pil")

    def preprocessor(self):
        return siglip_processor(self.size, resample=2)
