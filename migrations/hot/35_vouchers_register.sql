-- Register citizens of one cell for a draw, one item a citizen. Outcomes: registered, again (the same request),
-- conflicting_request (the same key, another body), already_registered (by another app or request: the earliest
-- stands), withdrawn (a late repeat of what was withdrawn), or the refusal's code, with ':' and its reason where there
-- is a finer one. `p_refused` is what memory found. The draw's row is shared until the commit, so that its close
-- waits for all.
create or replace function vouchers.register(
    p_cell int, p_now timestamptz, p_today date, p_draw uuid, p_citizen uuid[], p_facts vouchers.citizen_facts[],
    p_wishes bytea[], p_stratum smallint[], p_platform text[], p_key uuid[], p_hash uuid[], p_refused text[]
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
        when d.draw_id is null then 'not_open'
        when r.state <> 'published' then case when r.state = 'paused' then 'not_open:paused' else 'not_open' end
        when p_now < d.opens_at then 'not_open:before_opening'
        when d.state not in ('announced', 'open') or p_now >= d.closes_at then 'closed'
    end;
    return query
    with item as materialized (
        select i.ord, i.citizen_id, i.wishes, i.stratum, i.platform, i.request_key, i.request_hash, i.refused,
               p_facts[i.ord] as facts, e.request_key as earlier_key, e.request_hash as earlier_hash
          from unnest(p_citizen, p_wishes, p_stratum, p_platform, p_key, p_hash, p_refused) with ordinality
               as i(citizen_id, wishes, stratum, platform, request_key, request_hash, refused, ord)
          left join vouchers.registration e
            on e.cell = p_cell and e.draw_id = p_draw and e.citizen_id = i.citizen_id
    ), judged as materialized (
        select i.*, case
                   when i.earlier_key = i.request_key and i.earlier_hash = i.request_hash then 'again'
                   when i.earlier_key = i.request_key then 'conflicting_request'
                   when i.earlier_key is not null then 'already_registered'
                   when exists (select from vouchers.withdrawal w
                                 where w.cell = p_cell and w.draw_id = p_draw and w.citizen_id = i.citizen_id
                                   and w.request_key = i.request_key) then 'withdrawn'
                   when shut is not null then shut
                   when i.refused is not null then i.refused
                   when (i.facts).state is null or (i.facts).state = 'blocked' then 'blocked'
                   else coalesce(
                       vouchers.why_not_person(
                           i.facts, r.age_min, r.card_issuers, r.list_id is null or exists (
                               select from vouchers.list_member m
                                where m.cell = p_cell and m.list_id = r.list_id and m.citizen_id = i.citizen_id),
                           p_today),
                       -- Caps and devices are the claim button's; a draw has its own limits.
                       case when r.terms is not null
                           then vouchers.why_no_claim(
                                    p_cell, 1, p_today, i.citizen_id, i.facts, r.terms - 'caps' - 'one_citizen_a_device',
                                    r.round_id, r.campaign_id, null, null, null, null, i.platform)
                       end)
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

-- Take a citizen's registration back before the close; `p_platform` null takes one of any app. Outcomes: withdrawn
-- (also when the same request did it before), closed, not_found. Shares the draw's row until the commit.
create or replace function vouchers.withdraw(
    p_cell int, p_now timestamptz, p_draw uuid, p_citizen uuid, p_platform text, p_key uuid
) returns text language plpgsql as $$
declare
    d vouchers.draw;
    standing vouchers.registration;
begin
    select * into d from vouchers.draw where draw_id = p_draw for share;
    select * into standing from vouchers.registration r
     where r.cell = p_cell and r.draw_id = p_draw and r.citizen_id = p_citizen
       and (p_platform is null or r.platform = p_platform) for update;
    if exists (select from vouchers.withdrawal w
                where w.cell = p_cell and w.draw_id = p_draw and w.citizen_id = p_citizen
                  and w.withdraw_key = p_key) then
        return 'withdrawn';
    end if;
    if standing.citizen_id is null then
        return 'not_found';
    end if;
    if d.state not in ('announced', 'open') or p_now >= d.closes_at then
        return 'closed';
    end if;
    insert into vouchers.withdrawal (cell, draw_id, citizen_id, platform, registered_at, request_key, withdraw_key,
                                     withdrawn_at)
    values (p_cell, p_draw, p_citizen, standing.platform, standing.registered_at, standing.request_key, p_key, p_now);
    delete from vouchers.registration r
     where r.cell = p_cell and r.draw_id = p_draw and r.citizen_id = p_citizen;
    return 'withdrawn';
end $$;
