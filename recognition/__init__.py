"""Gatehouse's recognition engine: a plain Python library.

Public surface: ``recognition.contracts`` (types), ``recognition.errors``, ``recognition.config``,
``recognition.decision`` (open-set rules), ``recognition.intake`` (which bytes are accepted as a
picture) and ``recognition.pipeline.load_engine``. It knows no web framework, queue or database.
"""
