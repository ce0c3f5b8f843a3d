"""Reads product, price plan and channel files. A mistake is named by file, field, value and rule, with what to do."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from include.catalog.text_files import LONGEST_SHORT, read_text
from include.domain.channels import Channel
from include.domain.errors import InvalidInputError
from include.domain.price_fields import Unquoted
from include.domain.price_plans import PricePlan
from include.domain.products import Product
from include.domain.text import check_text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

CATALOG = Path(__file__).parent
DEFAULT_PRODUCT = "automq-byoc-payg"
_Model = TypeVar("_Model", bound=BaseModel)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_LONGEST_TEXT = 500
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,39})")


@cache
def load_product(name: str = DEFAULT_PRODUCT) -> Product:
    """The product of that name from the catalogue.

    Raises:
        InvalidInputError: when there is no such product, or its file is wrong.
    """
    return _load(Product, CATALOG / f"{name}.product.yaml")


@cache
def catalog_products() -> list[Product]:
    """All products of the catalogue, by name.

    Raises:
        InvalidInputError: when a file is wrong.
    """
    names = sorted(path.name.removesuffix(".product.yaml") for path in CATALOG.glob("*.product.yaml"))
    return [load_product(name) for name in names]


@cache
def load_channel(name: str) -> Channel:
    """The channel of that name from the catalogue.

    Raises:
        InvalidInputError: when there is no such channel, or its file is wrong.
    """
    known = sorted(path.stem for path in (CATALOG / "channels").glob("*.yaml"))
    if name not in known:
        raise InvalidInputError("Channel", name[:60], f"must be one of {', '.join(known)}", "Correct the name.")
    return _load(Channel, CATALOG / "channels" / f"{name}.yaml")


def load_price_plan(path: Path) -> PricePlan:
    """The price plan in that file.

    Raises:
        InvalidInputError: with file, field and rule, when the file is missing or wrong.
    """
    return _load(PricePlan, path)


def parse_price_plan(text: str, source: str) -> PricePlan:
    """The price plan that the text of a file says; `source` is what mistakes call it.

    Raises:
        InvalidInputError: with source, field and rule, when the text is wrong.
    """
    return _validate(PricePlan, source, _parse(text, source))


def catalog_price_plans() -> list[PricePlan]:
    """All price plans of the catalogue, by name."""
    return [load_price_plan(path) for path in sorted(CATALOG.glob("*.plan.yaml"))]


class _TextLoader(yaml.BaseLoader):
    """YAML read as text, so that no rule of YAML decides what a number is.

    Without quotes, `null`, `true`, `false` and whole numbers in plain digits are what they say; any other text is
    `Unquoted`. A key that is not text, or is there twice, and tags and aliases, by which a file says other than it
    shows, are mistakes.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 (PyYAML's signature)
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _yaml_error(f"*{event.anchor} is an alias; write out what it refers to", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _yaml_error(f"{event.tag} is a tag, which plans do not have", event.start_mark)
        return super().compose_node(parent, index)

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 (any value)
        try:
            written = check_text(node.value, "Text", _LONGEST_TEXT)
        except InvalidInputError as error:
            raise _yaml_error(f"a text {error.rule}", node.start_mark) from None
        if node.style is not None:
            return written
        if written in _WORDS:
            return _WORDS[written]
        return int(written) if _WHOLE_NUMBER.fullmatch(written) else Unquoted(written)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 (PyYAML's signature)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                what = "a mapping or a list is used as a name; is this a template that was not filled in?"
                raise _yaml_error(what, key.start_mark)
            if key.value in seen:
                raise _yaml_error(f"{key.value} is there more than once", key.start_mark)
            if key.value == "<<":
                raise _yaml_error("<< merges mappings; write out what it refers to", key.start_mark)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _yaml_error(problem: str, mark: Any) -> yaml.constructor.ConstructorError:  # noqa: ANN401 (two kinds of mark)
    return yaml.constructor.ConstructorError(None, None, problem, mark)


def _load(model: type[_Model], path: Path) -> _Model:
    return _validate(model, path.name, _parse(read_text(path), path.name))


def _validate(model: type[_Model], source: str, content: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _sentence(source, error) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    if len(text) > LONGEST_SHORT:
        rule = f"has more than {LONGEST_SHORT:,} characters"
        raise InvalidInputError("File", source, rule, "Check that it is the right one.")
    try:
        content = yaml.load(text, _TextLoader)  # noqa: S506 (all text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInputError("File", source, f"is not YAML ({_where(error)})", "Correct it there.") from None
    if content is None:
        raise InvalidInputError("File", source, "is empty", "Start it with `name:`.")
    if not isinstance(content, dict):
        raise InvalidInputError("File", source, "does not hold a mapping", "Start it with `name:`.")
    return content


def _sentence(source: str, error: ValidationError) -> InvalidInputError:
    """The first mistake in words, and how many there are besides."""
    details = error.errors(include_url=False)
    first = details[0]
    cause = first.get("ctx", {}).get("error")
    field, value = _field(first["loc"]), first["input"]
    if isinstance(cause, InvalidInputError):
        # Rules over several fields name the field themselves, relative to where they stand.
        inner = cause.what if cause.what[:1].islower() else ""
        field, value, rule, remedy = ".".join(filter(None, (field, inner))), cause.value, cause.rule, cause.remedy
    elif first["type"] == "missing":
        value, rule, remedy = None, "is missing", "Add it to the file."
    elif first["type"] == "extra_forbidden":
        rule, remedy = "is not a known field", "Remove it, or correct its name."
    else:
        rule, remedy = _rule(first), "Correct the file."
    if len(details) > 1:
        remedy += f" The file has {len(details) - 1} more such mistake(s)."
    return InvalidInputError(f"{source}, {field}", value, rule, remedy)


def _field(location: tuple[int | str, ...]) -> str:
    """`versions[0].tiers[0].unit_price`, as one would write it."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _rule(detail: ErrorDetails) -> str:
    message = detail["msg"].replace("should", "must", 1)
    for subject in ("Input ", "String ", "List ", "Value error, "):
        message = message.removeprefix(subject)
    return message


def _where(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if isinstance(error, yaml.reader.ReaderError):
        problem = f"character U+{int(error.character):04X} at place {error.position + 1}"
    at = f"line {mark.line + 1}" if mark else "unreadable"
    return f"{at}: {problem}" if problem else at
