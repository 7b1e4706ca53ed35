# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of PyTorch as numpy arrays, without PyTorch: both the older format and the zip, and of pickle only what a dictionary of tensors needs."""

import collections
import pickle
import struct
import zipfile

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64, "HalfStorage": np.float16}


class Reader(pickle.Unpickler):
    """Tensors become (storage, offset, sizes, strides): in the older format the bytes come after them."""

    def __init__(self, file, storage):
        super().__init__(file)
        self.storage = storage

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, sizes, strides, *more: (storage, offset, tuple(sizes), tuple(strides))
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise ValueError(f"the checkpoint wants {module}.{name}")

    def persistent_load(self, pid):
        _, kind, key, _, count = pid[:5]
        return self.storage(kind, key, count)


def array(storage, offset, sizes, strides):
    if not sizes:
        return storage[offset]
    return np.lib.stride_tricks.as_strided(storage[offset:], sizes, [s * storage.itemsize for s in strides]).copy()


def load(path):
    """name -> array"""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if name.endswith("data.pkl"))[: -len("data.pkl")]
            tensors = Reader(archive.open(root + "data.pkl"), lambda kind, key, count: np.frombuffer(archive.read(f"{root}data/{key}"), kind)).load()
            return {name: array(*tensor) for name, tensor in tensors.items()}
    with open(path, "rb") as file:
        if pickle.load(file) != MAGIC:
            raise ValueError(f"{path} is no checkpoint of PyTorch")
        pickle.load(file), pickle.load(file)  # version, sizes of types
        storages = {}
        tensors = Reader(file, lambda kind, key, count: storages.setdefault(key, np.zeros(count, kind))).load()
        for key in pickle.load(file):
            (count,) = struct.unpack("<q", file.read(8))
            storages[key][:] = np.frombuffer(file.read(count * storages[key].itemsize), storages[key].dtype)
        return {name: array(*tensor) for name, tensor in tensors.items()}
