from __future__ import annotations

import pytest

from pipelines.figures.kpi_speed import Pace, pace


def made(**facts: float | int | bool) -> dict[str, float | int | bool]:
    return facts


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], None),
        ([(5.0, 0), (5.0, 0)], None),
        ([(8.0, 4)], made(p50=2.0, p95=2.0, first=8.0, kept=4, chunks=1, warm=False)),
        # the first chunk warms up
        ([(100.0, 4), (8.0, 4)], made(p50=2.0, p95=2.0, first=100.0, kept=4, chunks=1, warm=True)),
        # the slow chunk has one image of five
        ([(9.0, 1), (4.0, 4), (7.0, 1)], made(p50=1.0, p95=5.8, first=9.0, kept=5, chunks=2, warm=True)),
        # a chunk that kept nothing is paid for by the next images
        ([(1.0, 1), (6.0, 0), (2.0, 4)], made(p50=2.0, p95=2.0, first=1.0, kept=4, chunks=1, warm=True)),
        # and at the end by those before
        ([(1.0, 1), (2.0, 4), (6.0, 0)], made(p50=2.0, p95=2.0, first=1.0, kept=4, chunks=1, warm=True)),
        ([(3.0, 0), (1.0, 1)], made(p50=4.0, p95=4.0, first=4.0, kept=1, chunks=1, warm=False)),
    ],
)
def test_a_kept_image_pays_for_the_rejected_ones(
    chunks: list[tuple[float, int]], expected: dict[str, float | int | bool] | None
) -> None:
    found = pace(chunks)
    if expected is None:
        assert found is None
        return
    assert isinstance(found, Pace)
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected)


def test_no_second_is_lost() -> None:
    chunks = [(2.0, 2), (3.0, 0), (5.0, 4), (1.0, 0), (7.0, 2), (4.0, 0)]
    found = pace(chunks)
    assert found is not None
    assert (found.kept, found.first) == (6, 2.0)
    assert found.first + found.seconds == sum(seconds for seconds, _ in chunks)
