"""Texts about mail addresses that bounced."""

from __future__ import annotations

from models.text import both

LABELS = {
    "address_corrected": both(
        "The address of person {person} is corrected; notices are sent there from now on.",
        "已更正人员 {person} 的邮箱地址，今后的通知将发送至新地址。",
    ),
    "address_used_again": both(
        "Person {person} has this address already; notices are sent there again.",
        "人员 {person} 的地址未变，恢复向其发送通知。",
    ),
}
