"""A run in a process of its own, to be killed: python interrupted_run.py CHECKPOINT RESULT OPTIONS-AS-JSON."""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
from gradient_problems import lambdas

from ufm import SingleSource
from ufm.solvers.gradient import minimize

PROBLEM = SingleSource(np.arange(1, 31).reshape(5, 6), **lambdas(0.001))


def run(checkpoint, options):
    torch.set_num_threads(1)
    options = {"dim": 40, "seed": 1, "tolerance": 1e-30, "progress": False, **options}
    (form,) = PROBLEM.standard_forms()
    return minimize(form, PROBLEM.counts, checkpoint=checkpoint, **options)


if __name__ == "__main__":
    result = run(sys.argv[1], json.loads(sys.argv[3]))
    np.savez(sys.argv[2], W=result.W, H=result.H, b=result.b, status=result.status, steps=result.history["step"])
