do $$ begin
    if to_regtype('vouchers.citizen_facts') is null then
        -- The last four only where a round of the batch asks for them.
        create type vouchers.citizen_facts as (
            state text, born_on date, card_issuers text[], real_name boolean, social_card boolean, card_bins text[],
            bank_since jsonb);
    end if;
    if to_regtype('vouchers.claim_outcome') is null then
        create type vouchers.claim_outcome as (
            ord int, outcome text, voucher_id uuid, round_id uuid, type_id uuid, claim_no bigint,
            amount_fen bigint, threshold_fen bigint, valid_from timestamptz, valid_until timestamptz,
            claim_hash uuid);
    end if;
end $$;

-- Claim vouchers for citizens of one cell; the caller holds the cell's claim lock and gives one item a citizen.
-- All conditions and caps are checked against what is committed, then all that won is written.
-- Outcomes: claimed, again (the same key won before), or the refusal's code, with ':' and its reason where there is a
-- finer one; retry asks for another call. Devices and platforms are null where the whole batch has none.
-- A grant (any origin but grab) was promised by the way it came: window, conditions and caps are not asked again, and
-- a citizen may have several items in a call. Only stock, a blocked citizen and a round that is not out say no.
-- Look-ups are lateral and sequential scans are off, so that a plan made for empty tables stays right.
create or replace function vouchers.claim(
    p_cell int, p_cells int, p_now timestamptz, p_today date,
    p_citizen uuid[], p_facts vouchers.citizen_facts[], p_round uuid[], p_type uuid[],
    p_voucher uuid[], p_key uuid[], p_hash uuid[],
    p_valid_from timestamptz[], p_valid_until timestamptz[], p_refused text[], p_origin text,
    p_device uuid[], p_platform text[]
) returns setof vouchers.claim_outcome language plpgsql set enable_seqscan = off as $$
begin
    perform vouchers.lock_stock(p_cell, p_cells, p_type);
    if p_device is not null then
        perform vouchers.take_devices(p_cells, p_citizen, p_round, p_voucher, p_device);
    end if;
    return query
    with item as materialized (
        select i.ord, i.citizen_id, i.round_id, i.type_id, i.voucher_id, i.claim_key, i.claim_hash,
               i.valid_from, i.valid_until, i.refused, i.device, i.platform, p_facts[i.ord] as facts, e as earlier
          from unnest(p_citizen, p_round, p_type, p_voucher, p_key, p_hash, p_valid_from, p_valid_until,
                      p_refused, p_device, p_platform) with ordinality
               as i(citizen_id, round_id, type_id, voucher_id, claim_key, claim_hash, valid_from, valid_until,
                    refused, device, platform, ord)
          left join lateral (
               select v.* from vouchers.voucher v
                where v.cell = p_cell and v.citizen_id = i.citizen_id and v.claim_key = i.claim_key
                limit 1) e on true
    ), judged as materialized (
        select i.ord, i.citizen_id, i.voucher_id, i.claim_key, i.claim_hash, i.valid_from, i.valid_until,
               t.type_id, t.industry, t.amount_fen, t.threshold_fen, t.cap_groups, i.platform, r.round_id,
               r.campaign_id,
               case
                   when i.refused is not null then i.refused
                   when r.round_id is null or t.type_id is null then 'not_open'
                   when (i.facts).state is null or (i.facts).state = 'blocked' then 'blocked'
                   when r.state <> 'published' or c.state = 'stopped' then 'not_open'
                   when p_origin <> 'grab' then null
                   when r.mode <> 'grab' then 'not_open:other_way'
                   when p_now < r.opens_at then 'not_open:before_opening'
                   when p_now >= r.closes_at then 'closed'
                   else coalesce(
                       vouchers.why_not_person(
                           i.facts, r.age_min, r.card_issuers, r.list_id is null or exists (
                               select from vouchers.list_member m
                                where m.cell = p_cell and m.list_id = r.list_id and m.citizen_id = i.citizen_id),
                           p_today),
                       case
                           when u.in_round >= r.cap_round then 'cap_reached:cap_round'
                           when u.in_day >= r.cap_day then 'cap_reached:cap_day'
                           when u.in_campaign >= r.cap_campaign then 'cap_reached:cap_campaign'
                           when u.in_industry >= r.cap_industry then 'cap_reached:cap_industry'
                           when u.in_industry_round >= r.cap_industry_round then 'cap_reached:cap_industry_round'
                           when r.terms is not null
                               then vouchers.why_no_claim(
                                        p_cell, p_cells, p_today, i.citizen_id, i.facts, r.terms, r.round_id,
                                        r.campaign_id, t.type_id, t.industry, t.cap_groups, i.device, i.platform)
                       end)
               end as refusal
          from item i
          left join lateral (select * from vouchers.round r where r.round_id = i.round_id limit 1) r on true
          left join lateral (select c.state from vouchers.campaign c where c.campaign_id = r.campaign_id limit 1) c on true
          left join lateral (
               select * from vouchers.voucher_type t
                where t.type_id = i.type_id and t.round_id = i.round_id limit 1) t on true
          left join lateral (
               select count(*) filter (where v.round_id = r.round_id) as in_round,
                      count(*) filter (where v.claimed_on = p_today) as in_day,
                      count(*) as in_campaign,
                      count(*) filter (where v.industry is not distinct from t.industry) as in_industry,
                      count(*) filter (where v.round_id = r.round_id
                                         and v.industry is not distinct from t.industry) as in_industry_round
                 from vouchers.voucher v
                where v.cell = p_cell and v.citizen_id = i.citizen_id and v.campaign_id = r.campaign_id
                  and v.state <> 'void' and not v.frees_cap and p_origin = 'grab') u on true
         where (i.earlier).voucher_id is null
    ), placed as materialized (
        select j.*, row_number() over (partition by j.type_id order by j.ord) as place
          from judged j where j.refusal is null
    ), remaining as materialized (
        select d.type_id, s.claimed, s.stock - s.claimed as left_over
          from (select distinct p.type_id from placed p) d
          join lateral (select * from vouchers.stock s
                         where s.cell = p_cell and s.type_id = d.type_id limit 1) s on true
    ), won as (
        insert into vouchers.voucher (cell, voucher_id, citizen_id, campaign_id, round_id, type_id, industry,
                                      claim_no, claim_key, claim_hash, claimed_at, claimed_on, amount_fen,
                                      threshold_fen, valid_from, valid_until, origin, cap_groups, platform)
        select p_cell, p.voucher_id, p.citizen_id, p.campaign_id, p.round_id, p.type_id, p.industry,
               (r.claimed + p.place - 1) * p_cells + p_cell + 1, p.claim_key, p.claim_hash, p_now, p_today,
               p.amount_fen, p.threshold_fen, p.valid_from, p.valid_until, p_origin, p.cap_groups, p.platform
          from placed p join remaining r on r.type_id = p.type_id
         where p.place <= r.left_over
        returning voucher.voucher_id, voucher.type_id, voucher.claim_no
    ), counted as (
        update vouchers.stock s set claimed = s.claimed + n.won
          from (select w.type_id, count(*) as won from won w group by w.type_id) n
         where s.cell = p_cell and s.type_id = n.type_id
    )
    select i.ord::int, 'again'::text, (i.earlier).voucher_id, (i.earlier).round_id, (i.earlier).type_id,
           (i.earlier).claim_no, (i.earlier).amount_fen, (i.earlier).threshold_fen, (i.earlier).valid_from,
           (i.earlier).valid_until, (i.earlier).claim_hash
      from item i where (i.earlier).voucher_id is not null
    union all
    select j.ord::int,
           coalesce(j.refusal, case when w.voucher_id is not null then 'claimed'
                                    when p_cells > 1 and vouchers.stock_elsewhere(p_cell, j.type_id) then 'retry'
                                    else 'sold_out' end),
           j.voucher_id, j.round_id, j.type_id, w.claim_no, j.amount_fen, j.threshold_fen, j.valid_from,
           j.valid_until, j.claim_hash
      from judged j left join won w on w.voucher_id = j.voucher_id;
    if p_device is not null then
        perform vouchers.release_devices(p_cell, p_cells, p_round, p_voucher, p_device);
    end if;
