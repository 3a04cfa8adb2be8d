"""Your own inspector: a program that gets two folders and writes a JSON of scores. The contract, in full:

    PROGRAM [ARGUMENTS] TRAIN TEST SCORES

- TRAIN/index.json: a list of `{"image": "images/000000.png", "mask": "masks/000000.png" or null, "type": NAME}`,
  where NAME is "good" or a defect type. Images are native windows (8-bit RGB PNG), masks 8-bit with 0 and 255.
- TEST/index.json: a list of `{"image": "images/000000.png"}`: the held-out pictures at their own size, shuffled,
  without labels.
- The program writes SCORES (a path): `{"scores": {"images/000000.png": {"image": 0.93, "map": "000000.png",
  "types": {NAME: 0.8}}}}`. Every test image must be there. `image` in [0,1] is a must. `map` is a grey PNG of the
  picture's size, 8 or 16 bits, brighter is more defective, its path relative to SCORES; give it for all pictures or
  for none. `types` is free.
- It ends with exit code 0. The seed that it should use is in TRAIN/facts.json:
  `{"seed": 3, "types": [...], "window": 128}`.

A worked example is `docs/how_to/own_inspector.py`.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from factory_gen.errors import InputRefused
from factory_gen.gate.batches import Batch
from factory_gen.gate.inspector import Stream, Tell, Training
from factory_gen.gate.pictures import GatePicture
from factory_gen.gate.scores import Scores
from factory_gen.images.files import encode_mask, encode_png, read_picture
from factory_gen.images.windows import to_unit
from factory_gen.seeds import numpy_generator

MOST_WINDOWS = 4000
_SHOWN = 400


class Command:
    """See the file's head.

    Args:
        command: program and arguments, split as a shell would, but run without one.
        limit_s: seconds until the program is stopped.

    Raises:
        InputRefused: nothing to run.
    """

    def __init__(self, command: str, limit_s: float = 6 * 3600.0) -> None:
        self._words, self._limit_s = shlex.split(command), limit_s
        if not self._words:
            raise _refused("a program to run", "nothing", "Give it after --command.")

    def train(self, stream: Stream, training: Training, tell: Tell) -> TrainedCommand:
        """Write the training folder; the program itself runs when pictures are to be scored."""
        folder = Path(tempfile.mkdtemp(prefix="factory-gen-gate-"))
        trained = TrainedCommand(self._words, folder, training.seed, self._limit_s)
        place = folder / "train"
        index: list[dict[str, Any]] = []
        for step in range(min(training.steps, max(1, MOST_WINDOWS // training.batch))):
            index += _write_batch(place, stream.batch(step), stream.types, len(index))
            tell(step, 0.0)
        (place / "index.json").write_text(json.dumps(index, indent=1))
        facts = {"seed": training.seed, "types": list(stream.types), "window": training.window}
        (place / "facts.json").write_text(json.dumps(facts))
        return trained


class TrainedCommand:
    """A program with its training folder, which is deleted together with this object."""

    losses: Sequence[float] = ()

    def __init__(self, words: Sequence[str], folder: Path, seed: int, limit_s: float) -> None:
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._words, self._folder, self._seed, self._limit_s = list(words), folder, seed, limit_s
        self.sample_losses: Mapping[str, float] = {}

    def score(self, pictures: Sequence[GatePicture]) -> Iterator[Scores]:
        """Run the program on all pictures.

        Raises:
            InputRefused: it fails, takes too long, or breaks the contract.
        """
        place = self._folder
        names = _write_test(place / "test", pictures, self._seed)
        answer = place / "answer" / "scores.json"
        answer.parent.mkdir()
        _run([*self._words, str(place / "train"), str(place / "test"), str(answer)], self._limit_s)
        found = _read_answer(answer, names)
        for name, picture in zip(names, pictures, strict=True):
            yield _scores(found[name], name, answer.parent, picture)


def _write_batch(place: Path, batch: Batch, types: Sequence[str], start: int) -> list[dict[str, Any]]:
    (place / "images").mkdir(parents=True, exist_ok=True)
    (place / "masks").mkdir(exist_ok=True)
    index = []
    for slot, pixels in enumerate(batch.pixels):
        name, kind = f"{start + slot:06d}.png", int(batch.kinds[slot])
        values = np.rint((pixels + 1) * 127.5).astype(np.uint8)
        (place / "images" / name).write_bytes(encode_png(np.ascontiguousarray(values)))
        mask = None
        if batch.mask[slot].any():
            mask = f"masks/{name}"
            (place / mask).write_bytes(encode_mask(batch.mask[slot]))
        index.append(
            {"image": f"images/{name}", "mask": mask, "type": "good" if kind == 0 else types[kind - 1]}
        )
    return index


def _write_test(place: Path, pictures: Sequence[GatePicture], seed: int) -> list[str]:
    """Write the pictures in random order; returns their names in the given order."""
    (place / "images").mkdir(parents=True)
    order = numpy_generator(seed, "gate", "shuffled").permutation(len(pictures))
    names = [f"images/{int(number):06d}.png" for number in order]
    for name, picture in zip(names, pictures, strict=True):
        values = to_unit(picture.pixels, picture.bit_depth, 3)
        shown = np.ascontiguousarray(np.rint((values + 1) * 127.5).astype(np.uint8))
        (place / name).write_bytes(encode_png(shown))
    (place / "index.json").write_text(json.dumps([{"image": name} for name in sorted(names)], indent=1))
    return names


def _run(words: Sequence[str], limit_s: float) -> None:
    try:
        done = subprocess.run(words, capture_output=True, timeout=limit_s, check=False)
    except OSError as error:
        raise _refused(
            f"the program {words[0]!r} to start", str(error.strerror), "Check its path and rights."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise _refused(
            f"the program {words[0]!r} to end", f"nothing after {limit_s:.0f} s", "Make it faster."
        ) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-_SHOWN:] or "nothing on stderr"
        raise _refused(
            f"the program {words[0]!r} to end with 0", f"exit code {done.returncode}: {said}", "Mend it."
        )


def _read_answer(path: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text())["scores"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _contract('a JSON file with "scores"', f"{type(error).__name__}: {error}") from error
    missing = [name for name in names if not isinstance(found.get(name), dict)]
    if missing:
        raise _contract(f"scores of all {len(names)} pictures", f"none for {missing[0]}")
    if len({found[name].get("map") is not None for name in names}) > 1:
        raise _contract("a map for every picture or for none", "maps for some")
    return dict(found)


def _scores(entry: Mapping[str, Any], name: str, folder: Path, picture: GatePicture) -> Scores:
    image, types = entry.get("image"), entry.get("types")
    if (
        image is None
        or not _is_share(image)
        or (types is not None and not all(map(_is_share, types.values())))
    ):
        raise _contract("scores in [0,1]", f"{name}: {json.dumps(entry)[:_SHOWN]}")
    pixels = None
    if entry.get("map") is not None:
        try:
            grey = read_picture((folder / str(entry["map"])).read_bytes(), str(entry["map"])).pixels
        except OSError as error:
            raise _contract("the map's file beside the JSON", f"{name}: {error.strerror}") from error
        if grey.shape != picture.size:
            raise _contract(f"a grey map of {picture.size} for {name}", f"shape {grey.shape}")
        pixels = grey.astype(np.float64) / np.iinfo(grey.dtype).max
    return Scores(float(image), pixels, types)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _contract(expected: str, found: str) -> InputRefused:
    return _refused(expected, found, "See docs/how_to/gate.md for what the program must write.")


def _refused(expected: str, found: str, action: str) -> InputRefused:
    return InputRefused(expected=expected, found=found, action=action)
