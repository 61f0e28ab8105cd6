-- Why a person may not claim in a round, or sign up for its draw, as code:reason; null: nothing of this speaks against
-- it. An expression and no more, so that the planner puts it into the query in place of a call. `p_on_list`: the round
-- asks for no list, or the citizen is on it.
create or replace function vouchers.why_not_person(
    p_facts vouchers.citizen_facts, p_age_min int, p_card_issuers text[], p_on_list boolean, p_today date
) returns text language sql immutable as $$
    select case
        when p_age_min is not null and (p_facts).born_on is null then 'not_eligible:age_unknown'
        when (p_facts).born_on + make_interval(years => p_age_min) > p_today then 'not_eligible:age_below'
        when p_card_issuers is not null and not p_card_issuers && (p_facts).card_issuers
            then 'not_eligible:card_issuer'
        when not p_on_list then 'not_eligible:not_on_list'
    end
$$;

-- Why a claim is refused by the fine conditions of its round (vouchers.round.terms), as code:reason; null: it is not.
-- Rounds without such conditions never get here. The caller holds the cell's claim lock, so that caps are exact.
create or replace function vouchers.why_no_claim(
    p_cell int, p_cells int, p_today date, p_citizen uuid, p_facts vouchers.citizen_facts, p_terms jsonb, p_round uuid,
    p_campaign uuid, p_type uuid, p_industry text, p_groups text[], p_device uuid, p_platform text
) returns text language plpgsql stable as $$
declare
    started timestamptz;
begin
    if p_terms ? 'real_name' and p_facts.real_name is not true then
        return 'not_eligible:no_real_name';
    end if;
    if p_terms ? 'age_max' then
        if p_facts.born_on is null then
            return 'not_eligible:age_unknown';
        end if;
        if p_facts.born_on + make_interval(years => (p_terms ->> 'age_max')::int + 1) <= p_today then
            return 'not_eligible:age_above';
        end if;
    end if;
    -- "62" is the range of 62000000 to 62999999, "622200-622299" that of 62220000 to 62229999.
    if p_terms ? 'card_bins' and not exists (
        select from unnest(p_facts.card_bins) as bin, jsonb_array_elements_text(p_terms -> 'card_bins') as range
         where bin between rpad(split_part(range, '-', 1), 8, '0')
                       and rpad(coalesce(nullif(split_part(range, '-', 2), ''), range), 8, '9')) then
        return 'not_eligible:card_bin';
    end if;
    if p_terms ? 'new_customer_of' then
        select c.starts_at into started from vouchers.campaign c where c.campaign_id = p_campaign;
        if not exists (
            select from jsonb_array_elements_text(p_terms -> 'new_customer_of') as bank
             where (p_facts.bank_since ->> bank)::timestamptz >= started) then
            return 'not_eligible:not_new_customer';
        end if;
    end if;
    if p_terms ? 'social_card' and p_facts.social_card is not true then
        return 'not_eligible:no_social_card';
    end if;
    if p_terms ? 'list_tier' and not exists (
        select from vouchers.list_member m
         where m.cell = p_cell and m.list_id = (p_terms ->> 'list_id')::uuid and m.citizen_id = p_citizen
           and m.tier <= (p_terms ->> 'list_tier')::int) then
        return 'not_eligible:list_tier';
    end if;
    if p_terms ? 'one_citizen_a_device' then
        if p_device is null then
            return 'not_eligible:no_device';
        end if;
        if exists (select from vouchers.device_claim d
                    where d.cell = vouchers.device_cell(p_device, p_cells) and d.device = p_device
                      and d.scope_id = vouchers.device_scope(p_terms, p_round, p_campaign)
                      and d.citizen_id <> p_citizen) then
            return 'not_eligible:device_used';
        end if;
    end if;
    if p_terms ? 'caps' then
        return vouchers.cap_reached(p_cell, p_today, p_citizen, p_terms -> 'caps', p_round, p_campaign, p_type,
                                    p_industry, p_groups, p_platform);
    end if;
    return null;
end $$;

create or replace function vouchers.in_period(
    p_period text, v vouchers.voucher, p_today date, p_round uuid, p_campaign uuid
) returns boolean language sql immutable as $$
    select case p_period when 'round' then v.round_id = p_round
                         when 'day' then v.campaign_id = p_campaign and v.claimed_on = p_today
                         when 'campaign' then v.campaign_id = p_campaign
                         else true end
$$;

