-- Expire one sweep of due vouchers of a cell: states and ledger in one transaction. Returns how many.
create or replace function flows.expire_vouchers(p_cell int, p_now timestamptz, p_limit int)
returns int language plpgsql as $$
declare
    gone vouchers.voucher[] := array(select vouchers.expire(p_cell, p_now, p_limit));
begin
    perform ledger.post(p_cell, 1, 105, array_agg(md5(g.voucher_id || ':105')::uuid), array_agg(g.voucher_id),
                        array_agg(ledger.account_of(g.type_id::text, 'claimed')),
                        array_agg(ledger.account_of(g.type_id::text, 'recycled')), array_agg(g.amount_fen), p_now)
       from unnest(gone) g having count(*) > 0;
    -- Only those that came through an institution's app, or that one ordered, have somebody to tell.
    perform plumbing.emit(p_cell, 'voucher.expired', array_agg(md5(g.voucher_id || ':expired')::uuid),
                          array_agg(g.voucher_id),
                          array_agg(jsonb_build_object('citizen_id', g.citizen_id, 'type_id', g.type_id,
                                                       'round_id', g.round_id, 'amount_fen', g.amount_fen)
                                    || institutions.concerned(p_cell, g.citizen_id, array[g.platform] || o.by)), p_now)
       from unnest(gone) g
       left join (select o.voucher_id, array_agg(o.institution) as by
                    from institutions.orderers_of(array(select v.voucher_id from unnest(gone) v)) o
                   group by 1) o on o.voucher_id = g.voucher_id
      where g.platform is not null or o.by is not null having count(*) > 0;
    return cardinality(gone);
end $$;
