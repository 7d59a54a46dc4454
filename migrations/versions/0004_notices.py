"""what sending needs to know of refusals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("deliveries", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaigns", sa.Column("audience", sa.Text(), nullable=True))
    op.add_column("campaigns", sa.Column("any_hour", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("deliveries", sa.Column("lead_campaign", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("lead_subject", sa.Text(), nullable=True))
    op.create_index(
        "ix_deliveries_merged", "deliveries", ["lead_campaign"], postgresql_where=sa.text("state = 'merged'")
    )
    op.add_column("people", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("people", sa.Column("bounce_answer", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("links_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "opt_outs",
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_opt_outs_season_id_seasons")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_opt_outs_person_id_people")),
        sa.PrimaryKeyConstraint("season_id", "person_id", "kind", name=op.f("pk_opt_outs")),
    )

    _outside()
    _seen()


def _seen() -> None:
    """Holding mail, and the outbox."""
    op.add_column("campaigns", sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False))
    op.add_column("deliveries", sa.Column("own_words", postgresql.JSONB(), nullable=True))
    op.create_table(
        "mail_holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_mail_holds_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_holds")),
    )
    op.create_index(
        "ix_mail_holds_season_id", "mail_holds", ["season_id"], unique=True, postgresql_nulls_not_distinct=True
    )


def _outside() -> None:
    """Webhooks, and reports of bounces."""
    at = sa.DateTime(timezone=True)
    op.add_column("deliveries", sa.Column("bounced_at", at, nullable=True))
    op.add_column("deliveries", sa.Column("bounce", sa.Text(), nullable=True))
    op.add_column("campaigns", sa.Column("logged_at", at, nullable=True))
    op.add_column("campaigns", sa.Column("finished_at", at, nullable=True))
    # The log is not told of what is long past.
    op.execute("UPDATE campaigns SET logged_at = planned_at, finished_at = planned_at")
    op.create_index(
        "ix_campaigns_unfinished", "campaigns", ["season_id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.create_table(
        "hooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.JSONB(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", at, nullable=True),
        sa.Column("created_at", at, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("seen_id", sa.BigInteger(), nullable=True),
        sa.Column("seen_xid", sa.BigInteger(), nullable=True),
        sa.Column("not_before", at, nullable=True),
        sa.Column("disabled_at", at, nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_hooks_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
        sa.UniqueConstraint("season_id", "url", name=op.f("uq_hooks_season_id_url")),
    )
    op.create_table(
        "hook_deliveries",
        sa.Column("hook_id", sa.BigInteger(), nullable=False),
        sa.Column("log_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("since", at, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", at, nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", at, nullable=True),
        sa.Column("done_at", at, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["hook_id"], ["hooks.id"], name=op.f("fk_hook_deliveries_hook_id_hooks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hook_id", "log_id", name=op.f("pk_hook_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_hook_deliveries_id")),
    )
    op.create_index(
        "ix_hook_deliveries_queue",
        "hook_deliveries",
        ["hook_id", "log_id"],
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_table(
        "bounce_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("received_at", at, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("diagnostic", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("season_id", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_bounce_reports_season_id_seasons")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_bounce_reports_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_reports")),
        sa.UniqueConstraint("digest", name=op.f("uq_bounce_reports_digest")),
    )
    op.create_index(op.f("ix_bounce_reports_person_id"), "bounce_reports", ["person_id"])


def downgrade() -> None:
    """Take them away."""
    op.drop_table("mail_holds")
    op.drop_column("deliveries", "own_words")
    op.drop_column("campaigns", "state")
    for table in ("bounce_reports", "hook_deliveries", "hooks"):
        op.drop_table(table)
    op.drop_index("ix_campaigns_unfinished", "campaigns")
    op.drop_column("campaigns", "finished_at")
    op.drop_column("campaigns", "logged_at")
    op.drop_column("deliveries", "bounce")
    op.drop_column("deliveries", "bounced_at")
    op.drop_table("opt_outs")
    op.drop_column("people", "links_since")
    op.drop_column("people", "bounce_answer")
    op.drop_column("people", "bounced_at")
    op.drop_index("ix_deliveries_merged", "deliveries")
    op.drop_column("deliveries", "lead_subject")
    op.drop_column("deliveries", "lead_campaign")
    op.drop_column("campaigns", "any_hour")
    op.drop_column("campaigns", "audience")
    op.drop_column("deliveries", "not_before")
