"""Options that several commands share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option("--home", help="Where registry, pictures and models lie.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Write the report as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and write nothing.")]
Part = Annotated[
    str | None,
    typer.Option("--part", help="The part; may be left out when there is one.", show_default=False),
]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda.", show_default=False)]
Threads = Annotated[
    int | None, typer.Option("--threads", help="CPU threads; 0 leaves it to torch.", show_default=False)
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="A model version or alias; the champion, else the latest.", show_default=False
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", min=1, help="Calls of the flow network; the recipe's by default.", show_default=False
    ),
]
Solver = Annotated[
    str | None, typer.Option("--solver", help="euler, midpoint, heun or rk4.", show_default=False)
]
Guidance = Annotated[
    float | None,
    typer.Option("--guidance", help="Guidance scale; the recipe's by default.", show_default=False),
]
Strength = Annotated[
    float | None,
    typer.Option(
        "--strength",
        min=0.0,
        max=1.0,
        help="Contrast as a rank among the real defects; at random when left out.",
        show_default=False,
    ),
]
