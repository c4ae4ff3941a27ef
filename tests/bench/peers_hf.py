"""The vision model of Hugging Face with the weights of a GGUF file: in f32, in f64, and as an ONNX graph of fixed shapes."""

import logging
from unittest import mock

import gguf
import numpy as np
import torch
from transformers import Qwen3VLVisionConfig, Qwen3VLVisionModel
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionRotaryEmbedding
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

from peers_job import Refused, nmse

PROJECTOR = "qwen3vl_merger"
EPS = 1e-6  # written into the code of the model
BLOCK = {
    "ln1": "norm1", "ln2": "norm2", "attn_qkv": "attn.qkv", "attn_out": "attn.proj",
    "ffn_up": "mlp.linear_fc1", "ffn_down": "mlp.linear_fc2",
}  # fmt: skip
MERGER = {"norm": "norm", "fc1": "linear_fc1", "fc2": "linear_fc2"}
TOP = {
    "v.patch_embd.bias": "patch_embed.proj.bias",
    "v.position_embd.weight": "pos_embed.weight",
    "v.post_ln.weight": "merger.norm.weight",
    "v.post_ln.bias": "merger.norm.bias",
    "mm.0.weight": "merger.linear_fc1.weight",
    "mm.0.bias": "merger.linear_fc1.bias",
    "mm.2.weight": "merger.linear_fc2.weight",
    "mm.2.bias": "merger.linear_fc2.bias",
}


def read(path):
    """The file's reader and its sizes as a configuration of transformers."""
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, OSError) as error:
        raise Refused(f"{path}: not a GGUF file that can be read: {error}") from error

    def key(name, default=None):
        field = reader.get_field(name)
        if field is None and default is None:
            raise Refused(f"{path}: no key {name}: take the mmproj file of a Qwen3-VL model")
        return default if field is None else field.contents()

    if key("clip.projector_type") != PROJECTOR:
        raise Refused(f"{path}: projector {key('clip.projector_type')}, not {PROJECTOR}: take the mmproj file of a Qwen3-VL model")
    v = "clip.vision."
    if not np.isclose(key(v + "attention.layer_norm_epsilon"), EPS, rtol=1e-3):
        raise Refused(f"{path}: layer_norm_epsilon is not {EPS}, which transformers takes for every Qwen3-VL")
    side = key(v + "image_size") // key(v + "patch_size")
    config = Qwen3VLVisionConfig(
        depth=key(v + "block_count"),
        hidden_size=key(v + "embedding_length"),
        intermediate_size=key(v + "feed_forward_length"),
        num_heads=key(v + "attention.head_count"),
        out_hidden_size=key(v + "projection_dim"),
        patch_size=key(v + "patch_size"),
        spatial_merge_size=key(v + "spatial_merge_size", 2),
        num_position_embeddings=side * side,
        deepstack_visual_indexes=sorted({int(t.name.split(".")[2]) for t in reader.tensors if t.name.startswith("v.deepstack.")}),
    )
    config._attn_implementation = "sdpa"
    return reader, config


def renamed(reader, config):
    """All weights in f32 under transformers' names."""
    tensors = {t.name: torch.from_numpy(np.array(gguf.dequantize(t.data, t.tensor_type), np.float32)) for t in reader.tensors}
    frames = [tensors.pop(name, None) for name in ("v.patch_embd.weight", "v.patch_embd.weight.1")]
    if None in frames:
        raise Refused("the file has no kernels for two frames (v.patch_embd.weight and v.patch_embd.weight.1)")
    out = {"patch_embed.proj.weight": torch.stack(frames, dim=2)}
    for name, values in tensors.items():
        part, _, kind = name.rpartition(".")
        place = part.split(".")
        if place[:2] == ["v", "blk"] and place[3] in BLOCK:
            name = f"blocks.{place[2]}.{BLOCK[place[3]]}.{kind}"
        elif place[:2] == ["v", "deepstack"] and place[3] in MERGER:
            name = f"deepstack_merger_list.{config.deepstack_visual_indexes.index(int(place[2]))}.{MERGER[place[3]]}.{kind}"
        else:
            name = TOP.get(name, name)
        out[name] = values
    return out


def build(reader, config):
    """The module in f32, or in f64 inside `exact`."""
    dtype = torch.get_default_dtype()
    with torch.device("meta"):
        model = Qwen3VLVisionModel(config)
    try:
        weights = {name: values.to(dtype) for name, values in renamed(reader, config).items()}
        model.load_state_dict(weights, strict=True, assign=True)
    except RuntimeError as error:
        raise Refused(f"the file's tensors are not those of the model: {' '.join(str(error).split())[:400]}") from error
    model.rotary_pos_emb = Qwen3VLVisionRotaryEmbedding(config)  # its frequencies are no weights
    return model.eval()


