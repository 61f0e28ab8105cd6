-- All that one batch of payments needs to be priced: earlier payment under the key, payer, store, vouchers.
create or replace function flows.prepare_payments(
    p_cell int, p_now timestamptz, p_caller uuid[], p_key uuid[], p_code uuid[], p_citizen uuid[],
    p_instrument uuid[], p_store_cell int[], p_store uuid[], p_order text[]
) returns table (ord int, earlier_id uuid, earlier_hash uuid, trouble text, citizen_id uuid, instrument_id uuid,
                 issuer text, pan_sealed bytea, wanted uuid[], store_state text, industry text, mcc text,
                 adcode text, hardship boolean, acquirer text, vouchers jsonb, licence_no text,
                 lon double precision, lat double precision, groups text[], may_take_subsidies boolean,
                 store_since timestamptz)
language sql stable as $$
    select e.ord::int, e.payment_id, e.body_hash, p.trouble, p.citizen_id, p.instrument_id, p.issuer, p.pan_sealed,
           p.voucher_ids, s.state, s.industry, s.mcc, s.adcode, s.hardship, s.acquirer,
           case when e.payment_id is null and p.trouble is null
                then vouchers.usable(p_cell, p_now, p.citizen_id) end,
           s.licence_no, s.lon, s.lat, s.groups, s.may_take_subsidies, s.registered_at
      from payments.earlier(p_cell, p_caller, p_key, p_store_cell, p_store, p_order) e
      join payments.payers(p_cell, p_now, p_code, p_citizen, p_instrument) p on p.ord = e.ord
      join merchants.store_facts(p_store, p_now) s on s.ord = e.ord
$$;

-- First commit of a batch of payments: keys, order numbers, codes, locked vouchers, ledger. Parts run in step:
-- p_part_* are funders' parts of vouchers, each naming voucher and payment; p_capped_* are the vouchers under caps of
-- use, with the merchant's licence. Outcomes: begun, voucher_unavailable, code_used, cap:<scope>:<funder>,
-- limit:<name>.
create or replace function flows.begin_payments(
    p_cell int, p_now timestamptz, p_new payments.new_payment[],
    p_part_payment uuid[], p_part_voucher uuid[], p_part_type uuid[], p_part_funder text[], p_part_fen bigint[],
    p_part_face bigint[], p_capped_voucher uuid[] default '{}', p_capped_merchant text[] default '{}'
) returns table (payment_id uuid, outcome text, settlement_date date) language plpgsql as $$
#variable_conflict use_column
declare
    day date := payments.open_day(p_now);
    held uuid[] := array(select vouchers.lock_held(p_cell, p_now, p_part_voucher));
    unused uuid[] := array(select payments.lock_codes(
        p_cell, p_now, array(select n.code_hash from unnest(p_new) n where n.code_hash is not null)));
    good payments.new_payment[];
    capped jsonb;
    limited jsonb;
    today date := (p_now at time zone 'Asia/Shanghai')::date;
begin
    if cardinality(p_capped_voucher) > 0 then
        held := array(select h from unnest(held) h
                       where h <> all (array(select vouchers.beyond_use_caps(p_cell, today, p_capped_voucher,
                                                                             p_capped_merchant))));
    end if;
    select array_agg(n) into good from unnest(p_new) n
     where (n.code_hash is null or n.code_hash = any (unused))
       and not exists (select from unnest(p_part_payment, p_part_voucher) as v(payment_id, voucher_id)
                        where v.payment_id = n.payment_id and v.voucher_id <> all (held));

    select jsonb_object_agg(l.payment_id, 'limit:' || l.name) into limited
      from payments.beyond_limits(p_cell, p_now, good) l;
    if limited is not null then
        select array_agg(g) into good from unnest(good) g where not limited ? g.payment_id::text;
    end if;

    select jsonb_object_agg(t.payment_id, 'cap:' || t.scope || ':' || t.funder_id) into capped
      from payments.take_subsidy(day, array(select g.payment_id from unnest(good) g),
                                 array(select g.store_id from unnest(good) g),
                                 p_part_payment, p_part_funder, p_part_fen) t;
    if capped is not null then
        select array_agg(g) into good from unnest(good) g where not capped ? g.payment_id::text;
    end if;

    perform payments.begin(p_cell, p_now, day, good);

    perform payments.write_shares(p_cell, array_agg(v.payment_id), array_agg(v.voucher_id), array_agg(v.type_id),
                                  array_agg(v.funder_id), array_agg(v.fen), array_agg(v.face))
       from unnest(p_part_payment, p_part_voucher, p_part_type, p_part_funder, p_part_fen, p_part_face)
            as v(payment_id, voucher_id, type_id, funder_id, fen, face)
      where v.payment_id in (select g.payment_id from unnest(good) g)
     having count(*) > 0;

    perform vouchers.lock(p_cell, array_agg(v.voucher_id), array_agg(v.payment_id), array_agg(v.fen)),
            ledger.post(p_cell, 1, 102, array_agg(md5(v.payment_id || ':102:' || v.voucher_id)::uuid),
                        array_agg(v.payment_id), array_agg(ledger.account_of(v.type_id::text, 'claimed')),
                        array_agg(ledger.account_of(v.type_id::text, 'locked')), array_agg(v.face), p_now)
       from (select u.payment_id, u.voucher_id, u.type_id, sum(u.fen)::bigint as fen, sum(u.face)::bigint as face
               from unnest(p_part_payment, p_part_voucher, p_part_type, p_part_fen, p_part_face)
                    as u(payment_id, voucher_id, type_id, fen, face)
              group by u.payment_id, u.voucher_id, u.type_id) v
      where v.payment_id in (select g.payment_id from unnest(good) g)
     having count(*) > 0;

    if cardinality(p_capped_voucher) > 0 then
        perform vouchers.note_uses(p_cell, today, p_capped_voucher, p_capped_merchant);
    end if;

    return query
    select n.payment_id,
           case when g.payment_id is not null then 'begun'
                when limited ? n.payment_id::text then limited ->> n.payment_id::text
                when capped ? n.payment_id::text then capped ->> n.payment_id::text
                when n.code_hash is not null and n.code_hash <> all (unused) then 'code_used'
                else 'voucher_unavailable' end,
           day
      from unnest(p_new) n left join unnest(good) g on g.payment_id = n.payment_id;
