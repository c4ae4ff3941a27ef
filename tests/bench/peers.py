#!/usr/bin/env python3
"""Speed and error of isobit's profiles f32 and fast beside ONNX Runtime, OpenVINO and transformers on one encoder.

All sides get the same weights (a GGUF file of Qwen3-VL's vision tower, widened to f32 where a side knows no other type), the
same preprocessed pixels and as many threads. They run in turn, each in a process of its own. The error is the NMSE of a
side's output against transformers' module run wholly in f64. `make bench-peers` makes the environment that this needs.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

try:
    import numpy as np
    import psutil
    from rich.console import Console
    from rich.table import Table
except ImportError as error:
    sys.exit(f"peers.py: the Python package {error.name} is missing: run `make bench-peers`, or install tests/bench/peers-requirements.txt")

import peers_sides
from peers_job import Job, Refused, Unable, nmse

PACKAGES = ("torch", "transformers", "onnx", "onnxruntime", "openvino", "gguf", "numpy")
PROCESSES = multiprocessing.get_context("spawn")
PAUSE = 0.3  # seconds between encodes: threads of the side before stop spinning


def arguments():
    parser = argparse.ArgumentParser(prog="peers.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, metavar="GGUF", help="mmproj file of a Qwen3-VL model")
    parser.add_argument("--image", default="256x320", metavar="WxH", help="size of the image (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of each side (default: one per core)")
    parser.add_argument("--runs", type=int, default=5, help="measured encodes of each side; one more runs before (default: %(default)s)")
    parser.add_argument("--sides", default=",".join(peers_sides.SIDES), help="which, in this order (default: %(default)s)")
    parser.add_argument(
        "--opset",
        type=int,
        choices=(20, 23),
        default=20,
        help="of the ONNX graph; 23 has an op of its own for attention (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write all results to")
    parser.add_argument("--ir-build", default="target/release/ir-build", metavar="PATH", help="the compiler (default: %(default)s)")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("out/peers"),
        metavar="DIR",
        help="where a temporary folder may lie; takes four bytes per weight (default: %(default)s)",
    )
    given = parser.parse_args()
    width, _, height = given.image.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        parser.error(f"--image {given.image}: give it as 256x320")
    if given.json and not given.json.absolute().parent.is_dir():
        parser.error(f"--json {given.json}: its folder does not exist")
    if given.threads < 1 or given.runs < 1:
        parser.error("--threads and --runs must be at least 1")
    given.sides = given.sides.split(",")
    for side in given.sides:
        if side not in peers_sides.SIDES:
            parser.error(f"--sides: no side {side!r}; there are {', '.join(peers_sides.SIDES)}")
    return given, int(width), int(height)


class Worker:
    """A process that answers."""

    def __init__(self, target, *arguments):
        self.pipe, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=target, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()

    def answer(self, what):
        try:
            value = self.pipe.recv()
        except EOFError:
            self.process.join()
            raise Refused(f"{what}: its process ended ({self.process.exitcode}); -9 means that memory ran out") from None
        if isinstance(value, Refused):
            raise type(value)(f"{what}: {value}")
        return value

    def close(self):
        if self.process.is_alive():
            try:
                self.pipe.send(None)
            except OSError:
                pass  # it has just ended by itself
        self.process.join(10)
        self.process.kill()


def clocks(workers):
    """CPU seconds of the machine, those of the given processes and this one, and the time."""
    machine = psutil.cpu_times()
    idle = sum(getattr(machine, name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))  # guests are in user, too
    ours = [psutil.Process(pid).cpu_times() for pid in (*workers, os.getpid())]
    return sum(machine) - idle, sum(t.user + t.system for t in ours), time.perf_counter()


def others(busy, own, wall):
    """Share of the machine that other processes took, in per cent; None if the clock is too coarse for so short a time."""
    return 100 * max(0.0, busy - own) / (wall * os.cpu_count()) if wall > 0.5 else None


def passed(now, then):
    return [a - b for a, b in zip(now, then, strict=True)]


class Side:
    """One side and what was measured of it."""

    def __init__(self, name, job):
        self.name, self.seconds, self.spent, self.rss = name, [], (0.0, 0.0, 0.0), 0
        self.worker = Worker(peers_sides.serve, name, job)
        opened = self.worker.answer(name)
        self.made, self.opened, self.output, self.facts = (opened[key] for key in ("make_seconds", "open_seconds", "output", "facts"))

    def run(self):
        before = self.clocks()
        self.worker.pipe.send("encode")
        answer = self.worker.answer(self.name)
        self.spent = [a + b for a, b in zip(self.spent, passed(self.clocks(), before), strict=True)]
        self.seconds.append(answer["seconds"])
        self.rss = answer["peak_rss"]

    def clocks(self):
        return clocks([self.worker.process.pid])

    def result(self, reference):
        return {
            "side": self.name,
            "median_seconds": statistics.median(self.seconds),
            "seconds": self.seconds,
            "nmse": nmse(self.output, reference),
            "max_abs": float(np.max(np.abs(self.output - reference))),
            "make_seconds": self.made,
            "open_seconds": self.opened,
            "peak_rss_bytes": self.rss,
            "others_cpu_percent": others(*self.spent),
            "facts": self.facts,
        }


def measured(job, names, runs, console):
    """Opens all sides, then encodes with each in turn; closes what was opened."""
    sides, skipped = [], {}
    try:
        for name in names:
            console.print(f"opening {name}", style="dim")
            try:
                sides.append(Side(name, job))
            except Unable as reason:
                skipped[name] = str(reason)
        if not sides:
            raise Refused("; ".join(skipped.values()))
        pids = [side.worker.process.pid for side in sides]
        before = clocks(pids)
        for run in range(runs):
            console.print(f"run {run + 1} of {runs}", style="dim")
            for side in sides:
                time.sleep(PAUSE)
                side.run()
        foreign = others(*passed(clocks(pids), before))
        reference = np.load(job.reference)
        return [side.result(reference) for side in sides], skipped, foreign
    finally:
        for side in sides:
            side.worker.close()


def machine(threads):
    import openvino

    core = openvino.Core()
    return {
        "cpu": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "threads": threads,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def share(percent):
    return "-" if percent is None else f"{percent:.1f} %"


def table(results):
    first = results[0]["median_seconds"]
    out = Table(box=None, header_style="bold")
    for title in (
        "side",
        "median s",
        "min s",
        "max s",
        f"x {results[0]['side']}",
        "NMSE to f64",
        "max abs",
        "open s",
        "peak MB",
        "others' CPU",
    ):
        out.add_column(title, justify="left" if title == "side" else "right")
    for r in results:
        times = (f"{seconds:.4f}" for seconds in (r["median_seconds"], min(r["seconds"]), max(r["seconds"])))
        out.add_row(
            r["side"], *times, f"{r['median_seconds'] / first:.2f}", f"{r['nmse']:.2e}", f"{r['max_abs']:.2e}",
            f"{r['open_seconds']:.1f}", f"{r['peak_rss_bytes'] / 1e6:.0f}", share(r["others_cpu_percent"]),
        )  # fmt: skip
    return out


def compare(given, width, height):
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    if not given.model.is_file():
        raise Refused(f"{given.model}: no such file")
    given.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.work, prefix="run-") as work:
        job = Job(given.model.resolve(), "qwen3_vl_vision", width, height, given.threads, given.opset, given.ir_build, Path(work).resolve())
        console.print("exporting the module to ONNX and running it in f64", style="dim")
        start = time.perf_counter()
        preparing = Worker(peers_sides.once, job)
        facts = preparing.answer("transformers")
        preparing.close()
        facts["prepare_seconds"] = time.perf_counter() - start
        results, skipped, foreign = measured(job, given.sides, given.runs, console)
    here = machine(given.threads)
    console.print(
        f"\n{given.model.name}: {facts['layers']} layers, {facts['width']} wide, weights {', '.join(facts['weight_types'])}; "
        f"image {width}x{height}, {facts['patches']} patches, {facts['tokens']} tokens of {facts['embedding']} floats"
    )
    console.print(
        f"{here['cpu']}, {given.threads} threads on {here['cores']} cores, {given.runs} runs in turn; "
        + ", ".join(f"{n} {v}" for n, v in here["versions"].items())
        + "\n"
    )
    console.print(table(results))
    console.print(f"\nother processes took {share(foreign)} of the machine during all runs and the pauses between them")
    for reason in skipped.values():
        console.print(f"not measured: {reason}")
    report = {
        "model": given.model.name,
        "image": [width, height],
        "runs": given.runs,
        "encoder": facts,
        "machine": here,
        "others_cpu_percent": foreign,
        "results": results,
        "skipped": skipped,
    }
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n")
    far = [r["side"] for r in results if not r["nmse"] <= peers_sides.COARSE.get(r["side"], peers_sides.FINE)]
    if far:
        raise Refused(f"{', '.join(far)}: too far from f64 to be the same model; times beside it say nothing")


if __name__ == "__main__":
    try:
        compare(*arguments())
    except (Refused, OSError) as error:
        sys.exit(f"peers.py: {error}")
