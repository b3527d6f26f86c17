"""``ufm certify``: how far features and heads in a file are from the global minimum of their model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from verify.cli.flags import Told
from verify.cli.loss_flags import BiasPenalty, Losses, bias_setting, loss_setting
from verify.cli.page import Page

if TYPE_CHECKING:
    from ufm_networks.observing import Observation
    from verify.cli.terminal import Terminal


@dataclass(frozen=True)
class Certify:
    """Certify the features, labels and heads of a file, wherever they were computed; an observation; or a solution."""

    page: ClassVar[Page] = Page(
        takes="seconds; with many features as long as reading the file",
        writes="nothing, unless --json or --save names a file",
        status="0: a certificate was made, whatever it says; 2: bad input",
        examples=(
            ("ufm certify point.npz --weight-decay 5e-4", "The optimizer's weight decay says the λ's."),
            (
                "ufm certify point.safetensors --lambda-H 0.05 --lambda-W 0.05 --lambda-b 0.05 --json certificate.json",
                "The λ's themselves; the certificate is kept.",
            ),
            ("ufm certify observation.safetensors --weight-decay 5e-4 --rigorous", "What observe has saved, proven."),
            ("ufm certify solution.safetensors", "What ufm solve --save has written, with its own λ's."),
        ),
    )

    point: Annotated[Path, Told(positional=True, read=True)]
    """.npz or .safetensors: features (N, d), labels (N, T) or (N,) counted from 0 and -1 for none, and of every head
    NAME.weight (K, d), or NAME.kernel (d, K), with NAME.bias (K,); or W.0, b.0, W.1, …. Or an observation, or what
    ufm solve --save has written, which holds its problem."""
    heads: tuple[str, ...] = ()
    """Names of heads in the order of the labels' columns. Default: the order of an .npz."""
    weight_decay: float | None = None
    """Weight decay of the optimizer, from which λ_W = λ_b = N wd / 2 are derived. Needed for a certificate, unless
    --lambda-W is given."""
    lambda_H: float | None = None
    """λ_H beside the sum of losses. Default: the one in effect, λ_W ‖W‖² / ‖H‖²."""
    lambda_W: float | None = None
    """λ_W beside the sum of losses. Needed for a certificate, unless --weight-decay is given."""
    lambda_b: BiasPenalty | None = None
    """λ_b; 0 leaves the bias free, none is a model without bias. Default: none, of heads without bias."""
    loss: Losses = ()
    rigorous: bool = False
    """Also prove bounds on the minimum in ball arithmetic (python-flint)."""
    json: Path | None = None
    """File for what was read and the certificate. Default: they are printed only."""
    save: Path | None = None
    """File for the observation (safetensors), which ufm measure makes a page of. Default: it is not kept."""

    def run(self) -> int:
        """0 if a certificate was made, whatever its verdict."""
        # here, so that the other commands start without networks
        from ufm.support.strict_json import as_json
        from ufm.support.whole_file import write_whole
        from ufm.support.writable import require_file, require_target
        from verify.cli.terminal import Terminal, shell_words

        solution = self._is_solution()
        if not solution:
            self._require_lambdas()
        loss = loss_setting(self.loss)
        if self.json is not None:
            require_file(self.json, "--json", "certificate.json")  # before the work, not after
        if self.save is not None:
            require_target(self.save, "--save", "observation.safetensors")
        self._require_apart()
        terminal = Terminal()
        if solution:
            return self._certify_solution(terminal)
        observed, read = self._observed(terminal.tell)
        certificate = observed.certify(**self._lambdas(observed), **loss, rigorous=self.rigorous)
        terminal.result(certificate)
        if self.json is not None:
            write_whole(self.json, as_json({"point": read, "certificate": certificate.to_dict()}), what="--json")
            terminal.written("written", self.json)
        if self.save is not None:
            observed.save(self.save)
            terminal.written("saved", self.save)
            terminal.then(shell_words("ufm", "measure", self.save))
        else:
            terminal.then("--save observation.safetensors keeps it, for ufm measure observation.safetensors")
        return 0

    def _is_solution(self) -> bool:
        """Whether ``ufm solve --save`` wrote the file; ValueError where flags repeat what such a file holds."""
        from ufm.storage import FORMAT
        from ufm.support.regular_file import require_regular

        if self.point.suffix != ".safetensors":
            return False
        require_regular("point", self.point)
        from ufm_networks.observing.stored_arrays import header_of

        if header_of(self.point).get("format") != FORMAT:
            return False
        fields = ("heads", "weight_decay", "lambda_H", "lambda_W", "lambda_b", "loss", "save")
        given = [f"--{name.replace('_', '-')}" for name in fields if getattr(self, name) not in (None, ())]
        if given:
            raise ValueError(f"{self.point} is a solution, which holds its problem; leave {', '.join(given)} out")
        return True

    def _certify_solution(self, terminal: Terminal) -> int:
        """0: the solution's point against the solution's problem."""
        import ufm
        import verify
        from ufm.support.strict_json import as_json
        from ufm.support.whole_file import write_whole
        from verify.cli.terminal import shell_words

        solution = ufm.load(self.point)
        terminal.tell(f"{solution.problem}\n")
        certificate = verify.certify(solution.problem, solution, rigorous=self.rigorous)
        terminal.result(certificate)
        if self.json is not None:
            read = {"file": self.point.name, "problem": solution.to_dict()["problem"]}
            write_whole(self.json, as_json({"point": read, "certificate": certificate.to_dict()}), what="--json")
            terminal.written("written", self.json)
        terminal.then(shell_words("ufm", "figure", "spectrum", self.point))
        return 0

    def _observed(self, say: Any) -> tuple[Observation, dict[str, Any]]:
        """The observation to certify, and what was read from the file, printed before the passes over features."""
        from ufm.support.regular_file import require_regular

        try:
            from ufm_networks.observing import load_observation
            from ufm_networks.observing.files import FORMAT
            from ufm_networks.observing.stored_arrays import header_of
            from ufm_networks.observing.stored_point import stored_point
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"ufm certify needs {error.name}: pip install 'ufm-toolkit[networks]'", name=error.name
            ) from error

        require_regular("point", self.point)
        if self.point.suffix == ".safetensors" and header_of(self.point).get("format") == FORMAT:
            if self.heads:
                raise ValueError("--heads is for arrays; an observation has its own")
            observed = load_observation(self.point)
            say(f"{observed}\n")
            return observed, {"file": self.point.name, **observed.to_dict()}
        point = stored_point(self.point, self.heads)
        say(f"{point}\n")
        return point.observe(), point.to_dict()

    def _require_apart(self) -> None:
        """Raises ValueError if an output file is also an input file or another output."""
        taken = {self.point.resolve(): "the point"}
        for flag, path in (("--json", self.json), ("--save", self.save)):
            if path is None:
                continue
            if (of := taken.setdefault(path.resolve(), flag)) != flag:
                raise ValueError(f"{flag}={str(path)!r} would write over {of}; name another file")

    def _require_lambdas(self) -> None:
        given = [name for name in ("lambda_H", "lambda_W", "lambda_b") if getattr(self, name) is not None]
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        if self.weight_decay is not None and given:
            raise ValueError(f"--weight-decay derives all λ's; leave {flags} out, or --weight-decay")
        if self.weight_decay is None and self.lambda_W is None:
            raise ValueError(
                "the λ's are needed: --weight-decay of the optimizer, such as 5e-4, or --lambda-W with --lambda-b"
                + f"; {flags} alone is not enough" * bool(given)
            )

    def _lambdas(self, observed: Observation) -> dict[str, Any]:
        if self.weight_decay is not None:
            return {"weight_decay": self.weight_decay}
        if self.lambda_b is None and observed.has_bias:
            raise ValueError("--lambda-b is needed, since heads have biases; 0 leaves them free")
        lambda_b = None if self.lambda_b is None else bias_setting(self.lambda_b)
        return {"lambdas": (self.lambda_H, self.lambda_W, lambda_b)}
