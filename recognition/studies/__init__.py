"""The papers' studies on a site's own data: what costs recognition how much.

``quality`` degrades pictures; ``embedding_size``, ``data_size`` and ``architecture`` train a network
for each step and judge it on people held out. ``sweep`` keeps what is measured, so that a study that
was interrupted goes on; ``patterns`` makes a set that shows no faces. Import the module that you
need: all but ``sweep`` and ``figures`` load the engine or torch.
"""
