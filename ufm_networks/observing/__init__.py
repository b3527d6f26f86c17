"""Any PyTorch model over any loader: the features that enter its heads, observed in two passes without keeping them."""

from ufm_networks.observing.observation import Observation, load_observation
from ufm_networks.observing.observe import observe

__all__ = ["Observation", "load_observation", "observe"]
