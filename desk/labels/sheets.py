"""The fixed texts of spreadsheets: what is wrong with a cell and what to do about it, the commands, the pages."""

from __future__ import annotations

from models.text import Text, both

_WRONG: dict[str, tuple[Text, Text]] = {
    "missing": (both("{field} is missing.", "缺少“{field}”。"), both("Fill it in.", "请填写。")),
    "long": (
        both("{field} has {length} characters; {most} are allowed.", "“{field}”有 {length} 个字符，最多 {most} 个。"),
        both("Shorten it.", "请缩短。"),
    ),
    "control": (
        both("{field} holds the character {sign}, which is no text.", "“{field}”含有非文本字符 {sign}。"),
        both("Delete it, or type the text anew.", "请删除该字符或重新输入。"),
    ),
    "mail": (
        both("'{value}' is no mail address.", "“{value}”不是邮箱地址。"),
        both("Write one address, such as lin@example.org.", "请填写一个邮箱，如 lin@example.org。"),
    ),
    "code": (
        both("'{value}' is no code.", "“{value}”不是有效的代码。"),
        both("Use letters, digits and -, up to 40.", "请用字母、数字和连字符，不超过 40 位。"),
    ),
    "country": (
        both("'{value}' is no country code.", "“{value}”不是国家或地区代码。"),
        both("Write two letters, such as CN.", "请填写两位字母，如 CN。"),
    ),
    "whole": (
        both("'{value}' is no whole number from {least} to {most}.", "“{value}”不是 {least} 至 {most} 的整数。"),
        both("Write such a number in digits.", "请用数字填写。"),
    ),
    "choice": (
        both("{field}: '{part}' is not known in this season.", "“{field}”：本赛季没有“{part}”。"),
        both("Choose from: {choices}.", "可选：{choices}。"),
    ),
    "group": (
        both("Group '{value}' does not go with track {track}.", "组别“{value}”与赛道{track}不符。"),
        both("Choose from: {choices}.", "可选：{choices}。"),
    ),
    "field": (
        both("Field '{part}' is not of this track.", "领域“{part}”不属于该赛道。"),
        both("Choose from: {choices}.", "可选：{choices}。"),
    ),
    "member": (
        both("'{part}' is no member of a team.", "“{part}”不是有效的团队成员。"),
        both("Write Name <mail>, with a semicolon between members.", "请按“姓名 <邮箱>”填写，多人以分号分隔。"),
    ),
    "member_twice": (
        both("{part} stands in the team twice.", "{part} 在团队中重复。"),
        both("Name each member once, beside the applicant.", "申报人之外，每名成员只写一次。"),
    ),
    "team": (
        both("{field} has more than {most} members.", "“{field}”超过 {most} 人。"),
        both("Shorten it.", "请缩减人数。"),
    ),
    "formula": (
        both("{field} is a formula whose value was never saved: {value}", "“{field}”是没有保存结果的公式：{value}"),
        both("Write its value instead.", "请改为填写数值或文字。"),
    ),
    "error": (
        both("{field} shows the error {value}.", "“{field}”显示错误 {value}。"),
        both("Write a value instead.", "请改为填写数值或文字。"),
    ),
    "own_area": (
        both("This row is not of area {area}.", "该行不属于赛区 {area}。"),
        both("You import for area {area} alone; ask operations for the rest.", "您只能导入赛区 {area}；其余请联系组委会。"),
    ),
    "row.repeated": (
        both("This row repeats row {first}.", "该行与第 {first} 行重复。"),
        both("Delete one of them.", "请删除其中一行。"),
    ),
    "entry.moved": (
        both("Entry {number} is in {place} already.", "项目 {number} 已登记在 {place}。"),
        both("Withdraw it and register it anew to move it.", "如需更改，请先撤回再重新登记。"),
    ),
    "entry.over": (
        both("Entry {number} is {state} and can no longer be changed.", "项目 {number} 的状态为“{state}”，不能再修改。"),
        both("Leave the row as the entry is, or delete it.", "请按现有内容填写，或删除该行。"),
    ),
    "entry.channel": (
        both("Entry {number} was recommended by {channel}, which stays.", "项目 {number} 已由 {channel} 推荐，不能更改。"),
        both("Write {channel}, or leave the cell empty.", "请填写 {channel} 或留空。"),
    ),
    "channel.unknown": (
        both("There is no channel '{channel}' in this season.", "本赛季没有推荐渠道“{channel}”。"),
        both("Import the channels first.", "请先导入推荐渠道。"),
    ),
    "channel.quota": (
        both("Channel {channel} has used its quota of {quota}.", "推荐渠道 {channel} 的 {quota} 个名额已用完。"),
        both("Give it a larger quota, or leave the cell empty.", "请增加名额，或将该单元格留空。"),
    ),
    "channel.fixed": (
        both("{field} of a channel stays as it was given first: {present}.", "推荐渠道的“{field}”登记后不变：{present}。"),
        both("Write that.", "请按此填写。"),
    ),
    "place.contact_missing": (
        both("{field} is missing: the place is new.", "缺少“{field}”：该需求单位是新登记的。"),
        both("Fill it in.", "请填写。"),
    ),
    "place.contact": (
        both("The place has another contact: {present}.", "该需求单位已有其他联系人：{present}。"),
        both("Write that address, or leave the cell empty.", "请填写该邮箱或留空。"),
    ),
    "window.closed": (both("{said}", "窗口已截止，不再受理。（{said}）"), both("Ask operations.", "请联系组委会。")),
    "window.not_open": (both("{said}", "窗口尚未开放。（{said}）"), both("Import it then.", "请在开放后导入。")),
    "window.paused": (both("{said}", "窗口暂停，暂不受理。（{said}）"), both("Import it when it goes on.", "请在恢复后导入。")),
    "window.cancelled": (both("{said}", "窗口已取消。（{said}）"), both("Ask operations.", "请联系组委会。")),
    "window.unknown": (both("{said}", "本赛季没有这样的窗口。（{said}）"), both("Ask operations.", "请联系组委会。")),
    "refused": (both("{said}", "未被受理：{said}"), both("Ask operations.", "请联系组委会。")),
}  # fmt: skip

