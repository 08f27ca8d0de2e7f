"""The only place that composes search, answer, grade, interview and history."""

from __future__ import annotations

from collections.abc import Callable

from rag.config import Settings
from rag.errors import IndexDamaged, IndexForeign, IndexMissing
from rag.judge import BundledJudge, open_judge
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.store import Progress, build_index, is_stale, load_index
from rag.tutor.interviewing import Interviewing


class Tutor(Interviewing):
    """Search, answers, grades and interviews over one corpus. Reads are safe from several threads.

    Build one with :meth:`open`; it holds the encoder and the index for as long as it lives.
    """

    @classmethod
    def open(
        cls, settings: Settings | None = None, *, report: Callable[[str], None] | None = None, progress: Progress | None = None, mend: bool = False
    ) -> Tutor:
        """Load the index, building it first where there is none and bringing it up to date where the corpus changed.

        With ``mend`` an index of another version or encoder, or a damaged one, is built anew too, as ``mianjing index`` would.

        Raises:
            IndexForeign, IndexDamaged: the index needs a rebuild and ``mend`` is not given; the message says how.
            CorpusError, ModelError: as their names say.
        """
        settings = settings or Settings.load()
        encoder = TransformerEncoder(settings.encoder, settings.cache_dir, report)
        try:
            index = load_index(settings.index, encoder)
            if settings.corpus.is_dir() and is_stale(index.manifest, settings.corpus):
                build_index(settings.corpus, settings.index, encoder, progress=progress)
                index = load_index(settings.index, encoder)
        except (IndexMissing, IndexForeign, IndexDamaged) as error:
            if not (isinstance(error, IndexMissing) or (mend and settings.corpus.is_dir())):
                raise
            build_index(settings.corpus, settings.index, encoder, progress=progress)
            index = load_index(settings.index, encoder)
        return cls(settings, encoder, index, open_judge(settings.search.judge, lambda: ensure_unpacked(settings.cache_dir, report), settings.encoder.device))

    def warm(self) -> None:
        """Load what the first question would wait for."""
        self._searcher.search("warm up", 1)
        if isinstance(self.judge, BundledJudge):
            self.judge.warm()
        self._links()
