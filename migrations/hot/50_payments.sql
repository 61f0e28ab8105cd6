-- Who pays: by a pay code that is still good, or by the citizen's own instrument. One row an item, in order.
-- trouble: code_unknown, code_used, code_expired, instrument_unknown, or null.
create or replace function payments.payers(
    p_cell int, p_now timestamptz, p_code uuid[], p_citizen uuid[], p_instrument uuid[]
) returns table (ord bigint, trouble text, citizen_id uuid, instrument_id uuid, issuer text, pan_sealed bytea,
                 voucher_ids uuid[]) language sql stable set enable_seqscan = off as $$
    select u.ord,
           case when u.code is not null and c.code_hash is null then 'code_unknown'
                when c.payment_id is not null then 'code_used'
                when c.expires_at <= p_now then 'code_expired'
                when i.instrument_id is null then 'instrument_unknown' end,
           coalesce(c.citizen_id, u.citizen_id), i.instrument_id, i.issuer, i.pan_sealed, c.voucher_ids
      from unnest(p_code, p_citizen, p_instrument) with ordinality as u(code, citizen_id, instrument_id, ord)
      left join lateral (select * from payments.pay_code c
                          where c.cell = p_cell and c.code_hash = u.code limit 1) c on true
      left join lateral (select * from payments.instrument i
                          where i.cell = p_cell and i.instrument_id = coalesce(c.instrument_id, u.instrument_id)
                            and i.citizen_id = coalesce(c.citizen_id, u.citizen_id) and i.state = 'bound'
                          limit 1) i on true
$$;

-- What is known of a key or an order number before anything is done: the payment it led to and the body's hash.
create or replace function payments.earlier(
    p_cell int, p_caller uuid[], p_key uuid[], p_store_cell int[], p_store uuid[], p_order text[]
) returns table (ord bigint, payment_id uuid, body_hash uuid) language sql stable set enable_seqscan = off as $$
    select u.ord, coalesce(r.payment_id, o.payment_id), coalesce(r.body_hash, o.body_hash)
      from unnest(p_caller, p_key, p_store_cell, p_store, p_order) with ordinality
           as u(caller_id, key, store_cell, store_id, order_no, ord)
      left join lateral (select * from payments.request r
                          where r.cell = p_cell and r.caller_id = u.caller_id and r.key = u.key limit 1) r on true
      left join lateral (select * from payments.store_order o
                          where o.cell = u.store_cell and o.store_id = u.store_id and o.order_no = u.order_no
                          limit 1) o on true
$$;

do $$ begin
    if to_regtype('payments.new_payment') is null then
        create type payments.new_payment as (
            payment_id uuid, caller_id uuid, key uuid, body_hash uuid, citizen_id uuid, store_cell int,
            store_id uuid, order_no text, code_hash uuid, instrument_id uuid, issuer text, acquirer text,
            amount_fen bigint, discount_fen bigint, interchange_fen bigint, network_fee_fen bigint,
            acquirer_fee_fen bigint, stan int, sent_at timestamptz, merchant_offer_fen bigint);
    end if;
end $$;

-- Write new payments with their keys, order numbers and used codes. Raises unique_violation if a key or an order
-- number is there already (the batcher then runs the items one by one).
create or replace function payments.begin(
    p_cell int, p_now timestamptz, p_day date, p_new payments.new_payment[]
) returns void language plpgsql set enable_seqscan = off as $$
begin
    insert into payments.request (cell, caller_id, key, body_hash, payment_id)
    select p_cell, n.caller_id, n.key, n.body_hash, n.payment_id from unnest(p_new) n;
    insert into payments.store_order (cell, store_id, order_no, body_hash, payment_id)
    select n.store_cell, n.store_id, n.order_no, n.body_hash, n.payment_id from unnest(p_new) n;
    update payments.pay_code c set payment_id = n.payment_id
      from unnest(p_new) n where c.cell = p_cell and c.code_hash = n.code_hash;
    insert into payments.payment (cell, payment_id, citizen_id, store_id, order_no, instrument_id, issuer, acquirer,
                                  amount_fen, discount_fen, charged_fen, interchange_fen, network_fee_fen,
                                  acquirer_fee_fen, state, settlement_date, stan, sent_at, begun_at,
                                  merchant_offer_fen)
    select p_cell, n.payment_id, n.citizen_id, n.store_id, n.order_no, n.instrument_id, n.issuer, n.acquirer,
           n.amount_fen, n.discount_fen, n.amount_fen - n.discount_fen, n.interchange_fen, n.network_fee_fen,
           n.acquirer_fee_fen, 'charging', p_day, n.stan, n.sent_at, p_now, n.merchant_offer_fen
      from unnest(p_new) n;
end $$;

-- Codes that are still unused, locked in order of their hash until the commit.
create or replace function payments.lock_codes(p_cell int, p_now timestamptz, p_code uuid[])
returns setof uuid language sql set enable_seqscan = off as $$
    select c.code_hash from payments.pay_code c
     where c.cell = p_cell and c.code_hash = any (p_code) and c.payment_id is null and c.expires_at > p_now
     order by c.code_hash for no key update
$$;

-- The first settlement day that is still open; today's is opened by the first payment of the day.
create or replace function payments.open_day(p_now timestamptz) returns date language plpgsql as $$
declare
    today date := (p_now at time zone 'Asia/Shanghai')::date;
    stamped date;
begin
    -- The share lock makes a closing day wait for payments that were stamped with it and are not committed yet.
    select d.day into stamped from payments.settlement_day d
     where d.day >= today and d.state = 'open' order by d.day limit 1 for key share;
    if stamped is not null then
        return stamped;
    end if;
    insert into payments.settlement_day (day, state)
    select coalesce(max(d.day) + 1, today), 'open' from payments.settlement_day d where d.day >= today
    on conflict do nothing;
    select d.day into stamped from payments.settlement_day d
     where d.day >= today and d.state = 'open' order by d.day limit 1 for key share;
    return stamped;
end $$;

-- End payments: each goes from charging or unknown to the state given, once. Returns those that moved.
create or replace function payments.end_payments(
    p_cell int, p_now timestamptz, p_payment uuid[], p_state text[], p_response text[], p_rrn text[]
) returns setof payments.payment language sql set enable_seqscan = off as $$
    update payments.payment p
       set state = e.state, response_code = e.response, rrn = e.rrn,
           ended_at = case when e.state in ('succeeded', 'failed') then p_now end,
           asked_at = case when e.state = 'unknown' then p_now else p.asked_at end
      from unnest(p_payment, p_state, p_response, p_rrn) as e(payment_id, state, response, rrn)
     where p.cell = p_cell and p.payment_id = e.payment_id and p.state in ('charging', 'unknown')
    returning p.*
$$;

create or replace function payments.write_shares(
    p_cell int, p_payment uuid[], p_voucher uuid[], p_type uuid[], p_funder text[], p_fen bigint[], p_face bigint[]
) returns void language sql as $$
    insert into payments.share (cell, payment_id, voucher_id, type_id, funder_id, amount_fen, face_fen)
    select p_cell, u.* from unnest(p_payment, p_voucher, p_type, p_funder, p_fen, p_face) as u
$$;

create or replace function payments.shares_of(p_cell int, p_payment uuid[]) returns setof payments.share
language sql stable set enable_seqscan = off as $$
    select s.* from unnest(p_payment) as u(payment_id)
      join lateral (select * from payments.share s
                     where s.cell = p_cell and s.payment_id = u.payment_id offset 0) s on true
$$;