LABELS: dict[str, Text] = {
    **{f"sheet_bad_{code}": sentence for code, (sentence, _) in _WRONG.items()},
    **{f"sheet_bad_{code}_do": remedy for code, (_, remedy) in _WRONG.items()},
    "sheet_import": both("Import a spreadsheet", "导入表格"),
    "sheet_of": both("What it holds", "表格内容"),
    "sheet_entries": both("Entries", "项目"),
    "sheet_channels": both("Channels", "推荐渠道"),
    "sheet_judges": both("Judges", "评委"),
    "sheet_needs": both("Needs", "对接需求"),
    "sheet_windows": both("Windows", "窗口"),
    "sheet_notices": both("Notices", "通知"),
    "sheet_log": both("Log", "日志"),
    "sheet_awards": both("Awards", "奖项"),
    "sheet_file": both("File (.xlsx or .csv)", "文件（.xlsx 或 .csv）"),
    "sheet_file_missing": both("Choose a file.", "请选择文件。"),
    "sheet_hint": both(
        "Up to 100,000 rows. You see first what would happen; nothing is written before you confirm.",
        "最多 100,000 行。先显示将要发生的变化，确认之前不写入任何内容。",
    ),
    "sheet_try": both("See what would happen", "预览结果"),
    "sheet_templates": both("Templates", "模板"),
    "sheet_exports": both("Export", "导出"),
    "sheet_would": both("What would happen", "将要发生的变化"),
    "sheet_done": both("What was imported", "导入结果"),
    "sheet_working": both("At work: {done} of {total} rows.", "正在处理：{done}/{total} 行。"),
    "sheet_read": both("Rows read", "读取行数"),
    "sheet_new": both("New", "新增"),
    "sheet_changed": both("Changed", "更改"),
    "sheet_known": both("Known, unchanged", "已有且无变化"),
    "sheet_bad": both("Bad rows", "有误行数"),
    "sheet_confirm": both("Import (rows: {count})", "导入（{count} 行）"),
    "sheet_nothing": both("There is nothing to import.", "没有可导入的内容。"),
    "sheet_again": both("Import another file", "导入其他文件"),
    "sheet_problems": both("What is wrong", "问题列表"),
    "sheet_problems_first": both("The first {count} of {total}.", "共 {total} 个，显示前 {count} 个。"),
    "sheet_problems_file": both("The bad rows, to correct and import again", "下载有误的行，更正后重新导入"),
    "sheet_cell": both("Cell", "单元格"),
    "sheet_field": both("Field", "字段"),
    "sheet_value": both("Value", "内容"),
    "sheet_why": both("What is wrong", "问题"),
    "sheet_remedy": both("What to do", "处理办法"),
    "sheet_extra": both("Columns that are not read: {columns}.", "未读取的列：{columns}。"),
    "sheet_no_choice": both("none; leave it empty", "无，请留空"),
    "sheet_unknown": both("There is no such import any more; choose the file again.", "该导入已失效，请重新选择文件。"),
    "sheet_about": both("Columns", "列说明"),
    "sheet_column": both("Column", "列"),
    "sheet_needed": both("Needed", "必填"),
    "sheet_yes": both("yes", "是"),
    "sheet_no": both("no", "否"),
    "sheet_allowed": both("May hold", "可填内容"),
    "sheet_note": both("Note", "说明"),
    "sheet_example": both("# EXAMPLE", "# 示例"),
    "sheet_written": both("{file}: {rows} rows.", "{file}：{rows} 行。"),
    "sheet_would_line": both(
        "Would import: {new} new, {changed} changed, {known} known and unchanged, {bad} bad, of {read} rows.",
        "将导入：新增 {new}、更改 {changed}、已有且无变化 {known}、有误 {bad}，共 {read} 行。",
    ),
    "sheet_done_line": both(
        "Imported: {new} new, {changed} changed, {known} known and unchanged, {bad} bad, of {read} rows.",
        "已导入：新增 {new}、更改 {changed}、已有且无变化 {known}、有误 {bad}，共 {read} 行。",
    ),
    "sheet_problems_written": both("The bad rows are in {file}.", "有误的行已写入 {file}。"),
    "sheet_failed": both("The import stopped: {said}", "导入中断：{said}"),
}
"""By name. A problem's sentence is `sheet_bad_<code>`, its remedy `sheet_bad_<code>_do`."""
