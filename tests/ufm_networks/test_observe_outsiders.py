"""Models as other libraries leave them: wrapped, compiled, trained by Lightning, with outputs of any kind."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from plain_models import CLASSES, HEADS, ResNet, by_hand, images, loader, trained_statistics
from torch import Tensor, nn

import ufm_networks
import verify

X, Y = images()


def network() -> Any:
    torch.manual_seed(0)
    return trained_statistics(ResNet().double(), X)


def exact(layers: Any, H: Any, y: Any = Y) -> Any:
    return verify.metrics(
        W=[layer.weight for layer in layers], H=H.T, b=[layer.bias for layer in layers], labels=y, classic=True
    )


def close(observed: Any, due: Any) -> None:
    measured = observed.metrics(classic=True)
    assert measured.keys() == due.keys()
    np.testing.assert_allclose(list(measured.values()), list(due.values()), rtol=1e-9, atol=1e-12)


def compiled(model: nn.Module) -> Any:
    """As after training: what was compiled has run, with and without gradients."""
    wrapped = torch.compile(model, backend="eager")
    model.eval()
    wrapped(X[:16])
    with torch.no_grad():
        wrapped(X[:16])
    model.train()
    return wrapped


def compiled_in_place(model: nn.Module) -> Any:
    model.eval()
    model.compile(backend="eager")
    with torch.no_grad():
        model(X[:16])
    return model


def compiled_head(model: Any) -> Any:
    model.fc1 = torch.compile(model.fc1, backend="eager")
    return model


WRAPPED: dict[str, tuple[Callable[[Any], Any], tuple[str, str]]] = {
    "data parallel": (nn.DataParallel, ("fc1", "fc2")),
    "its names": (nn.DataParallel, ("module.fc1", "module.fc2")),
    "compiled": (compiled, ("fc1", "fc2")),
    "the compiler's names": (compiled, ("_orig_mod.fc1", "fc2")),
    "both": (lambda model: nn.DataParallel(compiled(model)), ("module._orig_mod.fc1", "fc2")),
    "in place": (compiled_in_place, ("fc1", "fc2")),
    "a compiled head": (compiled_head, ("fc1", "fc1._orig_mod")),
}


@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of the compiler, in other packages
def test_wrapped_and_compiled_models(how: str) -> None:
    wrap, names = WRAPPED[how]
    model = network()
    layers = (model.fc1, model.fc2)
    whole = wrap(model)
    heads = {"digit": names[0], "colour": names[1]}
    if how == "a compiled head":
        heads = {"digit": whole.fc1, "colour": "fc2"}  # type: ignore[dict-item]
    observed = ufm_networks.observe(whole, loader(X, Y), heads=heads, effective_rank=True)
    assert observed.heads == ("fc1", "fc2")
    close(observed, exact(layers, by_hand(model, X)))


@dataclass
class Output:
    """As transformers' SequenceClassifierOutput."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...]


class Layer(nn.Module):
    """An encoder layer in plain PyTorch: attention under a mask, then two linear maps."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(d, d) for _ in range(4))
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.dropout = nn.Dropout(0.1)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        scores = self.query(h) @ self.key(h).transpose(1, 2) / h.shape[-1] ** 0.5
        weights = self.dropout(scores.masked_fill(~mask[:, None, :], -torch.inf).softmax(dim=-1))
        h = self.norms[0](h + self.output(weights @ self.value(h)))
        whole: Tensor = self.norms[1](h + self.dropout(self.down(nn.functional.gelu(self.up(h)))))
        return whole


class ForSequenceClassification(nn.Module):
    """The classifier reads (n, tokens, d); the first token's logits count."""

    def __init__(self, d: int = 8, return_dict: bool = True) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(20, d)
        self.encoder = nn.ModuleList(Layer(d) for _ in range(2))
        self.classifier, self.return_dict = nn.Linear(d, 3), return_dict

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        h: Tensor = self.embeddings(input_ids)
        for layer in self.encoder:
            h = layer(h, attention_mask)
        return h

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> Any:
        h = self.hidden(input_ids, attention_mask)
        logits = self.classifier(h)[:, 0]
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return Output(loss, logits, (h,)) if self.return_dict else OrderedDict(loss=loss, logits=logits)


