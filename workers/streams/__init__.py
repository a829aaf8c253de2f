"""The supervised process that fetches pictures from all live cameras and has them recognised.

``python -m workers.streams``. One decoder process a camera (``decoder``), one engine, one loop
(``service``) that takes the newest frame of every camera and queues none.
"""
