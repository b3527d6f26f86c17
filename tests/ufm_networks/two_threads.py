"""Trains narrow networks for an epoch with two threads; started as a process of its own.

With images and weights channels last, PyTorch 2.13 crashes here on a CPU in the backward pass of the ResNet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from toy_data import tables, toy

from ufm_networks.datasets.images import EnlargedImages
from ufm_networks.training import train


def first_loss(backbone: str) -> Any:
    data = toy(samples=90)
    data = replace(data, images=EnlargedImages(data.images, 2))
    config = tables({"backbone": backbone, "width": 5}, epochs=1, batch_size=32, learning_rate=0.01)
    return train(config, data=data).history[0]["loss"]


if __name__ == "__main__":
    assert torch.get_num_threads() == 2
    for backbone in ("resnet18", "vgg11"):
        print(backbone, first_loss(backbone))
