-- Caps of funders. Each function looks for a row first: where no funder has a cap, nothing is read or locked.

-- The counter that a funder's cap of one scope has for a payment.
create or replace function payments.cap_day(p_scope text, p_day date) returns date language sql immutable as $$
    select case when p_scope in ('day', 'shop_day') then p_day else '-infinity'::date end
$$;
create or replace function payments.cap_store(p_scope text, p_store uuid) returns uuid language sql immutable as $$
    select case when p_scope in ('shop', 'shop_day') then p_store else '00000000-0000-0000-0000-000000000000'::uuid end
$$;

-- What a funder got back of its part of one voucher in refunds that ended.
create or replace function payments.given_back(p_share payments.share) returns bigint language sql stable as $$
    select coalesce(sum(b.amount_fen), 0)::bigint
      from payments.refund r
      join payments.refund_share b on b.cell = r.cell and b.refund_id = r.refund_id
     where r.cell = p_share.cell and r.payment_id = p_share.payment_id and r.state = 'succeeded'
       and b.voucher_id = p_share.voucher_id and b.funder_id = p_share.funder_id
$$;

-- Count what new payments of a day take of their funders' caps, payment by payment in the order given; a payment
-- beyond a cap counts nothing and is returned with the funder and the scope. Locks the counters in key order, until
-- the commit: payments of one capped funder stand in one line.
create or replace function payments.take_subsidy(
    p_day date, p_payment uuid[], p_store uuid[], p_part_payment uuid[], p_part_funder text[], p_part_fen bigint[]
) returns table (payment_id uuid, funder_id text, scope text) language plpgsql as $$
#variable_conflict use_column
declare
    one uuid;
    refusal record;
begin
    if not exists (select from payments.subsidy_cap c where c.funder_id = any (p_part_funder)) then
        return;
    end if;
    create temporary table if not exists taking (
        payment_id uuid, funder_id text, scope text, day date, store_id uuid, fen bigint, limit_fen bigint
    ) on commit drop;
    truncate taking;
    insert into taking
    select p.payment_id, v.funder_id, c.scope, payments.cap_day(c.scope, p_day), payments.cap_store(c.scope, p.store_id),
           sum(v.fen), c.limit_fen
      from unnest(p_part_payment, p_part_funder, p_part_fen) as v(payment_id, funder_id, fen)
      join unnest(p_payment, p_store) as p(payment_id, store_id) on p.payment_id = v.payment_id
      join payments.subsidy_cap c on c.funder_id = v.funder_id
     group by p.payment_id, p.store_id, v.funder_id, c.scope, c.limit_fen;

    insert into payments.subsidy_used (funder_id, scope, day, store_id, used_fen)
    select k.funder_id, k.scope, k.day, k.store_id, coalesce((
           select sum(s.amount_fen - payments.given_back(s)) from payments.share s
             join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
            where s.funder_id = k.funder_id and p.state in ('charging', 'unknown', 'succeeded', 'refunding')
              and k.day in ('-infinity', p.settlement_date)
              and k.store_id in ('00000000-0000-0000-0000-000000000000', p.store_id)), 0)
      from (select distinct t.funder_id, t.scope, t.day, t.store_id from taking t) k
     where not exists (select from payments.subsidy_used u
                        where (u.funder_id, u.scope, u.day, u.store_id) = (k.funder_id, k.scope, k.day, k.store_id))
     order by 1, 2, 3, 4
    on conflict do nothing;
    perform from payments.subsidy_used u
      where (u.funder_id, u.scope, u.day, u.store_id) in (select t.funder_id, t.scope, t.day, t.store_id from taking t)
      order by u.funder_id, u.scope, u.day, u.store_id for no key update;

    foreach one in array p_payment loop
        select t.funder_id, t.scope into refusal
          from taking t join payments.subsidy_used u
            on (u.funder_id, u.scope, u.day, u.store_id) = (t.funder_id, t.scope, t.day, t.store_id)
         where t.payment_id = one and t.fen > 0 and u.used_fen + t.fen > t.limit_fen
         order by t.funder_id, t.scope limit 1;
        if found then
            return query select one, refusal.funder_id, refusal.scope;
        else
            update payments.subsidy_used u set used_fen = u.used_fen + t.fen
              from taking t
             where t.payment_id = one
               and (u.funder_id, u.scope, u.day, u.store_id) = (t.funder_id, t.scope, t.day, t.store_id);
        end if;
    end loop;
end $$;

-- Give back of caps what funders paid of payments and got back. Parts run in step. Locks as above.
create or replace function payments.free_parts(
    p_cell int, p_payment uuid[], p_funder text[], p_fen bigint[]
) returns void language plpgsql as $$
begin
    if cardinality(p_payment) = 0 or not exists (select from payments.subsidy_cap) then
        return;
    end if;
    with freed as (
        select u.funder_id, u.scope, u.day, u.store_id, sum(s.fen)::bigint as fen
          from unnest(p_payment, p_funder, p_fen) as s(payment_id, funder_id, fen)
          join payments.payment p on p.cell = p_cell and p.payment_id = s.payment_id
          join payments.subsidy_used u on u.funder_id = s.funder_id
           and u.day = payments.cap_day(u.scope, p.settlement_date)
           and u.store_id = payments.cap_store(u.scope, p.store_id)
         group by u.funder_id, u.scope, u.day, u.store_id
    ), locked as (
        select u.funder_id, u.scope, u.day, u.store_id from payments.subsidy_used u
          join freed f using (funder_id, scope, day, store_id)
         order by u.funder_id, u.scope, u.day, u.store_id for no key update of u
    )
    update payments.subsidy_used u set used_fen = greatest(0, u.used_fen - f.fen)
      from freed f join locked l using (funder_id, scope, day, store_id)
     where (u.funder_id, u.scope, u.day, u.store_id) = (f.funder_id, f.scope, f.day, f.store_id);
end $$;

-- Give back of caps all that payments that failed had taken.
create or replace function payments.free_subsidy(p_cell int, p_payment uuid[]) returns void language sql as $$
    select payments.free_parts(p_cell, array_agg(s.payment_id), array_agg(s.funder_id), array_agg(s.amount_fen))
      from payments.share s where s.cell = p_cell and s.payment_id = any (p_payment) having count(*) > 0
$$;
