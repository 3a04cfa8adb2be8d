"""How much `bench speed` measures: the whole, and a quick way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeedPlan:
    """How much is measured.

    Attributes:
        job_images, job_repeats: samples per request of the job, all types in turn, and requests (one seed each).
        images: most images of the growth by number, of the type with the smallest defects.
        images_s: seconds after which that growth is broken off; nothing is extrapolated.
        sizes: picture sizes in megapixels.
        size_images: samples per size.
        sides: windows per side of the growth by windows.
        repeats: of each short timing.
        batch: windows in the transformer's pass.
        peer_steps: solver steps of a peer that are timed; 0 leaves the peers out.
        peer_warm: steps before the first that counts.
        both_precisions: time peers in fp32, too, where the machine has bf16.
    """

    job_images: int = 40
    job_repeats: int = 2
    images: int = 4096
    images_s: float = 240.0
    sizes: tuple[float, ...] = (0.25, 1.0, 4.0, 12.0)
    size_images: int = 6
    sides: tuple[int, ...] = (1, 2, 3, 4)
    repeats: int = 7
    batch: int = 64
    peer_steps: int = 2
    peer_warm: int = 1
    both_precisions: bool = True


QUICK = SpeedPlan(
    job_images=12,
    job_repeats=1,
    images=64,
    images_s=20.0,
    sizes=(0.25, 12.0),
    size_images=3,
    sides=(1, 2),
    repeats=3,
    peer_steps=1,
    peer_warm=0,
    both_precisions=False,
)
