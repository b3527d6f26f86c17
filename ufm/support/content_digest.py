"""A digest of nested content: numbers, strings, lists, dictionaries and tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


def content_digest(content: Any) -> str:
    """The SHA-256 of ``content`` in hexadecimal.

    Equal content has equal digests: the order of a dictionary's keys, a tensor's device and strides, and whether a
    sequence is a list or a tuple do not matter; every bit of every number does.
    Raises TypeError for an object of another kind.
    """
    sha256 = hashlib.sha256()
    _feed(sha256, content)
    return sha256.hexdigest()


def _feed(sha256: Any, value: Any) -> None:
    """Feeds each part after its kind and length, so that no two contents coincide."""
    if isinstance(value, Tensor):
        host = value.detach().cpu().contiguous()
        sha256.update(f"tensor {host.dtype} {tuple(host.shape)}:".encode())
        if host.numel():
            sha256.update(host.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        sha256.update(f"mapping {len(value)}:".encode())
        for key in sorted(value, key=repr):
            _feed(sha256, key)
            _feed(sha256, value[key])
    elif isinstance(value, (list, tuple)):
        sha256.update(f"list {len(value)}:".encode())
        for part in value:
            _feed(sha256, part)
    elif value is None or isinstance(value, (bool, int, float, str, np.generic)):
        plain = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, str):
            plain = str(plain)  # an enum's member is read back as its text
        text = repr(plain).encode("utf-8", "surrogatepass")
        sha256.update(f"{type(plain).__name__} {len(text)}:".encode() + text)
    else:
        raise TypeError(f"a {type(value).__name__} has no digest; numbers, strings, lists, mappings and tensors have")
