"""Where the data sets are published, and the checksums by which their files are known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFile:
    """A file, its MD5, addresses that serve it (none where a person has to ask), and the folder it unpacks to.

    ``by_hand``: a person has to unpack it, since it is an archive of archives.
    """

    name: str
    md5: str
    addresses: tuple[str, ...] = ()
    unpacks_to: str | None = None
    by_hand: bool = False


@dataclass(frozen=True)
class Published:
    """A data set: its files, how many training and test images it has, and what to do where no address serves it."""

    files: tuple[PublishedFile, ...]
    train: int
    test: int
    by_hand: str = ""


def _mnist(name: str, md5: str) -> PublishedFile:
    mirrors = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
    return PublishedFile(name, md5, tuple(mirror + name for mirror in mirrors))


def _one(address: str, md5: str, unpacks_to: str | None = None) -> PublishedFile:
    return PublishedFile(address.rsplit("/", 1)[1], md5, (address,), unpacks_to)


# MD5s: MNIST, SVHN, CelebA and ImageNet as torchvision checks them; CIFAR as its own page states them;
# TinyImageNet, whose publisher states none, as the loaders in use agree on it
PUBLISHED: dict[str, Published] = {
    "mnist": Published(
        files=(
            _mnist("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            _mnist("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
            _mnist("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
            _mnist("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        train=60_000,
        test=10_000,
    ),
    "cifar10": Published(
        files=(
            _one(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                "cifar-10-batches-bin",
            ),
        ),
        train=50_000,
        test=10_000,
    ),
    "cifar100": Published(
        files=(
            _one(
                "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                "03b5dce01913d631647c71ecec9e9cb8",
                "cifar-100-binary",
            ),
        ),
        train=50_000,
        test=10_000,
    ),
    "svhn": Published(
        files=(
            _one("http://ufldl.stanford.edu/housenumbers/train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
            _one("http://ufldl.stanford.edu/housenumbers/test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
        ),
        train=73_257,
        test=26_032,
    ),
    "celeba": Published(
        files=(
            PublishedFile("img_align_celeba.zip", "00d2c5bc6d35e252742224ab0c1e8fcb", unpacks_to="img_align_celeba"),
            PublishedFile("list_attr_celeba.txt", "75e246fa4810816ffd6ee81facbd244c"),
            PublishedFile("list_eval_partition.txt", "d32c9cbf5e040fd4025c592c306e6668"),
        ),
        train=162_770,
        test=19_962,
        by_hand="It is shared on Google Drive from http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, which programs "
        "cannot fetch from.",
    ),
    "tinyimagenet": Published(
        files=(
            _one(
                "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
                "90528d7ca1a48142e341f4ef8d21d0de",
                "tiny-imagenet-200",
            ),
        ),
        train=100_000,
        test=10_000,
    ),
    "imagenet": Published(
        files=(
            PublishedFile(
                "ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e", unpacks_to="train", by_hand=True
            ),
            PublishedFile("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622", unpacks_to="val", by_hand=True),
        ),
        train=1_281_167,
        test=50_000,
        by_hand="https://image-net.org gives it to those who register. Unpack it to train/n01440764/*.JPEG and "
        "val/n01440764/*.JPEG, one folder per class; the archives themselves are then no longer needed.",
    ),
}
