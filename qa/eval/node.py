"""The plugin on a real node: a model, a pipeline, an index, searches. Every vector is made and compared by the node."""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

# A part is searched exactly: see search().
PART = 10_000


class Node:
    def __init__(self, url: str):
        self.url = url

    def call(self, method: str, path: str, body=None):
        """The answer as JSON. Raises RuntimeError with what the node says is wrong."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=1200) as response:
                return json.load(response)
        except urllib.error.HTTPError as e:
            raise RuntimeError(f"{method} {path} answered {e.code}: {e.read().decode(errors='replace')[:2000]}") from None

    def load(self, model: str) -> dict:
        """Declares the model by its name in the catalog, or as a folder of config/opensearch-clip/models, unless it is declared; loads it."""
        if model not in [m["model_id"] for m in self.call("GET", "/_plugins/_clip/models")["models"]]:
            catalog = [m["id"] for m in self.call("GET", "/_plugins/_clip/models/_catalog")["models"]]
            source = {"source": {"catalog" if model in catalog else "path": model}}
            self.call("PUT", f"/_plugins/_clip/models/{model}?load=true&wait_for_completion=true&timeout=30m", source)
        else:
            self.call("POST", f"/_plugins/_clip/models/{model}/_load?wait_for_completion=true&timeout=30m")
        return self.call("GET", f"/_plugins/_clip/models/{model}")

    def create(self, index: str, model: dict, field_map: dict, keywords: list[str]) -> None:
        """A pipeline and an index of the same name; each vector field as long as its `dimensions`."""
        self.call("PUT", f"/_ingest/pipeline/{index}", {"processors": [{"clip_embedding": {
            "model_id": model["model_id"], "field_map": field_map, "remove_source_image": True}}]})
        self.call("DELETE", f"/{index}?ignore_unavailable=true")
        vectors = {f: {**model["mapping"], "dimension": m.get("dimensions", model["dimension"])} for f, m in field_map.items()}
        self.call("PUT", f"/{index}", {
            "settings": {"index": {"knn": True, "number_of_shards": 1, "number_of_replicas": 0, "default_pipeline": index,
                                   "clip.model_id": model["model_id"]}},
            "mappings": {"_source": {"excludes": list(vectors)}, "properties": {
                **vectors, **{k: {"type": "keyword"} for k in keywords}, "part": {"type": "integer"},
                "text": {"type": "text", "index": False}}}})

    def index(self, index: str, documents: list[dict], say) -> None:
        """`image` of a document is the path of its picture. Raises RuntimeError at the first document that is refused."""
        for start in range(0, len(documents), 200):
            lines = []
            for number, document in enumerate(documents[start:start + 200], start):
                document = {**document, "part": number // PART}
                if "image" in document:
                    document["image"] = picture(document["image"])
                lines += [json.dumps({"index": {"_id": document.pop("_id")}}), json.dumps(document)]
            answer = self.call("POST", f"/{index}/_bulk", ("\n".join(lines) + "\n").encode())
            failed = [i["index"]["error"] for i in answer["items"] if "error" in i["index"]]
            if failed:
                raise RuntimeError(f"{len(failed)} documents were refused: {json.dumps(failed[0])}")
            if start % 1000 == 800 or start + 200 >= len(documents):
                say(f"  {min(start + 200, len(documents))} of {len(documents)}")
        self.call("POST", f"/{index}/_refresh")

    def search(self, index: str, documents: int, vector: str, dimensions: int, queries: list[dict], size: int, filter: dict, source: list[str]):
        """Asks the field `<vector>_<dimensions>` of an index of so many documents. For each query the first `size` hits as `_source` with `_id`. Exact: with a filter that lets no more than `k` documents pass Lucene
        compares every one of them instead of walking the graph, and k-NN takes a `k` of 10,000, so larger indices are searched in parts."""
        parts = range((documents + PART - 1) // PART)
        lines = []
        for query in queries:
            for part in parts:
                terms = [{"term": {k: v}} for k, v in filter.items()] + [{"term": {"part": part}}]
                clip = {f"{vector}_{dimensions}": {**query, "dimensions": dimensions, "k": PART, "filter": {"bool": {"filter": terms}}}}
                lines += ["{}", json.dumps({"size": size, "_source": source, "query": {"clip": clip}})]
        answer = self.call("POST", f"/{index}/_msearch?max_concurrent_searches=4", ("\n".join(lines) + "\n").encode())
        hits = []
        for response in answer["responses"]:
            if "error" in response:
                raise RuntimeError(json.dumps(response["error"])[:2000])
            hits.append(response["hits"]["hits"])
        found = []
        for start in range(0, len(hits), len(parts)):
            merged = sorted((h for part in hits[start:start + len(parts)] for h in part), key=lambda h: -h["_score"])
            found.append([{**h.get("_source", {}), "_id": h["_id"]} for h in merged[:size]])
        return found


def picture(path: Path) -> str:
    return base64.b64encode(Path(path).read_bytes()).decode()
