"""An emitted encoder behind its public C interface."""

import ctypes as c
import json
import os
import subprocess
from ctypes import POINTER, byref, c_char, c_char_p, c_float, c_int32, c_uint32, c_uint64, c_void_p, sizeof

import numpy as np

from peers_job import Refused


class Error(c.Structure):
    _fields_ = [("status", c_int32), ("message", c_char * 508)]


class Options(c.Structure):
    _fields_ = [("struct_size", c_uint32), ("threads", c_uint32)] + [
        (name, c_void_p) for name in ("parallel_for", "parallel_user", "progress", "progress_user", "tap", "tap_user", "variant")
    ]


class Plan(c.Structure):
    _fields_ = [
        (name, c_uint32) for name in ("source_width", "source_height", "width", "height", "grid_rows", "grid_cols", "batch", "threads")
    ] + [(name, c_uint64) for name in ("tokens", "embedding", "output_floats", "arena_bytes", "flops")]


def called(command, what):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise Refused(
            f"{what}: {command[0]} cannot be started: {error.strerror} (`cargo build --release` builds ir-build; CC names the C compiler)"
        ) from error
    if done.returncode:
        raise Refused(f"{what}: {command[0]} failed: {(done.stderr or done.stdout).strip()}")


def emitted(job, profile):
    """The shared library of this file and profile."""
    folder = job.work / profile
    called(
        [job.ir_build, "--template", job.template, "--model", str(job.model), "--profile", profile, "-o", str(folder)], f"profile {profile}"
    )
    source, library = folder / f"{job.template}.c", folder / f"lib{job.template}.so"
    called(
        [os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-lm", "-lpthread"], f"profile {profile}"
    )
    return library


class Isobit:
    """The library of one profile, opened."""

    def __init__(self, job, library):
        self.prefix = job.template
        self.library = c.CDLL(str(library))
        self.pixels = np.ascontiguousarray(job.pixels())
        self.height, self.width = self.pixels.shape[:2]
        self.handle, self.plan, self.error = c_void_p(), Plan(), Error()
        options = Options(struct_size=sizeof(Options), threads=job.threads)
        self.call("open", os.fsencode(job.model), byref(options), byref(self.handle))
        self.call("plan_pixels", self.handle, c_uint32(self.width), c_uint32(self.height), c_uint32(1), byref(self.plan))
        self.call("reserve", self.handle, byref(self.plan))
        self.out = np.empty((self.plan.tokens, self.plan.embedding), np.float32)

    def call(self, name, *arguments):
        if getattr(self.library, f"{self.prefix}_{name}")(*arguments, byref(self.error)):
            raise Refused(f"{self.prefix}_{name}: {self.error.message.decode()}")

    def text(self, name, *arguments):
        function = getattr(self.library, f"{self.prefix}_{name}")
        function.restype = c_char_p
        return function(*arguments).decode()

    def facts(self):
        return {"variant": self.text("variant", self.handle), "build": json.loads(self.text("build_info")), "flops": self.plan.flops}

    def encode(self):
        floats = POINTER(c_float)
        self.call(
            "encode_pixels", self.handle, self.pixels.ctypes.data_as(floats), c_uint32(self.width), c_uint32(self.height), c_uint32(1),
            None, c_uint64(0), self.out.ctypes.data_as(floats), c_uint64(self.out.size),
        )  # fmt: skip
        return self.out
