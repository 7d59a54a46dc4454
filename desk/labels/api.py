"""What the API says in Chinese too: sentences without values of their own, by the code of the problem."""

from __future__ import annotations

from models.text import both

LABELS = {
    "sign_in.needed": both("Nobody is signed in.", "您尚未登录。"),
    "token.unknown": both("This token is not known, over or revoked.", "该令牌无效、已过期或已撤销。"),
    "entry.not_applicant": both(
        "Only the applicant changes an entry, or the channel that registered it.",
        "只有申报人或代为报名的推荐渠道可以修改项目。",
    ),
    "entry.changed_meanwhile": both(
        "The entry was changed elsewhere in the meantime.", "该项目已在别处被修改，请重新读取后再提交修改。"
    ),
    "entry.no_receipt": both("The entry was not submitted.", "该项目尚未提交。"),
    "entry.documents": both(
        "People bring files themselves; they are not named here.", "个人请在项目页面上传文件，此处不能填写。"
    ),
    "limits.too_many": both("Too many requests in too short a time.", "请求过于频繁，请稍后再试。"),
    "idempotency.other_request": both(
        "The Idempotency-Key was used for another request.", "该 Idempotency-Key 已用于另一请求。"
    ),
    "idempotency.busy": both(
        "The first request with this Idempotency-Key is still being carried out.",
        "使用该 Idempotency-Key 的首次请求仍在处理中。",
    ),
    "request.unstorable": both(
        "A value of the request cannot be kept: a NUL character, or a number beyond all bounds.",
        "请求中含有无法保存的内容：空字符或超出范围的数字。",
    ),
    "database.unreachable": both("The database does not answer.", "数据库暂时无法连接。"),
}
