# SPDX-License-Identifier: Apache-2.0
"""OpenAI's CLIP and what has its configuration."""

import open_clip.transformer
import torch
import transformers
from transformers import AutoTokenizer

import towers
import vocabularies
from family import BATCH, PIXELS, TOKENS, Family, clip_processor, write_json


class OpenAiClip(Family):
    name = "openai-clip"
    heads = 2
    mask = False
    one_graph = False
    processor_changes = {}

    def write(self, folder):
        data = vocabularies.clip(self.vocabulary) if self.small else vocabularies.openai()
        words = data["model"]["vocab"]
        text = {"hidden_size": self.width, "intermediate_size": 2 * self.width, "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
                "vocab_size": len(words), "max_position_embeddings": 77, "eos_token_id": 2, "bos_token_id": 0, "pad_token_id": 1}
        vision = {"hidden_size": self.width, "intermediate_size": 2 * self.width, "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
                  "image_size": self.size, "patch_size": self.patch}
        config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=self.dimension)
        config._attn_implementation = "eager"
        self.model = towers.randomize(transformers.CLIPModel(config), 1)
        config.save_pretrained(folder)
        write_json(folder, "preprocessor_config.json", clip_processor(self.size) | self.processor_changes)
        self.tokenizer_files(
            folder, data, tokenizer_class="CLIPTokenizer", model_max_length=77, bos_token="<|startoftext|>", eos_token="<|endoftext|>",
            unk_token="<|endoftext|>", pad_token="<|endoftext|>", do_lower_case=True, errors="replace", add_prefix_space=False)
        ids, mask = torch.randint(3, 400, (2, 7)), torch.ones(2, 7, dtype=torch.long)
        ids[:, -1] = words["<|endoftext|>"]
        pixels = torch.randn(2, 3, self.size, self.size)
        if self.one_graph:
            towers.export(
                self.model, lambda m, i, p, a: (lambda o: (o.logits_per_image, o.logits_per_text, o.text_embeds, o.image_embeds))(m(i, p, a)),
                (ids, pixels, mask), folder / "onnx/model.onnx",
                {"input_ids": ("text_batch_size", "sequence_length"), "pixel_values": ("image_batch_size", *PIXELS[1:]),
                 "attention_mask": ("text_batch_size", "sequence_length")},
                {"logits_per_image": ("image_batch_size", "text_batch_size"), "logits_per_text": ("text_batch_size", "image_batch_size"),
                 "text_embeds": ("text_batch_size",), "image_embeds": ("image_batch_size",)})
        else:
            self.export_text(folder, len(words))
            towers.export(
                self.model, lambda m, p: towers.pooled(m.get_image_features(p)), (pixels,), folder / "onnx/vision_model.onnx",
                {"pixel_values": PIXELS}, {"image_embeds": TOKENS})
        self.load(folder)

    def export_text(self, folder, tokens):
        ids = torch.randint(3, 400, (2, 7))
        ids[:, -1] = tokens - 1
        inputs = {"input_ids": BATCH} | ({"attention_mask": BATCH} if self.mask else {})
        towers.export(
            self.model, lambda m, i, a=None: towers.pooled(m.get_text_features(i, attention_mask=a)), (ids, torch.ones_like(ids))[:len(inputs)],
            folder / "onnx/text_model.onnx", inputs, {"text_embeds": TOKENS})

    def run_text(self, text, side):
        return towers.pooled(self.model.get_text_features(**self.inputs(text, side)))

    def run_pixels(self, pixels):
        return towers.pooled(self.model.get_image_features(pixels))


class OpenAiClipOneGraph(OpenAiClip):
    name = "openai-clip-one-graph"
    one_graph = True


class TinyClip(OpenAiClip):
    """Patches of 16, with a mask, only a number as size."""

    name = "tinyclip"
    mask = True
    processor_changes = {"crop_size": 224, "size": 224, "image_processor_type": None, "feature_extractor_type": "CLIPFeatureExtractor"}

    def __init__(self, small=False):
        super().__init__(small)
        self.patch = 16
        if small:
            self.processor_changes = self.processor_changes | {"crop_size": self.size, "size": self.size}

    def load(self, folder):
        self.folder = folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
        self.processor = CLIPImageProcessorPil.from_pretrained(folder)


class MobileClip(OpenAiClip):
    """Its text tower looks both ways and sees what fills up, so it always gets 77 positions."""

    name = "mobileclip"
    processor_changes = {"resample": 2, "do_normalize": False}

    def input_size(self):
        return 256

    def export_text(self, folder, tokens):
        self.tower = towers.randomize(open_clip.transformer.TextTransformer(
            vocab_size=tokens, width=self.width, heads=2, layers=self.layers, output_dim=self.dimension, no_causal_mask=True), 6)
        towers.export(self.tower, lambda m, i: m(i), (torch.randint(3, 400, (2, 77)),), folder / "onnx/text_model.onnx", {"input_ids": BATCH}, {"text_embeds": TOKENS})

    def run_text(self, text, side):
        return self.tower(self.tokenizer([text], return_tensors="pt", padding="max_length", truncation=True, max_length=77)["input_ids"])
