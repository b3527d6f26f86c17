"""Between the times when problems leave a batch, nothing is read back from the device."""

from collections import Counter

import torch
from many_problems import groups
from torch.utils._python_dispatch import TorchDispatchMode

from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.shape import Shape
from ufm.solvers.batch.start import start
from ufm.solvers.batch.trust_region import Batch

WAITING = ("_local_scalar_dense", "nonzero", "_to_copy", "item", "masked_select", "unique")


class Calls(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.number = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.number[str(function)] += 1
        return function(*args, **(kwargs or {}))


def test_steps_wait_for_nothing():
    for group in groups(every=1):
        forms = [problem.standard_forms()[0] for problem in group]
        shape = Shape.of(forms[0], forms[0].sufficient_dim)
        with torch.inference_mode():
            objective = BatchObjective.of(shape, forms, "cpu")
            batch = Batch.begun(objective, start(objective, 0), 1e-12)
            with Calls() as calls:
                for _ in range(3):
                    batch.product()
                batch.step()
        assert calls.number["aten.addcmul_.default"] > 0
        assert [name for name in calls.number if any(word in name for word in WAITING)] == []
