"""The error tree. Every message is one line: what is wrong, the value, and the next step.

MianjingError
|-- UserInputError          the caller can mend it: a path, a setting, a row, an argument
|   |-- ConfigError         settings that do not load (all faults at once)
|   |-- CorpusError         a document or folder that cannot be read
|   |   `-- Refused         one file that is not taken in; `why` names the reason for a program
|   `-- BankError           a question bank that does not validate
|-- IndexError_             the index cannot be used as it is; `mianjing index` mends it
|   |-- IndexMissing        there is none
|   |-- IndexStale          the corpus changed since it was built
|   |-- IndexForeign        built by another encoder, tokenizer or format
|   `-- IndexDamaged        a file is missing or its checksum differs
|-- ModelError              an encoder or a judge cannot be loaded
|   `-- MissingPackage      an optional package is not installed
`-- EndpointError           the optional language model failed; the evidence answer stands
    |-- EndpointRefused     it will fail again as it is: key, address, model name
    `-- EndpointUnavailable it may work later: timeout, overload, a cut stream
"""

from __future__ import annotations

from collections.abc import Mapping


class MianjingError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is one line fit for a user."""


class UserInputError(MianjingError):
    """What was given cannot be used; the message names the value and what is accepted.

    ``why`` names the reason for a program that says it in other words (empty: none does), ``values`` what those words name.
    """

    def __init__(self, message: str, why: str = "", values: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.why = why
        self.values = dict(values or {})

    def __reduce__(self) -> tuple[type[UserInputError], tuple[str, str, dict[str, str]]]:
        return type(self), (str(self), self.why, self.values)


class ConfigError(UserInputError):
    """Settings do not load; the message lists every fault."""


class CorpusError(UserInputError):
    """A document or a corpus folder cannot be read."""


class Refused(CorpusError):
    """A file is not taken in. ``why`` is a key of ``rag.corpus.refusals.REASONS``, ``values`` what its sentence names."""


class BankError(UserInputError):
    """A question bank does not validate."""


class IndexError_(MianjingError):
    """The index cannot be used as it is."""


class IndexMissing(IndexError_):
    """No index has been built where one was looked for."""


class IndexStale(IndexError_):
    """The corpus changed since the index was built."""


class IndexForeign(IndexError_):
    """The index was built with another encoder, tokenizer or format version."""


class IndexDamaged(IndexError_):
    """A file of the index is missing, cut or altered."""


class ModelError(MianjingError):
    """A model cannot be loaded."""


class MissingPackage(ModelError):
    """An optional package is absent; the message names the command that installs it."""


class EndpointError(MianjingError):
    """The optional OpenAI-compatible endpoint did not give a usable reply."""


class EndpointRefused(EndpointError):
    """The endpoint will refuse again unless a setting changes (key, address, model)."""


class EndpointUnavailable(EndpointError):
    """The endpoint may work later (timeout, overload, cut stream)."""
