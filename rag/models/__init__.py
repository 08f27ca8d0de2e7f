"""Encoders behind one protocol; the default runs offline on weights that come inside a package."""

from rag.models.encoder import Encoder, TransformerEncoder, Vectors, native_bfloat16

__all__ = ["Encoder", "TransformerEncoder", "Vectors", "native_bfloat16"]
