"""The clients that people have, unchanged but for the URL, against the node at $CLIP_URL: what they get is what `_embed` answers.

Every body that they send is also a YAML test (rest-api-spec/test/clip/71_clients.yml), so that `./mvnw verify` keeps them working without
Python; the last test of this file compares. Run by qa/clients.sh.
"""

import asyncio
import base64
import json
import os
import struct
import tempfile
import unittest
from pathlib import Path

import langchain_community.document_compressors.jina_rerank as langchain_rerank
import langchain_community.embeddings.jina as langchain_jina
import numpy
import openai
import opensearchpy
import yaml
from langchain_core.documents import Document
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.jinaai import JinaEmbedding
from llama_index.postprocessor.jinaai_rerank import JinaRerank
from opensearchpy.helpers import bulk
from recorder import PICTURES, Recorder

REPOSITORY = PICTURES.parent.parent
YAML = REPOSITORY / "rest-api-spec/test/clip/71_clients.yml"
MODEL = "demo"
BASE = "/_plugins/_clip/v1"
# 8 x 8 pixels of red: small enough for the YAML test.
RED = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAASUVORK5CYII="
)


class ClientTest(unittest.TestCase):
    """Each test talks through a recorder; `sent` collects the bodies of all of them."""

    sent: list[tuple[str, dict]] = []
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.recorder = Recorder(os.environ.get("CLIP_URL", "http://127.0.0.1:9200")).__enter__()
        cls.url = cls.recorder.url
        cls.search = opensearchpy.OpenSearch(cls.url, timeout=300)
        cls.search.transport.perform_request(
            "PUT",
            f"/_plugins/_clip/models/{MODEL}",
            params={"load": "true", "wait_for_completion": "true"},
            body={"source": {"catalog": "opensearch-clip-demo-v1"}},
        )
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.picture = str(Path(folder.name) / "red.png")
        Path(cls.picture).write_bytes(RED)

    @classmethod
    def tearDownClass(cls):
        cls.recorder.__exit__()
        ClientTest.sent += cls.recorder.bodies

    def embed(self, *inputs, **options):
        """The vectors of `_embed`."""
        answer = self.search.transport.perform_request(
            "POST", f"/_plugins/_clip/models/{MODEL}/_embed", body={"inputs": list(inputs), "side": "passage", **options}
        )
        return [result["embedding"] for result in answer["results"]]

    def assertVectors(self, actual, expected):
        """One vector is the same to the last bit. Of several each is the nearest to its own: which of them share a run of a quantised model
        is a matter of timing, and changes the last digits."""
        actual, expected = numpy.float32(actual), numpy.float32(expected)
        self.assertEqual(actual.shape, expected.shape)
        if len(actual) == 1:
            self.assertEqual(actual.tolist(), expected.tolist())
        self.assertGreater(numpy.sum(actual * expected, axis=1).min(), 0.999)

    def similarity(self, query, *inputs):
        """Index and score of `_similarity`, best first."""
        answer = self.search.transport.perform_request(
            "POST", f"/_plugins/_clip/models/{MODEL}/_similarity", body={"query": query, "inputs": list(inputs)}
        )
        return [(result["index"], result["score"]) for result in answer["results"]]

    def assertRanking(self, actual, expected):
        """The same order; scores but for the last digits, as in assertVectors."""
        self.assertEqual([index for index, _ in actual], [index for index, _ in expected])
        numpy.testing.assert_allclose([s for _, s in actual], [s for _, s in expected], atol=1e-3)

    def red(self):
        return {"image": base64.b64encode(RED).decode()}

    def bits(self, vector):
        return [1 if value > 0 else 0 for value in vector]


class LangChain(ClientTest):
    """langchain_community.embeddings.JinaEmbeddings: the URL is a constant of its module."""

    def setUp(self):
        langchain_jina.JINA_API_URL = self.url + BASE + "/embeddings"
        self.client = langchain_jina.JinaEmbeddings(jina_api_key="none", model_name=MODEL)

    def test_texts(self):
        self.assertVectors([self.client.embed_query("red apple")], self.embed("red apple"))
        self.assertVectors(self.client.embed_documents(["red apple", "shark"]), self.embed("red apple", "shark"))

    def test_pictures_from_a_file_and_by_url(self):
        self.assertVectors(self.client.embed_images([self.picture]), self.embed(self.red()))
        url = self.url + "/noto/1F34E.png"
        self.assertVectors(self.client.embed_images([url]), self.embed({"image": url}))

    def test_an_error_is_told(self):
        client = langchain_jina.JinaEmbeddings(jina_api_key="none", model_name="nobody")
        with self.assertRaisesRegex(RuntimeError, r"model \[nobody\] is not declared"):
            client.embed_query("red apple")


