-- One batch of registrations for a draw: the citizens' facts, then the registrations. flows.register_for_draw owns it.
create or replace function flows.register_for_draw(
    p_cell int, p_now timestamptz, p_draw uuid, p_citizen uuid[], p_wishes bytea[], p_stratum smallint[],
    p_platform text[], p_key uuid[], p_hash uuid[], p_refused text[]
) returns table (ord int, outcome text) language sql as $$
    select o.ord, o.outcome
      from vouchers.register(
           p_cell, p_now, (p_now at time zone 'Asia/Shanghai')::date, p_draw, p_citizen,
           (select array_agg(row(f.state, f.born_on, f.card_issuers, f.real_name, f.social_card, f.card_bins,
                                 f.bank_since)::vouchers.citizen_facts order by f.ord)
              from citizens.facts(p_cell, p_citizen, true) f),
           p_wishes, p_stratum, p_platform, p_key, p_hash, p_refused) o
$$;
