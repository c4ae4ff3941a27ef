"""The sides of the comparison: each opens the encoder in a process of its own and encodes when asked."""

import resource
import time
import traceback

from peers_job import Refused, Unable


class OnnxRuntime:
    """Its CPU provider, every graph optimisation on."""

    def __init__(self, job, cut):
        import onnxruntime  # here, so that no process loads another side's engine

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = job.threads, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(str(job.onnx), options, providers=["CPUExecutionProvider"])
        self.inputs = {"patches": cut}

    def facts(self):
        return {"providers": self.session.get_providers()}

    def encode(self):
        return self.session.run(None, self.inputs)[0]


class OpenVino:
    """Its CPU plugin, one request at a time, with the given precision of inference."""

    def __init__(self, job, cut, precision):
        import openvino

        core = openvino.Core()
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and "BF16" not in capabilities:
            raise Unable(f"this CPU has no bf16 for OpenVINO (it has {', '.join(capabilities)})")
        config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": job.threads, "INFERENCE_PRECISION_HINT": precision}
        self.compiled = core.compile_model(core.read_model(job.onnx), "CPU", config)
        self.request, self.cut = self.compiled.create_infer_request(), cut

    def facts(self):
        names = ("INFERENCE_PRECISION_HINT", "INFERENCE_NUM_THREADS", "NUM_STREAMS", "ENABLE_CPU_PINNING")
        return {name: str(self.compiled.get_property(name)) for name in names}

    def encode(self):
        self.request.infer({0: self.cut}, share_inputs=True)
        return self.request.get_output_tensor(0).data


class Torch:
    """The module of transformers as it is, in f32."""

    def __init__(self, job, peers_hf):
        import torch

        torch.set_num_threads(job.threads)
        reader, config = peers_hf.read(job.model)
        self.model, self.grid = peers_hf.build(reader, config), peers_hf.grid_of(config, job)
        self.patches = torch.from_numpy(job.patches(config.patch_size, config.spatial_merge_size))
        self.run = peers_hf.whole

    def facts(self):
        return {"attention": self.model.config._attn_implementation}

    def encode(self):
        return self.run(self.model, self.patches, self.grid).numpy()


def cut(job):
    """Patches for those that read the ONNX file."""
    import gguf

    reader = gguf.GGUFReader(job.model)
    merge = reader.get_field("clip.vision.spatial_merge_size")
    return job.patches(reader.get_field("clip.vision.patch_size").contents(), merge.contents() if merge else 2)


def imported(_):
    import peers_hf

    return peers_hf


def isobit(profile):
    from peers_isobit import Isobit, emitted

    return lambda job: emitted(job, profile), Isobit


# Per side: what it makes beforehand (compiled code, patches), and what opens the encoder with that.
SIDES = {
    "isobit-f32": lambda: isobit("f32"),
    "isobit-fast": lambda: isobit("fast"),
    "onnxruntime": lambda: (cut, OnnxRuntime),
    "openvino": lambda: (cut, lambda job, patches: OpenVino(job, patches, "f32")),
    "openvino-bf16": lambda: (cut, lambda job, patches: OpenVino(job, patches, "bf16")),
    "transformers": lambda: (imported, Torch),
}
# Up to which NMSE the output is that of the same model: where a side rounds to bf16 or int8, and in f32.
COARSE = {"isobit-fast": 1e-3, "openvino-bf16": 1e-3}
FINE = 1e-9


def answering(pipe, work):
    """Sends what the function gives; of a fault, an exception (and prints the trace, if it is no fault of the input)."""
    try:
        pipe.send(work())
        return True
    except Refused as error:
        pipe.send(error)
    except ImportError as error:
        pipe.send(Refused(f"{error}: run `make bench-peers`, or install tests/bench/peers-requirements.txt"))
    except Exception as error:  # whatever a foreign engine raises ends in the parent's one line
        traceback.print_exc()
        pipe.send(Refused(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
    return False


def once(pipe, job):
    """A process that prepares what all sides need, and ends, which frees its memory."""
    answering(pipe, lambda: imported(job).prepare(job))


def serve(pipe, name, job):
    """A process for one side: opens it, then encodes once per message until the message is None."""
    side = None

    def opened():
        nonlocal side
        make, open_with = SIDES[name]()
        start = time.perf_counter()
        made = make(job)
        middle = time.perf_counter()
        side = open_with(job, made)
        end = time.perf_counter()
        # a copy: some sides give the same memory every time
        return {"make_seconds": middle - start, "open_seconds": end - middle, "output": side.encode().copy(), "facts": side.facts()}

    def encoded():
        start = time.perf_counter()
        side.encode()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    going = answering(pipe, opened)
    try:
        while going and pipe.recv() is not None:
            going = answering(pipe, encoded)
    except EOFError:
        return  # who asked has ended
