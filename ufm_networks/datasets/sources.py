"""The sources by name, and reading them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ufm.support import validation
from ufm.support.nearest_name import require_name
from ufm_networks.datasets.celeba import celeba
from ufm_networks.datasets.cifar import cifar10, cifar100
from ufm_networks.datasets.digits import digits
from ufm_networks.datasets.imagenet import imagenet
from ufm_networks.datasets.images import EnlargedImages
from ufm_networks.datasets.mnist import mnist
from ufm_networks.datasets.mnist_5000 import mnist_5000
from ufm_networks.datasets.published import BUNDLED, PUBLISHED
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.svhn import svhn
from ufm_networks.datasets.tinyimagenet import tinyimagenet

DEFAULT_DIRECTORY = Path("data")

# folder, training part or test part → source
SOURCES: dict[str, Callable[..., Source]] = {
    "digits": digits,
    "mnist-5000": mnist_5000,
    "mnist": mnist,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "svhn": svhn,
    "celeba": celeba,
    "tinyimagenet": tinyimagenet,
    "imagenet": imagenet,
}
RESIZED = ("celeba", "tinyimagenet", "imagenet", "mnist-5000")


def load_source(
    name: str,
    directory: Path | str | None = None,
    train: bool = True,
    *,
    image_size: int | None = None,
    scale: int = 1,
    whole: bool = True,
) -> Source:
    """The training or the test part of a published data set.

    directory   folder that holds the files, default "data"; "digits" and "mnist-5000" come with packages and need none
    image_size  of image files (celeba 64, tinyimagenet 64, imagenet 224 unless given): shorter side, centre cut out;
                of mnist-5000 28, 14 or 7: means of blocks of pixels
    scale       every pixel repeated scale × scale times
    whole       the number of images must be the published one; False accepts a part of the data set

    Raises ValueError for an unknown name, FileNotFoundError or ValueError naming a file that is missing or damaged.
    """
    require_name("source", name, SOURCES)
    folder = DEFAULT_DIRECTORY if directory is None else Path(directory)
    if name not in BUNDLED and not folder.is_dir():
        raise FileNotFoundError(f"{name}: there is no folder {str(folder)!r}; 'ufm data fetch {name} --dir {folder}'")
    options: dict[str, Any] = {}
    if image_size is not None:
        if name not in RESIZED:
            raise ValueError(f"image_size is for {', '.join(RESIZED)}; {name} has images of one size: use scale")
        options["size"] = validation.whole_number("image_size", image_size, 1, 10_000)
    source = SOURCES[name](folder, train, **options)
    if whole and name in PUBLISHED:
        published = PUBLISHED[name].train if train else PUBLISHED[name].test
        if len(source) != published:
            raise ValueError(
                f"{name}: {str(folder)!r} holds {len(source):,} {'training' if train else 'test'} images, published "
                f"are {published:,}; whole=False accepts a part of the data set"
            )
    scale = validation.whole_number("scale", scale, 1, 1_000)
    return source if scale == 1 else replace(source, images=EnlargedImages(source.images, scale))
