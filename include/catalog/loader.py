"""Reads product and price plan files; a mistake is named by file, field and rule."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from include.domain.errors import InvalidInputError
from include.domain.price_plans import PricePlan
from include.domain.products import Product

CATALOG = Path(__file__).parent
DEFAULT_PRODUCT = "automq-byoc-payg"
_Model = TypeVar("_Model", bound=BaseModel)


@cache
def load_product(name: str = DEFAULT_PRODUCT) -> Product:
    """The product of that name from the catalogue.

    Raises:
        InvalidInputError: when there is no such product, or its file is wrong.
    """
    return _load(Product, CATALOG / f"{name}.product.yaml")


def load_price_plan(path: Path) -> PricePlan:
    """The price plan in that file.

    Raises:
        InvalidInputError: with file, field and rule, when the file is missing or wrong.
    """
    return _load(PricePlan, path)


def catalog_price_plans() -> list[PricePlan]:
    """All price plans of the catalogue, by name."""
    return [load_price_plan(path) for path in sorted(CATALOG.glob("*.plan.yaml"))]


def _load(model: type[_Model], path: Path) -> _Model:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError("File", str(path), f"cannot be read ({error.strerror})", "Check the path.") from None
    except yaml.YAMLError as error:
        raise InvalidInputError("File", str(path), f"is not YAML ({_where(error)})", "Correct it there.") from None
    if not isinstance(content, dict):
        raise InvalidInputError("File", str(path), "does not hold a mapping", "Start it with `name:`.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise InvalidInputError(
            f"{path.name}, {field},", first.get("input"), f"breaks the rule: {first['msg']}", "Correct the file."
        ) from None


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else "unreadable"
