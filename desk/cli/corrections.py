"""`season return`: one entry goes back to its applicant for correction."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.cli.graces import length_for
from desk.cli.options import Reason, SeasonOption
from desk.cli.windows import By, Manner, Until, steers


def register(app: typer.Typer) -> None:
    """Add the command to an app."""
    app.command("return")(give_back)


@steers
def give_back(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Public number, such as 2024-EU-LH-0042, or id.")],
    until: Until = None,
    by: By = None,
    reason: Reason = "",
    season: SeasonOption = None,
    *,
    manner: Manner,
) -> None:
    """Return one entry for correction, before its screening closes. Its applicant is told, once, and answers once.

    Without --by and --until it lasts as the season file says.

    Examples:

        season return 2024-EU-LH-0042 --by 3d --reason "page 4 of the plan is missing"

        season return 2024-EU-LH-0042 --until 2024-06-04T18:00+08:00 --reason "the plan is not signed" --dry-run
    """
    from desk.dry import try_return
    from models.commands import Return

    length_for(
        Return, entry, season, until, by, reason, manner,
        dry=try_return, deed=lambda desk, command: desk.return_for_correction(command), label="correction_until",
    )  # fmt: skip
