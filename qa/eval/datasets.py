"""Folders of pictures with descriptions and categories, in the file formats in which the usual collections are distributed."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Item:
    """A picture. `captions`: by language, the first is its description. `pool`: pictures are ranked among those of the same pool."""

    id: str
    file: Path
    captions: dict[str, list[str]]
    category: str = ""
    fine_category: str = ""
    pool: str = "all"


def read(folder: Path, format: str) -> list[Item]:
    """The items in the order of the files. Raises ValueError naming what is missing."""
    readers = {"csv": _csv, "flickr8k": _flickr8k, "flickr30k": _flickr30k, "coco": _coco, "pictures": _pictures, "photographs": _photographs}
    items = [item for item in readers[format](Path(folder)) if item.captions]
    if not items:
        raise ValueError(f"no picture with a description in {folder}")
    missing = [item for item in items if not item.file.is_file()]
    if missing:
        raise ValueError(f"{len(missing)} of {len(items)} pictures are not there, the first is {missing[0].file}")
    return items


def _first(folder: Path, *names: str) -> Path:
    for name in names:
        found = sorted(folder.glob(name))
        if found:
            return found[0]
    raise ValueError(f"{folder} has none of {', '.join(names)}")


def _csv(folder: Path) -> list[Item]:
    """captions.csv: columns `image` (a path in the folder), `text` or `text_<language>`, and if known `category`, `fine_category`, `pool`. Several
    rows of one picture are several descriptions."""
    items: dict[tuple[str, str], Item] = {}
    with open(_first(folder, "captions.csv", "*.csv"), newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        texts = {name: name[5:] or "en" for name in rows.fieldnames or [] if name == "text" or name.startswith("text_")}
        if "image" not in (rows.fieldnames or []) or not texts:
            raise ValueError(f"{file.name} must have the columns image and text or text_<language>, it has {rows.fieldnames}")
        for row in rows:
            pool = row.get("pool") or "all"
            item = items.setdefault(
                (pool, row["image"]),
                Item(row["image"], folder / row["image"], {}, row.get("category") or "", row.get("fine_category") or "", pool),
            )
            for column, language in texts.items():
                if row[column] and row[column].strip():
                    item.captions.setdefault(language, []).append(row[column].strip())
    return list(items.values())


def _captioned(rows, pictures: Path) -> list[Item]:
    items: dict[str, Item] = {}
    for name, text in rows:
        if text.strip():
            items.setdefault(name, Item(name, pictures / name, {"en": []})).captions["en"].append(text.strip())
    return list(items.values())


def _token_file(file: Path):
    """`name.jpg#0<tab>caption` a line."""
    for line in file.read_text(encoding="utf-8").splitlines():
        name, tab, text = line.partition("\t")
        if tab:
            yield name.rsplit("#", 1)[0], text


def _delimited(file: Path, delimiter: str):
    """A header, then name, caption or name, number, caption."""
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        name, found, rest = line.partition(delimiter)
        if found and delimiter == "|":
            rest = rest.partition(delimiter)[2]
        if found:
            yield name.strip(), rest.strip().removeprefix('"').removesuffix('"').replace('""', '"')


def _flickr8k(folder: Path) -> list[Item]:
    """Flickr8k.token.txt or captions.txt (of Kaggle), the pictures of the test split where Flickr_8k.testImages.txt is there."""
    pictures = next((folder / name for name in ("Flicker8k_Dataset", "Flickr8k_Dataset", "Images") if (folder / name).is_dir()), folder)
    captions = _first(folder, "Flickr8k.token.txt", "captions.txt")
    items = _captioned(_token_file(captions) if captions.name.endswith("token.txt") else _delimited(captions, ","), pictures)
    split = folder / "Flickr_8k.testImages.txt"
    if split.exists():
        test = set(split.read_text(encoding="utf-8").split())
        items = [item for item in items if item.id in test]
    return items


def _flickr30k(folder: Path) -> list[Item]:
    """dataset_flickr30k.json (Karpathy's splits: the test split), results_20130124.token or results.csv (of Kaggle)."""
    names = ("flickr30k-images", "flickr30k_images", "Images")
    pictures = next((folder / name for name in names if (folder / name).is_dir()), folder)
    captions = _first(folder, "dataset_flickr30k.json", "*.token", "results.csv")
    if captions.suffix == ".json":
        images = json.loads(captions.read_text(encoding="utf-8"))["images"]
        return _captioned(((i["filename"], s["raw"]) for i in images if i["split"] == "test" for s in i["sentences"]), pictures)
    return _captioned(_token_file(captions) if captions.suffix == ".token" else _delimited(captions, "|"), pictures)


def _coco(folder: Path) -> list[Item]:
    """annotations/captions_val*.json; categories, if instances_val*.json is beside it: those of the largest object."""
    captions = _first(folder, "annotations/captions_val*.json", "captions_val*.json", "annotations/captions_*.json", "captions_*.json")
    split = captions.stem.removeprefix("captions_")
    pictures = folder / split if (folder / split).is_dir() else folder
    read = json.loads(captions.read_text(encoding="utf-8"))
    items = {i["id"]: Item(i["file_name"], pictures / i["file_name"], {}) for i in read["images"]}
    for annotation in read["annotations"]:
        items[annotation["image_id"]].captions.setdefault("en", []).append(annotation["caption"].strip())
    instances = captions.with_name(f"instances_{split}.json")
    if instances.exists():
        read = json.loads(instances.read_text(encoding="utf-8"))
        names = {c["id"]: c for c in read["categories"]}
        for o in sorted(read["annotations"], key=lambda o: o["area"]):
            if o["image_id"] in items:
                item, name = items[o["image_id"]], names[o["category_id"]]
                item.category, item.fine_category = name["supercategory"], name["name"]
    return list(items.values())


def _pictures(folder: Path) -> list[Item]:
    """The demo's own: pictures.json and a folder of PNG files for each style, which is a pool."""
    things = json.loads(_first(folder, "pictures.json").read_text(encoding="utf-8"))
    return [
        Item(
            f"{style.name}/{thing['id']}",
            style / f"{thing['id']}.png",
            {language: [text] for language, text in thing["title"].items()},
            thing["category"],
            thing["subcategory"],
            style.name,
        )
        for style in sorted(folder.iterdir())
        if style.is_dir()
        for thing in things
        if (style / f"{thing['id']}.png").exists()
    ]


def _photographs(folder: Path) -> list[Item]:
    """The demo's own: photographs.tsv and the folder photographs."""
    with open(_first(folder, "photographs.tsv"), newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Item(row["id"], folder / "photographs" / f"{row['id']}.jpg", {"en": [row["title"]]}, row["category"]) for row in rows]
