"""Running networks: OpenVINO on a processor, torch on a GPU, the same weights in both."""

from recognition.runtime.base import Network, NetworkSpec, open_network
from recognition.runtime.float_graph import float_graph

__all__ = ["Network", "NetworkSpec", "float_graph", "open_network"]
