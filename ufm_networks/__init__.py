"""Real networks compared with the theory: multi-task ResNets and VGGs, their data, training and geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ufm.support.lazy_names import lazy_names

if TYPE_CHECKING:
    from ufm_networks.backbones import backbone
    from ufm_networks.multi_task_network import MultiTaskNetwork
    from ufm_networks.observing import Observation, load_observation, observe
    from ufm_networks.training import Run, load_run, train
    from ufm_networks.while_training.callback import CollapseCallback as CollapseCallback
    from ufm_networks.while_training.collapse_log import CollapseLog
    from ufm_networks.while_training.metric import Collapse as Collapse

_HOMES = {
    "Collapse": "ufm_networks.while_training.metric",
    "CollapseCallback": "ufm_networks.while_training.callback",
    "CollapseLog": "ufm_networks.while_training.collapse_log",
    "MultiTaskNetwork": "ufm_networks.multi_task_network",
    "Observation": "ufm_networks.observing",
    "Run": "ufm_networks.training",
    "backbone": "ufm_networks.backbones",
    "load_observation": "ufm_networks.observing",
    "load_run": "ufm_networks.training",
    "observe": "ufm_networks.observing",
    "train": "ufm_networks.training",
}

# Collapse and CollapseCallback are not: `from ufm_networks import *` must work without torchmetrics and lightning
__all__ = [
    "CollapseLog",
    "MultiTaskNetwork",
    "Observation",
    "Run",
    "backbone",
    "load_observation",
    "load_run",
    "observe",
    "train",
]

# on first use, since the command line imports this package for every command
if not TYPE_CHECKING:  # a type checker sees the names above, and no other
    __getattr__, __dir__ = lazy_names(globals(), _HOMES)
