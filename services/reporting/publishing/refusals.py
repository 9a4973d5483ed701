"""Why something is not published: each reason with a code that stays, and a sentence on what to do."""


class NotPublished(Exception):
    """Nothing was published; `code` is for machines, the message for people;
    `in_vietnamese` says the same without the particulars."""

    code = "not_published"
    in_vietnamese = "Chưa công bố."


class PeriodNotEnded(NotPublished):
    """The period, or the day that it is judged at, does not lie behind."""

    code = "period_not_ended"
    in_vietnamese = "Kỳ báo cáo chưa kết thúc: hãy công bố sau ngày cuối kỳ, hoặc công bố tạm thời bằng `provisional`."


class PipelineBehind(NotPublished):
    """Not everything that intake has recorded is counted."""

    code = "behind"
    in_vietnamese = "Hệ thống chưa đếm hết các hồ sơ đã ghi nhận: hãy thử lại sau ít phút."


class CompletenessUnknown(NotPublished):
    """Nobody can say whether everything is counted."""

    code = "completeness_unknown"
    in_vietnamese = (
        "Chưa biết mọi hồ sơ đã ghi nhận có được đếm đủ hay không: hãy thử lại khi phân hệ tiếp nhận hoạt động."
    )


class IdentityBroken(NotPublished):
    """The figures do not add up."""

    code = "identity_broken"
    in_vietnamese = "Số liệu không cộng khớp nên không công bố: hãy báo người vận hành chạy `motcua verify`."


class FiguresDisagree(NotPublished):
    """The read model does not agree with itself, or with the ledger."""

    code = "figures_disagree"
    in_vietnamese = (
        "Số liệu không khớp với hồ sơ đã lưu nên không công bố: hãy báo người vận hành chạy `motcua verify`."
    )


class NothingChanged(NotPublished):
    """A revision would say what was published already."""

    code = "nothing_changed"
    in_vietnamese = "Số liệu đã công bố vẫn đúng với hiện tại: không cần bản điều chỉnh."


class RevisedMeanwhile(NotPublished):
    """Another revision was published while this one was made."""

    code = "revised_meanwhile"
    in_vietnamese = "Vừa có bản điều chỉnh khác được công bố: hãy xem còn cần điều chỉnh nữa không."


class TooManyMoved(NotPublished):
    """More dossiers moved than one document lists."""

    code = "too_many_moved"
    in_vietnamese = "Quá nhiều hồ sơ thay đổi để lập bản điều chỉnh: hãy công bố lại cả kỳ."


class ChainDiffers(NotPublished):
    """Documents do not continue the chain that is here, or do not hold."""

    code = "chain_differs"
    in_vietnamese = "Các văn bản không nối tiếp chuỗi đã công bố ở đây, hoặc không còn nguyên vẹn."


class UnknownDocument(NotPublished):
    """There is no such publication, revision or number in it."""

    code = "not_found"
    in_vietnamese = "Không có bản công bố, bản điều chỉnh hay bảng này."
