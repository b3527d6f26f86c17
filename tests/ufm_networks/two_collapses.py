"""Two processes that train together: the metric, the plain call and the callback in each; started by torchrun."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning_modules import HEADS, Module, trainer
from plain_models import loader
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler, TensorDataset
from two_observers import data

import ufm_networks

PLAIN = {"digit": "fc1", "colour": "fc2"}


def share(x: Any, y: Any) -> Any:
    return loader(x, y, shuffle=False, sampler=DistributedSampler(TensorDataset(x, y), shuffle=True, seed=3))


def filled(y: Any) -> Any:
    """Lightning's module asks for every label."""
    return torch.where(y < 0, 0, y)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"lightning\.")
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    x, y = data()
    module = Module()
    model = DistributedDataParallel(module.network)
    told: dict[str, Any] = {}
    collapse = ufm_networks.Collapse(PLAIN, model)
    module.network.eval()
    own = slice(0, 30) if rank == 0 else slice(30, None)  # unequal shares
    with torch.no_grad():
        H = module.network.features(x[own])
    collapse.update(H, y[own])
    told["metric"] = {name: float(value) for name, value in collapse.compute().items()}
    collapse.update(H[:0], y[own][:0])  # goes on with its own share
    told["again"] = {name: float(value) for name, value in collapse.compute().items()}
    told["log"] = ufm_networks.CollapseLog(model, share(x, y), PLAIN, log=str(Path(sys.argv[1]) / "log.csv"))(0)
    told["subset"] = ufm_networks.CollapseLog(model, share(x, y), PLAIN, samples=61)(0)
    try:
        ufm_networks.CollapseLog(model, share(*data(wrong=True)), PLAIN)(0)
    except (ValueError, RuntimeError) as error:
        told["error"] = f"{type(error).__name__}: {error}"
    callbacks = [ufm_networks.CollapseCallback(HEADS), ufm_networks.CollapseCallback(HEADS, samples=61, prefix="sub/")]
    del model
    lightning = trainer(Path(sys.argv[1]), 1, devices=2, strategy="ddp", callbacks=callbacks)
    module = Module(lr=0.0)
    module.network.eval()
    lightning.fit(module, loader(x, filled(y)))
    told["lightning"] = {name: float(value) for name, value in lightning.callback_metrics.items()}
    (Path(sys.argv[1]) / f"{rank}.json").write_text(json.dumps(told))
    distributed.barrier()
    distributed.destroy_process_group()
