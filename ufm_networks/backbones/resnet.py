"""ResNet18 and ResNet34 without their classifier (He et al., 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ufm_networks.backbones.initialization import initialize

BLOCKS = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3)}


class BasicBlock(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)); the last ReLU can be left out."""

    def __init__(
        self, channels_in: int, inner: int, channels_out: int, stride: int, *, final_relu: bool = True
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, inner, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )
        self.final_relu = final_relu

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels_in, h, w) → (n, channels_out, h / stride, w / stride)."""
        inner = torch.relu(self.bn1(self.conv1(x)))
        outer = self.bn2(self.conv2(inner)) + self.shortcut(x)
        return torch.relu(outer) if self.final_relu else outer


class ResNet(nn.Module):
    """Four stages of basic blocks with w, 2w, 4w, 8w channels, then the mean over pixels: (n, C, h, w) → (n, d).

    width        w; 64 is the published network
    feature_dim  d; 8w unless given. Another d is the number of channels the very last block puts out, so that it
                 saves the parameters of that block (Table 3 of the paper) instead of adding a linear layer, whose
                 depth the unconstrained feature model does not have
    final_relu   with it features are ≥ 0, a constraint that the unconstrained feature model does not have
    stem         "small": a 3 × 3 convolution; "imagenet": 7 × 7 with stride 2 and a 3 × 3 maximum with stride 2
    ``last_convolution`` is the module whose output is the last map of pixels, ReLU included where there is one.
    """

    def __init__(
        self, name: str, in_channels: int, stem: str, width: int, feature_dim: int | None, final_relu: bool
    ) -> None:
        super().__init__()
        self.feature_dim = feature_dim or 8 * width
        small = stem == "small"
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, *((3, 1, 1) if small else (7, 2, 3)), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Identity() if small else nn.MaxPool2d(3, 2, 1),
        )
        blocks: list[nn.Module] = []
        channels = width
        for stage, depth in enumerate(BLOCKS[name]):
            for number in range(depth):
                wide = width * 2**stage
                last = stage == 3 and number == depth - 1
                out = self.feature_dim if last else wide
                stride = 2 if stage > 0 and number == 0 else 1
                blocks.append(BasicBlock(channels, wide, out, stride, final_relu=final_relu or not last))
                channels = out
        self.blocks = nn.Sequential(*blocks)
        initialize(self)

    @property
    def last_convolution(self) -> nn.Module:
        """The last block; the features are the means of its output (n, d, h, w) over pixels."""
        return self.blocks[-1]

    def forward(self, images: Tensor) -> Tensor:
        """(n, C, h, w) → (n, d)."""
        maps: Tensor = self.blocks(self.stem(images))
        return maps.mean(dim=(2, 3))
