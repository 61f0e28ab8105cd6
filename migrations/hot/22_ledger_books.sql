-- The ledger's books: balances of both kinds of accounts, snapshots, and the end of pending transfers.

-- Balances of accounts, one row an id (0 where nothing was ever posted). A guarded account has its row; any other
-- is summed from the transfers on top of its snapshot, in one statement and so at one moment.
create or replace function ledger.balances(p_cell int, p_ids uuid[])
returns table (account_id uuid, debits_pending bigint, debits_posted bigint,
               credits_pending bigint, credits_posted bigint)
language plpgsql stable as $$
declare
    summed uuid[];
begin
    return query
    select g.account_id, g.debits_pending, g.debits_posted, g.credits_pending, g.credits_posted
      from ledger.guarded g
     where g.cell = p_cell and g.account_id = any (p_ids);

    select array_agg(distinct i.id) into summed
      from unnest(p_ids) as i(id)
     where not exists (select from ledger.guarded g where g.cell = p_cell and g.account_id = i.id);
    if summed is null then return; end if;

    return query
    with recent as (
        select t.debit_account_id, t.credit_account_id, t.amount
          from ledger.transfer t
         where t.cell = p_cell and t.flags & 10 = 0      -- neither pending nor void: the amount was posted
           and t.xid >= coalesce((select m.below_xid from ledger.snapshot_mark m where m.cell = p_cell), 0)
           and (t.debit_account_id = any (summed) or t.credit_account_id = any (summed))
    ), part (id, dp, dd, cp, cc) as (
        select i.id, 0, 0, 0, 0 from unnest(summed) as i(id)
        union all
        select s.account_id, 0, s.debits_posted, 0, s.credits_posted
          from ledger.snapshot s where s.cell = p_cell and s.account_id = any (summed)
        union all
        select r.debit_account_id, 0, r.amount, 0, 0 from recent r where r.debit_account_id = any (summed)
        union all
        select r.credit_account_id, 0, 0, 0, r.amount from recent r where r.credit_account_id = any (summed)
        union all
        select l.debit_account_id, l.amount, 0, 0, 0 from ledger.pending l
         where l.cell = p_cell and l.state = 'pending' and l.debit_account_id = any (summed)
        union all
        select l.credit_account_id, 0, 0, l.amount, 0 from ledger.pending l
         where l.cell = p_cell and l.state = 'pending' and l.credit_account_id = any (summed)
    )
    select part.id, sum(part.dp)::bigint, sum(part.dd)::bigint, sum(part.cp)::bigint, sum(part.cc)::bigint
      from part group by part.id;
end $$;

-- Fold what finished transactions posted into the cell's snapshot; returns the number of transfers folded.
-- A transaction at or above pg_snapshot_xmin may still commit transfers, so it stays above the mark.
create or replace function ledger.take_snapshot(p_cell int) returns bigint language plpgsql as $$
declare
    from_xid bigint;
    below bigint;
    folded bigint;
begin
    insert into ledger.snapshot_mark (cell, below_xid) values (p_cell, 0) on conflict do nothing;
    select m.below_xid into from_xid from ledger.snapshot_mark m where m.cell = p_cell for update;
    below := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    if below <= from_xid then return 0; end if;

    insert into ledger.snapshot as s (cell, account_id, debits_posted, credits_posted)
    select p_cell, u.account_id, sum(u.debit), sum(u.credit)
      from ledger.transfer t
     cross join lateral (values (t.debit_account_id, t.amount, 0), (t.credit_account_id, 0, t.amount))
           as u(account_id, debit, credit)
     where t.cell = p_cell and t.xid >= from_xid and t.xid < below and t.flags & 10 = 0
     group by u.account_id
        on conflict (cell, account_id) do update
       set debits_posted = s.debits_posted + excluded.debits_posted,
           credits_posted = s.credits_posted + excluded.credits_posted;
    select count(*) into folded
      from ledger.transfer t
     where t.cell = p_cell and t.xid >= from_xid and t.xid < below;
    update ledger.snapshot_mark set below_xid = below where cell = p_cell;
    return folded;
end $$;

-- Release pending transfers that are due; returns how many. Locks them, then their guarded accounts, in id order.
create or replace function ledger.expire_pending(p_cell int, p_now timestamptz) returns bigint language plpgsql as $$
declare
    due uuid[];
    held uuid[];
begin
    select array_agg(l.transfer_id) into due
      from (select p.transfer_id from ledger.pending p
             where p.cell = p_cell and p.state = 'pending' and p.expires_at <= p_now
             order by p.transfer_id for update skip locked) l;
    if due is null then return 0; end if;

    held := array(
        select p.debit_account_id from ledger.pending p where p.cell = p_cell and p.transfer_id = any (due)
        union
        select p.credit_account_id from ledger.pending p where p.cell = p_cell and p.transfer_id = any (due));
    perform from ledger.guarded g where g.cell = p_cell and g.account_id = any (held)
      order by g.account_id for update;
    update ledger.guarded g
       set debits_pending = g.debits_pending - r.debit, credits_pending = g.credits_pending - r.credit
      from (select u.account_id, sum(u.debit)::bigint as debit, sum(u.credit)::bigint as credit
              from ledger.pending p
             cross join lateral (values (p.debit_account_id, p.amount, 0), (p.credit_account_id, 0, p.amount))
                   as u(account_id, debit, credit)
             where p.cell = p_cell and p.transfer_id = any (due)
             group by u.account_id) r
     where g.cell = p_cell and g.account_id = r.account_id;
    update ledger.pending p set state = 'expired' where p.cell = p_cell and p.transfer_id = any (due);
    return cardinality(due);
end $$;
