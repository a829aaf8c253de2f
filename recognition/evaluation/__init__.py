"""How well the engine recognises, measured: protocols, error rates, intervals, curves.

Numbers in, numbers out; ``subjects`` alone needs an engine. Terms follow ISO/IEC 19795-1. Import
from the modules: ``verification``, ``lfw``, ``identification``, ``bootstrap``, ``intervals``,
``calibration``, ``groups``, ``video``, ``invariance``, ``subjects``, ``vector_cache``, ``errors``,
``report``, ``plots``.
"""
