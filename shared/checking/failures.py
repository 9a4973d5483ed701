"""What keeps a file from being checked at all."""


class UnreadableTable(Exception):
    """The file holds no table that can be read; `code` says why (worded in `say`), `detail` what its reader met."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
