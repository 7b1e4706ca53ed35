# SPDX-License-Identifier: Apache-2.0
"""Text encoders in the layout of sentence-transformers, and jina-embeddings-v3."""

import torch
import transformers
from transformers import AutoTokenizer

import towers
import vocabularies
from family import BATCH, TOKENS, XLM_R, Family, write_json, xlm_roberta

HIDDEN = {"last_hidden_state": BATCH}


class SentenceFamily(Family):
    images = False
    pooling = "mean"

    def modules(self, folder, longest, prompts=None):
        write_json(folder, "modules.json", [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")])])
        write_json(folder, "1_Pooling/config.json", {
            "word_embedding_dimension": self.width, "pooling_mode_cls_token": self.pooling == "cls", "pooling_mode_mean_tokens": self.pooling == "mean",
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False, "pooling_mode_weightedmean_tokens": False,
            "pooling_mode_lasttoken": self.pooling == "last", "include_prompt": True})
        write_json(folder, "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
        write_json(folder, "config_sentence_transformers.json", {"prompts": prompts or {}, "default_prompt_name": None, "similarity_fn_name": "cosine"})
        self.max_tokens = longest

    def hidden(self, inputs):
        return self.model(**inputs).last_hidden_state

    def run_text(self, text, side):
        inputs = self.inputs(text, side)
        states, mask = self.hidden(inputs), inputs["attention_mask"]
        return {"mean": towers.mean, "last": towers.last, "cls": lambda h, m: h[:, 0]}[self.pooling](states, mask)

    def bert(self, folder, positions=128):
        data = vocabularies.wordpiece(self.vocabulary)
        config = transformers.BertConfig(
            vocab_size=len(data["model"]["vocab"]), hidden_size=self.width, intermediate_size=2 * self.width, num_hidden_layers=self.layers,
            num_attention_heads=2, max_position_embeddings=positions)
        config._attn_implementation = "eager"
        self.model = towers.randomize(transformers.BertModel(config), 9)
        config.save_pretrained(folder)
        self.tokenizer_files(
            folder, data, tokenizer_class="BertTokenizer", model_max_length=positions, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
            unk_token="[UNK]", mask_token="[MASK]", do_lower_case=True)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)


IDS = (torch.randint(5, 400, (2, 7)), torch.ones(2, 7, dtype=torch.long))


class BertMean(SentenceFamily):
    """all-MiniLM: fewer tokens than the tokenizer says, token types from outside."""

    name = "bert-mean"

    def write(self, folder):
        self.bert(folder)
        self.modules(folder, 64)
        towers.export(
            self.model, lambda m, i, a, t: m(i, attention_mask=a, token_type_ids=t).last_hidden_state, (*IDS, torch.zeros_like(IDS[0])),
            folder / "onnx/model.onnx", {"input_ids": BATCH, "attention_mask": BATCH, "token_type_ids": BATCH}, HIDDEN)


class ClsPooled(SentenceFamily):
    """bge: the first state."""

    name = "bert-cls"
    pooling = "cls"

    def write(self, folder):
        self.bert(folder)
        self.modules(folder, 128)
        towers.export(
            self.model, lambda m, i, a: m(i, attention_mask=a).last_hidden_state, IDS, folder / "onnx/model.onnx",
            {"input_ids": BATCH, "attention_mask": BATCH}, {"token_embeddings": BATCH})


class Prompted(SentenceFamily):
    """e5: another prompt for each side; the graph pools and normalises."""

    name = "xlm-roberta-prompts"
    sides = {"query": "query: ", "passage": "passage: "}

    def write(self, folder):
        data = vocabularies.unigram(self.vocabulary, self.rule)
        self.model = towers.randomize(xlm_roberta(self, len(data["model"]["vocab"]), 128), 10)
        self.model.config.save_pretrained(folder)
        self.tokenizer_files(folder, data, model_max_length=128, **XLM_R)
        self.modules(folder, 128, self.sides)

        def run(m, ids, mask):
            states = m(ids, attention_mask=mask).last_hidden_state
            return states, torch.nn.functional.normalize(towers.mean(states, mask))

        towers.export(
            self.model, run, IDS, folder / "onnx/model.onnx", {"input_ids": BATCH, "attention_mask": BATCH},
            {"token_embeddings": BATCH, "sentence_embedding": TOKENS})
        self.tokenizer = AutoTokenizer.from_pretrained(folder)


class LastToken(SentenceFamily):
    """Qwen's line: a decoder, positions from outside, the last token."""

    name = "qwen-last-token"
    pooling = "last"

    def write(self, folder):
        data = vocabularies.qwen(self.vocabulary)
        config = transformers.Qwen2Config(
            vocab_size=len(data["model"]["vocab"]), hidden_size=self.width, intermediate_size=2 * self.width, num_hidden_layers=self.layers,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128, use_cache=False)
        config._attn_implementation = "eager"
        self.model = towers.randomize(transformers.Qwen2Model(config), 11)
        config.save_pretrained(folder)
        self.tokenizer_files(
            folder, data, tokenizer_class="PreTrainedTokenizerFast", model_max_length=128, eos_token="<|endoftext|>", pad_token="<|endoftext|>", padding_side="left")
        self.modules(folder, 128, {"query": "Instruct: find the picture\nQuery:", "document": ""})
        self.sides = {"query": "Instruct: find the picture\nQuery:", "passage": ""}
        positions = torch.arange(7)[None].repeat(2, 1)
        towers.export(
            self.model, lambda m, i, a, p: m(i, attention_mask=a, position_ids=p).last_hidden_state, (*IDS, positions), folder / "onnx/model.onnx",
            {"input_ids": BATCH, "attention_mask": BATCH, "position_ids": BATCH}, HIDDEN)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)


class JinaEmbeddingsV3(SentenceFamily):
    """Adapters chosen by a number: here a shift of the states, which is enough to see that the number arrives."""

    name = "jina-embeddings-v3"
    tasks = ["retrieval.query", "retrieval.passage", "separation", "classification", "text-matching"]

    def write(self, folder):
        data = vocabularies.unigram(self.vocabulary, self.rule)
        instructions = {
            "retrieval.query": "Represent the query for retrieving evidence documents: ", "retrieval.passage": "Represent the document for retrieval: ",
            "separation": "", "classification": "", "text-matching": ""}
        self.sides = {"query": instructions["retrieval.query"], "passage": instructions["retrieval.passage"]}
        self.dimensions = [8, 16] if self.small else [16, 32, 64]
        self.max_tokens = 128
        self.model = torch.nn.ModuleDict({"base": xlm_roberta(self, len(data["model"]["vocab"]), 128), "adapters": torch.nn.Embedding(5, self.width)})
        towers.randomize(self.model, 12)
        with torch.no_grad():
            self.model["adapters"].weight.copy_(torch.randn(5, self.width, generator=torch.Generator().manual_seed(13)))
        write_json(folder, "config.json", {
            "model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"], "hidden_size": self.width, "max_position_embeddings": 130, "vocab_size": 250002,
            "pad_token_id": 1, "lora_adaptations": self.tasks, "task_instructions": instructions, "matryoshka_dimensions": self.dimensions})
        self.tokenizer_files(folder, data, model_max_length=128, **XLM_R)
        self.modules(folder, 128, instructions)
        towers.export(
            self.model, lambda m, i, a, t: (lambda h: (h, towers.mean(h, a)))(self.states(m, i, a, t)), (*IDS, torch.tensor(1)), folder / "onnx/model.onnx",
            {"input_ids": BATCH, "attention_mask": BATCH, "task_id": ()}, {"text_embeds": BATCH, "pooled": TOKENS})
        towers.externalize(folder / "onnx/model.onnx")
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    @staticmethod
    def states(model, ids, mask, task):
        return model["base"](ids, attention_mask=mask).last_hidden_state + model["adapters"](task)

    def run_text(self, text, side):
        inputs = self.inputs(text, side)
        task = torch.tensor(self.tasks.index("retrieval." + side))
        return towers.mean(self.states(self.model, inputs["input_ids"], inputs["attention_mask"], task), inputs["attention_mask"])
