"""How a file that was made of a publication says which one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Published:
    """What every file of a publication carries, so that it can be traced: which publication, and by which bytes."""

    number: int
    sha256: str
    published_at: datetime