create or replace function vouchers.counts_over(
    p_over text, p_group text, v vouchers.voucher, p_type uuid, p_industry text, p_groups text[]
) returns boolean language sql immutable as $$
    select case p_over when 'industry' then v.industry is not distinct from p_industry
                       when 'type' then v.type_id = p_type
                       when 'group' then coalesce(case when p_group is null then v.cap_groups && p_groups
                                                       else p_group = any (v.cap_groups) end, false)
                       else true end
$$;

-- The first cap of a round (limits.ClaimCap) that one more voucher of a type would pass. Void vouchers do not count.
create or replace function vouchers.cap_reached(
    p_cell int, p_today date, p_citizen uuid, p_caps jsonb, p_round uuid, p_campaign uuid, p_type uuid,
    p_industry text, p_groups text[], p_platform text
) returns text language sql stable as $$
    select 'cap_reached:' || case when c.counts <> 'vouchers' then 'cap_kinds'
                                  when c.over = 'all' then 'cap_' || c.period
                                  else 'cap_' || c.over end
      from jsonb_to_recordset(p_caps) as c(most int, period text, over text, "group" text, counts text,
                                           per_platform boolean)
      cross join lateral (
           select count(*) as vouchers,
                  array_agg(distinct coalesce(v.industry, '')) as industries,
                  coalesce(array_agg(distinct g) filter (where g is not null), '{}') as groups
             from vouchers.voucher v
             left join lateral unnest(case when c.counts = 'groups' then v.cap_groups end) g on true
            where v.cell = p_cell and v.citizen_id = p_citizen and v.state <> 'void'
              and vouchers.in_period(c.period, v, p_today, p_round, p_campaign)
              and vouchers.counts_over(c.over, c."group", v, p_type, p_industry, p_groups)
              and (not c.per_platform or v.platform is not distinct from p_platform)) n
     where (c.over <> 'group' or c."group" is null or c."group" = any (p_groups))
       and case c.counts
               when 'vouchers' then n.vouchers >= c.most
               when 'industries' then cardinality(n.industries) >= c.most
                                      and coalesce(p_industry, '') <> all (n.industries)
               else cardinality(n.groups) >= c.most and not coalesce(p_groups, '{}') && n.groups
           end
     limit 1
$$;

create or replace function vouchers.device_cell(p_device uuid, p_cells int) returns int language sql immutable as $$
    select (get_byte(uuid_send(p_device), 0) * 256 + get_byte(uuid_send(p_device), 1)) % p_cells
$$;

create or replace function vouchers.device_scope(p_terms jsonb, p_round uuid, p_campaign uuid) returns uuid
language sql immutable as $$
    select case p_terms ->> 'one_citizen_a_device' when 'campaign' then p_campaign else p_round end
$$;

-- Devices of a batch, in order, for those who may get a voucher: the first citizen keeps a device, also against a
-- batch of another cell that runs at the same time (it waits here for that one's commit).
create or replace function vouchers.take_devices(
    p_cells int, p_citizen uuid[], p_round uuid[], p_voucher uuid[], p_device uuid[]
) returns void language sql set enable_seqscan = off as $$
    insert into vouchers.device_claim (cell, scope_id, device, citizen_id, voucher_id)
    select vouchers.device_cell(i.device, p_cells), vouchers.device_scope(r.terms, r.round_id, r.campaign_id), i.device,
           i.citizen_id, i.voucher_id
      from unnest(p_citizen, p_round, p_voucher, p_device) with ordinality
           as i(citizen_id, round_id, voucher_id, device, ord)
      join vouchers.round r on r.round_id = i.round_id
     where i.device is not null and r.terms ? 'one_citizen_a_device'
     order by 1, 2, 3, i.ord
    on conflict do nothing
$$;

-- Devices that were taken in this batch for a claim that got no voucher.
create or replace function vouchers.release_devices(
    p_cell int, p_cells int, p_round uuid[], p_voucher uuid[], p_device uuid[]
) returns void language sql set enable_seqscan = off as $$
    delete from vouchers.device_claim d
     using unnest(p_round, p_voucher, p_device) as i(round_id, voucher_id, device)
      join vouchers.round r on r.round_id = i.round_id
     where r.terms ? 'one_citizen_a_device' and d.cell = vouchers.device_cell(i.device, p_cells)
       and d.scope_id = vouchers.device_scope(r.terms, r.round_id, r.campaign_id) and d.device = i.device
       and d.voucher_id = i.voucher_id
       and not exists (select from vouchers.voucher v where v.cell = p_cell and v.voucher_id = i.voucher_id)
$$;
