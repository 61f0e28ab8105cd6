-- Every movement of a settlement day, once: payments that succeeded (sign 1) and refunds (sign -1).
-- A payment counts on its own day even if it was refunded later; each refund, of part or all of it, counts on its own.
create or replace function payments.movements(p_day date)
returns table (cell smallint, payment_id uuid, sign int, issuer text, acquirer text, store_id uuid,
               charged_fen bigint, discount_fen bigint, interchange_fen bigint, network_fee_fen bigint, fee_fen bigint)
language sql stable as $$
    select p.cell, p.payment_id, 1, p.issuer, p.acquirer, p.store_id, p.charged_fen, p.discount_fen,
           p.interchange_fen, p.network_fee_fen, p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen
      from payments.payment p
     where p.settlement_date = p_day and p.state in ('succeeded', 'refunding', 'refunded')
    union all
    select p.cell, p.payment_id, -1, p.issuer, p.acquirer, p.store_id, r.charged_fen, r.discount_fen,
           r.interchange_fen, r.network_fee_fen, r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen
      from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
     where r.settlement_date = p_day and r.state = 'succeeded'
$$;

-- Close a day, in two commits. The first makes the next payment be stamped with the next day and waits for nobody.
create or replace function payments.close_day(p_day date, p_now timestamptz) returns void language sql as $$
    insert into payments.settlement_day (day, state) values (p_day, 'open') on conflict do nothing;
    update payments.settlement_day set state = 'closing', closed_at = p_now where day = p_day and state = 'open';
$$;

-- The second waits for payments that were stamped before it and are not committed yet: they hold a key share lock.
-- Nobody takes a new one by then, so that traffic cannot keep it waiting for ever.
create or replace function payments.wait_for_stamped(p_day date) returns void language plpgsql as $$
begin
    perform from payments.settlement_day d where d.day = p_day for update;
end $$;
