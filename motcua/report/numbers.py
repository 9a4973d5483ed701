"""Numbers as Vietnamese readers expect them: 80.121 and 62,8 %."""

NOT_APPLICABLE = "–"


def count(number: int) -> str:
    """80121 as 80.121."""
    return f"{number:,}".replace(",", ".")


def percent(share: str | None) -> str:
    """A decimal string like 62.8 as 62,8 %; a share of nothing is not applicable, never 0 %."""
    return NOT_APPLICABLE if share is None else f"{share.replace('.', ',')} %"
