"""One of two processes that train together, with the metric and the plain call: folder; started as by torchrun."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from plain_models import HEADS, ResNet, loader
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler, TensorDataset
from two_observers import data

import ufm_networks


def network() -> Any:
    torch.manual_seed(0)
    return ResNet().double()


def share(x: Any, y: Any) -> Any:
    return loader(x, y, shuffle=False, sampler=DistributedSampler(TensorDataset(x, y), shuffle=True, seed=3))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    distributed.init_process_group("gloo")
    rank = distributed.get_rank()
    x, y = data()
    model = DistributedDataParallel(network())
    told: dict[str, Any] = {}
    collapse = ufm_networks.Collapse(HEADS, model)
    model.eval()
    own = slice(0, 30) if rank == 0 else slice(30, None)  # unequal shares
    with torch.no_grad():
        H = model.module.features(x[own])
    collapse.update(H, y[own])
    told["metric"] = {name: float(value) for name, value in collapse.compute().items()}
    collapse.update(H[:0], y[own][:0])  # goes on with its own share
    told["again"] = {name: float(value) for name, value in collapse.compute().items()}
    told["log"] = ufm_networks.CollapseLog(model, share(x, y), HEADS, log=str(folder / "log.csv"))(0)
    told["subset"] = ufm_networks.CollapseLog(model, share(x, y), HEADS, samples=61)(0)
    try:
        ufm_networks.CollapseLog(model, share(*data(wrong=True)), HEADS)(0)
    except (ValueError, RuntimeError) as error:
        told["error"] = f"{type(error).__name__}: {error}"
    (folder / f"{rank}.json").write_text(json.dumps(told))
    distributed.barrier()
    del model
    distributed.destroy_process_group()
