"""Training embedding networks: schedules, optimisers, batches, checkpoints, records and trainers.

Import the module that you need; everything here imports torch. ``softmax.train_softmax``,
``margin.train_margin`` and ``triplet.train_triplet`` take a ``sources.Source`` and
``session.RunSettings``; errors are ``errors.TrainingError``.
"""