end $$;

-- Lock the stock rows of a batch, types ascending. With more than one cell, a type whose stock here is short of
-- what the batch wants is locked in all cells (ascending) and takes from the richest.
create or replace function vouchers.lock_stock(p_cell int, p_cells int, p_type uuid[])
returns void language plpgsql set enable_seqscan = off as $$
declare
    want record;
    here record;
    rich record;
begin
    if p_cells = 1 then
        perform from vouchers.stock s
          where s.cell = p_cell and s.type_id = any (p_type) order by s.type_id for no key update;
        return;
    end if;
    for want in select t.type_id, count(*)::int as n from unnest(p_type) t(type_id) group by 1 order by 1 loop
        select s.stock - s.claimed as left_over into here
          from vouchers.stock s where s.cell = p_cell and s.type_id = want.type_id;
        if here.left_over >= want.n then
            perform from vouchers.stock s
              where s.cell = p_cell and s.type_id = want.type_id for no key update;
            continue;
        end if;
        perform from vouchers.stock s where s.type_id = want.type_id order by s.cell for no key update;
        loop
            select s.stock - s.claimed as left_over into here
              from vouchers.stock s where s.cell = p_cell and s.type_id = want.type_id;
            exit when here.left_over is null or here.left_over >= want.n;
            select s.cell, s.stock - s.claimed as left_over into rich
              from vouchers.stock s where s.type_id = want.type_id and s.cell <> p_cell
             order by s.stock - s.claimed desc, s.cell limit 1;
            exit when coalesce(rich.left_over, 0) = 0;
            -- Half of the richest, at least one, so that the last pieces do not bounce between cells.
            update vouchers.stock s
               set stock = s.stock + case when s.cell = p_cell then 1 else -1 end * ((rich.left_over + 1) / 2)
             where s.type_id = want.type_id and s.cell in (p_cell, rich.cell);
        end loop;
    end loop;
end $$;

create or replace function vouchers.stock_elsewhere(p_cell int, p_type uuid) returns boolean
language sql stable as $$
    select exists (select from vouchers.stock s
                    where s.type_id = p_type and s.cell <> p_cell and s.stock > s.claimed)
$$;
