-- Payments that go beyond what the citizen or the issuer lets an instrument pay; the smaller of the two limits holds.
-- Names: over_payment_limit, over_day_limit, no_code (a code alone is not enough: the payer is to be asked). Locks the
-- instruments that have limits, so that two payments at once do not both pass.
create or replace function payments.beyond_limits(p_cell int, p_now timestamptz, p_new payments.new_payment[])
returns table (payment_id uuid, name text) language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
    midnight timestamptz := date_trunc('day', p_now at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai';
    bounded uuid[] := array(
        select i.instrument_id from unnest(p_new) n
          join payments.instrument i on i.cell = p_cell and i.instrument_id = n.instrument_id
          left join payments.issuer_limit l on l.issuer = i.issuer
         where num_nonnulls(i.payment_fen, i.day_fen, i.no_code_fen, l.payment_fen, l.day_fen, l.no_code_fen) > 0);
begin
    if cardinality(bounded) = 0 then
        return;
    end if;
    perform from payments.instrument i where i.cell = p_cell and i.instrument_id = any (bounded)
      order by i.instrument_id for no key update;
    return query
    select b.payment_id, b.name
      from (select n.payment_id,
                   case when n.amount_fen - n.discount_fen > least(i.payment_fen, l.payment_fen)
                        then 'over_payment_limit'
                        when n.amount_fen - n.discount_fen + u.used_fen > least(i.day_fen, l.day_fen)
                        then 'over_day_limit'
                        when n.code_hash is not null and n.amount_fen > least(i.no_code_fen, l.no_code_fen)
                             and not exists (select from payments.asked a
                                              where a.cell = p_cell and a.payment_id = n.payment_id)
                        then 'no_code' end as name
              from unnest(p_new) n
              join payments.instrument i on i.cell = p_cell and i.instrument_id = n.instrument_id
              left join payments.issuer_limit l on l.issuer = i.issuer
              cross join lateral (
                   select coalesce(sum(p.charged_fen), 0)::bigint as used_fen from payments.payment p
                    where p.cell = p_cell and p.citizen_id = n.citizen_id and p.instrument_id = n.instrument_id
                      and p.begun_at >= midnight and p.state <> 'failed') u
             where n.instrument_id = any (bounded)) b
     where b.name is not null;
end $$;
