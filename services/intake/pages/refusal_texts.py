"""What the counter's pages say to each refusal in Vietnamese; in English the refusal's own words are shown."""

from shared.language.words import Words

REFUSALS: Words = {
    "refused": ("Không được nhận:", "Refused:"),
    "refused.form": (
        "Phiếu này đã được dùng rồi; hãy mở lại trang và nhập lần nữa.",
        "This form was used before; open the page again and fill it in anew.",
    ),
    "refused.malformed": ("Giá trị chưa đúng. {fix}", "The value is not right. {fix}"),
    "refused.personal_data": (
        "Đoạn này có số điện thoại, số định danh hoặc địa chỉ thư của một người; hãy bỏ đi, chỉ ghi sự việc.",
        "This tells who a person is; leave that out.",
    ),
    "refused.no_pause": (
        "Hồ sơ không ở trạng thái tạm dừng nên hạn trả không đổi; hãy để trống ô thời hạn.",
        "The dossier is not paused; leave the deadline out.",
    ),
    "refused.unknown_department": (
        "Cơ quan này không có trong danh mục; hãy chọn trong danh sách.",
        "This department is not in the catalogue; choose one of the list.",
    ),
    "refused.wrong_department": (
        "Cơ quan này không giải quyết thủ tục đã chọn; hãy chọn lại cơ quan hoặc thủ tục.",
        "This department does not handle the procedure; choose another one.",
    ),
    "refused.unit_ended": (
        "Đơn vị này đã được sắp xếp lại, không nhận hồ sơ mới; hãy chọn đơn vị tiếp nhận nhiệm vụ.",
        "This unit has ended; choose the one that took over.",
    ),
    "refused.channel_not_offered": (
        "Thủ tục này không tiếp nhận qua kênh hoặc mức độ đã chọn; hãy chọn lại.",
        "The procedure is not offered so; choose another channel or level.",
    ),
    "refused.unknown_channel": (
        "Kênh này không có trong danh mục; hãy chọn trong danh sách.",
        "This channel is not in the catalogue; choose one of the list.",
    ),
    "refused.no_deadline": (
        "Hồ sơ không có hạn trả để gia hạn; hãy dùng “Ấn định thời hạn”.",
        "There is no deadline to extend; set one.",
    ),
    "refused.online_level_not_online": (
        "Mức độ trực tuyến chỉ ghi cho hồ sơ nộp trực tuyến; hãy để “không ghi”.",
        "Only an online dossier has an online level; leave it out.",
    ),
    "refused.unknown_procedure": (
        "Thủ tục không có trong danh mục hoặc không có hiệu lực vào ngày tiếp nhận; hãy chọn lại.",
        "The procedure is not in force on that day; choose another one.",
    ),
    "refused.in_future": (
        "Thời điểm này ở tương lai; hãy sửa lại, hoặc xem đồng hồ của máy.",
        "This time lies in the future; correct it, or the computer's clock.",
    ),
    "refused.id_reused": (
        "Phiếu này đã được ghi với nội dung khác; hãy mở lại trang và nhập lần nữa.",
        "This form was noted with other content; open the page again.",
    ),
    "refused.idempotency_key_reused": (
        "Phiếu này đã lưu rồi với nội dung khác. Hãy xem hồ sơ vừa tiếp nhận; nhập hồ sơ mới thì mở lại trang.",
        "This form was saved before with other content. Look at the dossier; open the page again for a new one.",
    ),
    "refused.too_large": ("Nội dung quá dài; hãy viết ngắn lại.", "This is too long; make it shorter."),
    "refused.dossier_changed": (
        "Hồ sơ vừa có thay đổi khác; hãy mở lại trang rồi làm tiếp.",
        "The dossier has changed; open the page again.",
    ),
    "refused.transition_not_allowed": (
        "Trạng thái hiện nay của hồ sơ không cho phép việc này, có thể người khác vừa xử lý. Làm được: {allowed}.",
        "The dossier's state does not allow this. Allowed: {allowed}.",
    ),
    "refused.time_goes_back": (
        "Thời điểm này trước sự việc gần nhất của hồ sơ; hãy ghi thời điểm sau đó, hoặc để trống.",
        "This time lies before the dossier's latest event; write a later one, or none.",
    ),
    "refused.unknown_dossier": ("Không có hồ sơ mang mã này; hãy xem lại mã.", "There is no such dossier."),
    "refused.correction_does_not_match": (
        "Giá trị sửa không được nhận: hồ sơ đã có giá trị khác, hoặc giá trị mới không hợp lệ.",
        "The correction does not fit what the dossier says, or the new value is not possible.",
    ),
    "refused.deadline_before_receipt": (
        "Hạn trả nằm trước lúc tiếp nhận; hãy ghi thời điểm sau đó.",
        "The deadline lies before the receipt; write a later one.",
    ),
    "refused.deadline_there": (
        "Hồ sơ đã có hạn trả; hãy dùng “Gia hạn” hoặc “Đính chính”.",
        "There is a deadline already; extend or correct it.",
    ),
    "refused.names_itself": ("Hồ sơ không thể trùng với chính nó.", "A dossier can't be a second entry of itself."),
    "refused.instant_out_of_range": (
        "Năm này ngoài phạm vi; hãy xem lại ngày đã nhập.",
        "The year is out of range; check the day.",
    ),
    "refused.calendar_not_known": (
        "Chưa có lịch nghỉ của năm này nên chưa tính được hạn trả; hãy báo người quản trị.",
        "The days off of that year are not known yet; tell whoever runs the system.",
    ),
    "refused.invalid_term": ("Thời hạn chưa đúng; hãy xem số và đơn vị.", "The term is not right."),
    "refused.too_long_a_history": (
        "Hồ sơ đã có quá nhiều lần thay đổi loại này; hãy kết thúc hồ sơ này.",
        "The dossier has too many changes of this kind; close it.",
    ),
    "hint.department": ("Hãy chọn cơ quan.", "Choose the department."),
    "hint.procedure": ("Hãy chọn thủ tục trong danh sách.", "Choose the procedure of the list."),
    "hint.channel": ("Hãy chọn trong danh sách.", "Choose one of the list."),
    "hint.online_level": ("Hãy chọn trong danh sách.", "Choose one of the list."),
    "hint.received_by": ("Hãy chọn trong danh sách.", "Choose one of the list."),
    "hint.received_at": ("Hãy viết như 30/11/2026 08:31.", "Write it as 30/11/2026 08:31."),
    "hint.name": ("Hãy viết tên, không quá 200 chữ.", "Write the name, 200 letters at most."),
    "hint.id_number": ("Hãy viết số, không quá 32 chữ số.", "Write the number, 32 digits at most."),
    "hint.phone": ("Hãy viết số điện thoại.", "Write the phone number."),
    "hint.email": ("Hãy viết địa chỉ thư, như ten@example.vn.", "Write the address, such as ten@example.vn."),
    "hint.address": ("Hãy viết địa chỉ, không quá 500 chữ.", "Write the address, 500 letters at most."),
    "hint.reason": ("Hãy ghi lý do.", "Say why."),
    "hint.ground": ("Hãy ghi lý do, căn cứ.", "Say why."),
    "hint.legal_ground": (
        "Hãy ghi căn cứ, ví dụ: khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP.",
        "Cite the law that allows it.",
    ),
    "hint.missing": ("Hãy ghi giấy tờ, nội dung cần bổ sung.", "Say what is missing."),
    "hint.due_at": ("Hãy ghi thời hạn, như 30/11/2026 17:00.", "Write a time, such as 30/11/2026 17:00."),
    "hint.promised_at": ("Hãy ghi thời điểm, như 30/11/2026 17:00.", "Write a time, such as 30/11/2026 17:00."),
    "hint.by": ("Ghi một trong hai: số ngày gia hạn, hoặc hạn mới.", "Give one of the two: a term or a new deadline."),
    "hint.term": ("Hãy ghi số nguyên và đơn vị.", "Write a whole number and its unit."),
    "hint.amount_vnd": ("Hãy ghi số tiền, như 50000.", "Write an amount, such as 50000."),
    "hint.officer": (
        "Hãy ghi cán bộ hoặc đơn vị; cán bộ ghi bằng bí danh, như o-17.",
        "Name the officer (by a pseudonym such as o-17) or the unit.",
    ),
    "hint.agency": ("Hãy ghi tên cơ quan.", "Name the agency."),
    "hint.duplicate_of": ("Hãy viết mã hồ sơ, như H59.15-261130-0001.", "Write a code, such as H59.15-261130-0001."),
    "hint.new_value": ("Hãy xem lại giá trị mới.", "Check the new value."),
    "hint.field": ("Hãy chọn trong danh sách.", "Choose one of the list."),
    "hint.recompute": (
        "Chỉ tính lại hạn khi sửa thủ tục, cơ quan, kênh hoặc thời điểm tiếp nhận.",
        "Only a corrected procedure, department, channel or time of receipt computes the deadline anew.",
    ),
    "hint.occurred_at": ("Hãy viết như 30/11/2026 08:31.", "Write it as 30/11/2026 08:31."),
}
