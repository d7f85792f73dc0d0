"""ASC MHL v2.0: the chain of custody that lies beside the files."""

from app.integrity.mhl.comparison import (
    Comparison,
    Difference,
    FoundFile,
    Rename,
    compare,
    next_records,
)
from app.integrity.mhl.generation import write_generation
from app.integrity.mhl.history import Generation, History
from app.integrity.mhl.ignore import DEFAULT_IGNORE, IgnoreList, ignore_pattern_for
from app.integrity.mhl.reading import read_chain, read_manifest, scan_manifest
from app.integrity.mhl.timeline import KnownFile
from app.integrity.mhl.values import (
    Action,
    Author,
    ChainEntry,
    Creator,
    FileRecord,
    Folder,
    FolderRecord,
    HashRecord,
    Header,
    Manifest,
    Process,
    Reference,
)
from app.integrity.mhl.wording import file_moment, holdable

__all__ = [
    "DEFAULT_IGNORE",
    "Action",
    "Author",
    "ChainEntry",
    "Comparison",
    "Creator",
    "Difference",
    "FileRecord",
    "Folder",
    "FolderRecord",
    "FoundFile",
    "Generation",
    "HashRecord",
    "Header",
    "History",
    "IgnoreList",
    "KnownFile",
    "Manifest",
    "Process",
    "Reference",
    "Rename",
    "compare",
    "file_moment",
    "holdable",
    "ignore_pattern_for",
    "next_records",
    "read_chain",
    "read_manifest",
    "scan_manifest",
    "write_generation",
]
