"""First tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "seasons",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seasons")),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("useful_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_campaigns_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index(op.f("ix_campaigns_season_id"), "campaigns", ["season_id"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["people.id"], name=op.f("fk_channels_contact_id_people")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_channels_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("season_id", "code", name=op.f("uq_channels_season_id_code")),
    )
    op.create_table(
        "counters",
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_counters_season_id_seasons")),
        sa.PrimaryKeyConstraint("season_id", "area", "track", name=op.f("pk_counters")),
    )
    op.create_table(
        "judges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("tracks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("background", sa.Text(), nullable=True),
        sa.Column("max_load", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_judges_person_id_people")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_judges_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judges")),
        sa.UniqueConstraint("season_id", "person_id", name=op.f("uq_judges_season_id_person_id")),
    )
    op.create_index("ix_judges_area", "judges", ["season_id", "area"], unique=False)
    op.create_table(
        "log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("command_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_log_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log")),
        sa.UniqueConstraint("command_id", name=op.f("uq_log_command_id")),
    )
    op.create_index(
        "ix_log_entry", "log", ["entry_id", "id"], unique=False, postgresql_where=sa.text("entry_id IS NOT NULL")
    )
    op.create_index("ix_log_season", "log", ["season_id", "id"], unique=False)
    op.create_index(
        "ix_log_window", "log", ["window_id", "id"], unique=False, postgresql_where=sa.text("window_id IS NOT NULL")
    )
    op.create_table(
        "places",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["people.id"], name=op.f("fk_places_contact_id_people")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_places_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lot_seed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_sessions_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_round", "sessions", ["season_id", "stage", "area"], unique=False)
    op.create_table(
        "windows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("ordinal", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "reminders", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("closes_at >= opens_at", name=op.f("ck_windows_closes_after_opening")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_windows_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_windows")),
    )
    op.create_index("ix_windows_kind", "windows", ["season_id", "kind", "area"], unique=False)
    op.create_index("ix_windows_season_close", "windows", ["season_id", "closes_at"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("applicant_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("leader_degree", sa.Text(), nullable=True),
        sa.Column(
            "documents", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["applicant_id"], ["people.id"], name=op.f("fk_entries_applicant_id_people")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_entries_channel_id_channels")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_entries_season_id_seasons")),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name=op.f("fk_entries_window_id_windows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("season_id", "number", name=op.f("uq_entries_season_id_number")),
    )
    op.create_index("ix_entries_applicant", "entries", ["applicant_id"], unique=False)
    op.create_index(op.f("ix_entries_channel_id"), "entries", ["channel_id"], unique=False)
    op.create_index("ix_entries_pool", "entries", ["season_id", "area", "state"], unique=False)
    op.create_table(
        "needs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("tracks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("readiness", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("capacity", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_needs_place_id_places")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_needs_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_needs")),
    )
    op.create_index("ix_needs_season", "needs", ["season_id", "open"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("judge_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_assignments_entry_id_entries")),
        sa.ForeignKeyConstraint(["judge_id"], ["judges.id"], name=op.f("fk_assignments_judge_id_judges")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_assignments_season_id_seasons")),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name=op.f("fk_assignments_window_id_windows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("stage", "entry_id", "judge_id", name=op.f("uq_assignments_stage_entry_id_judge_id")),
    )
    op.create_index("ix_assignments_entry", "assignments", ["entry_id"], unique=False)
    op.create_index("ix_assignments_judge", "assignments", ["judge_id"], unique=False)
    op.create_index("ix_assignments_round", "assignments", ["season_id", "stage", "area"], unique=False)
    op.create_table(
        "awards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("prize", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_awards_entry_id_entries")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_awards_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awards")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_awards_entry_id")),
    )
    op.create_index("ix_awards_season", "awards", ["season_id"], unique=False)
    op.create_table(
        "conflicts",
        sa.Column("judge_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_conflicts_entry_id_entries")),
        sa.ForeignKeyConstraint(["judge_id"], ["judges.id"], name=op.f("fk_conflicts_judge_id_judges")),
        sa.PrimaryKeyConstraint("judge_id", "entry_id", name=op.f("pk_conflicts")),
    )
    op.create_table(
        "deliveries",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("told_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("possibly_twice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_deliveries_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_deliveries_entry_id_entries")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_deliveries_person_id_people")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_deliveries_season_id_seasons")),
        sa.PrimaryKeyConstraint("campaign_id", "person_id", "subject", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_entry",
        "deliveries",
        ["entry_id"],
        unique=False,
        postgresql_where=sa.text("entry_id IS NOT NULL"),
    )
    op.create_index("ix_deliveries_person", "deliveries", ["person_id"], unique=False)
    op.create_index(
        "ix_deliveries_queue",
        "deliveries",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_deliveries_window",
        "deliveries",
        ["window_id"],
        unique=False,
        postgresql_where=sa.text("window_id IS NOT NULL"),
    )
    op.create_table(
        "invitations",
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_invitations_entry_id_entries")),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name=op.f("fk_invitations_window_id_windows")),
        sa.PrimaryKeyConstraint("window_id", "entry_id", name=op.f("pk_invitations")),
    )
    op.create_index("ix_invitations_window", "invitations", ["window_id", "state"], unique=False)
    op.create_table(
        "matches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_matches_entry_id_entries")),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_matches_need_id_needs")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_matches_season_id_seasons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("entry_id", "need_id", name=op.f("uq_matches_entry_id_need_id")),
    )
    op.create_index(op.f("ix_matches_need_id"), "matches", ["need_id"], unique=False)
    op.create_index("ix_matches_season", "matches", ["season_id", "state"], unique=False)
    op.create_table(
        "members",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_members_entry_id_entries"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_members_person_id_people")),
        sa.PrimaryKeyConstraint("entry_id", "position", name=op.f("pk_members")),
    )
    op.create_index("ix_members_person", "members", ["person_id"], unique=False)
    op.create_table(
        "objections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_objections_by_id_people")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_objections_entry_id_entries")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_objections_season_id_seasons")),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name=op.f("fk_objections_window_id_windows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_entry_id"), "objections", ["entry_id"], unique=False)
    op.create_index(op.f("ix_objections_window_id"), "objections", ["window_id"], unique=False)
    op.create_table(
        "recommendations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_recommendations_channel_id_channels")),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_recommendations_entry_id_entries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recommendations")),
        sa.UniqueConstraint("entry_id", "channel_id", name=op.f("uq_recommendations_entry_id_channel_id")),
    )
    op.create_index(op.f("ix_recommendations_channel_id"), "recommendations", ["channel_id"], unique=False)
    op.create_index(op.f("ix_recommendations_entry_id"), "recommendations", ["entry_id"], unique=False)
    op.create_table(
        "selections",
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_selections_entry_id_entries")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_selections_season_id_seasons")),
        sa.PrimaryKeyConstraint("season_id", "stage", "entry_id", name=op.f("pk_selections")),
    )
    op.create_index("ix_selections_stage", "selections", ["season_id", "stage", "area", "division"], unique=False)
    op.create_table(
        "slots",
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_slots_entry_id_entries")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_slots_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "position", name=op.f("pk_slots")),
    )
    op.create_index(op.f("ix_slots_entry_id"), "slots", ["entry_id"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False),
        sa.Column("score", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("exact", sa.Numeric(precision=12, scale=8), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_tallies_entry_id_entries")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_tallies_season_id_seasons")),
        sa.PrimaryKeyConstraint("season_id", "stage", "entry_id", name=op.f("pk_tallies")),
    )
    op.create_table(
        "wild_cards",
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_wild_cards_entry_id_entries")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_wild_cards_season_id_seasons")),
        sa.PrimaryKeyConstraint("stage", "entry_id", name=op.f("pk_wild_cards")),
    )
    op.create_table(
        "ballots",
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Numeric(precision=6, scale=2), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_ballots_assignment_id_assignments")
        ),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_ballots")),
    )
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("season_id", sa.Text(), nullable=False),
        sa.Column("match_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_follow_ups_match_id_matches")),
        sa.ForeignKeyConstraint(["season_id"], ["seasons.id"], name=op.f("fk_follow_ups_season_id_seasons")),
        sa.ForeignKeyConstraint(["window_id"], ["windows.id"], name=op.f("fk_follow_ups_window_id_windows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
        sa.UniqueConstraint("match_id", "kind", "ordinal", name=op.f("uq_follow_ups_match_id_kind_ordinal")),
    )
    op.create_index("ix_follow_ups_season", "follow_ups", ["season_id", "state"], unique=False)

    # The log is append-only: not even this system may change what it once said.
    op.execute(
        """CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$"""
    )
    op.execute(
        """CREATE TRIGGER log_append_only BEFORE UPDATE OR DELETE ON log
        FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()"""
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER log_append_only ON log")
    op.execute("DROP FUNCTION log_is_append_only")
    op.drop_index("ix_follow_ups_season", table_name="follow_ups")
    op.drop_table("follow_ups")
    op.drop_table("ballots")
    op.drop_table("wild_cards")
    op.drop_table("tallies")
    op.drop_index(op.f("ix_slots_entry_id"), table_name="slots")
    op.drop_table("slots")
    op.drop_index("ix_selections_stage", table_name="selections")
    op.drop_table("selections")
    op.drop_index(op.f("ix_recommendations_entry_id"), table_name="recommendations")
    op.drop_index(op.f("ix_recommendations_channel_id"), table_name="recommendations")
    op.drop_table("recommendations")
    op.drop_index(op.f("ix_objections_window_id"), table_name="objections")
    op.drop_index(op.f("ix_objections_entry_id"), table_name="objections")
    op.drop_table("objections")
    op.drop_index("ix_members_person", table_name="members")
    op.drop_table("members")
    op.drop_index("ix_matches_season", table_name="matches")
    op.drop_index(op.f("ix_matches_need_id"), table_name="matches")
    op.drop_table("matches")
    op.drop_index("ix_invitations_window", table_name="invitations")
    op.drop_table("invitations")
    op.drop_index("ix_deliveries_window", table_name="deliveries", postgresql_where=sa.text("window_id IS NOT NULL"))
    op.drop_index(
        "ix_deliveries_queue", table_name="deliveries", postgresql_where=sa.text("state IN ('queued', 'sending')")
    )
    op.drop_index("ix_deliveries_person", table_name="deliveries")
    op.drop_index("ix_deliveries_entry", table_name="deliveries", postgresql_where=sa.text("entry_id IS NOT NULL"))
    op.drop_table("deliveries")
    op.drop_table("conflicts")
    op.drop_index("ix_awards_season", table_name="awards")
    op.drop_table("awards")
    op.drop_index("ix_assignments_round", table_name="assignments")
    op.drop_index("ix_assignments_judge", table_name="assignments")
    op.drop_index("ix_assignments_entry", table_name="assignments")
    op.drop_table("assignments")
    op.drop_index("ix_needs_season", table_name="needs")
    op.drop_table("needs")
    op.drop_index("ix_entries_pool", table_name="entries")
    op.drop_index(op.f("ix_entries_channel_id"), table_name="entries")
    op.drop_index("ix_entries_applicant", table_name="entries")
    op.drop_table("entries")
    op.drop_index("ix_windows_season_close", table_name="windows")
    op.drop_index("ix_windows_kind", table_name="windows")
    op.drop_table("windows")
    op.drop_index("ix_sessions_round", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("places")
    op.drop_index("ix_log_window", table_name="log", postgresql_where=sa.text("window_id IS NOT NULL"))
    op.drop_index("ix_log_season", table_name="log")
    op.drop_index("ix_log_entry", table_name="log", postgresql_where=sa.text("entry_id IS NOT NULL"))
    op.drop_table("log")
    op.drop_index("ix_judges_area", table_name="judges")
    op.drop_table("judges")
    op.drop_table("counters")
    op.drop_table("channels")
    op.drop_index(op.f("ix_campaigns_season_id"), table_name="campaigns")
    op.drop_table("campaigns")
    op.drop_table("seasons")
    op.drop_table("people")
