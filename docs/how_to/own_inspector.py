"""An inspector of your own for `factory-gen gate`: brightness against the neighbourhood, with a learned sign.

Replace it by your own training and scoring; only the folders and the JSON matter. Run as
`factory-gen gate --inspector command --command "python own_inspector.py"`.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np


def contrast(path: Path) -> np.ndarray:
    """How much each pixel differs from its neighbourhood: (H,W) in grey levels."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 8)


def main(train: Path, test: Path, answer: Path) -> None:
    """Learn how strongly defects differ, then score the pictures of `test`."""
    inside = []
    for row in json.loads((train / "index.json").read_text()):
        if row["mask"]:
            mask = cv2.imread(str(train / row["mask"]), cv2.IMREAD_GRAYSCALE) > 0
            inside.append(np.abs(contrast(train / row["image"])[mask]).mean())
    unit = float(np.mean(inside))
    scores = {}
    for row in json.loads((test / "index.json").read_text()):
        found = np.clip(np.abs(contrast(test / row["image"])) / (2 * unit), 0, 1)
        name = Path(row["image"]).name
        cv2.imwrite(str(answer.parent / name), np.rint(found * 255).astype(np.uint8))
        scores[row["image"]] = {"image": float(np.sort(found.ravel())[-32:].mean()), "map": name}
    answer.write_text(json.dumps({"scores": scores}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
