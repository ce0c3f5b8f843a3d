"""Where settlement exports are left for the DAG settlement_import, and what its tasks do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from include.domain.errors import ConflictError, InvalidInputError

SETTING = "AKUBILL_SETTLEMENTS"
#: So many lines are named; the others are counted.
_NAMED_AT_MOST = 20


def settlement_folder() -> Path:
    """The folder of settlement exports, made when missing: AKUBILL_SETTLEMENTS, or settlements in AKUBILL_STATE.

    Raises:
        ConfigurationError: when neither is set, or the folder cannot be made.
    """
    from include.warehouse.private_files import configured_folder

    return configured_folder(SETTING, "settlements", "folder for settlement exports")


def find_export(name: str) -> Path:
    """The export of that name in the folder of settlement exports; nothing outside of it is read.

    Raises:
        InvalidInputError: when it is no file in the folder itself.
        ConfigurationError: when there is no folder.
    """
    from include.domain.text import check_text

    folder = settlement_folder()
    file = folder / check_text(name, "File")
    try:
        is_there = Path(name).name == name and file.is_file() and not file.is_symlink()
    except OSError:  # a name that no file can have
        is_there = False
    if not is_there:
        rule = f"is not a file in the folder for settlement exports, {folder}"
        raise InvalidInputError("File", name[:60], rule, "Put it there and give its name.")
    return file


def import_settlement_of_run() -> dict[str, Any]:
    """Import the file that the run's form names; yields what was stored and what is wrong with the other lines."""
    from include.orchestration import connections, work
    from include.orchestration.billing import who_runs
    from include.reconciliation.settlements.import_file import import_settlement

    file = find_export(work.form()["file"])
    done = import_settlement(connections.warehouse(), file, work.run_instant(), who_runs())
    named = [str(mistake) for mistake in done.wrong[:_NAMED_AT_MOST]]
    return {"items": done.items, "periods": done.periods, "wrong": len(done.wrong), "named": named}


def report_settlement(imported: dict[str, Any]) -> list[str]:
    """The verdicts on the export's months, in words.

    Raises:
        ConflictError: when lines were left out, with the first of them; the others are stored.
    """
    from include.orchestration import connections
    from include.reconciliation.settlements.compare import list_settlement_verdicts

    warehouse = connections.warehouse()
    verdicts = [
        f"{each.period}, {each.subscription_id}: {each.sentence}"
        for period in imported["periods"]
        for each in list_settlement_verdicts(warehouse, period)
    ]
    if imported["wrong"]:
        more = imported["wrong"] - len(imported["named"])
        rest = f" And {more} more." if more else ""
        raise ConflictError(
            f"{imported['items']} line(s) are stored, and {imported['wrong']} left out: "
            f"{' '.join(imported['named'])}{rest} Correct the file and import it whole: the newest export counts."
        )
    return verdicts