class exact:
    """Inside, whatever the model's code has in f32 by name is in f64, too: rotary angles, positions, roundings between ops."""

    def __enter__(self):
        self.patches = [
            mock.patch.object(torch, "float", torch.float64),
            mock.patch.object(torch, "float32", torch.float64),
            mock.patch.object(torch.Tensor, "float", torch.Tensor.double),
        ]
        torch.set_default_dtype(torch.float64)
        for patch in self.patches:
            patch.start()

    def __exit__(self, *_):
        for patch in self.patches:
            patch.stop()
        torch.set_default_dtype(torch.float32)


def whole(model, patches, grid):
    """What the module itself gives: per merged token its embedding, then one of every deepstack layer."""
    with torch.inference_mode():
        out = model(patches, grid_thw=grid)
        return torch.cat([out.pooler_output, *out.deepstack_features], dim=-1)


class Fixed(torch.nn.Module):
    """The module for one grid: positions are constants and the patch convolution a product; all else is the module's own code."""

    def __init__(self, model, grid):
        super().__init__()
        self.model = model
        indices, weights = get_vision_interpolation_indices_and_weights(
            grid,
            num_grid_per_side=model.num_grid_per_side,
            mode=model.interpolation_mode,
            align_corners=model.interpolation_align_corners,
            spatial_merge_size=model.spatial_merge_size,
        )
        with torch.no_grad():
            positions = (model.pos_embed(indices) * weights[:, :, None]).sum(1)
            cos, sin = model.rotary_pos_emb(positions, get_vision_position_ids(grid, model.spatial_merge_size))
        self.positions, self.cos, self.sin = torch.nn.Buffer(positions), torch.nn.Buffer(cos), torch.nn.Buffer(sin)
        self.kernel = torch.nn.Buffer(model.patch_embed.proj.weight.detach().flatten(1))
        # blocks only subtract the lengths of images and take a list of them, which must be known when the graph is made
        self.lengths = np.array([0, positions.shape[0]])

    def forward(self, patches):
        hidden = torch.nn.functional.linear(patches, self.kernel, self.model.patch_embed.proj.bias) + self.positions
        features = []
        for layer, block in enumerate(self.model.blocks):
            hidden = block(hidden, cu_seqlens=self.lengths, position_embeddings=(self.cos, self.sin))
            if layer in self.model.deepstack_visual_indexes:
                features.append(self.model.deepstack_merger_list[len(features)](hidden))
        return torch.cat([self.model.merger(hidden), *features], dim=-1)


def grid_of(config, job):
    tile = config.patch_size * config.spatial_merge_size
    if job.width % tile or job.height % tile:
        raise Refused(f"{job.width}x{job.height}: sides must be multiples of {tile}")
    return torch.tensor([[1, job.height // config.patch_size, job.width // config.patch_size]])


def prepare(job):
    """Writes the ONNX file and the reference in f64; gives facts for the report."""
    logging.getLogger("torch").setLevel(logging.ERROR)  # the exporter warns of packages that this model does not need
    torch.set_num_threads(job.threads)
    reader, config = read(job.model)
    grid = grid_of(config, job)
    patches = torch.from_numpy(job.patches(config.patch_size, config.spatial_merge_size))

    model = build(reader, config)
    fixed = Fixed(model, grid).eval()
    with torch.inference_mode():
        same = nmse(fixed(patches).numpy(), whole(model, patches, grid).numpy())
    if same > 1e-11:
        raise Refused(f"the module of fixed shapes is not transformers' own: NMSE {same:.1e} between them")
    torch.onnx.export(
        fixed, (patches,), job.onnx, input_names=["patches"], output_names=["embeddings"], opset_version=job.opset,
        dynamo=True, external_data=True, optimize=True, verbose=False,
    )  # fmt: skip
    del fixed, model

    with exact():
        reference = whole(build(reader, config), patches.double(), grid).numpy()
    if reference.dtype != np.float64:
        raise Refused(f"the reference came out in {reference.dtype}, not in f64")
    np.save(job.reference, reference)
    return {
        "patches": len(patches),
        "tokens": len(reference),
        "embedding": reference.shape[1],
        "weight_types": sorted({t.tensor_type.name for t in reader.tensors}),
        "layers": config.depth,
        "width": config.hidden_size,
    }
