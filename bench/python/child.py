"""A contestant in Python: torch eager or JAX jit, with a fixed number of threads, driven line by line (NDJSON).

    python child.py torch 1

Requests on stdin, one answer each on stdout:

    {"do": "prepare", "loss", "options", "dtype", "inputs": {name: {"dtype", "shape", "file"}}, "gradients": [name], "folder"}
        -> {"value": number, "gradients": {name: {"file", "shape"}}} or {"unsupported": why}
    {"do": "time", "mode": "forward" | "gradient", "repeat": n}
        -> {"wall": milliseconds of all n runs, "cpu": the same of processors, all threads together}
    {"do": "release"}
        -> {}

Arrays are raw little-endian files. Time is measured here, around the runs alone. An error comes back as {"error": why}.
"""

import ctypes
import gc
import json
import math
import os
import sys
import time
import traceback

import numpy as np


def load(entry):
    return np.fromfile(entry["file"], dtype=entry["dtype"]).reshape(entry["shape"])


class Torch:
    def __init__(self, threads):
        import torch
        import torch_losses

        torch.set_num_threads(threads)
        self.torch, self.find = torch, torch_losses.find
        self.runtime = f"torch {torch.__version__}, Python {sys.version.split()[0]}"

    def prepare(self, request):
        function = self.find(request["loss"])
        if function is None:
            return "bench/python/torch_losses has no function for it"
        torch = self.torch
        tensors = {}
        for name, entry in request["inputs"].items():
            tensor = torch.from_numpy(load(entry))
            # torch's own functions want int64 labels.
            tensors[name] = tensor.long() if tensor.dtype == torch.int32 else tensor
        self.leaves = {name: tensors[name].requires_grad_() for name in request["gradients"]}
        self.call = lambda: function(**tensors, **request["options"])
        return None

    def forward(self):
        with self.torch.no_grad():
            return self.call()

    def gradient(self):
        for leaf in self.leaves.values():
            leaf.grad = None
        value = self.call()
        value.backward()
        return value

    def outputs(self):
        value = self.gradient()
        # An input that the value does not depend on has no gradient at all in torch.
        return value.item(), {
            name: (self.torch.zeros_like(leaf) if leaf.grad is None else leaf.grad).contiguous().numpy()
            for name, leaf in self.leaves.items()
        }

    def wait(self, result):
        pass

    def release(self):
        self.leaves = self.call = None


class Jax:
    def __init__(self, threads):
        # XLA sizes its pool by the processors that this process may use when it starts.
        everywhere = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(everywhere)[:threads])
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", True)
        jax.block_until_ready(jax.jit(lambda x: x + 1)(jax.numpy.zeros(1 << 20)))
        # The pool is made: let its threads go wherever there is room.
        for task in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(task), everywhere)
        import jax_losses

        self.jax, self.losses = jax, jax_losses
        self.runtime = f"JAX {jax.__version__} jit"

    def prepare(self, request):
        function = getattr(self.losses, request["loss"], None)
        if function is None:
            return "bench/python/jax_losses.py has no function for it"
        tensors = {name: self.jax.device_put(load(entry)) for name, entry in request["inputs"].items()}
        self.given = {name: tensors.pop(name) for name in request["gradients"]}
        self.rest = tensors
        options = request["options"]
        call = lambda given, rest: function(**given, **rest, **options)  # noqa: E731
        self.value, self.value_and_grad = self.jax.jit(call), self.jax.jit(self.jax.value_and_grad(call))
        return None

    def forward(self):
        return self.value(self.given, self.rest)

    def gradient(self):
        return self.value_and_grad(self.given, self.rest)

    def outputs(self):
        value, gradients = self.gradient()
        return float(value), {name: np.asarray(gradient) for name, gradient in gradients.items()}

    def wait(self, result):
        self.jax.block_until_ready(result)

    def release(self):
        self.given = self.rest = self.value = self.value_and_grad = None
        self.jax.clear_caches()


def give_back():
    """Memory of one case should not stay with the next: the parent and other children need it."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except OSError:
        pass  # Not glibc.


def answer(contestant, request):
    what = request["do"]
    if what == "prepare":
        why = contestant.prepare(request)
        if why is not None:
            return {"unsupported": why}
        value, gradients = contestant.outputs()
        files = {}
        for name, gradient in gradients.items():
            file = os.path.join(request["folder"], f"d_{name}")
            gradient.tofile(file)
            files[name] = {"file": file, "shape": gradient.shape}
        return {"value": value if math.isfinite(value) else str(value), "gradients": files}
    if what == "time":
        run = contestant.forward if request["mode"] == "forward" else contestant.gradient
        processors, wall = time.process_time_ns(), time.perf_counter_ns()
        for _ in range(request["repeat"]):
            contestant.wait(run())
        wall, processors = time.perf_counter_ns() - wall, time.process_time_ns() - processors
        return {"wall": wall / 1e6, "cpu": processors / 1e6}
    if what == "release":
        contestant.release()
        give_back()
        return {}
    raise ValueError(f"unknown request {what}")


def main():
    # What a library prints must not come between the answers.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    library, threads = sys.argv[1], int(sys.argv[2])
    say = lambda message: (out.write(json.dumps(message) + "\n"), out.flush())  # noqa: E731
    try:
        contestant = {"torch": Torch, "jax": Jax}[library](threads)
    except ImportError as error:
        say({"error": f"{library} is not there: {error}"})
        return
    say({"runtime": contestant.runtime})
    for line in sys.stdin:
        try:
            say(answer(contestant, json.loads(line)))
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            say({"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]})


main()
