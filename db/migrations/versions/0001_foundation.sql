CREATE TYPE area_level AS ENUM ('PROVINCE', 'PREFECTURE', 'COUNTY', 'TOWNSHIP', 'VILLAGE', 'ZONE');

CREATE TYPE party_kind AS ENUM ('COMMUNITY', 'ORGANIZATION', 'SOCIAL_WORKER', 'VOLUNTEER', 'DONOR_FIRM', 'FUND', 'ASSISTANT');

CREATE TYPE society AS ENUM ('COMMUNITY', 'SOCIAL_ORGANIZATION', 'SOCIAL_WORKER', 'VOLUNTEER', 'CHARITABLE_RESOURCE', 'ASSISTANT');

CREATE TYPE resource_kind AS ENUM ('FUNDS', 'GOODS', 'SERVICE', 'VENUE', 'VOLUNTEER_TIME');

CREATE TYPE priority AS ENUM ('ROUTINE', 'URGENT', 'ASAP', 'STAT');

CREATE TYPE need_status AS ENUM ('OPEN', 'MET', 'CLOSED', 'WITHDRAWN');

CREATE TYPE offer_status AS ENUM ('DRAFT', 'ACTIVE', 'PAUSED', 'WITHDRAWN');

CREATE TYPE plan_status AS ENUM ('COMPUTED', 'APPROVED', 'SUPERSEDED', 'QUEUED', 'COMPUTING', 'CANCELLED', 'FAILED');

CREATE TYPE plan_order AS ENUM ('URGENT_FIRST', 'FAIR_FIRST');

CREATE TYPE referral_status AS ENUM ('REQUESTED', 'ACCEPTED', 'REJECTED', 'IN_PROGRESS', 'ON_HOLD', 'COMPLETED', 'FAILED', 'CANCELLED');

CREATE TYPE referral_side AS ENUM ('PROVIDER', 'COMMUNITY', 'COORDINATOR', 'SYSTEM');

CREATE TYPE notice_kind AS ENUM ('NEW_ORDER', 'TAKEN', 'DUE_TOMORROW', 'OVERDUE', 'ESCALATED', 'RELEASED', 'CANCELLED', 'REJECTED', 'FAILED', 'TO_FOLLOW_UP', 'STILL_TRUE', 'WEBHOOK_DISABLED', 'AGREEMENT_ENDS');

CREATE TYPE service_kind AS ENUM ('VISIT', 'CASEWORK', 'GROUP_WORK', 'COMMUNITY_ACTIVITY', 'GOODS_DELIVERED', 'MONEY_PAID', 'HOURS');

CREATE TYPE webhook_status AS ENUM ('ACTIVE', 'PAUSED', 'FAILING', 'DISABLED', 'REMOVED');

CREATE TYPE webhook_error AS ENUM ('STATUS', 'REDIRECT', 'TIMEOUT', 'UNREACHABLE', 'TLS', 'ADDRESS', 'GONE', 'KEY_ENDED');

CREATE TYPE certificate_status AS ENUM ('VALID', 'OUTDATED', 'REVOKED');

CREATE TYPE role AS ENUM ('ADMIN', 'COORDINATOR', 'PARTNER', 'READER');

CREATE TYPE care_grade AS ENUM ('GREEN', 'YELLOW', 'RED');

CREATE TYPE need_level AS ENUM ('NONE', 'SOME', 'SEVERE');

CREATE TYPE consent_purpose AS ENUM ('STORE', 'SHARE');

CREATE TYPE consent_by AS ENUM ('CLIENT', 'GUARDIAN');

CREATE TYPE case_method AS ENUM ('CASEWORK', 'GROUP_WORK', 'COMMUNITY_WORK');

CREATE TYPE visit_kind AS ENUM ('HOME', 'OFFICE', 'PHONE', 'ONLINE');

CREATE TYPE printed_axis AS ENUM ('ROW', 'COLUMN', 'GRAND');

CREATE TYPE committee_seat AS ENUM ('CHAIR', 'DEPUTY', 'MEMBER', 'ADVISER');

CREATE TYPE evaluation_kind AS ENUM ('SELF', 'THIRD_PARTY', 'INSPECTION');

CREATE TYPE evaluation_status AS ENUM ('DRAFT', 'SUBMITTED');

CREATE TYPE rule_subject AS ENUM ('FUND_SPENDING', 'PROJECT_COST', 'SUBSIDY', 'STIPEND', 'STATION', 'POST', 'AGREEMENT');

CREATE TYPE rule_measure AS ENUM ('AMOUNT', 'STAFF_COST', 'EVALUATION_PASSED', 'AMOUNT_A_MONTH', 'WORKERS', 'AGE', 'COLLEGE_DEGREE', 'CERTIFIED_LOCAL', 'MONTHS');

CREATE TYPE rule_bound AS ENUM ('AT_MOST', 'AT_LEAST', 'EXACTLY');

CREATE TYPE rule_scope AS ENUM ('AREA', 'COUNTY', 'EACH');

CREATE TYPE rule_severity AS ENUM ('HARD', 'SOFT');

CREATE TYPE project_role_kind AS ENUM ('LEAD', 'RESPONSIBLE', 'COOPERATOR', 'PURCHASER', 'HOST', 'OPERATOR', 'SUPERVISOR', 'EVALUATOR');

CREATE TYPE station_tier AS ENUM ('CENTRE', 'STATION', 'ROOM');

CREATE TYPE station_setting AS ENUM ('TOWNSHIP', 'STREET', 'LARGE_COMMUNITY');

CREATE TYPE profile_part AS ENUM ('PLATFORM', 'KEY_PROJECT', 'DOMAIN', 'SPECIAL');

CREATE TYPE standard_aspect AS ENUM ('NAME', 'FACILITY', 'RULE_DOCUMENT', 'PLATFORM', 'KEY_PROJECT', 'DOMAIN', 'SPECIAL', 'INCUBATED_A_YEAR', 'VOLUNTEERS_A_YEAR');

CREATE TYPE account_kind AS ENUM ('CONTRIBUTOR', 'BUDGET', 'POOL', 'LINE', 'DONATION', 'COMMITMENT', 'PROJECT', 'STATION', 'REFERRAL', 'PAYEE');

CREATE TYPE journal_kind AS ENUM ('SHARE', 'BUDGET', 'DONATION', 'COMMITMENT', 'RELEASE', 'PAYMENT', 'STIPENDS', 'REVERSAL', 'REDIRECT', 'SURPLUS');

CREATE TYPE donation_origin AS ENUM ('GIVEN', 'REDIRECTED', 'SURPLUS');

CREATE TYPE commitment_for AS ENUM ('PROJECT', 'STATION', 'REFERRAL', 'STIPENDS');

CREATE TYPE payment_for AS ENUM ('STAFF', 'SERVICE', 'GOODS', 'RELIEF', 'STIPEND', 'OTHER');

CREATE TYPE handed_over AS ENUM ('REFERRAL', 'CASE_FILE', 'CONSENT', 'AGREEMENT', 'POST', 'COMMITMENT', 'EVALUATION', 'FOLLOW_UP', 'MILESTONE', 'REPORT');

CREATE TYPE post_kind AS ENUM ('FULL_TIME', 'PART_TIME', 'ASSISTANT');

CREATE TYPE award_level AS ENUM ('NATIONAL', 'PROVINCIAL', 'CITY', 'COUNTY', 'TOWNSHIP');

CREATE TYPE report_cadence AS ENUM ('DAY', 'WEEK', 'MONTH', 'QUARTER', 'HALF_YEAR', 'YEAR');

CREATE TYPE report_level AS ENUM ('PROVINCE', 'PREFECTURE', 'COUNTY', 'TOWNSHIP');

CREATE TYPE supervision_kind AS ENUM ('PROFESSIONAL', 'ADMINISTRATIVE');

CREATE TYPE supervision_level AS ENUM ('PROVINCE', 'PREFECTURE', 'COUNTY');

CREATE TYPE training_mode AS ENUM ('ONLINE', 'OFFLINE', 'BLENDED');

CREATE TYPE training_purpose AS ENUM ('TRAINING', 'SUPERVISION', 'TALENT');

CREATE TYPE talent_measure AS ENUM ('CERTIFICATES', 'ENROLMENTS');

CREATE TABLE area (
    id SERIAL NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    level area_level NOT NULL,
    parent_id INTEGER,
    ancestor_ids INTEGER[] DEFAULT '{}' NOT NULL,
    county_id INTEGER,
    longitude FLOAT,
    latitude FLOAT,
    CONSTRAINT pk_area PRIMARY KEY (id),
    CONSTRAINT ck_area_location_whole CHECK ((longitude IS NULL) = (latitude IS NULL)),
    CONSTRAINT uq_area_code UNIQUE (code),
    CONSTRAINT fk_area_parent_id FOREIGN KEY(parent_id) REFERENCES area (id),
    CONSTRAINT fk_area_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_area_ancestor_ids ON area USING gin (ancestor_ids);

CREATE INDEX ix_area_level_code ON area (level, code);

CREATE INDEX ix_area_parent_id ON area (parent_id);

CREATE TABLE event (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    area_id INTEGER,
    actor_id BIGINT,
    detail JSONB DEFAULT '{}' NOT NULL,
    xid BIGINT DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (id)
);

CREATE INDEX ix_event_entity ON event (entity, entity_id, id);

CREATE INDEX ix_event_xid ON event (xid);

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (caller, operation, key)
);

CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);

CREATE TABLE weight_set (
    id SERIAL NOT NULL,
    codes TEXT[] NOT NULL,
    weights SMALLINT[] NOT NULL,
    scheme TEXT DEFAULT 'MATCH' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_weight_set PRIMARY KEY (id)
);

CREATE TABLE term (
    id SERIAL NOT NULL,
    scheme TEXT NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    parent_id INTEGER,
    position INTEGER NOT NULL,
    ancestor_ids INTEGER[] DEFAULT '{}' NOT NULL,
    group_ids INTEGER[] DEFAULT '{}' NOT NULL,
    synonyms TEXT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_term PRIMARY KEY (id),
    CONSTRAINT uq_term_scheme_code UNIQUE (scheme, code),
    CONSTRAINT fk_term_parent_id FOREIGN KEY(parent_id) REFERENCES term (id)
);

CREATE INDEX ix_term_ancestor_ids ON term USING gin (ancestor_ids);

CREATE INDEX ix_term_scheme_position ON term (scheme, position, id);

CREATE TABLE resource_type (
    id SERIAL NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    kind resource_kind NOT NULL,
    unit TEXT NOT NULL,
    parent_id INTEGER,
    position INTEGER NOT NULL,
    ancestor_ids INTEGER[] DEFAULT '{}' NOT NULL,
    root_id INTEGER NOT NULL,
    synonyms TEXT[] DEFAULT '{}' NOT NULL,
    other_units TEXT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_resource_type PRIMARY KEY (id),
    CONSTRAINT uq_resource_type_code UNIQUE (code),
    CONSTRAINT fk_resource_type_parent_id FOREIGN KEY(parent_id) REFERENCES resource_type (id)
);

CREATE INDEX ix_resource_type_ancestor_ids ON resource_type USING gin (ancestor_ids);

CREATE INDEX ix_resource_type_position ON resource_type (position, id);

CREATE TABLE record_version (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    row JSONB NOT NULL,
    since_at TIMESTAMP WITH TIME ZONE NOT NULL,
    until_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    act TEXT NOT NULL,
    reason TEXT,
    CONSTRAINT pk_record_version PRIMARY KEY (id)
);

CREATE INDEX ix_record_version_entity ON record_version (entity, entity_id);

CREATE INDEX ix_record_version_until ON record_version (entity, until_at);

CREATE TABLE working_day (
    day DATE NOT NULL,
    works BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_working_day PRIMARY KEY (day)
);

CREATE TABLE feed_state (
    id SMALLINT NOT NULL,
    position BIGINT NOT NULL,
    snapshot TEXT NOT NULL,
    CONSTRAINT pk_feed_state PRIMARY KEY (id)
);

CREATE TABLE event_position (
    position BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    CONSTRAINT pk_event_position PRIMARY KEY (position),
    CONSTRAINT uq_event_position_event_id UNIQUE (event_id)
);

CREATE TABLE team_template (
    id SERIAL NOT NULL,
    code TEXT NOT NULL,
    label_zh TEXT NOT NULL,
    label_en TEXT NOT NULL,
    is_linkage_model BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    roles JSONB NOT NULL,
    CONSTRAINT pk_team_template PRIMARY KEY (id),
    CONSTRAINT uq_team_template_code UNIQUE (code)
);

CREATE TABLE party (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind party_kind NOT NULL,
    society society GENERATED ALWAYS AS (CASE kind
    WHEN 'COMMUNITY'::party_kind THEN 'COMMUNITY'::society
    WHEN 'ORGANIZATION'::party_kind THEN 'SOCIAL_ORGANIZATION'::society
    WHEN 'SOCIAL_WORKER'::party_kind THEN 'SOCIAL_WORKER'::society
    WHEN 'VOLUNTEER'::party_kind THEN 'VOLUNTEER'::society
    WHEN 'ASSISTANT'::party_kind THEN 'ASSISTANT'::society
    ELSE 'CHARITABLE_RESOURCE'::society END) STORED NOT NULL,
    name TEXT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    credit_code TEXT,
    founded_on DATE,
    headcount INTEGER,
    industry_id INTEGER,
    source_id INTEGER,
    is_person BOOLEAN GENERATED ALWAYS AS (kind IN ('SOCIAL_WORKER'::party_kind, 'ASSISTANT'::party_kind) OR (kind = 'VOLUNTEER'::party_kind AND headcount = 1)) STORED NOT NULL,
    track_record SMALLINT DEFAULT '5000' NOT NULL,
    reference TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_party PRIMARY KEY (id),
    CONSTRAINT ck_party_track_record_in_range CHECK (track_record BETWEEN 0 AND 10000),
    CONSTRAINT ck_party_headcount_positive CHECK (headcount > 0),
    CONSTRAINT ck_party_headcount_of_volunteers CHECK ((kind = 'VOLUNTEER'::party_kind) = (headcount IS NOT NULL)),
    CONSTRAINT fk_party_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_party_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT uq_party_credit_code UNIQUE (credit_code),
    CONSTRAINT fk_party_industry_id FOREIGN KEY(industry_id) REFERENCES term (id),
    CONSTRAINT fk_party_source_id FOREIGN KEY(source_id) REFERENCES term (id),
    CONSTRAINT uq_party_reference UNIQUE (reference)
);

CREATE INDEX ix_party_area_id ON party (area_id);

CREATE INDEX ix_party_county_id ON party (county_id);

CREATE INDEX ix_party_name ON party (name);

CREATE UNIQUE INDEX uq_party_kind_area_name ON party (kind, area_id, name);

