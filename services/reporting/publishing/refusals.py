"""Why something is not published: each reason with a code that stays, and a sentence on what to do."""


class NotPublished(Exception):
    """Nothing was published; `code` is for machines, the message for people."""

    code = "not_published"


class PeriodNotEnded(NotPublished):
    """The period, or the day that it is judged at, does not lie behind."""

    code = "period_not_ended"


class PipelineBehind(NotPublished):
    """Not everything that intake has recorded is counted."""

    code = "behind"


class CompletenessUnknown(NotPublished):
    """Nobody can say whether everything is counted."""

    code = "completeness_unknown"


class IdentityBroken(NotPublished):
    """The figures do not add up."""

    code = "identity_broken"


class FiguresDisagree(NotPublished):
    """The read model does not agree with itself, or with the ledger."""

    code = "figures_disagree"


class NothingChanged(NotPublished):
    """A revision would say what was published already."""

    code = "nothing_changed"


class RevisedMeanwhile(NotPublished):
    """Another revision was published while this one was made."""

    code = "revised_meanwhile"


class TooManyMoved(NotPublished):
    """More dossiers moved than one document lists."""

    code = "too_many_moved"


class ChainDiffers(NotPublished):
    """Documents do not continue the chain that is here, or do not hold."""

    code = "chain_differs"


class UnknownDocument(NotPublished):
    """There is no such publication, revision or number in it."""

    code = "not_found"
