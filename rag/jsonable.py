"""Records to plain JSON values and back, exactly, guided by the type hints of the dataclass."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from rag.errors import UserInputError

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """The text as any file or database takes it: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def to_json(value: Any) -> Any:
    """The value as dicts, lists, strings, numbers, booleans and None.

    Raises:
        ValueError: a number that is not finite, or a type that has no JSON form.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no JSON form")
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no JSON form")


def from_json(cls: type[T], value: Any) -> T:
    """The record that :func:`to_json` took apart: ``from_json(type(x), to_json(x)) == x``.

    Fields with a default may be absent, unknown ones are refused.

    Raises:
        UserInputError: the value does not fit the record; the message names the place.
    """
    return cast(T, _read(cls, value, cls.__name__))


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(f"the mapping key {key!r} is not text")  # noqa: TRY004 - one kind of error for all that has no JSON form
    return key


@lru_cache(maxsize=256)
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


@lru_cache(maxsize=256)
def _fields(cls: type) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a record's fields, and of those without a default."""
    every = fields(cls)
    return tuple(f.name for f in every), tuple(f.name for f in every if f.default is MISSING and f.default_factory is MISSING)


@lru_cache(maxsize=1024)
def _shape(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return get_origin(hint), get_args(hint)


def _read(hint: Any, value: Any, where: str) -> Any:
    if hint is str and type(value) is str:
        return value
    if hint is Any:
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return _read_record(hint, value, where)
    origin, inner = _shape(hint)
    if origin in {Union, types.UnionType}:
        return _read_union(inner, value, where)
    if origin is Literal:
        if value in inner:
            return value
        raise _misfit(where, " or ".join(map(repr, inner)), value)
    if origin is tuple:
        return _read_tuple(inner, value, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise _misfit(where, "an object", value)
        return {key: _read(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    return _read_scalar(hint, value, where)


def _read_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint in {None, types.NoneType}:
        fits = value is None
    elif hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    elif hint is int:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif hint in {str, bool}:
        fits = isinstance(value, hint)
    else:
        raise TypeError(f"{where}: no JSON reading of {hint!r}")
    if not fits:
        raise _misfit(where, getattr(hint, "__name__", "null"), value)
    return value


def _read_record(cls: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _misfit(where, "an object", value)
    known, needed = _fields(cls)
    if unknown := sorted(value.keys() - set(known)):
        raise UserInputError(f"{where}: unknown field {', '.join(unknown)}; known are {', '.join(known)}")
    if missing := [name for name in needed if name not in value]:
        raise UserInputError(f"{where}: field {', '.join(missing)} is missing")
    hints = _hints(cls)
    return cls(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _read_union(hints: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and types.NoneType in hints:
        return None
    rest = [hint for hint in hints if hint is not types.NoneType]
    if len(rest) != 1:
        raise TypeError(f"{where}: only 'X | None' can be read from JSON, not {hints!r}")
    return _read(rest[0], value, where)


def _read_tuple(hints: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _misfit(where, "a list", value)
    if len(hints) == 2 and hints[1] is Ellipsis:
        return tuple(_read(hints[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if len(value) != len(hints):
        raise _misfit(where, f"a list of {len(hints)}", value)
    return tuple(_read(hint, item, f"{where}[{n}]") for n, (hint, item) in enumerate(zip(hints, value, strict=True)))


def _misfit(where: str, wanted: str, value: Any) -> UserInputError:
    shown = repr(value)
    return UserInputError(f"{where}: expected {wanted}, got {shown if len(shown) <= 60 else shown[:57] + '...'}")
