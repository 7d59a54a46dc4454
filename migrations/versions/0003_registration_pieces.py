"""what the pieces of registration add to their tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entries", sa.Column("reference", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_entries_season_id_reference"), "entries", ["season_id", "reference"])
    # Saves and submissions are counted; the team is kept as the entry gives it.
    op.add_column("entries", sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("members", sa.Column("name", sa.Text(), nullable=True))
    op.add_column("members", sa.Column("birth_year", sa.Integer(), nullable=True))
    # An erasure may blot names out of the log's free text, in a transaction that says so; nothing else, and no delete.
    op.execute(
        """CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
          IF TG_OP = 'UPDATE' AND current_setting('season.blotting', true) = 'on' THEN RETURN NULL; END IF;
          RAISE EXCEPTION 'the log is append-only';
        END $$"""
    )
    op.execute(
        """CREATE FUNCTION log_keeps_its_facts() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
          IF to_jsonb(NEW) - 'reason' - 'data' IS DISTINCT FROM to_jsonb(OLD) - 'reason' - 'data' THEN
            RAISE EXCEPTION 'the log is append-only';
          END IF;
          RETURN NEW;
        END $$"""
    )
    op.execute(
        """CREATE TRIGGER log_facts BEFORE UPDATE ON log
        FOR EACH ROW EXECUTE FUNCTION log_keeps_its_facts()"""
    )
    op.add_column("recommendations", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("recommendations", sa.Column("taken_back_reason", sa.Text(), nullable=True))
    # A channel of no area signs a list in each area. No list was written before there was a window for it.
    op.add_column("channel_lists", sa.Column("window_id", sa.Text(), nullable=False))
    op.create_foreign_key(op.f("fk_channel_lists_window_id_windows"), "channel_lists", "windows", ["window_id"], ["id"])
    op.drop_constraint(op.f("uq_channel_lists_channel_id"), "channel_lists", type_="unique")
    op.create_unique_constraint(
        op.f("uq_channel_lists_channel_id_window_id"), "channel_lists", ["channel_id", "window_id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_channel_lists_channel_id_window_id"), "channel_lists", type_="unique")
    op.create_unique_constraint(op.f("uq_channel_lists_channel_id"), "channel_lists", ["channel_id"])
    op.drop_constraint(op.f("fk_channel_lists_window_id_windows"), "channel_lists", type_="foreignkey")
    op.drop_column("channel_lists", "window_id")
    op.drop_column("recommendations", "taken_back_reason")
    op.drop_column("recommendations", "taken_back_at")
    op.execute("DROP TRIGGER log_facts ON log")
    op.execute("DROP FUNCTION log_keeps_its_facts")
    op.execute(
        """CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$"""
    )
    op.drop_column("members", "birth_year")
    op.drop_column("members", "name")
    op.drop_column("entries", "revision")
    op.drop_constraint(op.f("uq_entries_season_id_reference"), "entries", type_="unique")
    op.drop_column("entries", "reference")
