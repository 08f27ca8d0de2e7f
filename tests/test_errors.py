"""The tree drawn in the docstring of errors.py is the tree of its classes."""

from __future__ import annotations

import inspect
import re

from rag import errors


def drawn() -> dict[str, str | None]:
    """Name to parent, from the indentation of the drawing."""
    out: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^((?:[|` ]   )*[|`]-- )(\w+)|^()(MianjingError)$", line)
        if not match:
            continue
        depth, name = len(match.group(1) or ""), match.group(2) or match.group(4)
        while above and above[-1][0] >= depth:
            above.pop()
        out[name] = above[-1][1] if above else None
        above.append((depth, name))
    return out


def test_the_drawing_is_the_tree() -> None:
    classes = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.MianjingError)}
    found = {name: None if kind is errors.MianjingError else kind.__bases__[0].__name__ for name, kind in classes.items()}
    assert drawn() == found


def test_every_class_says_what_it_means() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        assert kind.__doc__, name
