"""Checkpoints of many processes: folders written by torch.distributed.checkpoint, each process its share of H.

``checkpoint`` is a folder. A checkpoint in it, ``save-7``, is written as ``save-7.part`` and renamed once every process
has its part on disk and ``run.json`` holds the run's fingerprint, its progress and a SHA-256 of every other file. Then
the previous one, ``save-6``, is removed: a kill at any moment leaves a whole checkpoint, from which any number of
processes may resume.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ufm.solvers.gradient.checkpoint import Progressed, check_fingerprint, progressed_from, unreadable
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.process_group import ProcessGroup
from ufm.support.bounded_json import parse_json
from ufm.support.content_digest import content_digest
from ufm.support.whole_file import to_disk, write_whole

FORMAT = "ufm sharded gradient checkpoint 1"
NAME = re.compile(r"save-([1-9]\d*)")
RUN = "run.json"


class ShardedCheckpoint:
    """The checkpoint folder of a run; all processes call ``save`` and ``load`` together."""

    def __init__(self, folder: Path, fingerprint: dict[str, Any], objective: Objective, ranks: ProcessGroup) -> None:
        self.folder, self.fingerprint, self.objective, self.ranks = folder, fingerprint, objective, ranks

    def load(self, tensors: dict[str, Tensor]) -> Progressed | None:
        """Fills ``tensors`` from the newest checkpoint and returns the run's progress; None if there is none.

        Raises ValueError if it is damaged, or of another problem or other settings; the tensors then stay unchanged.
        """
        newest = self.ranks.together(self._newest)
        self.ranks.require_same({"the newest checkpoint": newest and newest.name})
        if newest is None:
            return None
        progressed, files = self.ranks.together(lambda: self._read_run(newest))
        self.ranks.together(lambda: self._check_files(newest, files))
        self._move("load", newest, tensors)
        return progressed

    def save(self, progressed: Progressed, tensors: dict[str, Tensor]) -> None:
        """Writes a new checkpoint and removes the previous one. Raises OSError in every process if writing failed."""
        last = self.ranks.together(self._newest)
        name = f"save-{int(last.name[5:]) + 1 if last else 1}"
        stage = self.folder / f"{name}.part"
        self.ranks.together(lambda: self._make(stage))
        try:
            self._move("save", stage, tensors)
            digests = self.ranks.of_all(self.ranks.together(lambda: self._own_digests(stage)))
        except OSError:
            if self.ranks.first:
                shutil.rmtree(stage, ignore_errors=True)
            raise

        def publish() -> None:
            if self.ranks.first:
                files = {file: digest for own in digests for file, digest in own.items()}
                run = {"format": FORMAT, "fingerprint": self.fingerprint, **vars(progressed), "files": files}
                write_whole(stage / RUN, json.dumps({"sha256": content_digest(run), **run}))
                os.replace(stage, self.folder / name)
                to_disk(self.folder)
                for number in self._numbers()[:-1]:  # the previous one, and what is left of those before
                    shutil.rmtree(self.folder / f"save-{number}", ignore_errors=True)

        self.ranks.together(publish)

    def _newest(self) -> Path | None:
        """The newest checkpoint; only complete ones have such a name."""
        numbers = self._numbers()
        return self.folder / f"save-{numbers[-1]}" if numbers else None

    def _numbers(self) -> list[int]:
        """Of all checkpoints, ascending. Where a removal was killed, parts are left of one that is not the newest."""
        return sorted(int(match[1]) for path in self.folder.glob("save-*") if (match := NAME.fullmatch(path.name)))

    def _make(self, stage: Path) -> None:
        """Makes the empty staging folder and removes what killed runs left."""
        if self.ranks.first:
            for left in self.folder.glob("save-*.part"):
                shutil.rmtree(left, ignore_errors=True)
            stage.mkdir()

    def _own_digests(self, stage: Path) -> dict[str, str]:
        """Digests of the files that this process wrote; the first process adds the index of all of them."""
        own = sorted(stage.glob(f"__{self.ranks.rank}_*")) + [stage / ".metadata"] * self.ranks.first
        return {path.name: _sha256(path) for path in own}

    def _read_run(self, newest: Path) -> tuple[Progressed, dict[str, str]]:
        try:
            run = parse_json((newest / RUN).read_text(), nan=True)
            digest = run.pop("sha256")
            if run.get("format") != FORMAT:
                raise ValueError(f"not a checkpoint of many processes of this program (format {run.get('format')!r})")
            if digest != content_digest(run):
                raise ValueError(f"damaged: {RUN} does not match its SHA-256")
            progressed, files = progressed_from(run), {str(file): str(value) for file, value in run["files"].items()}
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise unreadable(newest, str(error)) from error
        check_fingerprint(self.folder, run["fingerprint"], self.fingerprint)
        return progressed, files

    def _check_files(self, newest: Path, files: dict[str, str]) -> None:
        """Checks the files before any is opened, since the index is a pickle. Each process reads its part of them."""
        for file in sorted(files)[self.ranks.rank :: self.ranks.size]:
            path = newest / file
            if path.parent != newest or not path.is_file() or _sha256(path) != files[file]:
                raise unreadable(newest, f"damaged: {file} is missing or does not match its SHA-256")

    def _move(self, direction: str, folder: Path, tensors: dict[str, Tensor]) -> None:
        """Moves tensors between memory and disk, by torch.distributed.checkpoint."""
        from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
        from torch.distributed.checkpoint.api import CheckpointException
        from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter

        try:
            with self.ranks.hearing(), warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                if direction == "save":
                    state_dict_saver.save(self._named(tensors), storage_writer=FileSystemWriter(folder))
                else:
                    state_dict_loader.load(self._named(tensors), storage_reader=FileSystemReader(folder))
        except CheckpointException as error:
            rank, (reason, _) = next(iter(error.failures.items()))
            words = f"process {rank}: {type(reason).__name__}: {str(reason).splitlines()[0]}"
            raise OSError(f"{str(folder)!r} was not {'written' if direction == 'save' else 'read'} ({words})") from None

    def _named(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Vectors laid out as a point's, by parts: features of N samples, of which this process has its share, and
        heads, of which each has all, as of every other tensor.
        """
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.tensor import DTensor, Shard

        samples, dim = self.objective.samples, self.objective.dim
        shape = (samples.count, samples.rows, dim)
        length = samples.count * dim + samples.rows * (dim + 1)
        mesh = init_device_mesh(self.objective.device.type, (self.ranks.size,))
        named: dict[str, Tensor] = {}
        for name, tensor in tensors.items():
            if tensor.shape[-1:] != (length,):  # of a weighting: a few numbers, or one without a dimension
                named[name] = tensor
                continue
            for k, vector in enumerate(tensor.view(-1, length)):
                point = Point(vector, *shape)
                named[f"{name}.{k}.features"] = DTensor.from_local(
                    *(point.features, mesh, [Shard(0)]),
                    run_check=False,
                    shape=torch.Size((samples.total, dim)),
                    stride=(dim, 1),
                )
                named[f"{name}.{k}.heads"] = vector[samples.count * dim :]
        return named


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
