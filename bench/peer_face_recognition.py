"""The second peer: the package ``face_recognition`` on dlib, as its own examples use it.

Runs in a virtual environment of its own (bench/requirements-peers.txt), so it imports nothing of
Gatehouse. Reads a JSON object ``{"enrol": [[path, name], …], "photos": [path, …]}`` from standard
input and writes ``{"seconds": …, "faces": …, "names": [[name, …], …]}``, an empty name where the
package's default tolerance finds nobody.
"""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import face_recognition  # noqa: E402
import numpy as np  # noqa: E402

TOLERANCE = 0.6  # compare_faces' default


def encodings(path: str) -> list[np.ndarray]:
    return face_recognition.face_encodings(face_recognition.load_image_file(path))


def main() -> None:
    work = json.load(sys.stdin)
    names, rows = [], []
    for path, name in work["enrol"]:
        found = encodings(path)
        if found:
            names.append(name)
            rows.append(found[0])
    result = []
    started = time.perf_counter()
    for path in work["photos"]:
        said = []
        for encoding in encodings(path):
            distances = face_recognition.face_distance(rows, encoding)
            best = int(np.argmin(distances))
            said.append(names[best] if distances[best] <= TOLERANCE else "")
        result.append(said)
    seconds = time.perf_counter() - started
    json.dump({"seconds": seconds, "faces": sum(map(len, result)), "names": result}, sys.stdout)


if __name__ == "__main__":
    main()
