"""`akubill warehouse …`: the warehouse's schema."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="The warehouse's schema.")


@app.command()
def create() -> None:
    """Make the database that the connection `warehouse` names, where the server has none of that name."""
    from include.orchestration import connections
    from include.warehouse.embedded import ensure_database

    url = connections.warehouse_owner().url
    ensure_database(url.set(database="postgres"), str(url.database))
    typer.echo(f"The database {url.database} is there.")


@app.command()
def migrate() -> None:
    """Bring the warehouse to the newest schema, as the user of the connection `warehouse_owner`, or else `warehouse`.

    The passwords of the connections `warehouse`, `warehouse_pages` and `warehouse_receiver` become those of
    billing_writer, billing_pages and marketplace_receiver, where they log in as these roles.
    """
    from include.orchestration import connections
    from include.warehouse.engine import PAGES, RECEIVER, WRITER
    from include.warehouse.migrate import migrate as bring
    from include.warehouse.migrate import set_password

    owner = connections.warehouse_owner()
    logins = {
        WRITER: connections.warehouse_url(),
        PAGES: connections.warehouse_pages_url(),
        RECEIVER: connections.warehouse_receiver_url(),
    }
    revision = bring(owner)
    for role, login in logins.items():
        if login.username == role and login.password:
            set_password(owner, role, str(login.password))
    typer.echo(f"The warehouse is at revision {revision}.")


@app.command()
def status() -> None:
    """Say which revision the warehouse is at; exit code 1 when it is not the newest."""
    from include.orchestration import connections
    from include.warehouse.migrate import current_revision, head_revision

    current, head = current_revision(connections.warehouse_owner()), head_revision()
    typer.echo(f"The warehouse is at revision {current or 'none'}, the newest is {head}.")
    if current != head:
        raise typer.Exit(1)
