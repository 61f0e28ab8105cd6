-- Register citizens of one cell for a draw, one item a citizen. Outcomes: registered, again (the same request),
-- conflicting_request (the same key, another body), already_registered (by another app or request: the earliest
-- stands), or the refusal's code. The draw's row is shared until the commit, so that its close waits for all.
create or replace function vouchers.register(
    p_cell int, p_now timestamptz, p_today date, p_draw uuid, p_citizen uuid[], p_facts vouchers.citizen_facts[],
    p_wishes bytea[], p_stratum smallint[], p_platform text[], p_key uuid[], p_hash uuid[]
) returns table (ord int, outcome text) language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
    d vouchers.draw;
    r vouchers.round;
    shut text;
begin
    select * into d from vouchers.draw where draw_id = p_draw for share;
    select * into r from vouchers.round where round_id = d.round_id;
    shut := case
        when d.draw_id is null or p_now < d.opens_at or r.state <> 'published' then 'not_open'
        when d.state not in ('announced', 'open') or p_now >= d.closes_at then 'closed'
    end;
    return query
    with item as materialized (
        select i.ord, i.citizen_id, i.wishes, i.stratum, i.platform, i.request_key, i.request_hash,
               p_facts[i.ord] as facts, e.request_key as earlier_key, e.request_hash as earlier_hash
          from unnest(p_citizen, p_wishes, p_stratum, p_platform, p_key, p_hash) with ordinality
               as i(citizen_id, wishes, stratum, platform, request_key, request_hash, ord)
          left join vouchers.registration e
            on e.cell = p_cell and e.draw_id = p_draw and e.citizen_id = i.citizen_id
    ), judged as materialized (
        select i.*, case
                   when i.earlier_key = i.request_key and i.earlier_hash = i.request_hash then 'again'
                   when i.earlier_key = i.request_key then 'conflicting_request'
                   when i.earlier_key is not null then 'already_registered'
                   when shut is not null then shut
                   when (i.facts).state is null or (i.facts).state = 'blocked' then 'blocked'
                   when r.age_min is not null
                        and ((i.facts).born_on is null
                             or (i.facts).born_on + make_interval(years => r.age_min) > p_today)
                       then 'not_eligible'
                   when r.card_issuers is not null and not r.card_issuers && (i.facts).card_issuers
                       then 'not_eligible'
                   when r.list_id is not null and not exists (
                        select from vouchers.list_member m
                         where m.cell = p_cell and m.list_id = r.list_id and m.citizen_id = i.citizen_id)
                       then 'not_eligible'
                   -- Caps and devices are the claim button's; a draw has its own limits.
                   when r.terms is not null
                       then split_part(vouchers.why_no_claim(
                                p_cell, 1, p_today, i.citizen_id, i.facts, r.terms - 'caps' - 'one_citizen_a_device',
                                r.round_id, r.campaign_id, null, null, null, null, i.platform), ':', 1)
               end as refusal
          from item i
    ), written as (
        insert into vouchers.registration (cell, draw_id, citizen_id, wishes, stratum, platform, registered_at,
                                           request_key, request_hash)
        select p_cell, p_draw, j.citizen_id, j.wishes, j.stratum, j.platform, p_now, j.request_key, j.request_hash
          from judged j where j.refusal is null
        on conflict do nothing
        returning registration.citizen_id
    )
    select j.ord::int,
           coalesce(j.refusal, case when w.citizen_id is null then 'already_registered' else 'registered' end)
      from judged j left join written w on w.citizen_id = j.citizen_id;
end $$;
