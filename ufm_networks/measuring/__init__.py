"""Measurements of a trained network: label means, sums, latent features, maps; ``verify`` compares them with theory."""

from ufm_networks.measuring._grad_cam_plus_plus import grad_cam_plus_plus, task_maps
from ufm_networks.measuring.measurement import Measurement, measure_run, measuring_device, open_run

__all__ = ["Measurement", "grad_cam_plus_plus", "measure_run", "measuring_device", "open_run", "task_maps"]
