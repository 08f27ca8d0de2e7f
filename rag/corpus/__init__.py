"""Files to Documents: one parser a format, registered by suffix."""

from rag.corpus.loader import Skipped, document_from_text, load_corpus, load_document, supported_suffixes
from rag.corpus.sections import sections_of

__all__ = ["Skipped", "document_from_text", "load_corpus", "load_document", "sections_of", "supported_suffixes"]