@pytest.mark.parametrize("return_dict", [True, False])
def test_a_transformer_with_outputs_of_its_own_kind(return_dict: bool) -> None:
    torch.manual_seed(0)
    model, own = ForSequenceClassification(return_dict=return_dict).double(), torch.Generator().manual_seed(1)
    ids, y = torch.randint(0, 20, (40, 6), generator=own), torch.randint(0, 3, (40,), generator=own)
    mask = torch.arange(6) < torch.randint(2, 7, (40, 1), generator=own)
    batches = [
        {"input_ids": ids[i : i + 16], "attention_mask": mask[i : i + 16], "labels": y[i : i + 16]}
        for i in range(0, 40, 16)
    ]
    observed = ufm_networks.observe(
        *(model, batches, {"topic": model.classifier}),
        pool="first",
        unpack=lambda batch: (batch, batch["labels"]),
        effective_rank=True,
    )
    model.eval()
    with torch.no_grad():
        H = model.hidden(ids, mask)[:, 0]
    close(observed, exact([model.classifier], H, y[:, None]))


@pytest.mark.filterwarnings(
    r"ignore:.*LeafSpec:FutureWarning:lightning\..*",  # Lightning's, of PyTorch
    "ignore:.*does not have many workers",  # where there are more cores
)
def test_a_module_that_lightning_has_trained(tmp_path: Path) -> None:
    """By its Trainer, whose own loader and module are then observed."""
    from lightning.pytorch import LightningModule, Trainer

    class Module(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = ResNet().double()

        def forward(self, x: Tensor) -> Any:
            return self.network(x)

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            u, v = self(batch[0])
            return nn.functional.cross_entropy(u, batch[1][:, 0]) + nn.functional.cross_entropy(v, batch[1][:, 1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.05)

    torch.manual_seed(0)
    module = Module()
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
    }
    trainer = Trainer(max_epochs=2, accelerator="cpu", devices=1, default_root_dir=tmp_path, **quiet)
    trainer.fit(module, loader(X, Y))
    heads = {"digit": "network.fc1", "colour": module.network.fc2}
    observed = ufm_networks.observe(module, trainer.train_dataloader, heads=heads, effective_rank=True)
    close(observed, exact((module.network.fc1, module.network.fc2), by_hand(module.network, X)))
    assert observed.classes == CLASSES


def test_batches_that_come_as_they_are_read() -> None:
    """An iterable data set, which has no length and no sampler."""

    class Stream(torch.utils.data.IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(zip(X, Y, strict=True))

    model = network()
    observed = ufm_networks.observe(
        model, torch.utils.data.DataLoader(Stream(), batch_size=16), heads=HEADS, effective_rank=True
    )
    close(observed, exact((model.fc1, model.fc2), by_hand(model, X)))


def test_one_pass_over_an_iterator() -> None:
    model = network()
    observed = ufm_networks.observe(model, iter(loader(X, Y)), heads=HEADS, passes=1)
    measured, due = observed.metrics(classic=True), exact((model.fc1, model.fc2), by_hand(model, X))
    again = {"SNC4", "SNC5", "pinv_NC1", "centre_agreement", "effective_rank", "self_duality"}
    assert {name for name, value in measured.items() if np.isnan(value)} == again
    for name in measured.keys() - again:
        assert measured[name] == pytest.approx(due[name], rel=1e-9), name
    assert observed.certify(weight_decay=1e-3).lower_bound > 0
    with pytest.raises(ValueError, match="passes must be"):
        ufm_networks.observe(model, loader(X, Y), heads=HEADS, passes=3)
    with pytest.raises(ValueError, match="effective_rank=True needs each feature again"):
        ufm_networks.observe(model, loader(X, Y), heads=HEADS, passes=1, effective_rank=True)