class LangChainRerank(ClientTest):
    """langchain_community.document_compressors.JinaRerank: the URL is a constant of its module."""

    def setUp(self):
        langchain_rerank.JINA_API_URL = self.url + BASE + "/rerank"
        self.client = langchain_rerank.JinaRerank(jina_api_key="none", model=MODEL, top_n=2)

    def test_texts(self):
        documents = [Document(text, metadata={"n": n}) for n, text in enumerate(("shark", "apple", "green apple"))]
        found = self.client.compress_documents(documents, "red apple")
        expected = self.similarity("red apple", "shark", "apple", "green apple")[:2]
        self.assertRanking([(d.metadata["n"], d.metadata["relevance_score"]) for d in found], expected)

    def test_pictures_and_texts_all_of_them(self):
        url = self.url + "/noto/1F34E.png"
        found = self.client.rerank([{"text": "shark"}, {"url": url}, self.red()], "red apple", top_n=None)
        expected = self.similarity("red apple", "shark", {"image": url}, self.red())
        self.assertRanking([(d["index"], d["relevance_score"]) for d in found], expected)

    def test_an_error_is_told(self):
        with self.assertRaisesRegex(RuntimeError, r"model \[nobody\] is not declared"):
            self.client.rerank(["shark"], "red apple", model="nobody")


class LlamaIndexRerank(ClientTest):
    """llama-index-postprocessor-jinaai-rerank: base_url."""

    def test_nodes(self):
        nodes = [NodeWithScore(node=TextNode(text=text)) for text in ("shark", "apple", "green apple")]
        client = JinaRerank(top_n=2, model=MODEL, base_url=self.url + BASE, api_key="none")
        found = client.postprocess_nodes(nodes, query_str="red apple")
        order = [[node.node for node in nodes].index(node.node) for node in found]
        expected = self.similarity("red apple", "shark", "apple", "green apple")[:2]
        self.assertRanking(list(zip(order, [node.score for node in found], strict=True)), expected)

    def test_an_error_is_told(self):
        client = JinaRerank(model="nobody", base_url=self.url + BASE, api_key="none")
        with self.assertRaisesRegex(RuntimeError, r"model \[nobody\] is not declared"):
            client.postprocess_nodes([NodeWithScore(node=TextNode(text="shark"))], query_str="red apple")


class LlamaIndex(ClientTest):
    """llama-index-embeddings-jinaai: the URL is a field of its caller."""

    def client(self, model=MODEL, **options):
        client = JinaEmbedding(model=model, api_key="none", **options)
        client._api.api_url = self.url + BASE + "/embeddings"
        return client

    def test_texts(self):
        client = self.client()
        self.assertVectors([client.get_query_embedding("red apple")], self.embed("red apple"))
        self.assertVectors(client.get_text_embedding_batch(["red apple", "shark"]), self.embed("red apple", "shark"))

    def test_without_waiting(self):
        vector = asyncio.run(self.client(task="retrieval.query", dimensions=64).aget_query_embedding("red apple"))
        self.assertVectors([vector], self.embed("red apple", dimensions=64))

    def test_pictures_from_a_file_and_by_url(self):
        url = self.url + "/noto/1F34E.png"
        self.assertVectors(
            self.client().get_image_embedding_batch([self.picture, url]), self.embed(self.red(), {"image": url})
        )

    def test_task_dimensions_and_late_chunking(self):
        client = self.client(task="text-matching", dimensions=64, late_chunking=False)
        self.assertVectors([client.get_text_embedding("red apple")], self.embed("red apple", dimensions=64))

    def test_bits_are_unpacked_to_the_signs_of_the_vector(self):
        client = self.client(encoding_queries="binary", encoding_documents="ubinary")
        signs = self.bits(self.embed("red apple")[0])
        self.assertEqual(client.get_query_embedding("red apple"), signs)
        self.assertEqual(client.get_text_embedding("red apple"), signs)

    def test_an_error_is_told(self):
        with self.assertRaisesRegex(RuntimeError, r"\[dimensions\] is \[1000\], more than the \[256\]"):
            self.client(dimensions=1000).get_query_embedding("red apple")


