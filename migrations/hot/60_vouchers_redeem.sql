-- A citizen's vouchers that could be used now, as rows for the calculator; an empty array is possible.
-- The fence (offset 0) keeps the planner on the citizen's index: the index of due vouchers holds the whole city's.
create or replace function vouchers.usable(p_cell int, p_now timestamptz, p_citizen uuid)
returns jsonb language sql stable set enable_seqscan = off as $$
    select coalesce(jsonb_agg(jsonb_build_array(v.voucher_id, v.type_id, v.valid_until, v.amount_fen)
                              order by v.voucher_id), '[]')
      from (select * from vouchers.voucher w where w.cell = p_cell and w.citizen_id = p_citizen offset 0) v
     where v.state = 'held' and v.valid_from <= p_now and v.valid_until > p_now
       and not exists (select from vouchers.campaign c where c.campaign_id = v.campaign_id and c.state = 'stopped')
$$;

-- Vouchers that are held and good now (a stopped campaign's are not), locked in order of their id until the commit.
create or replace function vouchers.lock_held(p_cell int, p_now timestamptz, p_voucher uuid[])
returns setof uuid language sql set enable_seqscan = off as $$
    with locked as materialized (
        select v.voucher_id, v.campaign_id, v.state, v.valid_from, v.valid_until from vouchers.voucher v
         where v.cell = p_cell and v.voucher_id = any (p_voucher) order by v.voucher_id for no key update
    )
    select l.voucher_id from locked l
     where l.state = 'held' and l.valid_from <= p_now and l.valid_until > p_now
       and not exists (select from vouchers.campaign c where c.campaign_id = l.campaign_id and c.state = 'stopped')
$$;

-- held -> locked, for payments that begin. Arrays run in step.
create or replace function vouchers.lock(p_cell int, p_voucher uuid[], p_payment uuid[], p_fen bigint[])
returns void language sql set enable_seqscan = off as $$
    update vouchers.voucher v set state = 'locked', payment_id = u.payment_id, redeemed_fen = u.fen
      from unnest(p_voucher, p_payment, p_fen) as u(voucher_id, payment_id, fen)
     where v.cell = p_cell and v.voucher_id = u.voucher_id
$$;

-- locked -> redeemed (the payment succeeded) or -> held (it failed). Returns what moved.
create or replace function vouchers.unlock(p_cell int, p_voucher uuid[], p_redeemed boolean[])
returns setof vouchers.voucher language sql set enable_seqscan = off as $$
    update vouchers.voucher v
       set state = case when u.redeemed then 'redeemed' else 'held' end,
           payment_id = case when u.redeemed then v.payment_id end,
           redeemed_fen = case when u.redeemed then v.redeemed_fen end,
           recycled_fen = v.recycled_fen + case when u.redeemed then v.amount_fen - v.redeemed_fen else 0 end
      from unnest(p_voucher, p_redeemed) as u(voucher_id, redeemed)
     where v.cell = p_cell and v.voucher_id = u.voucher_id and v.state = 'locked'
    returning v.*
$$;

-- held -> expired, for vouchers that are due; rows that others hold are left for the next sweep.
create or replace function vouchers.expire(p_cell int, p_now timestamptz, p_limit int)
returns setof vouchers.voucher language sql set enable_seqscan = off as $$
    update vouchers.voucher v set state = 'expired', recycled_fen = v.recycled_fen + v.amount_fen
      from (select d.voucher_id from vouchers.voucher d
             where d.cell = p_cell and d.state = 'held' and d.valid_until <= p_now
             order by d.valid_until limit p_limit for no key update skip locked) due
     where v.cell = p_cell and v.voucher_id = due.voucher_id
    returning v.*
$$;

-- held or frozen -> void, for a person's reason; vouchers in a payment stay as they are. Returns them as they were.
create or replace function vouchers.void(p_cell int, p_now timestamptz, p_voucher uuid[], p_reason text, p_actor text)
returns setof vouchers.voucher language sql set enable_seqscan = off as $$
    with found as materialized (
        select v.* from vouchers.voucher v
         where v.cell = p_cell and v.voucher_id = any (p_voucher) and v.state in ('held', 'frozen')
         order by v.voucher_id for no key update
    ), written as (
        insert into vouchers.voided (cell, voucher_id, reason, actor, voided_at)
        select p_cell, f.voucher_id, p_reason, p_actor, p_now from found f
    ), moved as (
        update vouchers.voucher v set state = 'void', recycled_fen = v.recycled_fen + v.amount_fen
          from found f where v.cell = p_cell and v.voucher_id = f.voucher_id
    )
    select * from found
$$;
