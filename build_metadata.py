"""Tells the build backend that requirements.txt is the list of dependencies, so that it is in one place."""

from __future__ import annotations

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RequirementsHook(MetadataHookInterface):
    """Reads the dependencies from requirements.txt."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add the dependencies to the project's metadata."""
        lines = Path(self.root, "requirements.txt").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]
