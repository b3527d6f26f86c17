"""The certificate of an observed model, with the λ's it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ufm.support import display
from ufm.support.frames import data_frame
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.observing.lambdas import InEffect
from ufm_networks.report.counterpart import Part
from ufm_networks.report.gap import sample_objective
from verify.certification.certificate import Certificate, certify
from verify.certification.verdict import overall
from verify.reading.sources import own_features


@dataclass(frozen=True)
class ObservedCertificate(display.Summarized):
    """F ≥ F(label means) ≥ min F ≥ D, sums over the parts of the problem; reduction="sum".

    objective     F with every sample's own feature
    means_objective  F with the label means in their place, which is not larger
    lower_bound   D ≤ min F, from the label means and heads alone
    relative_gap  (F − D) / F
    verdict       ``verify.certify``'s on the label means
    part_objectives  F of the whole problem, or of each task if each has its own samples
    lambdas       the λ's in effect, for the problem, or for each task if each has its own samples
    certificates  of the label means, likewise
    """

    tasks: tuple[str, ...]
    objective: float
    means_objective: float
    lower_bound: float
    part_objectives: tuple[float, ...]
    lambdas: tuple[InEffect, ...]
    certificates: tuple[Certificate, ...]

    @property
    def relative_gap(self) -> float:
        """(F − D) / F."""
        return (self.objective - self.lower_bound) / self.objective

    @property
    def verdict(self) -> str:
        """Of the label means; of several parts, the worst."""
        return overall({certificate.verdict for certificate in self.certificates})

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tasks": list(self.tasks),
            "objective": self.objective,
            "part_objectives": list(self.part_objectives),
            "means_objective": self.means_objective,
            "lower_bound": self.lower_bound,
            "relative_gap": self.relative_gap,
            "verdict": self.verdict,
            "lambdas": [{**found.settings(), "source": found.source} for found in self.lambdas],
            "certificates": [certificate.to_dict() for certificate in self.certificates],
        }

    def to_frame(self) -> Any:
        """A pandas.DataFrame of one row, for Problem (4) one more per task; ``part`` is "all", or the task."""
        rows: list[dict[str, Any]] = [{"part": "all"}]
        if len(self.lambdas) > 1:
            rows += [{"part": task} for task in self.tasks]
        names = ("objective", "means_objective", "lower_bound", "relative_gap", "verdict")
        rows[0] |= {name: getattr(self, name) for name in names}
        each = zip(rows[-len(self.lambdas) :], self.lambdas, self.part_objectives, self.certificates, strict=True)
        for row, found, F, of in each:
            own = (F, of.objective, of.lower_bound, (F - of.lower_bound) / F, of.verdict)
            row |= {**dict(zip(names, own, strict=True)), "spectral_ratio": of.spectral_ratio}
            row |= {**found.settings(), "lambdas_from": found.source}
        return data_frame(rows)

    def _summary(self) -> display.Summary:
        rows: list[tuple[str, str]] = []
        for i, found in enumerate(self.lambdas):
            of = f" of {self.tasks[i]}" if len(self.lambdas) > 1 else ""
            values = f"{found.lambda_H:.6g}, {found.lambda_W:.6g}, {display.bias_penalty(found.lambda_b)}"
            rows += [(f"λ_H, λ_W, λ_b{of}", values), ("from", found.source)]
        ratio = max(certificate.spectral_ratio for certificate in self.certificates)
        rows += [
            ("objective F", f"{self.objective:.12g}"),
            ("F of the label means", f"{self.means_objective:.12g}"),
            ("lower bound D", f"{self.lower_bound:.12g}"),
            ("(F − D) / F", f"{self.relative_gap:.3g}"),
            ("spectral ratio σ/τ", f"{ratio:.6g}"),
            ("verdict on the means", self.verdict),
        ]
        for certificate in self.certificates:
            if certificate.enclosure is not None:
                rows.append(("min F proven in", str(certificate.enclosure)))
            if certificate.rigorous_note:
                rows.append(("not proven", certificate.rigorous_note))
        return display.Summary("Certificate of an observed model", rows)


def certified(
    tasks: tuple[str, ...], point: NetworkPoint, parts: list[tuple[Part, InEffect]], *, rigorous: bool = False
) -> ObservedCertificate:
    """Of every part; sums of their objectives and bounds."""
    objectives, certificates = [], []
    for part, _ in parts:
        W, b = [point.W[t] for t in part.tasks], [point.b[t] for t in part.tasks]
        H: Any = point.means[part.form]
        objectives.append(sample_objective(part, point))
        certificates.append(
            certify(part.problem, W=W, H=[H] if own_features(part.problem) else H, b=b, rigorous=rigorous)
        )
    return ObservedCertificate(
        tasks=tasks,
        objective=float(sum(objectives)),
        means_objective=float(sum(certificate.objective for certificate in certificates)),
        lower_bound=float(sum(certificate.lower_bound for certificate in certificates)),
        part_objectives=tuple(objectives),
        lambdas=tuple(found for _, found in parts),
        certificates=tuple(certificates),
    )