CREATE TABLE matching_state (
    id BIGSERIAL NOT NULL,
    matched_on DATE NOT NULL,
    weight_set_id INTEGER NOT NULL,
    CONSTRAINT pk_matching_state PRIMARY KEY (id),
    CONSTRAINT fk_matching_state_weight_set_id FOREIGN KEY(weight_set_id) REFERENCES weight_set (id)
);

CREATE TABLE plan (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    status plan_status DEFAULT 'COMPUTED' NOT NULL,
    plan_order plan_order DEFAULT 'URGENT_FIRST' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    approved_at TIMESTAMP WITH TIME ZONE,
    progress FLOAT DEFAULT '0' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    job_id BIGINT,
    actor_id BIGINT,
    failure_code TEXT,
    failure_zh TEXT,
    failure_en TEXT,
    demand INTEGER DEFAULT '0' NOT NULL,
    met INTEGER DEFAULT '0' NOT NULL,
    optimal BOOLEAN DEFAULT 'false' NOT NULL,
    primal TEXT DEFAULT '0' NOT NULL,
    dual TEXT DEFAULT '0' NOT NULL,
    violations INTEGER DEFAULT '0' NOT NULL,
    solver TEXT DEFAULT '' NOT NULL,
    seconds FLOAT DEFAULT '0' NOT NULL,
    kept BOOLEAN DEFAULT 'false' NOT NULL,
    current_at TIMESTAMP WITH TIME ZONE,
    kept_to TEXT,
    CONSTRAINT pk_plan PRIMARY KEY (id),
    CONSTRAINT ck_plan_progress_is_a_share CHECK (progress BETWEEN 0 AND 1),
    CONSTRAINT fk_plan_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE INDEX ix_plan_area ON plan (area_id, created_at DESC, id DESC);

CREATE INDEX ix_plan_order ON plan (created_at DESC, id DESC);

CREATE UNIQUE INDEX ix_plan_kept ON plan (area_id) WHERE kept;

CREATE TABLE due_rule (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    step TEXT NOT NULL,
    priority priority,
    area_id INTEGER,
    days SMALLINT NOT NULL,
    again_days SMALLINT NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_due_rule PRIMARY KEY (id),
    CONSTRAINT uq_due_rule_step_priority_area_id UNIQUE NULLS NOT DISTINCT (step, priority, area_id),
    CONSTRAINT ck_due_rule_days_in_range CHECK (days BETWEEN 0 AND 366 AND again_days BETWEEN 1 AND 366),
    CONSTRAINT fk_due_rule_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE TABLE duty (
    id SERIAL NOT NULL,
    code TEXT NOT NULL,
    level area_level NOT NULL,
    area_id INTEGER,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    since_on DATE,
    until_on DATE,
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_duty PRIMARY KEY (id),
    CONSTRAINT ck_duty_dates_in_order CHECK (until_on >= since_on),
    CONSTRAINT uq_duty_code UNIQUE (code),
    CONSTRAINT fk_duty_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE TABLE household (
    code TEXT NOT NULL,
    group_ids INTEGER[] DEFAULT '{}' NOT NULL,
    persons INTEGER,
    situation TEXT,
    opened_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_household PRIMARY KEY (id),
    CONSTRAINT ck_household_persons_least CHECK (persons >= 1),
    CONSTRAINT fk_household_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_household_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_household_area_id ON household (area_id);

CREATE INDEX ix_household_county_id ON household (county_id);

CREATE INDEX ix_household_opened_on ON household (opened_on);

CREATE UNIQUE INDEX uq_household_key ON household (area_id, code) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE group_ledger (
    group_id INTEGER NOT NULL,
    persons INTEGER NOT NULL,
    counted_on DATE NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_group_ledger PRIMARY KEY (id),
    CONSTRAINT ck_group_ledger_persons_least CHECK (persons >= 0),
    CONSTRAINT fk_group_ledger_group_id FOREIGN KEY(group_id) REFERENCES term (id),
    CONSTRAINT fk_group_ledger_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_group_ledger_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_group_ledger_area_id ON group_ledger (area_id);

CREATE INDEX ix_group_ledger_counted_on ON group_ledger (counted_on);

CREATE INDEX ix_group_ledger_county_id ON group_ledger (county_id);

CREATE UNIQUE INDEX uq_group_ledger_key ON group_ledger (area_id, group_id, counted_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE procedure (
    id SERIAL NOT NULL,
    code TEXT NOT NULL,
    area_id INTEGER,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    since_on DATE,
    until_on DATE,
    position INTEGER NOT NULL,
    steps JSONB NOT NULL,
    CONSTRAINT pk_procedure PRIMARY KEY (id),
    CONSTRAINT ck_procedure_dates_in_order CHECK (until_on >= since_on),
    CONSTRAINT uq_procedure_code UNIQUE (code),
    CONSTRAINT fk_procedure_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE TABLE build_plan (
    title TEXT NOT NULL,
    document TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_build_plan PRIMARY KEY (id),
    CONSTRAINT fk_build_plan_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_build_plan_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_build_plan_area_id ON build_plan (area_id);

CREATE INDEX ix_build_plan_county_id ON build_plan (county_id);

CREATE UNIQUE INDEX uq_build_plan_key ON build_plan (area_id, title) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE catalogue (
    title TEXT NOT NULL,
    version TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    example BOOLEAN DEFAULT 'false' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_catalogue PRIMARY KEY (id),
    CONSTRAINT ck_catalogue_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_catalogue_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_catalogue_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_catalogue_area_id ON catalogue (area_id);

CREATE INDEX ix_catalogue_county_id ON catalogue (county_id);

CREATE INDEX ix_catalogue_from_on ON catalogue (from_on);

CREATE UNIQUE INDEX uq_catalogue_key ON catalogue (area_id, title, version) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE milestone (
    title TEXT NOT NULL,
    plan TEXT,
    duty TEXT,
    from_on DATE,
    due_on DATE NOT NULL,
    done_on DATE,
    done BOOLEAN DEFAULT 'false' NOT NULL,
    note TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_milestone PRIMARY KEY (id),
    CONSTRAINT fk_milestone_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_milestone_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_milestone_area_id ON milestone (area_id);

CREATE INDEX ix_milestone_county_id ON milestone (county_id);

CREATE INDEX ix_milestone_due_on ON milestone (due_on);

CREATE UNIQUE INDEX uq_milestone_key ON milestone (area_id, title, due_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE evaluation_standard (
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    title TEXT NOT NULL,
    full_score NUMERIC(12, 4) NOT NULL,
    levels INTEGER NOT NULL,
    leaves INTEGER NOT NULL,
    from_on DATE,
    until_on DATE,
    citation TEXT NOT NULL,
    digest TEXT NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_evaluation_standard PRIMARY KEY (id),
    CONSTRAINT ck_evaluation_standard_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_evaluation_standard_version_least CHECK (version >= 1),
    CONSTRAINT ck_evaluation_standard_full_score_least CHECK (full_score >= 0),
    CONSTRAINT ck_evaluation_standard_levels_least CHECK (levels >= 1),
    CONSTRAINT ck_evaluation_standard_leaves_least CHECK (leaves >= 1),
    CONSTRAINT fk_evaluation_standard_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_evaluation_standard_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_evaluation_standard_area_id ON evaluation_standard (area_id);

CREATE INDEX ix_evaluation_standard_county_id ON evaluation_standard (county_id);

CREATE INDEX ix_evaluation_standard_from_on ON evaluation_standard (from_on);

CREATE UNIQUE INDEX uq_evaluation_standard_key ON evaluation_standard (area_id, code, version) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE evaluation_sample (
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    seed TEXT NOT NULL,
    seed_given BOOLEAN DEFAULT 'false' NOT NULL,
    algorithm TEXT NOT NULL,
    share NUMERIC(12, 4),
    frame_size INTEGER NOT NULL,
    drawn_count INTEGER NOT NULL,
    drawn_on DATE NOT NULL,
    reason TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_evaluation_sample PRIMARY KEY (id),
    CONSTRAINT ck_evaluation_sample_year_least CHECK (year >= 2000),
    CONSTRAINT ck_evaluation_sample_number_least CHECK (number >= 1),
    CONSTRAINT ck_evaluation_sample_share_least CHECK (share >= 0),
    CONSTRAINT ck_evaluation_sample_frame_size_least CHECK (frame_size >= 0),
    CONSTRAINT ck_evaluation_sample_drawn_count_least CHECK (drawn_count >= 0),
    CONSTRAINT fk_evaluation_sample_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_evaluation_sample_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_evaluation_sample_area_id ON evaluation_sample (area_id);

CREATE INDEX ix_evaluation_sample_county_id ON evaluation_sample (county_id);

CREATE UNIQUE INDEX uq_evaluation_sample_key ON evaluation_sample (area_id, year, number) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE fund_rule (
    code TEXT NOT NULL,
    subject rule_subject NOT NULL,
    measure rule_measure NOT NULL,
    bound rule_bound NOT NULL,
    threshold NUMERIC(12, 4) NOT NULL,
    base_id INTEGER,
    years_back INTEGER,
    scope rule_scope DEFAULT 'EACH' NOT NULL,
    fund_source_ids INTEGER[] DEFAULT '{}' NOT NULL,
    severity rule_severity NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    citation_zh TEXT NOT NULL,
    citation_en TEXT NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_fund_rule PRIMARY KEY (id),
    CONSTRAINT ck_fund_rule_year_of_a_base CHECK (years_back IS NULL OR base_id IS NOT NULL),
    CONSTRAINT ck_fund_rule_amount_of_an_area CHECK (measure <> 'AMOUNT' OR scope <> 'EACH'),
    CONSTRAINT ck_fund_rule_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_fund_rule_threshold_least CHECK (threshold >= 0),
    CONSTRAINT ck_fund_rule_years_back_least CHECK (years_back >= 0),
    CONSTRAINT fk_fund_rule_base_id FOREIGN KEY(base_id) REFERENCES term (id),
    CONSTRAINT fk_fund_rule_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_fund_rule_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_fund_rule_area_id ON fund_rule (area_id);

CREATE INDEX ix_fund_rule_county_id ON fund_rule (county_id);

CREATE INDEX ix_fund_rule_from_on ON fund_rule (from_on);

CREATE UNIQUE INDEX uq_fund_rule_key ON fund_rule (area_id, code, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE base_amount (
    base_id INTEGER NOT NULL,
    year INTEGER NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_base_amount PRIMARY KEY (id),
    CONSTRAINT ck_base_amount_year_least CHECK (year >= 2000),
    CONSTRAINT ck_base_amount_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_base_amount_base_id FOREIGN KEY(base_id) REFERENCES term (id),
    CONSTRAINT fk_base_amount_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_base_amount_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_base_amount_area_id ON base_amount (area_id);

CREATE INDEX ix_base_amount_county_id ON base_amount (county_id);

CREATE UNIQUE INDEX uq_base_amount_key ON base_amount (area_id, base_id, year) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE project (
    name TEXT NOT NULL,
    from_on DATE,
    until_on DATE,
    about TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_project PRIMARY KEY (id),
    CONSTRAINT ck_project_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_project_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_project_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_project_area_id ON project (area_id);

CREATE INDEX ix_project_county_id ON project (county_id);

CREATE INDEX ix_project_from_on ON project (from_on);

CREATE UNIQUE INDEX uq_project_key ON project (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE station_standard (
    aspect standard_aspect NOT NULL,
    tier station_tier DEFAULT 'STATION' NOT NULL,
    form TEXT,
    item_id INTEGER,
    rule_kind_id INTEGER,
    least INTEGER DEFAULT '1' NOT NULL,
    above_m2 NUMERIC(12, 4),
    hard BOOLEAN DEFAULT 'false' NOT NULL,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station_standard PRIMARY KEY (id),
    CONSTRAINT ck_station_standard_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_station_standard_least_least CHECK (least >= 0),
    CONSTRAINT ck_station_standard_above_m2_least CHECK (above_m2 >= 0),
    CONSTRAINT fk_station_standard_item_id FOREIGN KEY(item_id) REFERENCES term (id),
    CONSTRAINT fk_station_standard_rule_kind_id FOREIGN KEY(rule_kind_id) REFERENCES term (id),
    CONSTRAINT fk_station_standard_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_station_standard_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_station_standard_area_id ON station_standard (area_id);

CREATE INDEX ix_station_standard_county_id ON station_standard (county_id);

CREATE INDEX ix_station_standard_from_on ON station_standard (from_on);

CREATE TABLE account (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind account_kind NOT NULL,
    subject_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    balance NUMERIC(16, 2) DEFAULT '0.00' NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_kind_subject_id UNIQUE (kind, subject_id),
    CONSTRAINT ck_account_never_below_zero CHECK (balance >= 0 OR kind IN ('CONTRIBUTOR', 'BUDGET')),
    CONSTRAINT fk_account_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE INDEX ix_account_area_id ON account (area_id);

CREATE TABLE journal (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind journal_kind NOT NULL,
    day DATE NOT NULL,
    area_id INTEGER NOT NULL,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    lines SMALLINT NOT NULL,
    reverses_id BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    CONSTRAINT pk_journal PRIMARY KEY (id),
    CONSTRAINT ck_journal_two_sides CHECK (lines >= 2),
    CONSTRAINT ck_journal_reversal_reverses CHECK ((kind = 'REVERSAL') = (reverses_id IS NOT NULL)),
    CONSTRAINT fk_journal_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_journal_reverses_id FOREIGN KEY(reverses_id) REFERENCES journal (id)
);

CREATE INDEX ix_journal_area_id ON journal (area_id);

CREATE INDEX ix_journal_day ON journal (day, id);

CREATE INDEX ix_journal_entity ON journal (entity, entity_id);

CREATE INDEX ix_journal_reverses_id ON journal (reverses_id);

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE FUNCTION check_journal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_journal bigint := CASE TG_TABLE_NAME WHEN 'journal' THEN (to_jsonb(NEW)->>'id')::bigint
        ELSE (to_jsonb(NEW)->>'journal_id')::bigint END;
BEGIN
    IF (SELECT count(*) <> j.lines OR coalesce(sum(p.amount), 0) <> 0
        FROM journal j LEFT JOIN posting p ON p.journal_id = j.id WHERE j.id = of_journal GROUP BY j.id) THEN
        RAISE EXCEPTION 'journal % does not balance', of_journal USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal();

CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

CREATE TRIGGER journal_not_truncated BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

CREATE TABLE fund_pool (
    name TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    earmark_id INTEGER,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_fund_pool PRIMARY KEY (id),
    CONSTRAINT ck_fund_pool_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_fund_pool_earmark_id FOREIGN KEY(earmark_id) REFERENCES term (id),
    CONSTRAINT fk_fund_pool_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_fund_pool_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_fund_pool_area_id ON fund_pool (area_id);

CREATE INDEX ix_fund_pool_county_id ON fund_pool (county_id);

CREATE INDEX ix_fund_pool_from_on ON fund_pool (from_on);

CREATE UNIQUE INDEX uq_fund_pool_key ON fund_pool (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE report (
    cadence report_cadence NOT NULL,
    period TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    note TEXT,
    digest TEXT NOT NULL,
    figures JSONB NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_report PRIMARY KEY (id),
    CONSTRAINT ck_report_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_report_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_report_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_report_area_id ON report (area_id);

CREATE INDEX ix_report_county_id ON report (county_id);

CREATE INDEX ix_report_from_on ON report (from_on);

CREATE UNIQUE INDEX uq_report_key ON report (area_id, cadence, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE FUNCTION refuse_report_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a submitted report stays as it is' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER report_stays BEFORE DELETE OR UPDATE OF cadence, period, from_on, until_on, note, digest, figures, area_id, recorded_at, changed_at, withdrawn_at, actor_id, source ON report FOR EACH ROW EXECUTE FUNCTION refuse_report_change();

CREATE TABLE report_duty (
    level report_level NOT NULL,
    cadence report_cadence NOT NULL,
    working_days INTEGER NOT NULL,
    owed BOOLEAN DEFAULT 'true' NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_report_duty PRIMARY KEY (id),
    CONSTRAINT ck_report_duty_days_in_range CHECK (working_days <= 366),
    CONSTRAINT ck_report_duty_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_report_duty_working_days_least CHECK (working_days >= 0),
    CONSTRAINT fk_report_duty_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_report_duty_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_report_duty_area_id ON report_duty (area_id);

CREATE INDEX ix_report_duty_county_id ON report_duty (county_id);

CREATE INDEX ix_report_duty_from_on ON report_duty (from_on);

CREATE UNIQUE INDEX uq_report_duty_key ON report_duty (area_id, level, cadence, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE supervision_team (
    kind supervision_kind NOT NULL,
    name TEXT,
    established BOOLEAN DEFAULT 'true' NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_supervision_team PRIMARY KEY (id),
    CONSTRAINT ck_supervision_team_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_supervision_team_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_supervision_team_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_supervision_team_area_id ON supervision_team (area_id);

CREATE INDEX ix_supervision_team_county_id ON supervision_team (county_id);

CREATE INDEX ix_supervision_team_from_on ON supervision_team (from_on);

CREATE UNIQUE INDEX uq_supervision_team_key ON supervision_team (area_id, kind, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE course (
    title TEXT NOT NULL,
    mode training_mode NOT NULL,
    organizer TEXT,
    cost NUMERIC(16, 2),
    from_on DATE NOT NULL,
    until_on DATE,
    trainee_kind_ids INTEGER[] DEFAULT '{}' NOT NULL,
    domain_id INTEGER,
    classes INTEGER DEFAULT '1' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_course PRIMARY KEY (id),
    CONSTRAINT ck_course_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_course_cost_least CHECK (cost >= 0),
    CONSTRAINT ck_course_classes_least CHECK (classes >= 1),
    CONSTRAINT fk_course_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_course_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_course_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_course_area_id ON course (area_id);

CREATE INDEX ix_course_county_id ON course (county_id);

CREATE INDEX ix_course_from_on ON course (from_on);

CREATE UNIQUE INDEX uq_course_key ON course (area_id, title, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE talent_plan (
    name TEXT NOT NULL,
    measure talent_measure NOT NULL,
    grade_id INTEGER,
    trainee_kind_id INTEGER,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_talent_plan PRIMARY KEY (id),
    CONSTRAINT fk_talent_plan_grade_id FOREIGN KEY(grade_id) REFERENCES term (id),
    CONSTRAINT fk_talent_plan_trainee_kind_id FOREIGN KEY(trainee_kind_id) REFERENCES term (id),
    CONSTRAINT fk_talent_plan_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_talent_plan_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_talent_plan_area_id ON talent_plan (area_id);

CREATE INDEX ix_talent_plan_county_id ON talent_plan (county_id);

CREATE UNIQUE INDEX uq_talent_plan_key ON talent_plan (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE linkage_model (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    template_id INTEGER NOT NULL,
    since_on DATE NOT NULL,
    citation TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_linkage_model PRIMARY KEY (id),
    CONSTRAINT uq_linkage_model_area_id_since_on UNIQUE (area_id, since_on),
    CONSTRAINT fk_linkage_model_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_linkage_model_template_id FOREIGN KEY(template_id) REFERENCES team_template (id)
);

CREATE TABLE need (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    title TEXT NOT NULL,
    community_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    resource_type_id INTEGER NOT NULL,
    client_group_ids INTEGER[] DEFAULT '{}' NOT NULL,
    quantity INTEGER NOT NULL,
    committed INTEGER DEFAULT '0' NOT NULL,
    delivered INTEGER DEFAULT '0' NOT NULL,
    priority priority DEFAULT 'ROUTINE' NOT NULL,
    whole_or_nothing BOOLEAN DEFAULT 'false' NOT NULL,
    needed_from DATE,
    needed_by DATE,
    channel_id INTEGER,
    status need_status DEFAULT 'OPEN' NOT NULL,
    reference TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_need PRIMARY KEY (id),
    CONSTRAINT ck_need_quantity_positive CHECK (quantity > 0),
    CONSTRAINT ck_need_committed_within_quantity CHECK (committed >= 0 AND committed <= quantity),
    CONSTRAINT ck_need_delivered_within_committed CHECK (delivered >= 0 AND delivered <= committed),
    CONSTRAINT ck_need_dates_in_order CHECK (needed_from <= needed_by),
    CONSTRAINT fk_need_community_id FOREIGN KEY(community_id) REFERENCES party (id),
    CONSTRAINT fk_need_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_need_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_need_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id),
    CONSTRAINT fk_need_channel_id FOREIGN KEY(channel_id) REFERENCES term (id),
    CONSTRAINT uq_need_reference UNIQUE (reference)
);

CREATE INDEX ix_need_area_id ON need (area_id);

CREATE INDEX ix_need_client_group_ids ON need USING gin (client_group_ids);

CREATE INDEX ix_need_community_id ON need (community_id);

CREATE INDEX ix_need_county ON need (county_id, status, priority DESC, created_at, id);

CREATE INDEX ix_need_order ON need (priority DESC, created_at, id);

CREATE INDEX ix_need_type ON need (resource_type_id) WHERE status = 'OPEN'::need_status;

CREATE TABLE offer (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    title TEXT NOT NULL,
    provider_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    resource_type_id INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    committed INTEGER DEFAULT '0' NOT NULL,
    available INTEGER GENERATED ALWAYS AS (capacity - committed) STORED NOT NULL,
    coverage_ids INTEGER[] DEFAULT '{}' NOT NULL,
    client_group_ids INTEGER[] DEFAULT '{}' NOT NULL,
    minimum_per_need INTEGER DEFAULT '1' NOT NULL,
    maximum_per_need INTEGER,
    available_from DATE,
    available_until DATE,
    earmark_id INTEGER,
    status offer_status DEFAULT 'ACTIVE' NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    track_record SMALLINT DEFAULT '5000' NOT NULL,
    reference TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_offer PRIMARY KEY (id),
    CONSTRAINT ck_offer_capacity_positive CHECK (capacity > 0),
    CONSTRAINT ck_offer_committed_within_capacity CHECK (committed >= 0 AND committed <= capacity),
    CONSTRAINT ck_offer_minimum_positive CHECK (minimum_per_need > 0),
    CONSTRAINT ck_offer_maximum_over_minimum CHECK (maximum_per_need >= minimum_per_need),
    CONSTRAINT ck_offer_dates_in_order CHECK (available_from <= available_until),
    CONSTRAINT ck_offer_coverage_somewhere CHECK (cardinality(coverage_ids) > 0),
    CONSTRAINT fk_offer_provider_id FOREIGN KEY(provider_id) REFERENCES party (id),
    CONSTRAINT fk_offer_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_offer_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_offer_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id),
    CONSTRAINT fk_offer_earmark_id FOREIGN KEY(earmark_id) REFERENCES term (id),
    CONSTRAINT uq_offer_reference UNIQUE (reference)
);

CREATE INDEX ix_offer_area_id ON offer (area_id);

CREATE INDEX ix_offer_coverage_ids ON offer USING gin (coverage_ids);

CREATE INDEX ix_offer_order ON offer (confirmed_at DESC, id);

CREATE INDEX ix_offer_provider_id ON offer (provider_id);

CREATE INDEX ix_offer_type ON offer (resource_type_id) WHERE status = 'ACTIVE'::offer_status;

CREATE TABLE plan_coverage (
    plan_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    resource_type_id INTEGER NOT NULL,
    requested BIGINT NOT NULL,
    allocated BIGINT NOT NULL,
    CONSTRAINT pk_plan_coverage PRIMARY KEY (plan_id, area_id, resource_type_id),
    CONSTRAINT fk_plan_coverage_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_coverage_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_plan_coverage_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id)
);

CREATE TABLE plan_bottleneck (
    plan_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    area_id INTEGER NOT NULL,
    resource_type_id INTEGER NOT NULL,
    shortfall BIGINT NOT NULL,
    worth INTEGER NOT NULL,
    met_by_one INTEGER NOT NULL,
    met_by_all INTEGER NOT NULL,
    CONSTRAINT pk_plan_bottleneck PRIMARY KEY (plan_id, position),
    CONSTRAINT fk_plan_bottleneck_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_bottleneck_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_plan_bottleneck_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id)
);

CREATE TABLE api_key (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    prefix TEXT NOT NULL,
    digest BYTEA NOT NULL,
    role role NOT NULL,
    area_id INTEGER,
    party_id BIGINT,
    label TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_key PRIMARY KEY (id),
    CONSTRAINT ck_api_key_party_of_partner CHECK ((role = 'PARTNER'::role) = (party_id IS NOT NULL)),
    CONSTRAINT ck_api_key_area_of_coordinator CHECK (role <> 'COORDINATOR'::role OR area_id IS NOT NULL),
    CONSTRAINT uq_api_key_prefix UNIQUE (prefix),
    CONSTRAINT fk_api_key_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_api_key_party_id FOREIGN KEY(party_id) REFERENCES party (id)
);

CREATE TABLE certificate (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    number TEXT NOT NULL,
    volunteer_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    issuer_area_id INTEGER NOT NULL,
    volunteer_name TEXT NOT NULL,
    is_person BOOLEAN NOT NULL,
    organizer TEXT NOT NULL,
    issuer TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    hours NUMERIC(14, 2) GENERATED ALWAYS AS (round(minutes / 60.0, 2)) STORED NOT NULL,
    services INTEGER NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    issued_on DATE NOT NULL,
    status certificate_status DEFAULT 'VALID' NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    reason TEXT,
    actor_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_certificate PRIMARY KEY (id),
    CONSTRAINT ck_certificate_hours_above_0 CHECK (minutes > 0 AND services > 0),
    CONSTRAINT ck_certificate_dates_in_order CHECK (from_on <= until_on),
    CONSTRAINT ck_certificate_ended_unless_valid CHECK ((status = 'VALID'::certificate_status) = (ended_at IS NULL)),
    CONSTRAINT ck_certificate_reason_where_revoked CHECK ((status = 'REVOKED'::certificate_status) = (reason IS NOT NULL)),
    CONSTRAINT uq_certificate_number UNIQUE (number),
    CONSTRAINT fk_certificate_volunteer_id FOREIGN KEY(volunteer_id) REFERENCES party (id),
    CONSTRAINT fk_certificate_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_certificate_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_certificate_issuer_area_id FOREIGN KEY(issuer_area_id) REFERENCES area (id)
);

CREATE INDEX ix_certificate_area_id ON certificate (area_id);

CREATE INDEX ix_certificate_volunteer_id ON certificate (volunteer_id);

CREATE TABLE client (
    code TEXT NOT NULL,
    household_id BIGINT,
    group_ids INTEGER[] DEFAULT '{}' NOT NULL,
    worker_id BIGINT,
    opened_on DATE NOT NULL,
    is_minor BOOLEAN DEFAULT 'false' NOT NULL,
    grade care_grade,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_client PRIMARY KEY (id),
    CONSTRAINT fk_client_household_id FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT fk_client_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_client_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_client_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_client_area_id ON client (area_id);

CREATE INDEX ix_client_county_id ON client (county_id);

CREATE INDEX ix_client_household_id ON client (household_id);

CREATE INDEX ix_client_opened_on ON client (opened_on);

CREATE INDEX ix_client_worker_id ON client (worker_id);

CREATE UNIQUE INDEX uq_client_key ON client (area_id, code) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE build_target (
    plan_id BIGINT NOT NULL,
    place_id INTEGER,
    place_name TEXT NOT NULL,
    year INTEGER NOT NULL,
    stations INTEGER NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_build_target PRIMARY KEY (id),
    CONSTRAINT ck_build_target_year_least CHECK (year >= 1949),
    CONSTRAINT ck_build_target_stations_least CHECK (stations >= 0),
    CONSTRAINT fk_build_target_plan_id FOREIGN KEY(plan_id) REFERENCES build_plan (id),
    CONSTRAINT fk_build_target_place_id FOREIGN KEY(place_id) REFERENCES area (id),
    CONSTRAINT fk_build_target_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_build_target_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_build_target_area_id ON build_target (area_id);

CREATE INDEX ix_build_target_county_id ON build_target (county_id);

CREATE INDEX ix_build_target_place_id ON build_target (place_id);

CREATE INDEX ix_build_target_plan_id ON build_target (plan_id);

CREATE UNIQUE INDEX uq_build_target_key ON build_target (plan_id, place_name, year) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE build_goal (
    plan_id BIGINT NOT NULL,
    year INTEGER NOT NULL,
    least_percent NUMERIC(12, 4) NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_build_goal PRIMARY KEY (id),
    CONSTRAINT ck_build_goal_percent_of_all CHECK (least_percent <= 100),
    CONSTRAINT ck_build_goal_year_least CHECK (year >= 1949),
    CONSTRAINT ck_build_goal_least_percent_least CHECK (least_percent >= 0),
    CONSTRAINT fk_build_goal_plan_id FOREIGN KEY(plan_id) REFERENCES build_plan (id),
    CONSTRAINT fk_build_goal_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_build_goal_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_build_goal_area_id ON build_goal (area_id);

CREATE INDEX ix_build_goal_county_id ON build_goal (county_id);

CREATE INDEX ix_build_goal_plan_id ON build_goal (plan_id);

CREATE UNIQUE INDEX uq_build_goal_key ON build_goal (plan_id, year) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE build_exemption (
    plan_id BIGINT NOT NULL,
    place_id INTEGER NOT NULL,
    reason TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_build_exemption PRIMARY KEY (id),
    CONSTRAINT fk_build_exemption_plan_id FOREIGN KEY(plan_id) REFERENCES build_plan (id),
    CONSTRAINT fk_build_exemption_place_id FOREIGN KEY(place_id) REFERENCES area (id),
    CONSTRAINT fk_build_exemption_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_build_exemption_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_build_exemption_area_id ON build_exemption (area_id);

CREATE INDEX ix_build_exemption_county_id ON build_exemption (county_id);

CREATE INDEX ix_build_exemption_place_id ON build_exemption (place_id);

CREATE INDEX ix_build_exemption_plan_id ON build_exemption (plan_id);

CREATE UNIQUE INDEX uq_build_exemption_key ON build_exemption (plan_id, place_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE printed_total (
    plan_id BIGINT NOT NULL,
    axis printed_axis NOT NULL,
    heading TEXT NOT NULL,
    printed INTEGER NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_printed_total PRIMARY KEY (id),
    CONSTRAINT ck_printed_total_printed_least CHECK (printed >= 0),
    CONSTRAINT fk_printed_total_plan_id FOREIGN KEY(plan_id) REFERENCES build_plan (id),
    CONSTRAINT fk_printed_total_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_printed_total_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_printed_total_area_id ON printed_total (area_id);

CREATE INDEX ix_printed_total_county_id ON printed_total (county_id);

CREATE INDEX ix_printed_total_plan_id ON printed_total (plan_id);

CREATE UNIQUE INDEX uq_printed_total_key ON printed_total (plan_id, axis, heading) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE catalogue_service (
    catalogue_id BIGINT NOT NULL,
    position INTEGER DEFAULT '0' NOT NULL,
    domain_id INTEGER,
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT,
    resource_type_id INTEGER,
    method_id INTEGER,
    what TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_catalogue_service PRIMARY KEY (id),
    CONSTRAINT ck_catalogue_service_position_least CHECK (position >= 0),
    CONSTRAINT fk_catalogue_service_catalogue_id FOREIGN KEY(catalogue_id) REFERENCES catalogue (id),
    CONSTRAINT fk_catalogue_service_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_catalogue_service_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id),
    CONSTRAINT fk_catalogue_service_method_id FOREIGN KEY(method_id) REFERENCES term (id),
    CONSTRAINT fk_catalogue_service_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_catalogue_service_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_catalogue_service_area_id ON catalogue_service (area_id);

CREATE INDEX ix_catalogue_service_catalogue_id ON catalogue_service (catalogue_id);

CREATE INDEX ix_catalogue_service_county_id ON catalogue_service (county_id);

CREATE INDEX ix_catalogue_service_resource_type_id ON catalogue_service (resource_type_id);

CREATE UNIQUE INDEX uq_catalogue_service_key ON catalogue_service (catalogue_id, code) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE committee (
    name TEXT NOT NULL,
    kind_id INTEGER NOT NULL,
    community_id BIGINT,
    founded_on DATE,
    ended_on DATE,
    members INTEGER,
    mission TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_committee PRIMARY KEY (id),
    CONSTRAINT ck_committee_dates_in_order CHECK (ended_on >= founded_on),
    CONSTRAINT ck_committee_members_least CHECK (members >= 0),
    CONSTRAINT fk_committee_kind_id FOREIGN KEY(kind_id) REFERENCES term (id),
    CONSTRAINT fk_committee_community_id FOREIGN KEY(community_id) REFERENCES party (id),
    CONSTRAINT fk_committee_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_committee_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_committee_area_id ON committee (area_id);

CREATE INDEX ix_committee_community_id ON committee (community_id);

CREATE INDEX ix_committee_county_id ON committee (county_id);

CREATE INDEX ix_committee_founded_on ON committee (founded_on);

CREATE UNIQUE INDEX uq_committee_key ON committee (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE evaluation_grade (
    standard_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    least NUMERIC(12, 4) NOT NULL,
    passes BOOLEAN DEFAULT 'false' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_evaluation_grade PRIMARY KEY (id),
    CONSTRAINT ck_evaluation_grade_least_least CHECK (least >= 0),
    CONSTRAINT fk_evaluation_grade_standard_id FOREIGN KEY(standard_id) REFERENCES evaluation_standard (id),
    CONSTRAINT fk_evaluation_grade_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_evaluation_grade_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_evaluation_grade_area_id ON evaluation_grade (area_id);

CREATE INDEX ix_evaluation_grade_county_id ON evaluation_grade (county_id);

CREATE INDEX ix_evaluation_grade_standard_id ON evaluation_grade (standard_id);

CREATE UNIQUE INDEX uq_evaluation_grade_key ON evaluation_grade (standard_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE indicator (
    standard_id BIGINT NOT NULL,
    parent_id BIGINT,
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    weight NUMERIC(12, 4) NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    leaf BOOLEAN DEFAULT 'false' NOT NULL,
    evidence TEXT,
    scoring TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_indicator PRIMARY KEY (id),
    CONSTRAINT ck_indicator_weight_least CHECK (weight >= 0),
    CONSTRAINT ck_indicator_level_least CHECK (level >= 1),
    CONSTRAINT ck_indicator_position_least CHECK (position >= 0),
    CONSTRAINT fk_indicator_standard_id FOREIGN KEY(standard_id) REFERENCES evaluation_standard (id),
    CONSTRAINT fk_indicator_parent_id FOREIGN KEY(parent_id) REFERENCES indicator (id),
    CONSTRAINT fk_indicator_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_indicator_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_indicator_area_id ON indicator (area_id);

CREATE INDEX ix_indicator_county_id ON indicator (county_id);

CREATE INDEX ix_indicator_parent_id ON indicator (parent_id);

CREATE INDEX ix_indicator_standard_id ON indicator (standard_id);

CREATE UNIQUE INDEX uq_indicator_key ON indicator (standard_id, code) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE project_role (
    project_id BIGINT NOT NULL,
    party_id BIGINT NOT NULL,
    role project_role_kind NOT NULL,
    is_primary BOOLEAN DEFAULT 'false' NOT NULL,
    in_party_building BOOLEAN DEFAULT 'false' NOT NULL,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_project_role PRIMARY KEY (id),
    CONSTRAINT ck_project_role_primary_operates CHECK (NOT is_primary OR role = 'OPERATOR'),
    CONSTRAINT ck_project_role_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_project_role_project_id FOREIGN KEY(project_id) REFERENCES project (id),
    CONSTRAINT fk_project_role_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_project_role_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_project_role_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_project_role_area_id ON project_role (area_id);

CREATE INDEX ix_project_role_county_id ON project_role (county_id);

CREATE INDEX ix_project_role_from_on ON project_role (from_on);

CREATE INDEX ix_project_role_party_id ON project_role (party_id);

CREATE INDEX ix_project_role_project_id ON project_role (project_id);

CREATE TABLE agreement (
    project_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    number TEXT,
    purchaser_id BIGINT NOT NULL,
    operator_id BIGINT NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    signed_on DATE,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_agreement PRIMARY KEY (id),
    CONSTRAINT ck_agreement_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_agreement_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_agreement_project_id FOREIGN KEY(project_id) REFERENCES project (id),
    CONSTRAINT fk_agreement_purchaser_id FOREIGN KEY(purchaser_id) REFERENCES party (id),
    CONSTRAINT fk_agreement_operator_id FOREIGN KEY(operator_id) REFERENCES party (id),
    CONSTRAINT fk_agreement_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_agreement_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_agreement_area_id ON agreement (area_id);

CREATE INDEX ix_agreement_county_id ON agreement (county_id);

CREATE INDEX ix_agreement_from_on ON agreement (from_on);

CREATE INDEX ix_agreement_operator_id ON agreement (operator_id);

CREATE INDEX ix_agreement_project_id ON agreement (project_id);

CREATE INDEX ix_agreement_purchaser_id ON agreement (purchaser_id);

CREATE TABLE station (
    name TEXT NOT NULL,
    tier station_tier NOT NULL,
    setting station_setting,
    parent_id BIGINT,
    project_id BIGINT,
    units INTEGER DEFAULT '1' NOT NULL,
    opened_on DATE,
    closed_on DATE,
    floor_m2 NUMERIC(12, 4),
    address TEXT,
    functions TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_station PRIMARY KEY (id),
    CONSTRAINT ck_station_not_its_own_parent CHECK (parent_id <> id),
    CONSTRAINT ck_station_units_positive CHECK (units >= 1),
    CONSTRAINT ck_station_dates_in_order CHECK (closed_on >= opened_on),
    CONSTRAINT ck_station_units_least CHECK (units >= 1),
    CONSTRAINT ck_station_floor_m2_least CHECK (floor_m2 >= 0),
    CONSTRAINT fk_station_parent_id FOREIGN KEY(parent_id) REFERENCES station (id),
    CONSTRAINT fk_station_project_id FOREIGN KEY(project_id) REFERENCES project (id),
    CONSTRAINT fk_station_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_station_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_station_area_id ON station (area_id);

CREATE INDEX ix_station_county_id ON station (county_id);

CREATE INDEX ix_station_opened_on ON station (opened_on);

CREATE INDEX ix_station_parent_id ON station (parent_id);

CREATE INDEX ix_station_project_id ON station (project_id);

CREATE UNIQUE INDEX uq_station_key ON station (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE posting (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    journal_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    CONSTRAINT pk_posting PRIMARY KEY (id),
    CONSTRAINT ck_posting_moves_something CHECK (amount <> 0),
    CONSTRAINT fk_posting_journal_id FOREIGN KEY(journal_id) REFERENCES journal (id),
    CONSTRAINT fk_posting_account_id FOREIGN KEY(account_id) REFERENCES account (id)
);

CREATE INDEX ix_posting_journal_id ON posting (journal_id);

CREATE UNIQUE INDEX ix_posting_account ON posting (account_id, journal_id);

CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.account_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER posting_keeps_balance AFTER INSERT ON posting FOR EACH ROW EXECUTE FUNCTION keep_balance();

CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON posting DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_journal();

CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

CREATE TRIGGER posting_not_truncated BEFORE TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

CREATE TRIGGER account_of_its_postings BEFORE UPDATE OF balance ON account FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_ledger_change();

CREATE TRIGGER account_begins_empty BEFORE INSERT ON account FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse_ledger_change();

CREATE TRIGGER account_stays BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();

CREATE TABLE pool_share (
    pool_id BIGINT NOT NULL,
    contributor_id BIGINT NOT NULL,
    fund_source_id INTEGER NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    given_on DATE NOT NULL,
    from_on DATE,
    until_on DATE,
    reversed_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pool_share PRIMARY KEY (id),
    CONSTRAINT ck_pool_share_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_pool_share_pool_id FOREIGN KEY(pool_id) REFERENCES fund_pool (id),
    CONSTRAINT fk_pool_share_contributor_id FOREIGN KEY(contributor_id) REFERENCES party (id),
    CONSTRAINT fk_pool_share_fund_source_id FOREIGN KEY(fund_source_id) REFERENCES term (id),
    CONSTRAINT fk_pool_share_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_pool_share_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_pool_share_area_id ON pool_share (area_id);

CREATE INDEX ix_pool_share_contributor_id ON pool_share (contributor_id);

CREATE INDEX ix_pool_share_county_id ON pool_share (county_id);

CREATE INDEX ix_pool_share_given_on ON pool_share (given_on);

CREATE INDEX ix_pool_share_pool_id ON pool_share (pool_id);

CREATE TABLE budget_line (
    name TEXT NOT NULL,
    year INTEGER NOT NULL,
    fund_source_id INTEGER NOT NULL,
    pool_id BIGINT,
    earmark_id INTEGER,
    amount NUMERIC(16, 2) NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_budget_line PRIMARY KEY (id),
    CONSTRAINT ck_budget_line_year_least CHECK (year >= 2000),
    CONSTRAINT ck_budget_line_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_budget_line_fund_source_id FOREIGN KEY(fund_source_id) REFERENCES term (id),
    CONSTRAINT fk_budget_line_pool_id FOREIGN KEY(pool_id) REFERENCES fund_pool (id),
    CONSTRAINT fk_budget_line_earmark_id FOREIGN KEY(earmark_id) REFERENCES term (id),
    CONSTRAINT fk_budget_line_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_budget_line_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_budget_line_area_id ON budget_line (area_id);

CREATE INDEX ix_budget_line_county_id ON budget_line (county_id);

CREATE INDEX ix_budget_line_pool_id ON budget_line (pool_id);

CREATE UNIQUE INDEX uq_budget_line_key ON budget_line (area_id, name, year) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE donation (
    donor_id BIGINT NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    donated_on DATE NOT NULL,
    earmark_id INTEGER,
    origin donation_origin DEFAULT 'GIVEN' NOT NULL,
    origin_donation_id BIGINT,
    consent_by_id BIGINT,
    consented_on DATE,
    consent_reference TEXT,
    reversed_on DATE,
    closed_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_donation PRIMARY KEY (id),
    CONSTRAINT ck_donation_origin_named CHECK ((origin = 'GIVEN') = (origin_donation_id IS NULL)),
    CONSTRAINT ck_donation_redirected_with_consent CHECK (origin <> 'REDIRECTED' OR num_nulls(consented_on, consent_reference, consent_by_id) = 0),
    CONSTRAINT ck_donation_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_donation_donor_id FOREIGN KEY(donor_id) REFERENCES party (id),
    CONSTRAINT fk_donation_earmark_id FOREIGN KEY(earmark_id) REFERENCES term (id),
    CONSTRAINT fk_donation_origin_donation_id FOREIGN KEY(origin_donation_id) REFERENCES donation (id),
    CONSTRAINT fk_donation_consent_by_id FOREIGN KEY(consent_by_id) REFERENCES party (id),
    CONSTRAINT fk_donation_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_donation_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_donation_area_id ON donation (area_id);

CREATE INDEX ix_donation_consent_by_id ON donation (consent_by_id);

CREATE INDEX ix_donation_county_id ON donation (county_id);

CREATE INDEX ix_donation_donated_on ON donation (donated_on);

CREATE INDEX ix_donation_donor_id ON donation (donor_id);

CREATE INDEX ix_donation_origin_donation_id ON donation (origin_donation_id);

CREATE TABLE handover (
    project_id BIGINT NOT NULL,
    former_id BIGINT NOT NULL,
    operator_id BIGINT NOT NULL,
    from_on DATE NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_handover PRIMARY KEY (id),
    CONSTRAINT ck_handover_count_least CHECK (count >= 0),
    CONSTRAINT fk_handover_project_id FOREIGN KEY(project_id) REFERENCES project (id),
    CONSTRAINT fk_handover_former_id FOREIGN KEY(former_id) REFERENCES party (id),
    CONSTRAINT fk_handover_operator_id FOREIGN KEY(operator_id) REFERENCES party (id),
    CONSTRAINT fk_handover_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_handover_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_handover_area_id ON handover (area_id);

CREATE INDEX ix_handover_county_id ON handover (county_id);

CREATE INDEX ix_handover_former_id ON handover (former_id);

CREATE INDEX ix_handover_from_on ON handover (from_on);

CREATE INDEX ix_handover_operator_id ON handover (operator_id);

CREATE INDEX ix_handover_project_id ON handover (project_id);

CREATE TABLE programme (
    name TEXT NOT NULL,
    domain_id INTEGER NOT NULL,
    lead_id BIGINT,
    team TEXT,
    purpose TEXT,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_programme PRIMARY KEY (id),
    CONSTRAINT ck_programme_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_programme_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_programme_lead_id FOREIGN KEY(lead_id) REFERENCES party (id),
    CONSTRAINT fk_programme_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_programme_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_programme_area_id ON programme (area_id);

CREATE INDEX ix_programme_county_id ON programme (county_id);

CREATE INDEX ix_programme_from_on ON programme (from_on);

CREATE INDEX ix_programme_lead_id ON programme (lead_id);

CREATE UNIQUE INDEX uq_programme_key ON programme (area_id, name) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE course_session (
    course_id BIGINT NOT NULL,
    held_on DATE NOT NULL,
    mode training_mode NOT NULL,
    hours NUMERIC(12, 4),
    sessions INTEGER DEFAULT '1' NOT NULL,
    topic TEXT,
    place TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_course_session PRIMARY KEY (id),
    CONSTRAINT ck_course_session_mode_of_one_session CHECK (mode <> 'BLENDED'),
    CONSTRAINT ck_course_session_hours_least CHECK (hours >= 0),
    CONSTRAINT ck_course_session_sessions_least CHECK (sessions >= 1),
    CONSTRAINT fk_course_session_course_id FOREIGN KEY(course_id) REFERENCES course (id),
    CONSTRAINT fk_course_session_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_course_session_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_course_session_area_id ON course_session (area_id);

CREATE INDEX ix_course_session_county_id ON course_session (county_id);

CREATE INDEX ix_course_session_course_id ON course_session (course_id);

CREATE INDEX ix_course_session_held_on ON course_session (held_on);

CREATE TABLE training_funding (
    course_id BIGINT,
    purpose training_purpose DEFAULT 'TRAINING' NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    fund_source_id INTEGER,
    given_on DATE NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_training_funding PRIMARY KEY (id),
    CONSTRAINT ck_training_funding_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_training_funding_course_id FOREIGN KEY(course_id) REFERENCES course (id),
    CONSTRAINT fk_training_funding_fund_source_id FOREIGN KEY(fund_source_id) REFERENCES term (id),
    CONSTRAINT fk_training_funding_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_training_funding_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_training_funding_area_id ON training_funding (area_id);

CREATE INDEX ix_training_funding_county_id ON training_funding (county_id);

CREATE INDEX ix_training_funding_course_id ON training_funding (course_id);

CREATE INDEX ix_training_funding_given_on ON training_funding (given_on);

CREATE TABLE talent_target (
    plan_id BIGINT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_talent_target PRIMARY KEY (id),
    CONSTRAINT ck_talent_target_year_least CHECK (year >= 2000),
    CONSTRAINT ck_talent_target_number_least CHECK (number >= 1),
    CONSTRAINT fk_talent_target_plan_id FOREIGN KEY(plan_id) REFERENCES talent_plan (id),
    CONSTRAINT fk_talent_target_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_talent_target_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_talent_target_area_id ON talent_target (area_id);

CREATE INDEX ix_talent_target_county_id ON talent_target (county_id);

CREATE INDEX ix_talent_target_plan_id ON talent_target (plan_id);

CREATE UNIQUE INDEX uq_talent_target_key ON talent_target (plan_id, year) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE notice (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind notice_kind NOT NULL,
    party_id BIGINT,
    area_id INTEGER,
    entity TEXT NOT NULL,
    entity_id BIGINT NOT NULL,
    occasion TEXT DEFAULT '' NOT NULL,
    about TEXT[] NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    body_zh TEXT NOT NULL,
    body_en TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    try_at TIMESTAMP WITH TIME ZONE,
    tries SMALLINT DEFAULT '0' NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT ck_notice_one_recipient CHECK ((party_id IS NULL) <> (area_id IS NULL)),
    CONSTRAINT uq_notice_entity_entity_id_kind_party_id_area_id_occasion UNIQUE NULLS NOT DISTINCT (entity, entity_id, kind, party_id, area_id, occasion),
    CONSTRAINT fk_notice_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_notice_area_id FOREIGN KEY(area_id) REFERENCES area (id)
);

CREATE INDEX ix_notice_area ON notice (area_id, created_at DESC, id DESC);

CREATE INDEX ix_notice_order ON notice (created_at DESC, id DESC);

CREATE INDEX ix_notice_party ON notice (party_id, created_at DESC, id DESC);

CREATE INDEX ix_notice_try ON notice (try_at, id) WHERE try_at IS NOT NULL;

CREATE TABLE match (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    need_id BIGINT NOT NULL,
    offer_id BIGINT NOT NULL,
    score FLOAT NOT NULL,
    quantity INTEGER NOT NULL,
    parts SMALLINT[] NOT NULL,
    weight_set_id INTEGER NOT NULL,
    CONSTRAINT pk_match PRIMARY KEY (id),
    CONSTRAINT uq_match_need_id_offer_id UNIQUE (need_id, offer_id),
    CONSTRAINT ck_match_score_in_range CHECK (score >= 0 AND score <= 1),
    CONSTRAINT ck_match_quantity_positive CHECK (quantity > 0),
    CONSTRAINT fk_match_need_id FOREIGN KEY(need_id) REFERENCES need (id) ON DELETE CASCADE,
    CONSTRAINT fk_match_offer_id FOREIGN KEY(offer_id) REFERENCES offer (id) ON DELETE CASCADE,
    CONSTRAINT fk_match_weight_set_id FOREIGN KEY(weight_set_id) REFERENCES weight_set (id)
);

CREATE INDEX ix_match_need ON match (need_id, score DESC, offer_id) INCLUDE (id, quantity);

CREATE INDEX ix_match_offer ON match (offer_id, score DESC, need_id);

CREATE TABLE allocation (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    plan_id BIGINT NOT NULL,
    need_id BIGINT NOT NULL,
    offer_id BIGINT NOT NULL,
    quantity INTEGER NOT NULL,
    score FLOAT NOT NULL,
    parts SMALLINT[] DEFAULT '{}' NOT NULL,
    weight_set_id INTEGER,
    next_offer_id BIGINT,
    next_score FLOAT,
    next_left INTEGER,
    next_need_id BIGINT,
    passed_code TEXT,
    passed_own FLOAT,
    passed_other FLOAT,
    CONSTRAINT pk_allocation PRIMARY KEY (id),
    CONSTRAINT ck_allocation_quantity_positive CHECK (quantity > 0),
    CONSTRAINT uq_allocation_plan_id_need_id_offer_id UNIQUE (plan_id, need_id, offer_id),
    CONSTRAINT fk_allocation_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id) ON DELETE CASCADE,
    CONSTRAINT fk_allocation_need_id FOREIGN KEY(need_id) REFERENCES need (id),
    CONSTRAINT fk_allocation_offer_id FOREIGN KEY(offer_id) REFERENCES offer (id),
    CONSTRAINT fk_allocation_weight_set_id FOREIGN KEY(weight_set_id) REFERENCES weight_set (id),
    CONSTRAINT fk_allocation_next_offer_id FOREIGN KEY(next_offer_id) REFERENCES offer (id),
    CONSTRAINT fk_allocation_next_need_id FOREIGN KEY(next_need_id) REFERENCES need (id)
);

CREATE INDEX ix_allocation_need_id ON allocation (need_id);

CREATE INDEX ix_allocation_offer_id ON allocation (offer_id);

CREATE INDEX ix_allocation_plan ON allocation (plan_id, id);

CREATE TABLE shortfall (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    plan_id BIGINT NOT NULL,
    need_id BIGINT NOT NULL,
    quantity INTEGER NOT NULL,
    reasons JSONB NOT NULL,
    CONSTRAINT pk_shortfall PRIMARY KEY (id),
    CONSTRAINT uq_shortfall_plan_id_need_id UNIQUE (plan_id, need_id),
    CONSTRAINT fk_shortfall_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id) ON DELETE CASCADE,
    CONSTRAINT fk_shortfall_need_id FOREIGN KEY(need_id) REFERENCES need (id)
);

CREATE INDEX ix_shortfall_need_id ON shortfall (need_id);

CREATE INDEX ix_shortfall_plan ON shortfall (plan_id, id);

CREATE TABLE referral (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    need_id BIGINT NOT NULL,
    offer_id BIGINT NOT NULL,
    community_id BIGINT NOT NULL,
    provider_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    resource_type_id INTEGER NOT NULL,
    priority priority NOT NULL,
    plan_id BIGINT,
    taken BOOLEAN DEFAULT 'false' NOT NULL,
    quantity INTEGER NOT NULL,
    held INTEGER NOT NULL,
    delivered INTEGER,
    status referral_status DEFAULT 'REQUESTED' NOT NULL,
    reason_id INTEGER,
    outcome_id INTEGER,
    note TEXT,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    awaited BOOLEAN DEFAULT 'true' NOT NULL,
    owner_area_id INTEGER NOT NULL,
    escalations SMALLINT DEFAULT '0' NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by referral_side,
    followed_up_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    history JSONB DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_referral PRIMARY KEY (id),
    CONSTRAINT ck_referral_quantity_positive CHECK (quantity > 0),
    CONSTRAINT ck_referral_held_as_status_says CHECK (CASE WHEN status IN ('REQUESTED', 'ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN held = quantity WHEN status = 'COMPLETED' THEN held = delivered AND delivered BETWEEN 1 AND quantity ELSE held = 0 AND delivered IS NULL END),
    CONSTRAINT fk_referral_need_id FOREIGN KEY(need_id) REFERENCES need (id),
    CONSTRAINT fk_referral_offer_id FOREIGN KEY(offer_id) REFERENCES offer (id),
    CONSTRAINT fk_referral_community_id FOREIGN KEY(community_id) REFERENCES party (id),
    CONSTRAINT fk_referral_provider_id FOREIGN KEY(provider_id) REFERENCES party (id),
    CONSTRAINT fk_referral_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_referral_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_referral_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id),
    CONSTRAINT fk_referral_plan_id FOREIGN KEY(plan_id) REFERENCES plan (id),
    CONSTRAINT fk_referral_reason_id FOREIGN KEY(reason_id) REFERENCES term (id),
    CONSTRAINT fk_referral_outcome_id FOREIGN KEY(outcome_id) REFERENCES term (id),
    CONSTRAINT fk_referral_owner_area_id FOREIGN KEY(owner_area_id) REFERENCES area (id)
);

CREATE INDEX ix_referral_area_id ON referral (area_id);

CREATE INDEX ix_referral_closed ON referral (county_id, closed_at DESC, id DESC) WHERE closed_at IS NOT NULL;

CREATE INDEX ix_referral_community ON referral (community_id, id);

CREATE INDEX ix_referral_county ON referral (county_id, awaited DESC, due_at, id);

CREATE INDEX ix_referral_need ON referral (need_id, id);

CREATE INDEX ix_referral_offer ON referral (offer_id, id);

CREATE INDEX ix_referral_order ON referral (awaited DESC, due_at, id);

CREATE INDEX ix_referral_plan ON referral (plan_id) WHERE plan_id IS NOT NULL;

CREATE INDEX ix_referral_provider ON referral (provider_id, awaited DESC, due_at, id);

CREATE TABLE consent (
    client_id BIGINT NOT NULL,
    purpose consent_purpose NOT NULL,
    given_by consent_by NOT NULL,
    given_on DATE NOT NULL,
    until_on DATE,
    party_id BIGINT,
    evidence TEXT NOT NULL,
    revoked_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_consent PRIMARY KEY (id),
    CONSTRAINT ck_consent_dates_in_order CHECK (until_on >= given_on),
    CONSTRAINT fk_consent_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_consent_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_consent_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_consent_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_consent_area_id ON consent (area_id);

CREATE INDEX ix_consent_client_id ON consent (client_id);

CREATE INDEX ix_consent_county_id ON consent (county_id);

CREATE INDEX ix_consent_given_on ON consent (given_on);

CREATE INDEX ix_consent_party_id ON consent (party_id);

CREATE TABLE assessment (
    client_id BIGINT NOT NULL,
    assessed_on DATE NOT NULL,
    assessor_id BIGINT,
    material need_level NOT NULL,
    mental need_level NOT NULL,
    psychological need_level NOT NULL,
    grade care_grade NOT NULL,
    findings TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_assessment PRIMARY KEY (id),
    CONSTRAINT fk_assessment_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_assessment_assessor_id FOREIGN KEY(assessor_id) REFERENCES party (id),
    CONSTRAINT fk_assessment_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_assessment_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_assessment_area_id ON assessment (area_id);

CREATE INDEX ix_assessment_assessed_on ON assessment (assessed_on);

CREATE INDEX ix_assessment_assessor_id ON assessment (assessor_id);

CREATE INDEX ix_assessment_client_id ON assessment (client_id);

CREATE INDEX ix_assessment_county_id ON assessment (county_id);

CREATE TABLE case_file (
    code TEXT NOT NULL,
    title TEXT NOT NULL,
    method case_method NOT NULL,
    client_id BIGINT,
    household_id BIGINT,
    worker_id BIGINT,
    opened_on DATE NOT NULL,
    closed_on DATE,
    outcome_id INTEGER,
    close_reason TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case_file PRIMARY KEY (id),
    CONSTRAINT ck_case_file_closed_has_outcome CHECK (closed_on IS NULL OR outcome_id IS NOT NULL),
    CONSTRAINT ck_case_file_dates_in_order CHECK (closed_on >= opened_on),
    CONSTRAINT fk_case_file_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_case_file_household_id FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT fk_case_file_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_case_file_outcome_id FOREIGN KEY(outcome_id) REFERENCES term (id),
    CONSTRAINT fk_case_file_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_case_file_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_case_file_area_id ON case_file (area_id);

CREATE INDEX ix_case_file_client_id ON case_file (client_id);

CREATE INDEX ix_case_file_county_id ON case_file (county_id);

CREATE INDEX ix_case_file_household_id ON case_file (household_id);

CREATE INDEX ix_case_file_opened_on ON case_file (opened_on);

CREATE INDEX ix_case_file_worker_id ON case_file (worker_id);

CREATE UNIQUE INDEX uq_case_file_key ON case_file (area_id, code) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE care_plan (
    client_id BIGINT NOT NULL,
    goals TEXT NOT NULL,
    services TEXT NOT NULL,
    target_grade care_grade,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_care_plan PRIMARY KEY (id),
    CONSTRAINT ck_care_plan_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_care_plan_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_care_plan_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_care_plan_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_care_plan_area_id ON care_plan (area_id);

CREATE INDEX ix_care_plan_client_id ON care_plan (client_id);

CREATE INDEX ix_care_plan_county_id ON care_plan (county_id);

CREATE INDEX ix_care_plan_from_on ON care_plan (from_on);

CREATE TABLE visit_plan (
    client_id BIGINT,
    grade care_grade,
    every_days INTEGER NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_visit_plan PRIMARY KEY (id),
    CONSTRAINT ck_visit_plan_client_or_grade CHECK (client_id IS NULL OR grade IS NULL),
    CONSTRAINT ck_visit_plan_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_visit_plan_every_days_least CHECK (every_days >= 1),
    CONSTRAINT fk_visit_plan_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_visit_plan_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_visit_plan_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_visit_plan_area_id ON visit_plan (area_id);

CREATE INDEX ix_visit_plan_client_id ON visit_plan (client_id);

CREATE INDEX ix_visit_plan_county_id ON visit_plan (county_id);

CREATE INDEX ix_visit_plan_from_on ON visit_plan (from_on);

CREATE TABLE pairing (
    client_id BIGINT NOT NULL,
    party_id BIGINT NOT NULL,
    what TEXT,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pairing PRIMARY KEY (id),
    CONSTRAINT ck_pairing_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_pairing_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_pairing_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_pairing_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_pairing_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_pairing_area_id ON pairing (area_id);

CREATE INDEX ix_pairing_client_id ON pairing (client_id);

CREATE INDEX ix_pairing_county_id ON pairing (county_id);

CREATE INDEX ix_pairing_from_on ON pairing (from_on);

CREATE INDEX ix_pairing_party_id ON pairing (party_id);

CREATE TABLE identity (
    client_id BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    name BYTEA,
    phone BYTEA,
    address BYTEA,
    identity_number BYTEA,
    guardian_name BYTEA,
    guardian_phone BYTEA,
    born_on BYTEA,
    number_mark BYTEA,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_identity PRIMARY KEY (client_id),
    CONSTRAINT fk_identity_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);

CREATE INDEX ix_identity_key_id ON identity (key_id);

CREATE INDEX ix_identity_number_mark ON identity (number_mark);

CREATE TABLE activity (
    name TEXT NOT NULL,
    kind_id INTEGER NOT NULL,
    held_on DATE NOT NULL,
    until_on DATE,
    count INTEGER DEFAULT '1' NOT NULL,
    sessions INTEGER,
    persons INTEGER,
    person_times INTEGER,
    reach INTEGER,
    party_members INTEGER,
    station_id BIGINT,
    programme_id BIGINT,
    domain_id INTEGER,
    place TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_activity PRIMARY KEY (id),
    CONSTRAINT ck_activity_person_times_cover_persons CHECK (person_times >= persons),
    CONSTRAINT ck_activity_reach_covers_persons CHECK (reach >= persons),
    CONSTRAINT ck_activity_sessions_cover_count CHECK (sessions >= count),
    CONSTRAINT ck_activity_dates_in_order CHECK (until_on >= held_on),
    CONSTRAINT ck_activity_count_least CHECK (count >= 1),
    CONSTRAINT ck_activity_sessions_least CHECK (sessions >= 1),
    CONSTRAINT ck_activity_persons_least CHECK (persons >= 0),
    CONSTRAINT ck_activity_person_times_least CHECK (person_times >= 0),
    CONSTRAINT ck_activity_reach_least CHECK (reach >= 0),
    CONSTRAINT ck_activity_party_members_least CHECK (party_members >= 0),
    CONSTRAINT fk_activity_kind_id FOREIGN KEY(kind_id) REFERENCES term (id),
    CONSTRAINT fk_activity_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_activity_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_activity_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_activity_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_activity_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_activity_area_id ON activity (area_id);

CREATE INDEX ix_activity_county_id ON activity (county_id);

CREATE INDEX ix_activity_held_on ON activity (held_on);

CREATE INDEX ix_activity_programme_id ON activity (programme_id);

CREATE INDEX ix_activity_station_id ON activity (station_id);

CREATE UNIQUE INDEX uq_activity_key ON activity (area_id, name, held_on, kind_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE committee_member (
    committee_id BIGINT NOT NULL,
    party_id BIGINT,
    whom TEXT,
    seat committee_seat DEFAULT 'MEMBER' NOT NULL,
    persons INTEGER DEFAULT '1' NOT NULL,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_committee_member PRIMARY KEY (id),
    CONSTRAINT ck_committee_member_somebody CHECK (num_nonnulls(party_id, whom) >= 1),
    CONSTRAINT ck_committee_member_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_committee_member_persons_least CHECK (persons >= 1),
    CONSTRAINT fk_committee_member_committee_id FOREIGN KEY(committee_id) REFERENCES committee (id),
    CONSTRAINT fk_committee_member_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_committee_member_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_committee_member_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_committee_member_area_id ON committee_member (area_id);

CREATE INDEX ix_committee_member_committee_id ON committee_member (committee_id);

CREATE INDEX ix_committee_member_county_id ON committee_member (county_id);

CREATE INDEX ix_committee_member_from_on ON committee_member (from_on);

CREATE INDEX ix_committee_member_party_id ON committee_member (party_id);

CREATE UNIQUE INDEX uq_committee_member_key ON committee_member (committee_id, party_id, whom, seat, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE rule_document (
    kind_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    version TEXT NOT NULL,
    body TEXT,
    address TEXT,
    issued_by TEXT,
    station_id BIGINT,
    from_on DATE NOT NULL,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_rule_document PRIMARY KEY (id),
    CONSTRAINT ck_rule_document_to_be_read CHECK (num_nonnulls(body, address) >= 1),
    CONSTRAINT ck_rule_document_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_rule_document_kind_id FOREIGN KEY(kind_id) REFERENCES term (id),
    CONSTRAINT fk_rule_document_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_rule_document_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_rule_document_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_rule_document_area_id ON rule_document (area_id);

CREATE INDEX ix_rule_document_county_id ON rule_document (county_id);

CREATE INDEX ix_rule_document_from_on ON rule_document (from_on);

CREATE INDEX ix_rule_document_station_id ON rule_document (station_id);

CREATE UNIQUE INDEX uq_rule_document_key ON rule_document (area_id, title, version) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE sample_member (
    sample_id BIGINT NOT NULL,
    station_id BIGINT NOT NULL,
    hash TEXT NOT NULL,
    place INTEGER NOT NULL,
    drawn BOOLEAN DEFAULT 'false' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sample_member PRIMARY KEY (id),
    CONSTRAINT ck_sample_member_place_least CHECK (place >= 1),
    CONSTRAINT fk_sample_member_sample_id FOREIGN KEY(sample_id) REFERENCES evaluation_sample (id),
    CONSTRAINT fk_sample_member_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_sample_member_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_sample_member_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_sample_member_area_id ON sample_member (area_id);

CREATE INDEX ix_sample_member_county_id ON sample_member (county_id);

CREATE INDEX ix_sample_member_sample_id ON sample_member (sample_id);

CREATE INDEX ix_sample_member_station_id ON sample_member (station_id);

CREATE UNIQUE INDEX uq_sample_member_key ON sample_member (sample_id, station_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE evaluation (
    station_id BIGINT NOT NULL,
    standard_id BIGINT NOT NULL,
    year INTEGER NOT NULL,
    kind evaluation_kind NOT NULL,
    evaluator_id BIGINT,
    evaluator_name TEXT,
    done_on DATE NOT NULL,
    status evaluation_status DEFAULT 'DRAFT' NOT NULL,
    score NUMERIC(12, 4),
    grade_id BIGINT,
    submitted_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_evaluation PRIMARY KEY (id),
    CONSTRAINT ck_evaluation_scored_when_submitted CHECK ((status = 'SUBMITTED') = (score IS NOT NULL)),
    CONSTRAINT ck_evaluation_somebody CHECK (evaluator_id IS NOT NULL OR evaluator_name IS NOT NULL),
    CONSTRAINT ck_evaluation_year_least CHECK (year >= 2000),
    CONSTRAINT ck_evaluation_score_least CHECK (score >= 0),
    CONSTRAINT fk_evaluation_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_evaluation_standard_id FOREIGN KEY(standard_id) REFERENCES evaluation_standard (id),
    CONSTRAINT fk_evaluation_evaluator_id FOREIGN KEY(evaluator_id) REFERENCES party (id),
    CONSTRAINT fk_evaluation_grade_id FOREIGN KEY(grade_id) REFERENCES evaluation_grade (id),
    CONSTRAINT fk_evaluation_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_evaluation_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_evaluation_area_id ON evaluation (area_id);

CREATE INDEX ix_evaluation_county_id ON evaluation (county_id);

CREATE INDEX ix_evaluation_done_on ON evaluation (done_on);

CREATE INDEX ix_evaluation_evaluator_id ON evaluation (evaluator_id);

CREATE INDEX ix_evaluation_grade_id ON evaluation (grade_id);

CREATE INDEX ix_evaluation_standard_id ON evaluation (standard_id);

CREATE INDEX ix_evaluation_station_id ON evaluation (station_id);

CREATE UNIQUE INDEX uq_evaluation_key ON evaluation (station_id, year, kind) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE facility (
    station_id BIGINT NOT NULL,
    item_id INTEGER NOT NULL,
    count INTEGER DEFAULT '1' NOT NULL,
    floor_m2 NUMERIC(12, 4),
    shared BOOLEAN DEFAULT 'false' NOT NULL,
    note TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_facility PRIMARY KEY (id),
    CONSTRAINT ck_facility_count_least CHECK (count >= 1),
    CONSTRAINT ck_facility_floor_m2_least CHECK (floor_m2 >= 0),
    CONSTRAINT fk_facility_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_facility_item_id FOREIGN KEY(item_id) REFERENCES term (id),
    CONSTRAINT fk_facility_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_facility_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_facility_area_id ON facility (area_id);

CREATE INDEX ix_facility_county_id ON facility (county_id);

CREATE INDEX ix_facility_station_id ON facility (station_id);

CREATE TABLE profile_item (
    station_id BIGINT NOT NULL,
    part profile_part NOT NULL,
    domain_id INTEGER,
    title TEXT NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_profile_item PRIMARY KEY (id),
    CONSTRAINT ck_profile_item_domain_of_domains CHECK ((part = 'DOMAIN') = (domain_id IS NOT NULL)),
    CONSTRAINT fk_profile_item_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_profile_item_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_profile_item_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_profile_item_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_profile_item_area_id ON profile_item (area_id);

CREATE INDEX ix_profile_item_county_id ON profile_item (county_id);

CREATE INDEX ix_profile_item_station_id ON profile_item (station_id);

CREATE UNIQUE INDEX uq_profile_item_key ON profile_item (station_id, part, title) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE colocation (
    station_id BIGINT NOT NULL,
    purpose_id INTEGER NOT NULL,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_colocation PRIMARY KEY (id),
    CONSTRAINT ck_colocation_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT fk_colocation_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_colocation_purpose_id FOREIGN KEY(purpose_id) REFERENCES term (id),
    CONSTRAINT fk_colocation_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_colocation_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_colocation_area_id ON colocation (area_id);

CREATE INDEX ix_colocation_county_id ON colocation (county_id);

CREATE INDEX ix_colocation_from_on ON colocation (from_on);

CREATE INDEX ix_colocation_station_id ON colocation (station_id);

CREATE UNIQUE INDEX uq_colocation_key ON colocation (station_id, purpose_id, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE incubation (
    station_id BIGINT,
    organization_id BIGINT,
    name TEXT,
    founded_on DATE NOT NULL,
    count INTEGER DEFAULT '1' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_incubation PRIMARY KEY (id),
    CONSTRAINT ck_incubation_count_least CHECK (count >= 1),
    CONSTRAINT fk_incubation_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_incubation_organization_id FOREIGN KEY(organization_id) REFERENCES party (id),
    CONSTRAINT fk_incubation_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_incubation_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_incubation_area_id ON incubation (area_id);

CREATE INDEX ix_incubation_county_id ON incubation (county_id);

CREATE INDEX ix_incubation_founded_on ON incubation (founded_on);

CREATE INDEX ix_incubation_organization_id ON incubation (organization_id);

CREATE INDEX ix_incubation_station_id ON incubation (station_id);

CREATE TABLE mobilisation (
    station_id BIGINT NOT NULL,
    counted_on DATE NOT NULL,
    persons INTEGER NOT NULL,
    note TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_mobilisation PRIMARY KEY (id),
    CONSTRAINT ck_mobilisation_persons_least CHECK (persons >= 1),
    CONSTRAINT fk_mobilisation_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_mobilisation_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_mobilisation_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_mobilisation_area_id ON mobilisation (area_id);

CREATE INDEX ix_mobilisation_counted_on ON mobilisation (counted_on);

CREATE INDEX ix_mobilisation_county_id ON mobilisation (county_id);

CREATE INDEX ix_mobilisation_station_id ON mobilisation (station_id);

CREATE TABLE post (
    station_id BIGINT NOT NULL,
    worker_id BIGINT,
    employer_id BIGINT,
    kind post_kind NOT NULL,
    persons INTEGER DEFAULT '1' NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    route_id INTEGER,
    contract BOOLEAN,
    insured BOOLEAN,
    monthly_pay NUMERIC(16, 2),
    stipend NUMERIC(16, 2),
    born_year INTEGER,
    degree_id INTEGER,
    grade_id INTEGER,
    local BOOLEAN,
    season_from INTEGER,
    season_until INTEGER,
    note TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_post PRIMARY KEY (id),
    CONSTRAINT ck_post_persons_positive CHECK (persons >= 1),
    CONSTRAINT ck_post_season_of_months CHECK ((season_from IS NULL) = (season_until IS NULL) AND season_from BETWEEN 1 AND 12 AND season_until BETWEEN 1 AND 12),
    CONSTRAINT ck_post_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_post_persons_least CHECK (persons >= 1),
    CONSTRAINT ck_post_monthly_pay_least CHECK (monthly_pay >= 0),
    CONSTRAINT ck_post_stipend_least CHECK (stipend >= 0),
    CONSTRAINT ck_post_born_year_least CHECK (born_year >= 1900),
    CONSTRAINT ck_post_season_from_least CHECK (season_from >= 1),
    CONSTRAINT ck_post_season_until_least CHECK (season_until >= 1),
    CONSTRAINT fk_post_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_post_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_post_employer_id FOREIGN KEY(employer_id) REFERENCES party (id),
    CONSTRAINT fk_post_route_id FOREIGN KEY(route_id) REFERENCES term (id),
    CONSTRAINT fk_post_degree_id FOREIGN KEY(degree_id) REFERENCES term (id),
    CONSTRAINT fk_post_grade_id FOREIGN KEY(grade_id) REFERENCES term (id),
    CONSTRAINT fk_post_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_post_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_post_area_id ON post (area_id);

CREATE INDEX ix_post_county_id ON post (county_id);

CREATE INDEX ix_post_employer_id ON post (employer_id);

CREATE INDEX ix_post_from_on ON post (from_on);

CREATE INDEX ix_post_station_id ON post (station_id);

CREATE INDEX ix_post_worker_id ON post (worker_id);

CREATE TABLE programme_group (
    programme_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    client_group_id INTEGER,
    persons INTEGER NOT NULL,
    counted_on DATE,
    what TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_programme_group PRIMARY KEY (id),
    CONSTRAINT ck_programme_group_persons_least CHECK (persons >= 0),
    CONSTRAINT fk_programme_group_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_programme_group_client_group_id FOREIGN KEY(client_group_id) REFERENCES term (id),
    CONSTRAINT fk_programme_group_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_programme_group_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_programme_group_area_id ON programme_group (area_id);

CREATE INDEX ix_programme_group_counted_on ON programme_group (counted_on);

CREATE INDEX ix_programme_group_county_id ON programme_group (county_id);

CREATE INDEX ix_programme_group_programme_id ON programme_group (programme_id);

CREATE UNIQUE INDEX uq_programme_group_key ON programme_group (programme_id, name, counted_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE award (
    title TEXT NOT NULL,
    programme_id BIGINT,
    station_id BIGINT,
    given_by TEXT NOT NULL,
    given_on DATE,
    level award_level NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_award PRIMARY KEY (id),
    CONSTRAINT ck_award_one_winner CHECK (num_nonnulls(programme_id, station_id) = 1),
    CONSTRAINT fk_award_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_award_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_award_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_award_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_award_area_id ON award (area_id);

CREATE INDEX ix_award_county_id ON award (county_id);

CREATE INDEX ix_award_given_on ON award (given_on);

CREATE INDEX ix_award_programme_id ON award (programme_id);

CREATE INDEX ix_award_station_id ON award (station_id);

CREATE UNIQUE INDEX uq_award_key ON award (area_id, title, programme_id, station_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE sponsorship (
    sponsor_id BIGINT NOT NULL,
    programme_id BIGINT,
    station_id BIGINT,
    team TEXT,
    amount NUMERIC(16, 2),
    what TEXT,
    from_on DATE,
    until_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sponsorship PRIMARY KEY (id),
    CONSTRAINT ck_sponsorship_one_sponsored CHECK (num_nonnulls(programme_id, station_id) = 1),
    CONSTRAINT ck_sponsorship_dates_in_order CHECK (until_on >= from_on),
    CONSTRAINT ck_sponsorship_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_sponsorship_sponsor_id FOREIGN KEY(sponsor_id) REFERENCES party (id),
    CONSTRAINT fk_sponsorship_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_sponsorship_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_sponsorship_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_sponsorship_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_sponsorship_area_id ON sponsorship (area_id);

CREATE INDEX ix_sponsorship_county_id ON sponsorship (county_id);

CREATE INDEX ix_sponsorship_from_on ON sponsorship (from_on);

CREATE INDEX ix_sponsorship_programme_id ON sponsorship (programme_id);

CREATE INDEX ix_sponsorship_sponsor_id ON sponsorship (sponsor_id);

CREATE INDEX ix_sponsorship_station_id ON sponsorship (station_id);

CREATE UNIQUE INDEX uq_sponsorship_key ON sponsorship (area_id, sponsor_id, programme_id, station_id, from_on) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE supervision (
    station_id BIGINT NOT NULL,
    kind supervision_kind NOT NULL,
    level supervision_level,
    supervisor_id BIGINT,
    supervisor_name TEXT,
    worker_id BIGINT,
    supervised_on DATE NOT NULL,
    findings TEXT NOT NULL,
    next_on DATE,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_supervision PRIMARY KEY (id),
    CONSTRAINT ck_supervision_level_of_office CHECK ((kind = 'ADMINISTRATIVE') = (level IS NOT NULL)),
    CONSTRAINT ck_supervision_somebody CHECK (supervisor_id IS NOT NULL OR supervisor_name IS NOT NULL),
    CONSTRAINT ck_supervision_next_later CHECK (next_on > supervised_on),
    CONSTRAINT fk_supervision_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_supervision_supervisor_id FOREIGN KEY(supervisor_id) REFERENCES party (id),
    CONSTRAINT fk_supervision_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_supervision_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_supervision_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_supervision_area_id ON supervision (area_id);

CREATE INDEX ix_supervision_county_id ON supervision (county_id);

CREATE INDEX ix_supervision_station_id ON supervision (station_id);

CREATE INDEX ix_supervision_supervised_on ON supervision (supervised_on);

CREATE INDEX ix_supervision_supervisor_id ON supervision (supervisor_id);

CREATE INDEX ix_supervision_worker_id ON supervision (worker_id);

CREATE TABLE enrolment (
    course_id BIGINT NOT NULL,
    session_id BIGINT,
    enrolled_on DATE NOT NULL,
    trainee_kind_id INTEGER NOT NULL,
    mode training_mode NOT NULL,
    worker_id BIGINT,
    persons INTEGER DEFAULT '1' NOT NULL,
    person_times INTEGER,
    hours NUMERIC(12, 4),
    completed BOOLEAN DEFAULT 'false' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_enrolment PRIMARY KEY (id),
    CONSTRAINT ck_enrolment_mode_of_one_enrolment CHECK (mode <> 'BLENDED'),
    CONSTRAINT ck_enrolment_one_worker CHECK (worker_id IS NULL OR persons = 1),
    CONSTRAINT ck_enrolment_persons_positive CHECK (persons >= 1),
    CONSTRAINT ck_enrolment_times_of_persons CHECK (person_times >= persons),
    CONSTRAINT ck_enrolment_persons_least CHECK (persons >= 1),
    CONSTRAINT ck_enrolment_person_times_least CHECK (person_times >= 1),
    CONSTRAINT ck_enrolment_hours_least CHECK (hours >= 0),
    CONSTRAINT fk_enrolment_course_id FOREIGN KEY(course_id) REFERENCES course (id),
    CONSTRAINT fk_enrolment_session_id FOREIGN KEY(session_id) REFERENCES course_session (id),
    CONSTRAINT fk_enrolment_trainee_kind_id FOREIGN KEY(trainee_kind_id) REFERENCES term (id),
    CONSTRAINT fk_enrolment_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_enrolment_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_enrolment_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_enrolment_area_id ON enrolment (area_id);

CREATE INDEX ix_enrolment_county_id ON enrolment (county_id);

CREATE INDEX ix_enrolment_course_id ON enrolment (course_id);

CREATE INDEX ix_enrolment_enrolled_on ON enrolment (enrolled_on);

CREATE INDEX ix_enrolment_session_id ON enrolment (session_id);

CREATE INDEX ix_enrolment_worker_id ON enrolment (worker_id);

CREATE TABLE webhook (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    key_id BIGINT,
    role role NOT NULL,
    area_id INTEGER,
    party_id BIGINT,
    url TEXT NOT NULL,
    secret BYTEA,
    former_secret BYTEA,
    former_until TIMESTAMP WITH TIME ZONE,
    kinds TEXT[] NOT NULL,
    scope_id INTEGER,
    position BIGINT NOT NULL,
    status webhook_status DEFAULT 'ACTIVE' NOT NULL,
    failures INTEGER DEFAULT '0' NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    next_try_at TIMESTAMP WITH TIME ZONE,
    last_error webhook_error,
    last_status SMALLINT,
    last_delivered_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    lease BIGINT DEFAULT '0' NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_webhook PRIMARY KEY (id),
    CONSTRAINT ck_webhook_party_of_partner CHECK ((role = 'PARTNER'::role) = (party_id IS NOT NULL)),
    CONSTRAINT ck_webhook_area_of_coordinator CHECK ((role = 'COORDINATOR'::role) = (area_id IS NOT NULL)),
    CONSTRAINT ck_webhook_role CHECK (role <> 'READER'::role),
    CONSTRAINT ck_webhook_secret CHECK (secret IS NOT NULL OR status = 'REMOVED'::webhook_status),
    CONSTRAINT ck_webhook_former CHECK ((former_secret IS NULL) = (former_until IS NULL)),
    CONSTRAINT fk_webhook_key_id FOREIGN KEY(key_id) REFERENCES api_key (id),
    CONSTRAINT fk_webhook_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_webhook_party_id FOREIGN KEY(party_id) REFERENCES party (id),
    CONSTRAINT fk_webhook_scope_id FOREIGN KEY(scope_id) REFERENCES area (id)
);

CREATE INDEX ix_webhook_area_id ON webhook (area_id);

CREATE INDEX ix_webhook_key_id ON webhook (key_id);

CREATE INDEX ix_webhook_party_id ON webhook (party_id);

CREATE TABLE follow_up (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    referral_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    reached BOOLEAN DEFAULT 'true' NOT NULL,
    satisfaction SMALLINT,
    further_need TEXT,
    note TEXT,
    side referral_side NOT NULL,
    actor_id BIGINT,
    CONSTRAINT pk_follow_up PRIMARY KEY (id),
    CONSTRAINT ck_follow_up_satisfaction_from_1_to_5 CHECK (satisfaction BETWEEN 1 AND 5),
    CONSTRAINT ck_follow_up_reached_says_how_satisfied CHECK (NOT reached OR satisfaction IS NOT NULL),
    CONSTRAINT fk_follow_up_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id)
);

CREATE INDEX ix_follow_up_referral_id ON follow_up (referral_id);

CREATE TABLE service_record (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    referral_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    provider_id BIGINT NOT NULL,
    community_id BIGINT NOT NULL,
    resource_type_id INTEGER NOT NULL,
    kind service_kind NOT NULL,
    served_on DATE NOT NULL,
    sessions INTEGER,
    persons INTEGER,
    person_times INTEGER,
    reach INTEGER,
    quantity INTEGER,
    amount NUMERIC(14, 2),
    minutes INTEGER,
    hours NUMERIC(14, 2) GENERATED ALWAYS AS (round(minutes / 60.0, 2)) STORED,
    note TEXT,
    withdrawn BOOLEAN DEFAULT 'false' NOT NULL,
    side referral_side NOT NULL,
    actor_id BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    replaces_id BIGINT,
    replaced_by_id BIGINT,
    CONSTRAINT pk_service_record PRIMARY KEY (id),
    CONSTRAINT ck_service_record_figures_fit_kind CHECK (CASE WHEN withdrawn THEN num_nonnulls(sessions, persons, person_times, reach, quantity, amount, minutes) = 0 ELSE CASE kind WHEN 'VISIT'::service_kind THEN num_nulls(persons, person_times) = 0 AND num_nonnulls(sessions, quantity, amount, minutes) = 0 WHEN 'CASEWORK'::service_kind THEN num_nulls(persons, person_times) = 0 AND num_nonnulls(reach, quantity, amount, minutes) = 0 WHEN 'GROUP_WORK'::service_kind THEN num_nulls(sessions, persons, person_times) = 0 AND num_nonnulls(quantity, amount, minutes) = 0 WHEN 'COMMUNITY_ACTIVITY'::service_kind THEN num_nulls(sessions, person_times, reach) = 0 AND num_nonnulls(quantity, amount, minutes) = 0 WHEN 'GOODS_DELIVERED'::service_kind THEN num_nulls(quantity, persons) = 0 AND num_nonnulls(sessions, person_times, amount, minutes) = 0 WHEN 'MONEY_PAID'::service_kind THEN num_nulls(amount, persons) = 0 AND num_nonnulls(sessions, person_times, quantity, minutes) = 0 WHEN 'HOURS'::service_kind THEN num_nulls(minutes) = 0 AND num_nonnulls(sessions, reach, quantity, amount) = 0 END END),
    CONSTRAINT ck_service_record_figures_above_0 CHECK (least(sessions, persons, person_times, reach, quantity, minutes) > 0),
    CONSTRAINT ck_service_record_amount_above_0 CHECK (amount > 0),
    CONSTRAINT ck_service_record_person_times_at_least_persons CHECK (person_times >= persons),
    CONSTRAINT ck_service_record_reach_at_least_persons CHECK (reach >= persons),
    CONSTRAINT ck_service_record_withdrawn_replaces CHECK (NOT withdrawn OR replaces_id IS NOT NULL),
    CONSTRAINT fk_service_record_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id),
    CONSTRAINT fk_service_record_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_service_record_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_service_record_provider_id FOREIGN KEY(provider_id) REFERENCES party (id),
    CONSTRAINT fk_service_record_community_id FOREIGN KEY(community_id) REFERENCES party (id),
    CONSTRAINT fk_service_record_resource_type_id FOREIGN KEY(resource_type_id) REFERENCES resource_type (id),
    CONSTRAINT uq_service_record_replaces_id UNIQUE (replaces_id),
    CONSTRAINT fk_service_record_replaces_id FOREIGN KEY(replaces_id) REFERENCES service_record (id),
    CONSTRAINT uq_service_record_replaced_by_id UNIQUE (replaced_by_id),
    CONSTRAINT fk_service_record_replaced_by_id FOREIGN KEY(replaced_by_id) REFERENCES service_record (id)
);

CREATE INDEX ix_service_record_area_id ON service_record (area_id);

CREATE INDEX ix_service_record_community ON service_record (community_id, served_on DESC, id);

CREATE INDEX ix_service_record_county ON service_record (county_id, served_on DESC, id DESC);

CREATE INDEX ix_service_record_hours ON service_record (provider_id, served_on) WHERE kind = 'HOURS'::service_kind AND replaced_by_id IS NULL AND NOT withdrawn;

CREATE INDEX ix_service_record_order ON service_record (served_on DESC, id DESC);

CREATE INDEX ix_service_record_provider ON service_record (provider_id, served_on DESC, id);

CREATE INDEX ix_service_record_referral ON service_record (referral_id, id);

CREATE TABLE case_step (
    case_file_id BIGINT NOT NULL,
    step TEXT NOT NULL,
    done_on DATE NOT NULL,
    note TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case_step PRIMARY KEY (id),
    CONSTRAINT fk_case_step_case_file_id FOREIGN KEY(case_file_id) REFERENCES case_file (id),
    CONSTRAINT fk_case_step_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_case_step_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_case_step_area_id ON case_step (area_id);

CREATE INDEX ix_case_step_case_file_id ON case_step (case_file_id);

CREATE INDEX ix_case_step_county_id ON case_step (county_id);

CREATE INDEX ix_case_step_done_on ON case_step (done_on);

CREATE UNIQUE INDEX uq_case_step_key ON case_step (case_file_id, step) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE case_need (
    case_file_id BIGINT NOT NULL,
    need_id BIGINT NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_case_need PRIMARY KEY (id),
    CONSTRAINT fk_case_need_case_file_id FOREIGN KEY(case_file_id) REFERENCES case_file (id),
    CONSTRAINT fk_case_need_need_id FOREIGN KEY(need_id) REFERENCES need (id),
    CONSTRAINT fk_case_need_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_case_need_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_case_need_area_id ON case_need (area_id);

CREATE INDEX ix_case_need_case_file_id ON case_need (case_file_id);

CREATE INDEX ix_case_need_county_id ON case_need (county_id);

CREATE INDEX ix_case_need_need_id ON case_need (need_id);

CREATE UNIQUE INDEX uq_case_need_key ON case_need (case_file_id, need_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE UNIQUE INDEX uq_case_need_need ON case_need (need_id) WHERE withdrawn_at IS NULL;

CREATE TABLE visit (
    kind visit_kind DEFAULT 'HOME' NOT NULL,
    visited_on DATE NOT NULL,
    client_id BIGINT,
    household_id BIGINT,
    case_file_id BIGINT,
    worker_id BIGINT,
    persons INTEGER DEFAULT '1' NOT NULL,
    person_times INTEGER DEFAULT '1' NOT NULL,
    findings TEXT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_visit PRIMARY KEY (id),
    CONSTRAINT ck_visit_person_times CHECK (person_times >= persons),
    CONSTRAINT ck_visit_persons_least CHECK (persons >= 1),
    CONSTRAINT ck_visit_person_times_least CHECK (person_times >= 1),
    CONSTRAINT fk_visit_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_visit_household_id FOREIGN KEY(household_id) REFERENCES household (id),
    CONSTRAINT fk_visit_case_file_id FOREIGN KEY(case_file_id) REFERENCES case_file (id),
    CONSTRAINT fk_visit_worker_id FOREIGN KEY(worker_id) REFERENCES party (id),
    CONSTRAINT fk_visit_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_visit_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_visit_area_id ON visit (area_id);

CREATE INDEX ix_visit_case_file_id ON visit (case_file_id);

CREATE INDEX ix_visit_client ON visit (client_id, visited_on DESC);

CREATE INDEX ix_visit_client_id ON visit (client_id);

CREATE INDEX ix_visit_county_id ON visit (county_id);

CREATE INDEX ix_visit_household_id ON visit (household_id);

CREATE INDEX ix_visit_visited_on ON visit (visited_on);

CREATE INDEX ix_visit_worker_id ON visit (worker_id);

CREATE TABLE identity_reading (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    client_id BIGINT NOT NULL,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    actor_id BIGINT,
    role role NOT NULL,
    reader_id BIGINT,
    referral_id BIGINT,
    purpose TEXT NOT NULL,
    shown TEXT[] NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_identity_reading PRIMARY KEY (id),
    CONSTRAINT fk_identity_reading_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_identity_reading_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_identity_reading_county_id FOREIGN KEY(county_id) REFERENCES area (id),
    CONSTRAINT fk_identity_reading_reader_id FOREIGN KEY(reader_id) REFERENCES party (id),
    CONSTRAINT fk_identity_reading_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id)
);

CREATE INDEX ix_identity_reading_area_id ON identity_reading (area_id);

CREATE INDEX ix_identity_reading_client_id ON identity_reading (client_id);

CREATE INDEX ix_identity_reading_county ON identity_reading (county_id, read_at DESC, id DESC);

CREATE INDEX ix_identity_reading_order ON identity_reading (read_at DESC, id DESC);

CREATE INDEX ix_identity_reading_reader_id ON identity_reading (reader_id);

CREATE INDEX ix_identity_reading_referral_id ON identity_reading (referral_id);

CREATE TABLE indicator_score (
    evaluation_id BIGINT NOT NULL,
    indicator_id BIGINT NOT NULL,
    points NUMERIC(12, 4) NOT NULL,
    evidence TEXT,
    evaluator_id BIGINT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_indicator_score PRIMARY KEY (id),
    CONSTRAINT ck_indicator_score_points_least CHECK (points >= 0),
    CONSTRAINT fk_indicator_score_evaluation_id FOREIGN KEY(evaluation_id) REFERENCES evaluation (id),
    CONSTRAINT fk_indicator_score_indicator_id FOREIGN KEY(indicator_id) REFERENCES indicator (id),
    CONSTRAINT fk_indicator_score_evaluator_id FOREIGN KEY(evaluator_id) REFERENCES party (id),
    CONSTRAINT fk_indicator_score_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_indicator_score_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_indicator_score_area_id ON indicator_score (area_id);

CREATE INDEX ix_indicator_score_county_id ON indicator_score (county_id);

CREATE INDEX ix_indicator_score_evaluation_id ON indicator_score (evaluation_id);

CREATE INDEX ix_indicator_score_evaluator_id ON indicator_score (evaluator_id);

CREATE INDEX ix_indicator_score_indicator_id ON indicator_score (indicator_id);

CREATE UNIQUE INDEX uq_indicator_score_key ON indicator_score (evaluation_id, indicator_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE commitment (
    pool_id BIGINT,
    budget_line_id BIGINT,
    donation_id BIGINT,
    purpose commitment_for NOT NULL,
    project_id BIGINT,
    station_id BIGINT,
    referral_id BIGINT,
    benefit_id INTEGER,
    fund_source_id INTEGER,
    amount NUMERIC(16, 2) NOT NULL,
    committed_on DATE NOT NULL,
    paid NUMERIC(16, 2) NOT NULL,
    released NUMERIC(16, 2) NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_commitment PRIMARY KEY (id),
    CONSTRAINT ck_commitment_out_of_one CHECK (num_nonnulls(pool_id, budget_line_id, donation_id) = 1),
    CONSTRAINT ck_commitment_for_one CHECK (CASE purpose WHEN 'PROJECT' THEN project_id IS NOT NULL WHEN 'STATION' THEN station_id IS NOT NULL WHEN 'REFERRAL' THEN referral_id IS NOT NULL ELSE true END AND num_nonnulls(project_id, station_id, referral_id) = (purpose <> 'STIPENDS')::int),
    CONSTRAINT ck_commitment_within_amount CHECK (paid >= 0 AND released >= 0 AND paid + released <= amount),
    CONSTRAINT ck_commitment_amount_least CHECK (amount >= 0),
    CONSTRAINT ck_commitment_paid_least CHECK (paid >= 0),
    CONSTRAINT ck_commitment_released_least CHECK (released >= 0),
    CONSTRAINT fk_commitment_pool_id FOREIGN KEY(pool_id) REFERENCES fund_pool (id),
    CONSTRAINT fk_commitment_budget_line_id FOREIGN KEY(budget_line_id) REFERENCES budget_line (id),
    CONSTRAINT fk_commitment_donation_id FOREIGN KEY(donation_id) REFERENCES donation (id),
    CONSTRAINT fk_commitment_project_id FOREIGN KEY(project_id) REFERENCES project (id),
    CONSTRAINT fk_commitment_station_id FOREIGN KEY(station_id) REFERENCES station (id),
    CONSTRAINT fk_commitment_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id),
    CONSTRAINT fk_commitment_benefit_id FOREIGN KEY(benefit_id) REFERENCES term (id),
    CONSTRAINT fk_commitment_fund_source_id FOREIGN KEY(fund_source_id) REFERENCES term (id),
    CONSTRAINT fk_commitment_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_commitment_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_commitment_area_id ON commitment (area_id);

CREATE INDEX ix_commitment_budget_line_id ON commitment (budget_line_id);

CREATE INDEX ix_commitment_committed_on ON commitment (committed_on);

CREATE INDEX ix_commitment_county_id ON commitment (county_id);

CREATE INDEX ix_commitment_donation_id ON commitment (donation_id);

CREATE INDEX ix_commitment_pool_id ON commitment (pool_id);

CREATE INDEX ix_commitment_project_id ON commitment (project_id);

CREATE INDEX ix_commitment_referral_id ON commitment (referral_id);

CREATE INDEX ix_commitment_station_id ON commitment (station_id);

CREATE TABLE practice_case (
    title TEXT NOT NULL,
    domain_id INTEGER NOT NULL,
    method_id INTEGER,
    problem TEXT NOT NULL,
    process TEXT NOT NULL,
    outcome TEXT NOT NULL,
    teller_id BIGINT,
    activity_id BIGINT,
    shown_on DATE,
    published BOOLEAN DEFAULT 'false' NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_practice_case PRIMARY KEY (id),
    CONSTRAINT fk_practice_case_domain_id FOREIGN KEY(domain_id) REFERENCES term (id),
    CONSTRAINT fk_practice_case_method_id FOREIGN KEY(method_id) REFERENCES term (id),
    CONSTRAINT fk_practice_case_teller_id FOREIGN KEY(teller_id) REFERENCES party (id),
    CONSTRAINT fk_practice_case_activity_id FOREIGN KEY(activity_id) REFERENCES activity (id),
    CONSTRAINT fk_practice_case_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_practice_case_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_practice_case_activity_id ON practice_case (activity_id);

CREATE INDEX ix_practice_case_area_id ON practice_case (area_id);

CREATE INDEX ix_practice_case_county_id ON practice_case (county_id);

CREATE INDEX ix_practice_case_shown_on ON practice_case (shown_on);

CREATE INDEX ix_practice_case_teller_id ON practice_case (teller_id);

CREATE UNIQUE INDEX uq_practice_case_key ON practice_case (area_id, title) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;

CREATE TABLE certified (
    certificate_id BIGINT NOT NULL,
    record_id BIGINT NOT NULL,
    standing BOOLEAN DEFAULT 'true' NOT NULL,
    CONSTRAINT pk_certified PRIMARY KEY (certificate_id, record_id),
    CONSTRAINT fk_certified_certificate_id FOREIGN KEY(certificate_id) REFERENCES certificate (id),
    CONSTRAINT fk_certified_record_id FOREIGN KEY(record_id) REFERENCES service_record (id)
);

CREATE UNIQUE INDEX uq_certified_record ON certified (record_id) WHERE standing;

CREATE TABLE payment (
    commitment_id BIGINT NOT NULL,
    amount NUMERIC(16, 2) NOT NULL,
    paid_on DATE NOT NULL,
    pays_for payment_for NOT NULL,
    payee_id BIGINT,
    month_on DATE,
    voucher TEXT,
    reversed_on DATE,
    journal_id BIGINT NOT NULL,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT ck_payment_stipend_of_somebody CHECK (month_on IS NULL OR payee_id IS NOT NULL),
    CONSTRAINT ck_payment_amount_least CHECK (amount >= 0),
    CONSTRAINT fk_payment_commitment_id FOREIGN KEY(commitment_id) REFERENCES commitment (id),
    CONSTRAINT fk_payment_payee_id FOREIGN KEY(payee_id) REFERENCES party (id),
    CONSTRAINT fk_payment_journal_id FOREIGN KEY(journal_id) REFERENCES journal (id),
    CONSTRAINT fk_payment_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_payment_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_payment_area_id ON payment (area_id);

CREATE INDEX ix_payment_commitment_id ON payment (commitment_id);

CREATE INDEX ix_payment_county_id ON payment (county_id);

CREATE INDEX ix_payment_journal_id ON payment (journal_id);

CREATE INDEX ix_payment_paid_on ON payment (paid_on);

CREATE INDEX ix_payment_payee_id ON payment (payee_id);

CREATE UNIQUE INDEX uq_payment_stipend ON payment (payee_id, month_on) WHERE month_on IS NOT NULL AND reversed_on IS NULL;

CREATE TABLE handover_item (
    handover_id BIGINT NOT NULL,
    what handed_over NOT NULL,
    due_on DATE,
    note_zh TEXT NOT NULL,
    note_en TEXT NOT NULL,
    referral_id BIGINT,
    case_file_id BIGINT,
    consent_id BIGINT,
    agreement_id BIGINT,
    post_id BIGINT,
    commitment_id BIGINT,
    evaluation_id BIGINT,
    client_id BIGINT,
    milestone_id BIGINT,
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    area_id INTEGER NOT NULL,
    county_id INTEGER,
    source TEXT,
    marks JSONB DEFAULT '[]' NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_handover_item PRIMARY KEY (id),
    CONSTRAINT ck_handover_item_about_one CHECK (num_nonnulls(referral_id, case_file_id, consent_id, agreement_id, post_id, commitment_id, evaluation_id, client_id, milestone_id) = (what <> 'REPORT')::int),
    CONSTRAINT fk_handover_item_handover_id FOREIGN KEY(handover_id) REFERENCES handover (id),
    CONSTRAINT fk_handover_item_referral_id FOREIGN KEY(referral_id) REFERENCES referral (id),
    CONSTRAINT fk_handover_item_case_file_id FOREIGN KEY(case_file_id) REFERENCES case_file (id),
    CONSTRAINT fk_handover_item_consent_id FOREIGN KEY(consent_id) REFERENCES consent (id),
    CONSTRAINT fk_handover_item_agreement_id FOREIGN KEY(agreement_id) REFERENCES agreement (id),
    CONSTRAINT fk_handover_item_post_id FOREIGN KEY(post_id) REFERENCES post (id),
    CONSTRAINT fk_handover_item_commitment_id FOREIGN KEY(commitment_id) REFERENCES commitment (id),
    CONSTRAINT fk_handover_item_evaluation_id FOREIGN KEY(evaluation_id) REFERENCES evaluation (id),
    CONSTRAINT fk_handover_item_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_handover_item_milestone_id FOREIGN KEY(milestone_id) REFERENCES milestone (id),
    CONSTRAINT fk_handover_item_area_id FOREIGN KEY(area_id) REFERENCES area (id),
    CONSTRAINT fk_handover_item_county_id FOREIGN KEY(county_id) REFERENCES area (id)
);

CREATE INDEX ix_handover_item_agreement_id ON handover_item (agreement_id);

CREATE INDEX ix_handover_item_area_id ON handover_item (area_id);

CREATE INDEX ix_handover_item_case_file_id ON handover_item (case_file_id);

CREATE INDEX ix_handover_item_client_id ON handover_item (client_id);

CREATE INDEX ix_handover_item_commitment_id ON handover_item (commitment_id);

CREATE INDEX ix_handover_item_consent_id ON handover_item (consent_id);

CREATE INDEX ix_handover_item_county_id ON handover_item (county_id);

CREATE INDEX ix_handover_item_due_on ON handover_item (due_on);

CREATE INDEX ix_handover_item_evaluation_id ON handover_item (evaluation_id);

CREATE INDEX ix_handover_item_handover_id ON handover_item (handover_id);

CREATE INDEX ix_handover_item_milestone_id ON handover_item (milestone_id);

CREATE INDEX ix_handover_item_post_id ON handover_item (post_id);

CREATE INDEX ix_handover_item_referral_id ON handover_item (referral_id);

