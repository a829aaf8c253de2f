"""Sends files of H.264 access units over RTSP, in real time and round and round.

Runs under the system's own Python, which has GStreamer's bindings, and imports nothing else:
``python3 rtsp_server.py PORT LOG NAME=FILE=FPS …``. Writes "ready" when it listens, and to LOG a
line ``name frame wall-clock-seconds`` for every frame it gives away. Reads commands from standard
input: ``freeze NAME`` (the connection stays, nothing is sent), ``thaw NAME``.
"""

import struct
import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( appsrc name=source is-live=true format=time do-timestamp=true "
    'caps="video/x-h264,stream-format=byte-stream,alignment=au" '
    "! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )"
)

frozen = set()


def read_units(path):
    with Path(path).open("rb") as file:
        while head := file.read(4):
            yield file.read(struct.unpack(">I", head)[0])


class Factory(GstRtspServer.RTSPMediaFactory):
    """One stream, shared by all who ask for it; it begins with the first and ends with the last."""

    def __init__(self, name, path, fps, log):
        super().__init__()
        self.name, self.units, self.fps, self.log = name, list(read_units(path)), fps, log
        self.set_launch(PIPELINE)
        self.set_shared(True)
        self.connect("media-configure", self.begin)

    def begin(self, _, media):
        ended = threading.Event()
        media.connect("unprepared", lambda _: ended.set())
        source = media.get_element().get_by_name("source")
        threading.Thread(target=self.feed, args=(source, ended), daemon=True).start()

    def feed(self, source, ended):
        number, due = 0, time.monotonic()
        while not ended.wait(max(due - time.monotonic(), 0)):
            due += 1 / self.fps
            if self.name in frozen:
                continue
            unit = self.units[number % len(self.units)]
            self.log.write(f"{self.name} {number % len(self.units)} {time.time():.6f}\n")
            if source.emit("push-buffer", Gst.Buffer.new_wrapped(unit)) != Gst.FlowReturn.OK:
                return
            number += 1


def obey():
    for line in sys.stdin:
        command, _, name = line.strip().partition(" ")
        if command == "freeze":
            frozen.add(name)
        elif command == "thaw":
            frozen.discard(name)


def main():
    Gst.init(None)
    port, log_path, *streams = sys.argv[1:]
    log = Path(log_path).open("a", buffering=1)  # noqa: SIM115 - for as long as the process lives
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    mounts = server.get_mount_points()
    for stream in streams:
        name, path, fps = stream.split("=")
        mounts.add_factory(f"/{name}", Factory(name, path, float(fps), log))
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    threading.Thread(target=obey, daemon=True).start()
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
