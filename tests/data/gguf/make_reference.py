#!/usr/bin/env python3
"""Writes reference.gguf with the `gguf` Python package: every metadata type, and one matrix in every encoded type.

Run it with a Python that has `gguf` and `numpy`; the result depends on neither platform nor time.
"""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFValueType as V

BLOCK = 32


def rows() -> np.ndarray:
    """Blocks of 32 values: ordinary ones, then those where encoders go wrong.

    No block is all -0.0: the package and ggml differ in the sign of its Q4_0 scale, which is zero.
    """
    g = np.random.Generator(np.random.PCG64(1))
    f = np.float32
    normal = g.standard_normal((40, BLOCK), dtype=f)
    spread = np.ldexp(normal[:16], g.integers(-20, 15, (16, 1)))
    mixed = np.ldexp(normal[16:24], g.integers(-24, 15, (8, BLOCK)))
    # A scale of exactly one: halves decide the rounding of Q8_0, sums on an integer that of Q4_0.
    halves = np.concatenate([[127], np.arange(BLOCK - 1) - f(15.5)]).astype(f)
    levels = np.concatenate([[-8], (np.arange(BLOCK - 1) - f(15)) / f(2)]).astype(f)
    ties = np.tile(np.array([3, -3], dtype=f), BLOCK // 2)
    special = np.stack([
        halves, -halves, levels, -levels, ties, -ties,
        np.zeros(BLOCK, f), np.where(np.arange(BLOCK) == 0, f(0), f(-0.0)), np.ones(BLOCK, f), -np.ones(BLOCK, f),
        np.nextafter(halves, f(0)), np.nextafter(halves, f(1e9)), np.nextafter(levels, f(0)), np.nextafter(levels, f(1e9)),
        np.ldexp(f(1), np.arange(BLOCK) - 26),  # through the subnormal range of f16
        f(1) + np.arange(BLOCK, dtype=f) * f(2.0**-11),  # ties of f16
        f(1) + np.arange(BLOCK, dtype=f) * f(2.0**-8),  # ties of bf16
        f(60000) + np.arange(BLOCK, dtype=f) * f(170.65),  # up to 65290: below the overflow of f16
    ])
    return np.concatenate([spread, mixed, normal[24:], special]).astype(f)


def main() -> None:
    out = Path(__file__).with_name("reference.gguf")
    w = gguf.GGUFWriter(out, "test")
    w.add_key_value("u8", 200, V.UINT8)
    w.add_key_value("i8", -100, V.INT8)
    w.add_key_value("u16", 60000, V.UINT16)
    w.add_key_value("i16", -30000, V.INT16)
    w.add_key_value("u32", 4_000_000_000, V.UINT32)
    w.add_key_value("i32", -2_000_000_000, V.INT32)
    w.add_key_value("u64", 2**64 - 1, V.UINT64)
    w.add_key_value("i64", -(2**63), V.INT64)
    w.add_key_value("f32", 1e-6, V.FLOAT32)
    w.add_key_value("f64", 1e-300, V.FLOAT64)
    w.add_key_value("bool", True, V.BOOL)
    w.add_key_value("string", "größer", V.STRING)
    w.add_key_value("Upper-Case.and-hyphen", "kept", V.STRING)
    w.add_array("array.i32", [1, -2, 3])
    w.add_array("array.f32", [0.5, 0.25])
    w.add_array("array.bool", [False, True])
    w.add_array("array.string", ["a", "", "ü"])
    x = rows()
    for t in (T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0):
        w.add_tensor(f"x.{t.name.lower()}", gguf.quants.quantize(x, t), raw_dtype=t)
    w.add_tensor("odd", np.arange(7, dtype=np.float32).astype(np.float16))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main()
