"""What one comparison is about, and the faults of its input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20  # any number: the same pixels in every run


class Refused(Exception):
    """What is wrong with the input or the machine, in words for the user."""


class Unable(Refused):
    """A side that this CPU cannot run: the others still can."""


@dataclass(frozen=True)
class Job:
    """Every process of a comparison gets the same one."""

    model: Path
    template: str
    width: int
    height: int
    threads: int
    opset: int
    ir_build: str
    work: Path

    @property
    def onnx(self):
        return self.work / "encoder.onnx"

    @property
    def reference(self):
        return self.work / "reference.npy"

    def pixels(self):
        """Preprocessed pixels in [-1, 1], height x width x 3: soft waves, edges and noise, on the grid of 8-bit colours."""
        random = np.random.default_rng(SEED)
        y, x = np.mgrid[0 : self.height, 0 : self.width] / 32.0
        waves = np.stack([np.sin(x + 0.3 * y), np.cos(0.7 * x - y), np.sign(np.sin(0.4 * x) * np.cos(0.3 * y))], axis=-1)
        colours = np.clip(127.5 + 90 * waves + random.normal(0, 12, waves.shape), 0, 255).round()
        return ((colours / 255 - 0.5) / 0.5).astype(np.float32)

    def patches(self, patch, merge):
        """The same pixels as Hugging Face's processor cuts them: one row per patch, in blocks of merge x merge, each frame twice."""
        rows, cols = self.height // (patch * merge), self.width // (patch * merge)
        cells = self.pixels().reshape(rows, merge, patch, cols, merge, patch, 3).transpose(0, 3, 1, 4, 6, 2, 5)
        frames = np.repeat(cells[:, :, :, :, :, None], 2, axis=5)
        return np.ascontiguousarray(frames.reshape(rows * cols * merge * merge, -1))


def nmse(values, reference):
    """Squared error over the squares of the reference."""
    values, reference = np.asarray(values, np.float64).ravel(), np.asarray(reference, np.float64).ravel()
    if values.shape != reference.shape:
        raise Refused(f"{values.size} values were given where the model has {reference.size}")
    return float(np.sum((values - reference) ** 2) / np.sum(reference**2))
