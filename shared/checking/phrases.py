"""The sentences in which findings are told, Vietnamese first; what stands in braces is filled in by `say`."""

Phrases = dict[str, tuple[str, str]]

FINDINGS: Phrases = {
    "identity": (
        "{lead}không thỏa {rule}: {name} ghi {stated}, nhưng {sum} = {expected}, {more} {difference}.",
        "{lead}{rule} does not hold: {name} is {stated}, but {sum} = {expected}: {difference} {more}.",
    ),
    "sum_of_rows": (
        "{lead}{name} ghi {stated}, nhưng {times} dòng cộng lại là {expected}, {more} {difference}.",
        "{lead}{name} is {stated}, but its {times} rows add up to {expected}: {difference} {more}.",
    ),
    "counted_twice": (
        "{lead}{name} ghi {stated}, nhưng {times} dòng cộng lại là {expected}: một dòng tổng bị cộng thêm một lần.",
        "{lead}{name} is {stated}, but its {times} rows add up to {expected}: a total was added in with its own rows.",
    ),
    "stated_sum": (
        "{lead}ghi {stated}, nhưng {sum} = {expected}, {more} {difference}.",
        "{lead}{stated} is stated, but {sum} = {expected}: {difference} {more}.",
    ),
    "parts_exceed_total": (
        "{lead}không thỏa {rule}: {name} ghi {stated}, mà riêng {of} đã là {expected}.",
        "{lead}{rule} can't hold: {name} is {stated}, but {of} alone is {expected}.",
    ),
    "limit": (
        "{lead}{name} ghi {stated}, mà riêng {of} đã là {expected}.",
        "{lead}{name} is {stated}, but {of} alone is {expected}.",
    ),
    "share": (
        "{lead}{name} ghi {stated}, nhưng {part} trên {whole} là {expected}. {bases}",
        "{lead}{name} is {stated}, but {part} of {whole} is {expected}. {bases}",
    ),
    "share_cut_off": (
        "{lead}{name} ghi {stated}, nhưng {part} trên {whole} làm tròn là {expected}: số lẻ đã bị cắt bỏ.",
        "{lead}{name} is {stated}, but {part} of {whole} rounds to {expected}: the rest was cut off.",
    ),
    "share_of_nothing": (
        "{lead}{name} ghi {stated}, nhưng {of} là 0, nên không có tỷ lệ nào.",
        "{lead}{name} is {stated}, but {of} is 0: there is nothing to take a percentage of.",
    ),
    "impossible_share": (
        "{lead}{name} ghi “{typed}”; tỷ lệ của một phần phải từ 0% đến 100%.",
        "{lead}{name} is “{typed}”; the percentage of a part lies between 0% and 100%.",
    ),
    "negative_count": (
        "{lead}{name} ghi “{typed}”; số hồ sơ không thể âm.",
        "{lead}{name} is “{typed}”; a number of dossiers can't be negative.",
    ),
    "fraction_of_a_count": (
        "{lead}{name} ghi “{typed}”; số hồ sơ không thể lẻ. Nếu là hàng nghìn, hãy ghi đủ các chữ số.",
        "{lead}{name} is “{typed}”; a number of dossiers has no fraction. If thousands are meant, write all digits.",
    ),
    "unreadable": (
        "{lead}{name} ghi “{typed}”, không đọc được thành số; hãy ghi như {example}.",
        "{lead}{name} is “{typed}”, which can't be read as a number; write it like {example}.",
    ),
    "percent_in_count": (
        "{lead}{name} ghi “{typed}”, là tỷ lệ trong cột số hồ sơ; hãy ghi số hồ sơ.",
        "{lead}{name} is “{typed}”, a percentage in a column of counts; write the number of dossiers.",
    ),
    "given_twice": (
        "“{figure}” được ghi hai lần: “{typed}” và “{other}”; không dùng số nào, hãy giữ lại một.",
        "“{figure}” is given twice: “{typed}” and “{other}”; neither is used, keep one of them.",
    ),
    "given_twice_alike": (
        "“{figure}” được ghi hai lần, đều là “{typed}”; hãy giữ lại một.",
        "“{figure}” is given twice, “{typed}” both times; keep one of them.",
    ),
    "column_twice": (
        "Hai cột ({cell}) cùng là {name}; nếu hai cột khác nhau thì không dùng cột nào. Hãy sửa tiêu đề một cột.",
        "Two columns ({cell}) are both {name}; where they differ neither is used. Correct the heading of one.",
    ),
    "unknown_key": (
        "Không có khóa “{figure}” ({cell}), nên “{typed}” không được dùng. {nearest}",
        "There is no key “{figure}” ({cell}), so “{typed}” is not used. {nearest}",
    ),
    "row_too_long": (
        (
            "{lead}dòng có {stated} ô, tiêu đề chỉ có {expected}, nên không biết “{typed}” thuộc cột nào và cả dòng "
            "không được dùng. Số có dấu phẩy phải đặt trong ngoặc kép."
        ),
        (
            "{lead}the row has {stated} cells, the headings {expected}: nobody knows which column “{typed}” belongs "
            "to, and the row is not used. Numbers with commas must stand in quotes."
        ),
    ),
    "no_table": (
        "“{figure}” phải là một bảng gồm khóa và số, không phải “{typed}”.",
        "“{figure}” must be a table of keys and numbers, not “{typed}”.",
    ),
    "no_tables": (
        "“{figure}” phải là danh sách các bảng (ghi dưới [[{figure}]]), không phải “{typed}”.",
        "“{figure}” must be a list of tables (each under [[{figure}]]), not “{typed}”.",
    ),
    "incomplete_sum": (
        "{lead}tổng cần có `total` và `parts`.",
        "{lead}a sum needs `total` and `parts`.",
    ),
    "more": (
        "Còn {times} lỗi nữa không kể ra ở đây.",
        "{times} more findings are not listed here.",
    ),
}
REMARKS: Phrases = {
    "grouped": (
        "“{typed}” ({where}) được đọc là {stated}: trong cột số hồ sơ, dấu này ngăn hàng nghìn (tất cả {times} ô).",
        "“{typed}” ({where}) was read as {stated}: in a count this sign groups thousands (cells so written: {times}).",
    ),
    "point_groups_here": (
        (
            "“{typed}” ({where}) được đọc là {stated} dù bảng này dùng cùng dấu ấy cho phần lẻ của tỷ lệ: số hồ sơ "
            "không có phần lẻ (tất cả {times} ô)."
        ),
        (
            "“{typed}” ({where}) was read as {stated}, though the table's percentages use the same sign for decimals: "
            "a count has none (cells so written: {times})."
        ),
    ),
    "grouped_unlike_others": (
        "“{typed}” ({where}) được đọc là {stated} vì số hồ sơ không có phần lẻ, dù các số khác trong bảng viết khác.",
        (
            "“{typed}” ({where}) was read as {stated}, for a count has no decimals, though the table's other numbers "
            "are written otherwise."
        ),
    ),
    "dash_is_zero": (
        "“{typed}” ({where}) được đọc là 0 (tất cả {times} ô).",
        "“{typed}” ({where}) was read as 0 (cells so written: {times}).",
    ),
    "blank_is_zero": (
        "Ô trống ({where}) được đọc là 0 vì bảng không ghi số 0 ở đâu cả (tất cả {times} ô).",
        "An empty cell ({where}) was read as 0, for the table writes no zero anywhere (such cells: {times}).",
    ),
    "heading_not_number": (
        "Cột có tiêu đề “{typed}” ({cell}) được đọc là {name} theo tiêu đề; theo số thứ tự thì là {other}.",
        "The column “{typed}” ({cell}) was read as {name}, by its heading; by its number it would be {other}.",
    ),
    "row_passed_over": (
        "“{typed}” ({cell}) đứng một mình trong một dòng không tên nên không được kiểm tra.",
        "“{typed}” ({cell}) stands alone in a row without a name and was not checked.",
    ),
    "unknown_column": (
        "Cột “{figure}” ({cell}) không thuộc biểu mẫu nên không được kiểm tra.",
        "The column “{figure}” ({cell}) is none of the form's and was not checked.",
    ),
    "rounded_to_hundred": (
        (
            "{lead}{name} ghi {stated}; {part} trên {whole} làm tròn là {expected}, nhưng {stated} đúng nếu các tỷ lệ "
            "cộng lại bằng 100% (tất cả {times} tỷ lệ)."
        ),
        (
            "{lead}{name} is {stated}; {part} of {whole} rounds to {expected}, but {stated} is right where the "
            "percentages were made to add up to 100% (such percentages: {times})."
        ),
    ),
    "share_of": (
        "“{typed}” ({where}): {name} đúng nếu được hiểu là {part} trên {whole} (tất cả {times} tỷ lệ).",
        "“{typed}” ({where}): {name} is right when taken as {part} of {whole} (such percentages: {times}).",
    ),
    "shares_are_fractions": (
        "“{typed}” ({where}) được đọc là {stated}: các tỷ lệ trong bảng viết dưới dạng phần của 1 (tất cả {times} ô).",
        (
            "“{typed}” ({where}) was read as {stated}: the table's percentages are written as fractions of 1 "
            "(cells so written: {times})."
        ),
    ),
}
UNCHECKED: Phrases = {
    "missing": (
        "{rule}{in_rows}: báo cáo không cho biết {missing}.{value}",
        "{rule}{in_rows} needs {missing}, which the report does not give.{value}",
    ),
    "no_base": (
        "{rule}: báo cáo không ghi tỷ lệ này tính từ số nào trên số nào.",
        "{rule}: the report does not say what this is a percentage of.",
    ),
    "no_percentage": (
        "{rule}{in_rows}: không ghi tỷ lệ.",
        "{rule}{in_rows}: no percentage is stated.",
    ),
    "other_sheet": (
        "Trang “{rule_name}” cũng có số liệu nhưng không được kiểm tra: trang bị ẩn hoặc trình bày khác.",
        "The sheet “{rule_name}” has figures too and was not checked: it is hidden, or laid out otherwise.",
    ),
    "no_total": (
        "Tổng của các dòng: bảng không có dòng tổng.",
        "The sum of the rows: the table has no total row.",
    ),
    "total_amid": (
        "Tổng của mọi dòng: sau dòng tổng{in_rows} còn dòng khác, nên dòng tổng chỉ được so với các dòng trên nó.",
        "The sum of all rows: other rows follow the total{in_rows}, which was checked against those above it only.",
    ),
    "no_shares": (
        "Tỷ lệ: báo cáo không ghi tỷ lệ nào.",
        "Percentages: the report states none.",
    ),
}
FAILURES: Phrases = {
    "too_large": ("{what} lớn hơn {most} byte", "{what} is larger than {most} bytes"),
    "too_large_unpacked": (
        "{what} quá lớn khi giải nén; hãy chỉ lưu trang có biểu mẫu",
        "{what} is too large unpacked; save the sheet with the form alone",
    ),
    "too_many_cells": (
        "{what} có quá nhiều dòng hoặc cột",
        "{what} has too many rows or columns to be a report",
    ),
    "old_office": (
        "{what} là tệp Excel kiểu cũ (.xls) hoặc có mật khẩu; hãy lưu lại dạng .xlsx không mật khẩu",
        "{what} is an old Excel file (.xls) or has a password; save it as .xlsx without one",
    ),
    "pdf": ("{what} là tệp PDF; hãy gửi bảng tính", "{what} is a PDF; send the table as a spreadsheet"),
    "empty": ("{what} trống", "{what} is empty"),
    "encoding": (
        "{what} không viết bằng UTF-8 hay UTF-16; hãy lưu dạng “CSV UTF-8”",
        "{what} is written neither in UTF-8 nor in UTF-16; save it as “CSV UTF-8”",
    ),
    "no_headings": (
        "{what} không cho biết các cột là gì; hãy giữ dòng tiêu đề hoặc dòng số cột (1) (2) … (13) của biểu II.06a",
        "{what} does not say what its columns are; keep the headings of form II.06a or its numbers (1) (2) … (13)",
    ),
    "no_rows": (
        "{what} có tiêu đề của biểu II.06a nhưng không có số nào ở dưới; hãy điền số liệu vào các dòng",
        "{what} has the headings of form II.06a but no figures under them; fill in the rows",
    ),
    "no_figures": (
        "{what} không có số liệu nào theo khóa của các cột; hãy ghi received_total, received_online …",
        "{what} holds no figures under the columns' keys; write received_total, received_online …",
    ),
    "too_deep": ("{what} lồng quá sâu", "{what} is nested too deeply"),
    "not_json": ("{what} không phải JSON: {detail}", "{what} is not JSON: {detail}"),
    "not_toml": ("{what} không phải TOML: {detail}", "{what} is not TOML: {detail}"),
    "not_csv": ("{what} không phải CSV: {detail}", "{what} is not CSV: {detail}"),
    "not_xlsx": (
        "{what} không đọc được như bảng tính ({detail}); hãy lưu lại dạng XLSX hoặc CSV",
        "{what} can't be read as a spreadsheet ({detail}); save it anew as XLSX, or as CSV",
    ),
}
WORDS: Phrases = {
    "total": ("Dòng tổng", "Total"),
    "more": ("thừa", "more"),
    "less": ("thiếu", "less"),
    "column": ("cột {number} ({name})", "column {number} ({name})"),
    "and": (" và ", " and "),
    "columns": ("cột {numbers}", "columns {numbers}"),
    "one_column": ("cột {numbers}", "column {numbers}"),
    "in_brackets": ("cột {number}, {name}", "column {number}, {name}"),
    "of_value": ("{value} ({name})", "{value} ({name})"),
    "base": ("{part} trên {whole}", "{part} of {whole}"),
    "bases": ("{stated} đúng nếu là {bases}.", "{stated} would be right for {bases}."),
    "or": (" hoặc ", ", or "),
    "no_base": ("Không số nào khác trong báo cáo cho ra {stated}.", "No other count of the report gives {stated}."),
    "nearest": ("Có phải là “{nearest}”?", "Did you mean “{nearest}”?"),
    "no_nearest": ("Hãy sửa tên hoặc bỏ đi.", "Correct its name or leave it out."),
    "no_repair": ("Sửa một ô thì không đủ ({those}).", "No single cell repairs {those}."),
    "one_repair": ("Chỉ sửa một ô là đủ ({those}): {cells}.", "A single cell repairs {those}: {cells}."),
    "repairs": ("Sửa một trong các ô sau là đủ ({those}): {cells}.", "One of these alone repairs {those}: {cells}."),
    "row_missing": (
        "Các số chênh lệch ({those}) hợp thành một dòng trọn vẹn, có lẽ bảng thiếu dòng ấy: {cells}.",
        "The differences ({those}) make up a whole row, which seems to be missing: {cells}.",
    ),
    "row_added_twice": (
        "Các số chênh lệch ({those}) đúng bằng dòng “{row}”, có lẽ dòng này được cộng hai lần.",
        "The differences ({those}) are the row “{row}”, which seems to have been added twice.",
    ),
    "row_not_added": (
        "Các số chênh lệch ({those}) đúng bằng dòng “{row}”, có lẽ dòng này thừa hoặc chưa được cộng vào.",
        "The differences ({those}) are the row “{row}”, which is in the table once too often or was not added.",
    ),
    "total_in_itself": (
        "Hãy cộng lại mà không cộng dòng tổng với chính các dòng của nó ({those}).",
        "Add up anew without a total among its own rows ({those}).",
    ),
    "filled": ("{name} {value}", "{name} {value}"),
    "repaired": ("{name}{at} từ {stated} thành {value}", "{name}{at} from {stated} to {value}"),
    "findings": ("mục {numbers}", "findings {numbers}"),
    "finding": ("mục {numbers}", "finding {numbers}"),
    "would_be": (" Số đó phải là {value}.", " It would have to be {value}."),
    "in_row": (" ({row})", " ({row})"),
    "in_rows": (" ({count} dòng)", " (in {count} rows)"),
    "holds": ("{rule}{in_rows}", "{rule}{in_rows}"),
    "good": (
        "Không thấy gì sai trong phạm vi kiểm tra được (quy tắc và tỷ lệ: {rules}; dòng: {rows}).",
        "Nothing is wrong as far as it could be checked (rules and percentages: {rules}; rows: {rows}).",
    ),
    "bad": (
        "{count} điều không thể đúng hoặc không đọc được.",
        "{count} findings: what cannot be true, or can't be read.",
    ),
    "bad_one": (
        "1 điều không thể đúng hoặc không đọc được.",
        "1 finding: it cannot be true, or can't be read.",
    ),
    "nothing_checked": ("Không có gì để kiểm tra.", "There was nothing that could be checked."),
    "section": ("tổng các dòng của mục", "a section is the sum of its rows"),
    "total_rule": ("tổng = tổng các dòng", "total = sum of its rows"),
    "months": ("cột 6 = cột 11 của kỳ trước", "column 6 = column 11 of the month before"),
    "first_month": ("cột 6 của dòng tổng = cột 6 của kỳ đầu", "column 6 of the total = that of the first month"),
    "last_month": (
        "cột 11–13 của dòng tổng = của kỳ cuối",
        "columns 11–13 of the total = those of the last month",
    ),
    "limit": ("không phần nào lớn hơn {name}", "no part exceeds {name}"),
    "report": ("báo cáo", "the report"),
    "on_sheet": ("Trang “{sheet}”: {sentence}", "Sheet “{sheet}”: {sentence}"),
}
