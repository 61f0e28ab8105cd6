-- Rule books of risk 风控规则: versions proposed by one member of staff and decided by another. The live book is the one
-- approved last that is no shadow book; a shadow book approved after it is judged beside it and never acts.
create schema if not exists risk;
create table risk.rule_book (
    version_no  integer primary key check (version_no > 0),
    document    text not null,
    digest      text not null,              -- SHA-256 of the document, hex
    is_shadow   boolean not null,
    state       text not null check (state in ('proposed', 'approved', 'refused')),
    reason      text not null check (reason <> ''),
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by  text,
    decided_at  timestamptz,
    check ((state = 'proposed') = (decided_by is null)),
    check ((decided_by is null) = (decided_at is null)),
    check (decided_by <> proposed_by)
);
create index rule_book_approved on risk.rule_book (decided_at, version_no) where state = 'approved';
