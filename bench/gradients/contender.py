"""One torch contender in a process of its own: python contender.py FOLDER MODEL eager|channels_last|compile. Answers JSON lines."""
import json
import pathlib
import sys
import time

import torch

import models

folder, name, mode = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(2)
torch.set_num_interop_threads(1)
model, feeds, target = models.make(name)
if mode == "channels_last":
    model, feeds["x"] = model.to(memory_format=torch.channels_last), feeds["x"].to(memory_format=torch.channels_last)
value = torch.compile(models.objective) if mode == "compile" else models.objective
call = torch.compile(model) if mode == "compile" else model


def forward():
    with torch.inference_mode():
        return call(*feeds.values())


def gradient():
    x = feeds["x"].detach().requires_grad_()
    return torch.autograd.grad(value(model, {**feeds, "x": x}, target), x)[0]


def integrated():
    from captum.attr import IntegratedGradients

    rows = 8
    x, extra = feeds["x"][:rows], tuple(feeds[key][:rows] for key in feeds if key != "x")
    return IntegratedGradients(model).attribute(x, target=None if target is None else target[:rows], additional_forward_args=extra or None, n_steps=64)


work = {"forward": forward, "gradient": gradient, "integrated": integrated}
for line in sys.stdin:
    request = json.loads(line)
    run = work[request["run"]]
    result = None
    samples, cpu = [], []
    for _ in range(request["times"]):
        start, start_cpu = time.perf_counter(), time.process_time()
        result = run()
        samples.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - start_cpu) * 1e3)
    if "save" in request:
        pathlib.Path(request["save"]).write_bytes(result.contiguous().float().numpy().tobytes())
    peak = next((int(entry.split()[1]) for entry in open("/proc/self/status") if entry.startswith("VmHWM")), 0) if sys.platform == "linux" else 0
    print(json.dumps({"ms": samples, "cpu": cpu, "peakMb": peak / 1024}), flush=True)
