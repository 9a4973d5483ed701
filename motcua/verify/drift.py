"""A sum of the read model that is not what it should be, as reporting tells it."""

from msgspec import Struct


class Drift(Struct):
    """A sum that is `off_by`; department and procedure None for the sum over all."""

    span: str
    department: str | None
    procedure: str | None
    channel: str
    measure: str
    definition: str | None
    off_by: int

    def __str__(self) -> str:
        whose = ", ".join(name for name in (self.department or "all departments", self.procedure, self.channel) if name)
        measure = self.measure if self.definition is None else f"{self.measure} by {self.definition}"
        return f"sum of {self.span}, {whose}, {measure}"
