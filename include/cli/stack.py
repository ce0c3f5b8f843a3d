"""`akubill stack …`: the local stack."""

from __future__ import annotations

import typer

from include.cli.output import say

app = typer.Typer(no_args_is_help=True, help="The local stack: PostgreSQL, sandbox and Airflow on this machine.")


@app.command()
def up() -> None:
    """Start what does not run, wait until it is healthy, and say where the UI is and how to log in."""
    from include.local.stack import up as start
    from include.local.state import State
    from include.local.words import describe_access

    running = start(State.here(), say)
    say(describe_access(running))


@app.command()
def down() -> None:
    """Stop everything that was started; what is stored stays."""
    from include.local.stack import down as stop
    from include.local.state import State

    stop(State.here(), say)


@app.command()
def clean() -> None:
    """Stop everything and delete the stack's state."""
    from include.local.stack import clean as remove
    from include.local.state import State

    remove(State.here(), say)


@app.command()
def status() -> None:
    """Say what runs; exit code 1 when something does not."""
    from include.local.stack import statuses
    from include.local.state import State, load_settings

    place = State.here()
    runs = statuses(place)
    for name, is_running in runs.items():
        say(f"{name:14} {'runs' if is_running else 'does not run'}")
    settings = load_settings(place)
    if settings and all(runs.values()):
        say(f"UI: {settings.ui_url}  sandbox: {settings.sandbox_url}")
    if not all(runs.values()):
        raise typer.Exit(1)


@app.command()
def psql(*, owner: bool = typer.Option(False, help="As the server's superuser, who may do anything.")) -> None:
    """Open psql on the warehouse of the local stack, as billing_analyst: it reads everything and writes nothing."""
    import os

    from include.domain.errors import ConfigurationError
    from include.local.state import State
    from include.warehouse import server

    place = State.here().postgres.resolve()
    if server.postmaster(place) is None:
        raise ConfigurationError("The stack's PostgreSQL does not run. Start it with `make up`.")
    program, user = str(server.program("psql")), "postgres" if owner else "billing_analyst"
    os.execv(program, [program, "-h", str(server.socket_folder(place)), "-U", user, "warehouse"])  # noqa: S606


@app.command()
def compose_env() -> None:
    """Write .env with fresh secrets for docker-compose.yaml; one that is there gets what it lacks."""
    from include.local.compose import write_compose_environment

    say(write_compose_environment())


@app.command(name="scan-secrets")
def scan_secrets() -> None:
    """Look for every secret of the running stack in logs, databases and pages; exit code 1 if one is there."""
    from include.domain.errors import ConfigurationError
    from include.local.secret_scan import scan_secrets as scan
    from include.local.stack import Running, statuses
    from include.local.state import State, load_settings

    place = State.here()
    settings = load_settings(place)
    if settings is None or not all(statuses(place).values()):
        raise ConfigurationError(f"The stack in {place.folder} does not run. Start it: `make up`.")
    done = scan(Running(place, settings, passwords_are_new=False))
    searched = ", ".join(f"{kind} {size:,} bytes" for kind, size in done.places.items())
    say(f"Looked for {done.secret_count} secrets in {searched}.")
    for leak in done.leaks:
        say(f"FOUND {leak.secret} in {leak.place}", "red")
    say(f"{len(done.leaks)} found.")
    if done.leaks:
        raise typer.Exit(1)
