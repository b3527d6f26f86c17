"""
The certificate of a trained network
====================================

Two tasks on handwritten digits 0 to 3: which digit, and odd or even. A small network learns both, and
every few epochs ``ufm_networks.observe`` measures its features and heads. The certificate then bounds how
far the network is from the optimum of its own unconstrained feature model. The bound is proven, although
no solver has run.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import ufm
import ufm_networks
import verify

digits = load_digits(n_class=4)
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(np.stack([digits.target, digits.target % 2], axis=1))
loader = DataLoader(TensorDataset(X, y), batch_size=len(X))


class Network(nn.Module):
    """Features in 16 dimensions, and a head per task."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 16))
        self.digit, self.parity = nn.Linear(16, 4), nn.Linear(16, 2)

    def forward(self, x):
        h = self.features(x)
        return h, self.digit(h), self.parity(h)


# %%
# Features, heads and biases are penalized as in the model. So the loss *is* the model's objective, over the
# features that this network can produce, and the certificate bounds what any other network could gain.

torch.manual_seed(0)
network = Network()
heads = {"digit": network.digit, "parity": network.parity}
lambda_H, lambda_W, lambda_b = 0.01, 1.0, 1.0  # for the sum of the losses
optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1200)
epochs, gaps, collapse = [], [], []
for epoch in range(1201):
    if epoch in (0, 10, 20, 40, 80, 120, 200, 300, 400, 600, 800, 1000, 1200):
        seen = ufm_networks.observe(network, loader, heads)
        certificate = seen.certify(lambdas=(lambda_H, lambda_W, lambda_b))
        epochs.append(epoch)
        gaps.append(certificate.relative_gap)
        collapse.append(seen.metrics()["SNC1"] / float(np.mean(np.sum(seen.means**2, axis=0))))
    h, logits_digit, logits_parity = network(X)
    F = nn.functional.cross_entropy(logits_digit, y[:, 0], reduction="sum")
    F = F + nn.functional.cross_entropy(logits_parity, y[:, 1], reduction="sum") + lambda_H * (h**2).sum()
    F = F + sum(lambda_W * (head.weight**2).sum() + lambda_b * (head.bias**2).sum() for head in heads.values())
    optimizer.zero_grad()
    (F / len(X)).backward()
    optimizer.step()
    schedule.step()

with verify.plot.in_style():
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    axes.semilogy(epochs, gaps, "o-", color="#0072B2", label="relative duality gap")
    axes.semilogy(epochs, collapse, "s--", color="#D55E00", label="spread of features within a label, relative (SNC1)")
    axes.set(xlabel="epoch")
    axes.legend()

print(certificate)

# %%
# Early in training the bound says little. At the end, no network of any shape could lower the objective by
# more than a percent or so. For comparison, here is the optimum itself:

optimum = ufm.solve(seen.problem(lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=lambda_b))
print(f"network {certificate.objective:.3f}, optimum {optimum.objective:.3f}, bound {certificate.lower_bound:.3f}")
assert certificate.lower_bound <= optimum.objective <= certificate.objective
assert gaps[0] > 0.5
assert gaps[-1] < 0.03
assert collapse[-1] < 0.01

plt.show()
