"""Help that starts with commands a person can copy, and the table of exit codes that every help ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter

EXIT_CODES: dict[int, tuple[str, str]] = {
    0: ("ok", "the command did what it was asked to do"),
    1: ("unexpected", "a failure that nobody foresaw; its report lies in HOME/logs"),
    2: ("usage", "an unknown name, option or setting, or a value out of its range"),
    3: ("input refused", "a file, folder or name from outside cannot be used"),
    4: ("gate not passed", "a check forbids the step; `export --override REASON` goes on all the same"),
    5: ("not permitted", "a folder or database cannot be written to"),
    6: ("locked", "another job works on the same part, or holds the database"),
    7: ("integrity", "stored bytes, a model, or a database are not what they should be"),
    8: ("no space", "the disk is full"),
    9: ("no device", "the GPU asked for is not there"),
    10: ("not running", "the job engine or a service of the box does not answer"),
    130: ("interrupted", "Ctrl+C; what was finished is kept"),
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "factory-gen demo                                   the whole job on a built-in plant",
        "factory-gen ingest ./tiles --part tile             a folder of your own pictures",
        "factory-gen train --part tile --recipe cpu --budget 90m",
        "factory-gen generate --part tile --defect crack --count 200 --seed 7",
        "factory-gen export --part tile --format mvtec --out ./tile_synthetic",
    ),
    "ingest": (
        "factory-gen ingest ./tiles --part tile --dry-run   only says what is there",
        "factory-gen ingest ./tiles --part tile",
        "factory-gen ingest tiles.zip --part tile --group-pattern '(exp[0-9]+)_num'",
    ),
    "train": (
        "factory-gen train --part tile --recipe cpu --budget 90m",
        "factory-gen train --part tile --resume             goes on where a training broke off",
        "factory-gen train --part tile --from champion --budget 20m",
    ),
    "measure": (
        "factory-gen measure --part tile                    the champion, on the hold-out",
        "factory-gen measure --part tile --model 2 --json",
    ),
    "generate": (
        "factory-gen generate --part tile --defect crack --count 200 --seed 7",
        "factory-gen generate --part tile --count 50        all defect types in turn",
        "factory-gen generate --part tile --count 50 --codes paste --keep 0.5 --hardest-of 3",
    ),
    "score": (
        "factory-gen score --part tile                      all samples, against real defects",
        "factory-gen score --part tile --model 2 --limits limits.toml --json",
    ),
    "generate-good": ("factory-gen generate-good --part tile --count 16 --out ./good",),
    "inpaint": ("factory-gen inpaint part.png --mask mask.png --defect crack --part tile --out ./inpainted",),
    "interpolate": ("factory-gen interpolate first.png second.png --frames 8 --part tile --out ./frames",),
    "gate": (
        "factory-gen gate --part tile                       small settings: about an hour on two cores",
        "factory-gen gate --part tile --version 2 --resume --out docs/results/gate_tile.json",
        "factory-gen gate --part tile --request HASH --rehearse    the validation alone, to compare remedies",
        "factory-gen gate --part tile --finish 0.3             real defects alone in the last 30 % of the steps",
        "factory-gen gate --part tile --inspector command --command 'python own_inspector.py'",
    ),
    "export": (
        "factory-gen export --part tile --format mvtec --out ./tile_mvtec",
        "factory-gen export --part tile --format coco --out ./tile_coco --override 'trial run, not for use'",
    ),
    "kpi": (
        "factory-gen kpi --part tile --html ./tile_kpi.html",
        "factory-gen kpi --part tile --inputs plant.toml --json",
        "factory-gen kpi --part tile --currency EUR --rate 0.9",
    ),
    "up": (
        "factory-gen up                                     engine, workers, MLflow and pages of this machine",
        "factory-gen up --engine-port 4300 --pages-port 0   another port, and no pages",
        "factory-gen up --open                              pages without accounts, for this machine alone",
    ),
    "ui": (
        "factory-gen ui                                     the pages alone; who comes has to log in",
        "factory-gen ui --open --port 8600                  without accounts, for this machine alone",
        "factory-gen ui --address 0.0.0.0 --host-name box.plant --certificate box.pem --certificate-key box.key",
    ),
    "user": ("factory-gen user add Sato --role admin             asks for the password",),
    "user add": (
        "factory-gen user add Sato --role admin             asks for the password",
        "factory-gen user add Mia --role operator --part tile --part bolt",
        "factory-gen user add kim@plant.example --role engineer --no-password",
    ),
    "user list": ("factory-gen user list", "factory-gen user list --json"),
    "user role": ("factory-gen user role Mia engineer",),
    "user parts": ("factory-gen user parts Mia tile bolt", "factory-gen user parts Mia all"),
    "user password": ("factory-gen user password Mia                      asks for the new one",),
    "user disable": ("factory-gen user disable Mia",),
    "user enable": ("factory-gen user enable Mia",),
    "down": ("factory-gen down",),
    "health": ("factory-gen health", "factory-gen health --json"),
    "submit": (
        "factory-gen submit train --part tile --recipe cpu --budget 90m",
        "factory-gen submit generate --part tile --count 200 --seed 7",
        "factory-gen submit ingest ./tiles --part tile --again",
    ),
    "jobs": ("factory-gen jobs", "factory-gen jobs --part tile --state running --state queued --json"),
    "job": ("factory-gen job 0687ab12",),
    "cancel": ("factory-gen cancel 0687ab12",),
    "monitor": (
        "factory-gen monitor ./incoming --part tile         good pictures of this week",
        "factory-gen monitor --part tile --since 2026-05-01 --json",
    ),
    "watch": (
        "factory-gen watch /srv/camera --part tile",
        "factory-gen watch /srv/camera --part tile --once   for a timer of the system",
    ),
    "retrain": (
        "factory-gen retrain --part tile --budget 60m       goes on where it was stopped",
        "factory-gen retrain --part tile --data ./new_lot",
    ),
    "rollback": ("factory-gen rollback --part tile",),
    "schedule": (
        "factory-gen schedule retrain --part tile --cron '0 2 1 */3 *' --trigger drift,approvals,new-data",
        "factory-gen schedule show --part tile",
    ),
    "schedule retrain": (
        "factory-gen schedule retrain --part tile --cron '0 2 1 */3 *' --timezone Europe/Berlin",
        "factory-gen schedule retrain --part tile --trigger drift,approvals,new-data",
    ),
    "schedule show": ("factory-gen schedule show --part tile",),
    "schedule off": ("factory-gen schedule off --part tile",),
    "schedule run": (
        "factory-gen schedule run --budget 60m              each hour, by a timer of the system",
    ),
    "versions": ("factory-gen versions list --part tile", "factory-gen versions diff 1 2 --part tile"),
    "versions list": ("factory-gen versions list --part tile",),
    "versions diff": (
        "factory-gen versions diff 1 2 --part tile",
        "factory-gen versions diff 1 2 --part tile --kind synthetic --json",
    ),
    "delete": ("factory-gen delete part tile                       only lists what would go",),
    "delete part": (
        "factory-gen delete part tile                       only lists what would go",
        "factory-gen delete part tile --yes",
    ),
    "status": ("factory-gen status", "factory-gen status --part tile --json"),
    "verify": (
        "factory-gen verify",
        "factory-gen verify --sample-bytes 0.05      re-hashes a twentieth of the bytes",
    ),
    "demo": ("factory-gen demo --out ./demo_out",),
    "config": ("factory-gen config show",),
    "config show": ("factory-gen config show", "FACTORY_GEN_THREADS=2 factory-gen config show --json"),
    "bench": ("factory-gen bench registry --rows 1000000",),
    "bench registry": ("factory-gen bench registry --rows 1000000",),
    "bench gate": (
        "factory-gen bench gate --part tile                 sets made to harm, and two equal arms 20 times",
        "factory-gen bench gate --part tile --inspector segmentation --steps 200 --repeats 0",
    ),
    "bench drift": (
        "factory-gen bench drift --part tile                which changes its monitor would notice",
        "factory-gen bench drift --part tile --window 50 --out drift_tile.json",
    ),
    "bench kills": (
        "factory-gen bench kills --kills 200 --out docs/results",
        "factory-gen bench kills --job train --kills 20 --folder ~/kills   keeps what is left",
    ),
    "bench prior": (
        "factory-gen bench prior --part tile --budget 20m --seeds 3 --out docs/results",
        "factory-gen bench prior --part tile --budget 3m --arms lediflow,gaussian --seeds 1",
    ),
    "bench pages": (
        "factory-gen bench pages --part tile --out pages.json",
        "factory-gen bench pages --part tile --quick           few samples and visitors, two minutes",
    ),
    "bench speed": (
        "factory-gen bench speed --part tile --out speed_cpu-2core.json",
        "factory-gen bench speed --part tile --quick --no-peers   our own figures in a minute",
    ),
}

EPILOG = "Exit codes: " + ", ".join(f"{code} {name}" for code, (name, _) in EXIT_CODES.items()) + "."


class CommandHelp(TyperCommand):
    """A command whose help starts with examples."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the examples, then the usual help."""
        _write_examples(ctx, formatter)
        super().format_help(ctx, formatter)


class GroupHelp(TyperGroup):
    """A group of commands whose help starts with examples."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the examples, then the usual help."""
        _write_examples(ctx, formatter)
        super().format_help(ctx, formatter)


def _write_examples(ctx: Context, formatter: HelpFormatter) -> None:
    name = " ".join(ctx.command_path.split()[1:])
    with formatter.section("Examples"):
        for line in EXAMPLES[name]:
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
    formatter.write("\n")
