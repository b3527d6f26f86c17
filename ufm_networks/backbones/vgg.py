"""VGG11 and VGG13 without their classifier (Simonyan & Zisserman, 2015)."""

from __future__ import annotations

import math

from torch import Tensor, nn

from ufm_networks.backbones.initialization import initialize

CONVOLUTIONS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2)}
WIDTHS = (1, 2, 4, 8, 8)  # of the stages, in units of the first
POOLED_SIDE = 7  # of the maps before the fully connected layers


class VGG(nn.Module):
    """Five stages of 3 × 3 convolutions with w, 2w, 4w, 8w, 8w channels, each ended by a 2 × 2 maximum.

    stem "imagenet"  the published network: maps averaged to 7 × 7, two fully connected layers of 64w, the second's
                     output is the feature, d = 64w; no batch normalization. The published dropout is left out: a
                     random feature cannot collapse.
    stem "small"     the usual VGG for images of 32 pixels: no fully connected layers, the feature is the mean over
                     the pixels left, d = 8w, one pixel for 32 × 32; batch normalization, without which
                     training at a learning rate of 0.1 diverges. Images below 32 pixels skip the first maxima: the last
                     ⌊log2(side)⌋ stages have one. Table 3 of the paper saves 25.74 % of VGG11 with one layer
                     narrowed, 2.4 million parameters: it is this network (9.2 million) and not the published one
                     (133 million).
    width            w; 64 is the published network
    feature_dim      another d is the number of channels of the last convolution (small) or of the second fully
                     connected layer (imagenet); no linear layer is added
    final_relu       with it features are ≥ 0, a constraint that the unconstrained feature model does not have
    batch_norm       None: as above
    ``last_convolution`` is the module whose output is the last map of pixels before its maximum.
    """

    def __init__(
        self,
        name: str,
        in_channels: int,
        stem: str,
        width: int,
        feature_dim: int | None,
        final_relu: bool,
        *,
        batch_norm: bool | None = None,
        side: int | None = None,
    ) -> None:
        super().__init__()
        small = stem == "small"
        normalized = small if batch_norm is None else batch_norm
        self.feature_dim = feature_dim or (8 if small else 64) * width
        pools = min(5, int(math.log2(side))) if small and side is not None else 5
        stages: list[nn.Module] = []
        channels = in_channels
        for stage, depth in enumerate(CONVOLUTIONS[name]):
            layers: list[nn.Module] = []
            for number in range(depth):
                last = small and stage == 4 and number == depth - 1
                out = self.feature_dim if last else WIDTHS[stage] * width
                layers += [nn.Conv2d(channels, out, 3, 1, 1)]
                layers += [nn.BatchNorm2d(out)] if normalized else []
                layers += [nn.ReLU(inplace=True)] if final_relu or not last else []
                channels = out
            stages += [nn.Sequential(*layers), nn.MaxPool2d(2) if stage >= 5 - pools else nn.Identity()]
        self.stages = nn.Sequential(*stages)
        self.connected: nn.Module | None = None
        if not small:
            self.connected = nn.Sequential(
                nn.AdaptiveAvgPool2d(POOLED_SIDE),
                nn.Flatten(),
                nn.Linear(channels * POOLED_SIDE**2, 64 * width),
                nn.ReLU(inplace=True),
                nn.Linear(64 * width, self.feature_dim),
                nn.ReLU(inplace=True) if final_relu else nn.Identity(),
            )
        initialize(self)

    @property
    def last_convolution(self) -> nn.Module:
        """The fifth stage before its maximum: its output is (n, channels, h, w)."""
        return self.stages[-2]

    def forward(self, images: Tensor) -> Tensor:
        """(n, C, h, w) → (n, d)."""
        maps: Tensor = self.stages(images)
        if self.connected is None:
            return maps.mean(dim=(2, 3))
        features: Tensor = self.connected(maps)
        return features
