"""`akubill warehouse …`: the warehouse's schema."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="The warehouse's schema.")


@app.command()
def create() -> None:
    """Make the database that the connection `warehouse` names, where the server has none of that name."""
    from include.orchestration import connections
    from include.warehouse.embedded import ensure_database

    url = connections.warehouse(as_owner=True).url
    ensure_database(url.set(database="postgres"), str(url.database))
    typer.echo(f"The database {url.database} is there.")


@app.command()
def migrate() -> None:
    """Bring the warehouse to the newest schema; the connection's user must own it."""
    from include.orchestration import connections
    from include.warehouse.migrate import migrate as bring

    typer.echo(f"The warehouse is at revision {bring(connections.warehouse(as_owner=True))}.")


@app.command()
def status() -> None:
    """Say which revision the warehouse is at; exit code 1 when it is not the newest."""
    from include.orchestration import connections
    from include.warehouse.migrate import current_revision, head_revision

    current, head = current_revision(connections.warehouse(as_owner=True)), head_revision()
    typer.echo(f"The warehouse is at revision {current or 'none'}, the newest is {head}.")
    if current != head:
        raise typer.Exit(1)