class OpenAI(ClientTest):
    """The openai client: base_url."""

    def setUp(self):
        self.client = openai.OpenAI(base_url=self.url + BASE, api_key="none", max_retries=0)
        self.addCleanup(self.client.close)

    def test_texts_travel_as_base64(self):
        answer = self.client.embeddings.create(model=MODEL, input=["red apple", "shark"])
        self.assertVectors([d.embedding for d in answer.data], self.embed("red apple", "shark"))
        answer = self.client.embeddings.create(model=MODEL, input="red apple")
        self.assertVectors([answer.data[0].embedding], self.embed("red apple"))
        self.assertEqual(answer.model, MODEL)
        self.assertGreater(answer.usage.total_tokens, 2)
        self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens)

    def test_as_floats_with_fewer_dimensions(self):
        answer = self.client.embeddings.create(
            model=MODEL, input="red apple", dimensions=64, encoding_format="float", user="somebody"
        )
        self.assertVectors([answer.data[0].embedding], self.embed("red apple", dimensions=64))

    def test_pictures_and_bits_through_the_extra_body(self):
        answer = self.client.embeddings.create(
            model=MODEL, input=[self.red()], encoding_format="float", extra_body={"embedding_type": "ubinary"}
        )
        bits = numpy.unpackbits(numpy.uint8(answer.data[0].embedding)).tolist()
        self.assertEqual(bits, self.bits(self.embed(self.red())[0]))
        # 8 x 8 pixels are one tile
        self.assertEqual(answer.usage.total_tokens, 1000)

    def test_errors_have_their_class_and_message(self):
        with self.assertRaisesRegex(openai.NotFoundError, r"model \[nobody\] is not declared") as e:
            self.client.embeddings.create(model="nobody", input="red apple")
        self.assertEqual(e.exception.type, "resource_not_found_exception")
        with self.assertRaisesRegex(openai.BadRequestError, "is token ids.*send the text"):
            self.client.embeddings.create(model=MODEL, input=[[1024, 2048]])

    def test_without_waiting(self):
        async def ask():
            async with openai.AsyncOpenAI(base_url=self.url + BASE, api_key="none") as client:
                return await client.embeddings.create(model=MODEL, input="shark")

        self.assertVectors([asyncio.run(ask()).data[0].embedding], self.embed("shark"))


class OpenSearchPy(ClientTest):
    """opensearch-py: the endpoints through its transport, an index and a search through its methods."""

    def ask(self, method, path, **body):
        return self.search.transport.perform_request(method, "/_plugins/_clip" + path, body=body or None)

    def test_endpoints(self):
        self.assertEqual(self.ask("GET", f"/models/{MODEL}")["state"], "LOADED")
        self.assertIn("models", self.ask("GET", "/models/_catalog"))
        node = next(iter(self.ask("GET", "/stats")["nodes"].values()))
        self.assertIn(MODEL, node["models"])
        answer = self.ask("POST", "/v1/embeddings", model=MODEL, input=["red apple"], embedding_type="base64")
        vector = struct.unpack("<256f", base64.b64decode(answer["data"][0]["embedding"]))
        self.assertVectors([vector], self.embed("red apple"))

    def test_an_error_is_told(self):
        with self.assertRaises(opensearchpy.RequestError) as e:
            self.ask("POST", "/v1/embeddings", model=MODEL, input=[])
        self.assertIn("[input] must be a text", str(e.exception))
        self.assertEqual(e.exception.error, "illegal_argument_exception")
        with self.assertRaises(opensearchpy.RequestError) as e:
            self.search.transport.perform_request("POST", "/_plugins/_clip/v1/embeddings", body='{"model": ')
        self.assertIn("detail", e.exception.info)

    def test_index_and_search(self):
        index = "clients-pictures"
        self.search.indices.delete(index=index, ignore_unavailable=True)
        self.addCleanup(self.search.indices.delete, index=index)
        self.search.ingest.put_pipeline(
            id=index,
            body={"processors": [{"clip_embedding": {"model_id": MODEL, "field_map": {"vector": {"image": "picture"}}}}]},
        )
        self.search.indices.create(
            index=index,
            body={
                "settings": {"index.knn": True, "default_pipeline": index, "index.clip.model_id": MODEL},
                "mappings": {
                    "properties": {
                        "vector": self.ask("GET", f"/models/{MODEL}")["mapping"],
                        "picture": {"type": "keyword", "index": False, "doc_values": False},
                    }
                },
            },
        )
        files = sorted((PICTURES / "noto").glob("1F34*.png"))
        documents = (
            {"_index": index, "_id": f.stem, "picture": base64.b64encode(f.read_bytes()).decode()} for f in files
        )
        self.assertEqual(bulk(self.search, documents, refresh="wait_for"), (len(files), []))
        apple = {"query": {"clip": {"vector": {"query_text": "red apple", "k": 3}}}, "_source": False}
        hits = self.search.search(index=index, body=apple)["hits"]["hits"]
        self.assertEqual(hits[0]["_id"], "1F34E")
        stored = self.search.get(index=index, id="1F34E")["_source"]
        self.assertVectors([stored["vector"]], self.embed({"image": stored["picture"]}))


class ZYaml(unittest.TestCase):
    """Runs last: every body that was sent is a YAML test, its URLs apart."""

    def test_every_body_is_a_yaml_test(self):
        known = []
        for document in yaml.safe_load_all(YAML.read_text()):
            for step in [s for steps in document.values() for s in steps]:
                known += [(api, call.get("body")) for api, call in step.get("do", {}).items() if isinstance(call, dict)]
        for endpoint, body in ClientTest.sent:
            for picture in (i for i in body.get("input", body.get("documents")) if isinstance(i, dict) and "url" in i):
                picture["url"] = "http://10.0.0.1/" + picture["url"].split("/", 3)[3]
            self.assertIn(("clip." + endpoint, body), known, "not in " + YAML.name + ": " + json.dumps(body))


if __name__ == "__main__":
    unittest.main()