end $$;

-- Last commit of a batch of payments: states, vouchers, ledger chains, outbox. Returns those that moved.
create or replace function flows.end_payments(
    p_cell int, p_now timestamptz, p_payment uuid[], p_state text[], p_response text[], p_rrn text[]
) returns table (payment_id uuid, state text) language plpgsql as $$
#variable_conflict use_column
declare
    ended payments.payment[];
    parts payments.share[];
begin
    ended := array(select e from payments.end_payments(p_cell, p_now, p_payment, p_state, p_response, p_rrn) e
                    where e.state <> 'unknown');
    parts := array(select payments.shares_of(p_cell, array(select e.payment_id from unnest(ended) e)));

    perform vouchers.unlock(p_cell, array_agg(s.voucher_id), array_agg(e.state = 'succeeded'))
       from (select distinct u.payment_id, u.voucher_id from unnest(parts) u) s
       join unnest(ended) e on e.payment_id = s.payment_id having count(*) > 0;

    perform payments.free_subsidy(p_cell, array(select e.payment_id from unnest(ended) e where e.state = 'failed'));

    -- locked -> redeemed (104) with the unused rest of the face recycled (107), or locked -> claimed (103).
    perform flows.post_voucher_moves(p_cell, p_now, parts, ended);

    perform ledger.post(p_cell, 1, t.code, array_agg(md5(t.payment_id || ':' || t.code || ':' || t.part)::uuid),
                        array_agg(t.payment_id), array_agg(t.debit), array_agg(t.credit), array_agg(t.amount), p_now)
       from (
            select e.payment_id, 201 as code, '' as part, ledger.account_of(e.issuer, 'clearing') as debit,
                   ledger.account_of(e.acquirer, 'clearing') as credit, e.charged_fen as amount
              from unnest(ended) e where e.state = 'succeeded'
            union all
            select e.payment_id, 202, s.voucher_id || ':' || s.funder_id, ledger.account_of(s.funder_id, 'subsidy_due'),
                   ledger.account_of(e.acquirer, 'clearing'), s.amount_fen
              from unnest(parts) s join unnest(ended) e on e.payment_id = s.payment_id
             where e.state = 'succeeded'
            union all
            select e.payment_id, 203, '', ledger.account_of(e.acquirer, 'clearing'),
                   ledger.account_of(e.issuer, 'clearing'), e.interchange_fen
              from unnest(ended) e where e.state = 'succeeded'
            union all
            select e.payment_id, 204, '', ledger.account_of(e.acquirer, 'clearing'),
                   ledger.account_of('network', 'fees'), e.network_fee_fen
              from unnest(ended) e where e.state = 'succeeded'
       ) t where t.amount > 0 group by t.code;

    perform plumbing.emit(p_cell, 'payment.' || e.state, array_agg(md5(e.payment_id || ':' || e.state)::uuid),
                          array_agg(e.payment_id),
                          array_agg(jsonb_build_object(
                              'store_id', e.store_id, 'citizen_id', e.citizen_id, 'order_no', e.order_no,
                              'amount_fen', e.amount_fen, 'discount_fen', e.discount_fen,
                              'charged_fen', e.charged_fen, 'settlement_date', e.settlement_date)
                              || institutions.concerned(p_cell, e.citizen_id, array[e.issuer, e.acquirer]
                                     || vouchers.platforms_of(p_cell, array(
                                            select s.voucher_id from unnest(parts) s
                                             where s.payment_id = e.payment_id)))), p_now)
       from unnest(ended) e group by e.state;

    return query select e.payment_id, e.state from unnest(ended) e;
end $$;

create or replace function flows.post_voucher_moves(
    p_cell int, p_now timestamptz, p_parts payments.share[], p_ended payments.payment[]
) returns void language sql as $$
    with v as (
        select s.payment_id, s.voucher_id, s.type_id, sum(s.amount_fen)::bigint as amount_fen,
               sum(s.face_fen)::bigint as face_fen
          from unnest(p_parts) s group by s.payment_id, s.voucher_id, s.type_id
    )
    select ledger.post(p_cell, 1, t.code, array_agg(md5(t.payment_id || ':' || t.code || ':' || t.voucher_id)::uuid),
                       array_agg(t.payment_id), array_agg(ledger.account_of(t.type_id::text, 'locked')),
                       array_agg(ledger.account_of(t.type_id::text, t.kind)), array_agg(t.amount), p_now)
      from (
        select s.payment_id, s.voucher_id, s.type_id, 104 as code, 'redeemed' as kind, s.amount_fen as amount
          from v s join unnest(p_ended) e on e.payment_id = s.payment_id
         where e.state = 'succeeded'
        union all
        select s.payment_id, s.voucher_id, s.type_id, 107, 'recycled', s.face_fen - s.amount_fen
          from v s join unnest(p_ended) e on e.payment_id = s.payment_id
         where e.state = 'succeeded'
        union all
        select s.payment_id, s.voucher_id, s.type_id, 103, 'claimed', s.face_fen
          from v s join unnest(p_ended) e on e.payment_id = s.payment_id
         where e.state = 'failed'
      ) t where t.amount > 0 group by t.code, t.kind
$$;
