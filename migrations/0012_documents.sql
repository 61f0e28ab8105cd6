-- Campaigns as documents: their versions, and the sub-activities that rounds belong to.
create table vouchers.campaign_version (
    code          text not null,               -- of the campaign, which may not be there yet
    number        integer not null check (number > 0),
    document      text not null,
    document_hash bytea not null,              -- SHA-256 of the text
    name          text not null,
    name_en       text not null,
    adcode        text,                        -- the campaign's, for who may see it
    state         text not null check (state in ('draft', 'submitted', 'approved', 'returned', 'applied')),
    author        text not null,               -- an actor of the audit log
    written_at    timestamptz not null,
    note          text not null default '',
    submitted_at  timestamptz,
    decided_by    text,
    decided_at    timestamptz,
    reason        text not null default '',
    apply_at      timestamptz,                 -- null: as soon as it is approved
    applied_at    timestamptz,
    primary key (code, number),
    check (state not in ('approved', 'applied') or decided_by <> author)
);
-- One version at a time is on its way.
create unique index campaign_version_open on vouchers.campaign_version (code)
    where state in ('draft', 'submitted', 'approved');
create index campaign_version_due on vouchers.campaign_version (apply_at) where state = 'approved';

create table vouchers.sub_activity (
    sub_activity_id uuid primary key,
    campaign_id     uuid not null references vouchers.campaign,
    name            text not null,
    name_en         text not null,
    position        integer not null,
    adcode          text,
    note            text
);
create index sub_activity_by_campaign on vouchers.sub_activity (campaign_id);
alter table vouchers.round add column sub_activity_id uuid references vouchers.sub_activity;
