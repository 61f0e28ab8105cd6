-- How many more vouchers of each type a citizen may use today at a merchant, under the types' caps of use
-- (limits.UseCap); types without caps are left out. What is locked or redeemed counts, what a refund undid does not.
create or replace function vouchers.use_room(
    p_cell int, p_today date, p_citizen uuid, p_merchant text, p_type uuid[]
) returns table (type_id uuid, room int) language sql stable set enable_seqscan = off as $$
    select t.type_id, min(greatest(0, c.most - n.used))::int
      from (select distinct u.type_id from unnest(p_type) as u(type_id)) w
      join vouchers.voucher_type t on t.type_id = w.type_id
      join vouchers.round r on r.round_id = t.round_id
     cross join lateral jsonb_to_recordset(t.use -> 'caps')
                as c(most int, period text, over text, "group" text, per_merchant boolean, everyone boolean)
     cross join lateral (
           select count(*)::int as used from vouchers.voucher v
            where v.cell = p_cell and v.citizen_id = p_citizen and v.state in ('locked', 'redeemed')
              and v.used_on is not null
              and case c.period when 'round' then v.round_id = r.round_id
                                when 'day' then v.campaign_id = r.campaign_id and v.used_on = p_today
                                when 'campaign' then v.campaign_id = r.campaign_id
                                else true end
              and vouchers.counts_over(c.over, c."group", v, t.type_id, t.industry, t.cap_groups)
              and (not c.per_merchant or v.used_at = p_merchant)) n
     where (c.over <> 'group' or c."group" is null or c."group" = any (t.cap_groups)) and c.everyone is not true
     group by t.type_id
$$;

-- How many more vouchers of each type all citizens together may use today: `here` at this merchant, `anywhere` in all
-- its shops. Types without such caps (UseCap.everyone) are left out; null is no bound. Counts in every cell.
create or replace function vouchers.everyone_room(p_today date, p_merchant text, p_type uuid[])
returns table (type_id uuid, here int, anywhere int) language sql stable set enable_seqscan = off as $$
    select t.type_id, min(greatest(0, c.most - n.used)) filter (where c.per_merchant)::int,
           min(greatest(0, c.most - n.used)) filter (where c.per_merchant is not true)::int
      from (select distinct u.type_id from unnest(p_type) as u(type_id)) w
      join vouchers.voucher_type t on t.type_id = w.type_id
      join vouchers.round r on r.round_id = t.round_id
     cross join lateral jsonb_to_recordset(t.use -> 'caps')
                as c(most int, period text, over text, "group" text, per_merchant boolean, everyone boolean)
     cross join lateral (
           select count(*)::int as used from vouchers.voucher v
            where v.state in ('locked', 'redeemed') and v.used_on is not null
              and (c.period = 'lifetime' or v.campaign_id = r.campaign_id)
              and (c.period <> 'round' or v.round_id = r.round_id)
              and (c.period <> 'day' or v.used_on = p_today)
              and vouchers.counts_over(c.over, c."group", v, t.type_id, t.industry, t.cap_groups)
              and (not c.per_merchant or v.used_at = p_merchant)) n
     where c.everyone and (c.over <> 'group' or c."group" is null or c."group" = any (t.cap_groups))
     group by t.type_id
$$;

-- Vouchers of a batch that caps of use forbid. Payments of one citizen stand in one line from here to the commit, so
-- that none passes a cap unseen; citizens ascending, after the vouchers' own locks. Arrays run in step.
create or replace function vouchers.beyond_use_caps(
    p_cell int, p_today date, p_voucher uuid[], p_merchant text[]
) returns setof uuid language plpgsql set enable_seqscan = off as $$
begin
    perform pg_advisory_xact_lock(20002, o.lock)
       from (select distinct hashtext(v.citizen_id::text) as lock from vouchers.voucher v
              where v.cell = p_cell and v.voucher_id = any (p_voucher) order by 1) o;
    -- Under a cap for everyone, payments of the campaign stand in one line (of every campaign, if it is for life).
    perform pg_advisory_xact_lock(20003, o.lock)
       from (select distinct case when t.use -> 'caps' @> '[{"everyone": true, "period": "lifetime"}]' then 0
                                  else hashtext(v.campaign_id::text) end as lock
               from vouchers.voucher v join vouchers.voucher_type t on t.type_id = v.type_id
              where v.cell = p_cell and v.voucher_id = any (p_voucher) and t.use -> 'caps' @> '[{"everyone": true}]'
              order by 1) o;
    return query
    with wanted as (
        select v.voucher_id, v.citizen_id, v.type_id, u.merchant,
               count(*) over (partition by v.citizen_id, v.type_id) as n,
               row_number() over (partition by v.campaign_id, u.merchant order by v.voucher_id) as nth_here,
               row_number() over (partition by v.campaign_id order by v.voucher_id) as nth
          from unnest(p_voucher, p_merchant) as u(voucher_id, merchant)
          join lateral (select * from vouchers.voucher v
                         where v.cell = p_cell and v.voucher_id = u.voucher_id limit 1) v on true
    )
    select w.voucher_id from wanted w
     where exists (select from vouchers.use_room(p_cell, p_today, w.citizen_id, w.merchant, array[w.type_id]) x
                    where x.room < w.n)
        or exists (select from vouchers.everyone_room(p_today, w.merchant, array[w.type_id]) x
                    where x.here < w.nth_here or x.anywhere < w.nth);
end $$;

-- When and where vouchers under caps of use were used.
create or replace function vouchers.note_uses(p_cell int, p_today date, p_voucher uuid[], p_merchant text[])
returns void language sql set enable_seqscan = off as $$
    update vouchers.voucher v set used_on = p_today, used_at = u.merchant
      from unnest(p_voucher, p_merchant) as u(voucher_id, merchant)
     where v.cell = p_cell and v.voucher_id = u.voucher_id and v.state = 'locked'
$$;
