"""what sending needs to know of refusals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("deliveries", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("people", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("people", sa.Column("bounce_answer", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("people", "bounce_answer")
    op.drop_column("people", "bounced_at")
    op.drop_column("deliveries", "not_before")
