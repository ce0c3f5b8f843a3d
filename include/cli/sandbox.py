"""`akubill sandbox`: the stand-in for the outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The sandbox: Marketplace, Compute Nest, ECS, BSS and AutoMQ consoles for demo and tests.")


@app.callback()
def sandbox() -> None:
    """The sandbox: Marketplace, Compute Nest, ECS, BSS and AutoMQ consoles for demo and tests."""


@app.command()
def serve(
    state: Annotated[Path, typer.Option(help="Folder that keeps the sandbox's state over a restart.")] = Path(
        ".local/sandbox"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 18080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve until Ctrl-C; the first line says where."""
    from include.sandbox.server import CannotServeError
    from include.sandbox.server import serve as serve_sandbox

    try:
        serve_sandbox(port, state, host)
    except CannotServeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
