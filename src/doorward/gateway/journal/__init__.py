"""The audit log of one process (docs/guarantees.md, G1 to G5)."""

from doorward.gateway.journal.file_journal import FileJournal
from doorward.gateway.journal.files import Files
from doorward.gateway.journal.null_journal import NullJournal
from doorward.gateway.journal.settings import Settings, Signer

__all__ = ["FileJournal", "Files", "NullJournal", "Settings", "Signer"]
