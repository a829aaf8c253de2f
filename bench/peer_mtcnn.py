"""The peer of ``bench.detection``: the package ``mtcnn`` on TensorFlow, as its documentation uses it.

Runs in a virtual environment of its own (bench/requirements-mtcnn.txt), so it imports nothing of
Gatehouse; with a folder as argument it takes the package from there. Reads one JSON object a line
from standard input, ``{"photos": [path, …], "batch": …}``, and answers each with a line
``{"seconds": …, "faces": [[[x, y, width, height, score], …], …]}``; decoding is not timed.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever else speaks on standard output is no answer

import cv2  # noqa: E402
from mtcnn import MTCNN  # noqa: E402

IS_PUBLISHED = len(sys.argv) > 1  # 0.1.1 takes its thresholds when made, 1.0.0 when called


def main() -> None:
    if IS_PUBLISHED:
        detector = MTCNN(min_face_size=20, steps_threshold=[0.6, 0.7, 0.7], scale_factor=0.709)
        settings = {}
    else:
        detector = MTCNN()
        settings = {
            "min_face_size": 20,
            "scale_factor": 0.709,
            "threshold_pnet": 0.6,
            "threshold_rnet": 0.7,
            "threshold_onet": 0.7,
        }
    known = {}
    for line in sys.stdin:
        work = json.loads(line)
        for path in work["photos"]:
            if path not in known:
                known[path] = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
        photos = [known[path] for path in work["photos"]]
        started = time.perf_counter()
        if work["batch"]:
            found = detector.detect_faces(photos, **settings)
        else:
            found = [detector.detect_faces(photo, **settings) for photo in photos]
        seconds = time.perf_counter() - started
        faces = [
            [[*map(float, face["box"]), float(face["confidence"])] for face in photo or ()]
            for photo in found
        ]
        answers.write(json.dumps({"seconds": seconds, "faces": faces}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
