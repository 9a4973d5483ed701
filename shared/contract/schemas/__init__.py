"""The published JSON Schemas: one golden file per version of an event, the status snapshot, the alert, the dead letter, the envelope."""

from shared.contract.schemas.compatibility import breaks
from shared.contract.schemas.generated import FOLDER, document_text, read_golden, schema_of, schemas

__all__ = ["FOLDER", "breaks", "document_text", "read_golden", "schema_of", "schemas"]
