-- Vouchers come in several ways: grabbed by the citizen, or granted by the system for a draw, a push, a code ..
alter table vouchers.round drop constraint round_mode_check;
alter table vouchers.round add constraint round_mode_check
    check (mode in ('grab', 'draw', 'push', 'code', 'gift', 'apply'));
alter table vouchers.voucher add column origin text not null default 'grab'
    check (origin in ('grab', 'draw', 'push', 'code', 'gift', 'apply', 'regrant'));

-- Both take one more argument from now on (hot/30, hot/90).
drop function if exists vouchers.claim(int, int, timestamptz, date, uuid[], vouchers.citizen_facts[], uuid[], uuid[],
                                       uuid[], uuid[], uuid[], timestamptz[], timestamptz[], text[]);
drop function if exists flows.claim_vouchers(int, int, timestamptz, uuid[], uuid[], uuid[], uuid[], uuid[], uuid[],
                                             timestamptz[], timestamptz[], text[]);
