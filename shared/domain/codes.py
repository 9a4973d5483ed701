"""The forms of codes, each in one place: of dossiers, departments and procedures (domain §1)."""

# [0-9] because Python's \d takes the digits of any script
DOSSIER_CODE = r"^[A-Z][0-9]{2}(\.[0-9]{1,3})*-[0-9]{6}-[0-9]{4,}$"
DEPARTMENT_CODE = r"^[A-Z][0-9]{2}(\.[0-9]{1,3})*$"
PROCEDURE_CODE = r"^[0-9]\.[0-9]{6}$"


def exactly(pattern: str) -> str:
    """The pattern without Python's leniency: its `$` forgives a final line feed, and a code would have a twin."""
    return pattern.removesuffix("$") + r"(?!\n)$"
