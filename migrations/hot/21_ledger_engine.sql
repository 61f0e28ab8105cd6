-- The ledger's engine: accounts and transfers in TigerBeetle's documented semantics, as CONTRACTS.md narrows them.
-- Checks read top to bottom, each with one named outcome; their order is that of CreateAccountStatus and
-- CreateTransferStatus. Ids 0 and 2^128-1 are refused here, not by a type, since they are outcomes too.
--
-- Account flags:  1 linked, 2 debits_must_not_exceed_credits, 4 credits_must_not_exceed_debits
-- Transfer flags: 1 linked, 2 pending, 4 post_pending_transfer, 8 void_pending_transfer,
--                 16 balancing_debit, 32 balancing_credit

create or replace function ledger.id_refusal(p_id uuid) returns text language sql immutable as $$
    select case p_id
        when '00000000-0000-0000-0000-000000000000' then 'id_must_not_be_zero'
        when 'ffffffff-ffff-ffff-ffff-ffffffffffff' then 'id_must_not_be_int_max' end
$$;

-- A repeated account against the one that is there (e_).
create or replace function ledger.account_repeat(
    p_flags int, p_ledger bigint, p_code int, e_flags int, e_ledger bigint, e_code int
) returns text language sql immutable as $$
    select case
        when p_flags <> e_flags then 'exists_with_different_flags'
        when p_ledger <> e_ledger then 'exists_with_different_ledger'
        when p_code <> e_code then 'exists_with_different_code'
        else 'exists' end
$$;

create or replace function ledger.account_refusal(p_flags int, p_ledger bigint, p_code int) returns text
language sql immutable as $$
    select case
        when p_flags & 6 = 6 then 'flags_are_mutually_exclusive'
        when p_ledger = 0 then 'ledger_must_not_be_zero'
        when p_code = 0 then 'code_must_not_be_zero' end
$$;

-- A repeated transfer against the one that is there (e_) and, for a post or void, its pending amount.
-- What a post or void leaves at 0 was filled in, so it agrees; a balancing amount is only an upper bound.
create or replace function ledger.transfer_repeat(
    p_flags int, p_pending uuid, p_timeout bigint, p_debit uuid, p_credit uuid, p_amount bigint, p_ledger bigint,
    p_code int, e_flags int, e_pending uuid, e_timeout bigint, e_debit uuid, e_credit uuid, e_amount bigint,
    e_ledger bigint, e_code int, pending_amount bigint
) returns text language sql immutable as $$
    select case
        when p_flags <> e_flags then 'exists_with_different_flags'
        when p_pending <> e_pending then 'exists_with_different_pending_id'
        when p_timeout <> e_timeout then 'exists_with_different_timeout'
        when p_debit <> e_debit
             and not (p_flags & 12 <> 0 and p_debit = '00000000-0000-0000-0000-000000000000')
            then 'exists_with_different_debit_account_id'
        when p_credit <> e_credit
             and not (p_flags & 12 <> 0 and p_credit = '00000000-0000-0000-0000-000000000000')
            then 'exists_with_different_credit_account_id'
        when case
             when p_flags & 8 <> 0 and p_amount = 0 then e_amount <> pending_amount
             when p_flags & 4 <> 0 and p_amount = 9223372036854775807 then e_amount <> pending_amount
             when p_flags & 48 <> 0 then p_amount < e_amount
             else p_amount <> e_amount end
            then 'exists_with_different_amount'
        when p_ledger <> e_ledger and not (p_flags & 12 <> 0 and p_ledger = 0) then 'exists_with_different_ledger'
        when p_code <> e_code and not (p_flags & 12 <> 0 and p_code = 0) then 'exists_with_different_code'
        else 'exists' end
$$;

-- What is wrong with a transfer in itself (neither post nor void).
create or replace function ledger.transfer_refusal(
    p_flags int, p_debit uuid, p_credit uuid, p_pending uuid, p_timeout bigint, p_ledger bigint, p_code int
) returns text language sql immutable as $$
    select case
        when p_debit = '00000000-0000-0000-0000-000000000000' then 'debit_account_id_must_not_be_zero'
        when p_debit = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then 'debit_account_id_must_not_be_int_max'
        when p_credit = '00000000-0000-0000-0000-000000000000' then 'credit_account_id_must_not_be_zero'
        when p_credit = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then 'credit_account_id_must_not_be_int_max'
        when p_credit = p_debit then 'accounts_must_be_different'
        when p_pending <> '00000000-0000-0000-0000-000000000000' then 'pending_id_must_be_zero'
        when p_flags & 2 = 0 and p_timeout <> 0 then 'timeout_reserved_for_pending_transfer'
        when p_ledger = 0 then 'ledger_must_not_be_zero'
        when p_code = 0 then 'code_must_not_be_zero' end
$$;

-- What is wrong with a post or void in itself.
create or replace function ledger.resolution_refusal(p_flags int, p_id uuid, p_pending uuid, p_timeout bigint)
returns text language sql immutable as $$
    select case
        when p_flags & 12 = 12 or p_flags & 50 <> 0 then 'flags_are_mutually_exclusive'
        when p_pending = '00000000-0000-0000-0000-000000000000' then 'pending_id_must_not_be_zero'
        when p_pending = 'ffffffff-ffff-ffff-ffff-ffffffffffff' then 'pending_id_must_not_be_int_max'
        when p_pending = p_id then 'pending_id_must_be_different'
        when p_timeout <> 0 then 'timeout_reserved_for_pending_transfer' end
$$;

-- A post or void against its pending transfer (e_); `p_moves` is the amount it would move.
create or replace function ledger.pending_refusal(
    p_flags int, p_debit uuid, p_credit uuid, p_ledger bigint, p_code int, p_moves bigint, e_flags int,
    e_debit uuid, e_credit uuid, e_ledger bigint, e_code int, e_amount bigint, e_state text, e_due boolean
) returns text language sql immutable as $$
    select case
        when e_flags & 2 = 0 then 'pending_transfer_not_pending'
        when p_debit not in (e_debit, '00000000-0000-0000-0000-000000000000')
            then 'pending_transfer_has_different_debit_account_id'
        when p_credit not in (e_credit, '00000000-0000-0000-0000-000000000000')
            then 'pending_transfer_has_different_credit_account_id'
        when p_ledger not in (e_ledger, 0) then 'pending_transfer_has_different_ledger'
        when p_code not in (e_code, 0) then 'pending_transfer_has_different_code'
        when p_moves > e_amount then 'exceeds_pending_transfer_amount'
        when p_flags & 8 <> 0 and p_moves < e_amount then 'pending_transfer_has_different_amount'
        when e_state = 'posted' then 'pending_transfer_already_posted'
        when e_state = 'voided' then 'pending_transfer_already_voided'
        when e_state = 'expired' or e_due then 'pending_transfer_expired' end
$$;

-- Balances that would pass 2^63-1. Pending plus posted never does, so the subtractions are safe.
create or replace function ledger.overflow(
    p_flags int, p_amount bigint, dr_pending bigint, dr_posted bigint, cr_pending bigint, cr_posted bigint
) returns text language sql immutable as $$
    select case
        when p_flags & 2 <> 0 and p_amount > 9223372036854775807 - dr_pending then 'overflows_debits_pending'
        when p_flags & 2 <> 0 and p_amount > 9223372036854775807 - cr_pending then 'overflows_credits_pending'
        when p_amount > 9223372036854775807 - dr_posted then 'overflows_debits_posted'
        when p_amount > 9223372036854775807 - cr_posted then 'overflows_credits_posted'
        when p_amount > 9223372036854775807 - dr_pending - dr_posted then 'overflows_debits'
        when p_amount > 9223372036854775807 - cr_pending - cr_posted then 'overflows_credits' end
$$;

-- Failures that another moment might not have seen: they spend the id.
create or replace function ledger.spends_id(p_outcome text) returns boolean language sql immutable as $$
    select p_outcome in ('debit_account_not_found', 'credit_account_not_found', 'pending_transfer_not_found',
                         'exceeds_credits', 'exceeds_debits')
$$;

-- Create accounts; arrays run in step; one outcome a row, in order. `p_guarded` asks for a balance row; accounts
-- with a balance limit have one anyway.
create or replace function ledger.create_accounts(
    p_cell int, p_id uuid[], p_owner text[], p_kind text[], p_ledger bigint[], p_code int[], p_flags int[],
    p_guarded boolean[], p_now timestamptz
) returns text[] language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
    n int := coalesce(cardinality(p_id), 0);
    no int[];                                  -- row -> number of its id among the batch's distinct ids
    e_known boolean[]; e_flags int[]; e_ledger bigint[]; e_code int[];
    outcomes text[] := array_fill(null::text, array[n]);
    outcome text;
    chain_from int := 0;
    broken boolean := false;
    k int;
begin
    if n = 0 then return '{}'; end if;

    select array_agg(r.no order by r.ord) into no
      from (select u.ord, dense_rank() over (order by u.id) as no
              from unnest(p_id) with ordinality as u(id, ord)) r;
    select array_agg(a.account_id is not null order by u.id), array_agg(a.flags order by u.id),
           array_agg(a.ledger order by u.id), array_agg(a.code order by u.id)
      into e_known, e_flags, e_ledger, e_code
      from (select distinct id from unnest(p_id) as i(id)) u
      left join ledger.account a on a.cell = p_cell and a.account_id = u.id;

    for i in 1..n loop
        k := no[i];
        if p_flags[i] & 1 <> 0 and chain_from = 0 then chain_from := i; end if;
        outcome := case
            when p_flags[i] & 1 <> 0 and i = n then 'linked_event_chain_open'
            when broken then 'linked_event_failed'
            else coalesce(
                ledger.id_refusal(p_id[i]),
                case when e_known[k] then
                    ledger.account_repeat(p_flags[i], p_ledger[i], p_code[i], e_flags[k], e_ledger[k], e_code[k]) end,
                ledger.account_refusal(p_flags[i], p_ledger[i], p_code[i]),
                'created') end;
        outcomes[i] := outcome;
        if outcome = 'created' then
            e_known[k] := true; e_flags[k] := p_flags[i]; e_ledger[k] := p_ledger[i]; e_code[k] := p_code[i];
        elsif chain_from > 0 and not broken then
            broken := true;
            for j in chain_from..i - 1 loop
                outcomes[j] := 'linked_event_failed';
                e_known[no[j]] := false;
            end loop;
        end if;
        if p_flags[i] & 1 = 0 then chain_from := 0; broken := false; end if;
    end loop;

    insert into ledger.account (cell, account_id, owner_id, kind, ledger, code, flags, opened_at)
    select p_cell, r.id, r.owner_id, r.kind, r.ledger_no, r.code, r.flags, p_now
      from unnest(p_id, p_owner, p_kind, p_ledger, p_code, p_flags, outcomes)
           as r(id, owner_id, kind, ledger_no, code, flags, outcome)
     where r.outcome = 'created';
    insert into ledger.guarded (cell, account_id)
    select p_cell, r.id
      from unnest(p_id, p_flags, p_guarded, outcomes) as r(id, flags, guarded, outcome)
     where r.outcome = 'created' and (r.guarded or r.flags & 6 <> 0);
    return outcomes;
end $$;

-- Create transfers; arrays run in step; one outcome a row, in order. `p_chain` names the business events. `p_ends`
-- marks the last rows of batches where several are handed in at once: a chain may not cross them.
-- Locks the pending transfers it resolves, then the guarded accounts it touches, each in id order. The batch is
-- judged in memory and written at the end, so that a thousand transfers of one account update one row once.
create or replace function ledger.create_transfers(
    p_cell int, p_id uuid[], p_chain uuid[], p_debit uuid[], p_credit uuid[], p_amount bigint[], p_pending uuid[],
    p_timeout bigint[], p_ledger bigint[], p_code int[], p_flags int[], p_now timestamptz,
    p_ends boolean[] default null
) returns text[] language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $$
declare
    n int := coalesce(cardinality(p_id), 0);
    ids uuid[]; no int[];                      -- distinct ids of transfers and pending transfers; row -> number
    -- By id number: the transfer known under it, from the table or from this batch.
    e_known boolean[]; e_spent boolean[]; e_flags int[]; e_pending uuid[]; e_timeout bigint[]; e_debit uuid[];
    e_credit uuid[]; e_amount bigint[]; e_ledger bigint[]; e_code int[]; e_state text[]; e_expires timestamptz[];
    was_state text[];
    accounts uuid[]; account_no int[];         -- distinct accounts; place of use -> number
    e_dr int[]; e_cr int[];
    a_ledger bigint[]; a_flags int[]; a_guarded boolean[];
    dr_pending bigint[]; dr_posted bigint[]; cr_pending bigint[]; cr_posted bigint[];
    was_dr_pending bigint[]; was_dr_posted bigint[]; was_cr_pending bigint[]; was_cr_posted bigint[];
    outcomes text[] := array_fill(null::text, array[n]);
    outcome text;
    chain_from int := 0;
    broken boolean := false;
    ends boolean;
    f int; k int; p int; d int; c int; moves bigint; held bigint;
begin
    if n = 0 then return '{}'; end if;

    perform from ledger.pending l where l.cell = p_cell and l.transfer_id = any (p_pending)
      order by l.transfer_id for update;
    accounts := array(
        select t.debit_account_id from ledger.transfer t where t.cell = p_cell and t.transfer_id = any (p_pending)
        union
        select t.credit_account_id from ledger.transfer t where t.cell = p_cell and t.transfer_id = any (p_pending));
    perform from ledger.guarded l
      where l.cell = p_cell and l.account_id = any (p_debit || p_credit || accounts)
      order by l.account_id for update;

    select array_agg(r.no order by r.place) into no
      from (select u.place, dense_rank() over (order by u.id) as no
              from (select ord as place, id from unnest(p_id) with ordinality as i(id, ord)
                    union all
                    select n + ord, id from unnest(p_pending) with ordinality as i(id, ord)) u) r;
    select array_agg(u.id order by u.id), array_agg(t.transfer_id is not null order by u.id),
           array_agg(x.transfer_id is not null order by u.id), array_agg(t.flags order by u.id),
           array_agg(coalesce(t.pending_id, '00000000-0000-0000-0000-000000000000') order by u.id),
           array_agg(t.timeout_s order by u.id), array_agg(t.debit_account_id order by u.id),
           array_agg(t.credit_account_id order by u.id), array_agg(t.amount order by u.id),
           array_agg(t.ledger order by u.id), array_agg(t.code order by u.id),
           array_agg(l.state order by u.id), array_agg(l.expires_at order by u.id)
      into ids, e_known, e_spent, e_flags, e_pending, e_timeout, e_debit, e_credit, e_amount, e_ledger, e_code,
           e_state, e_expires
      from (select id from unnest(p_id) as i(id) union select id from unnest(p_pending) as i(id)) u
      left join ledger.transfer t on t.cell = p_cell and t.transfer_id = u.id
      left join ledger.pending l on l.cell = p_cell and l.transfer_id = u.id
      left join ledger.failed_id x on x.cell = p_cell and x.transfer_id = u.id;
    was_state := e_state;

    -- Places of use: debits of rows, credits of rows, debits of known transfers, credits of known transfers.
    select array_agg(r.no order by r.place) into account_no
      from (select u.place, dense_rank() over (order by u.id) as no
              from unnest(p_debit || p_credit || e_debit || e_credit) with ordinality as u(id, place)) r;
    e_dr := account_no[2 * n + 1 : 2 * n + cardinality(ids)];
    e_cr := account_no[2 * n + cardinality(ids) + 1 : ];
    select array_agg(u.id order by u.id), array_agg(a.ledger order by u.id), array_agg(a.flags order by u.id),
           array_agg(g.account_id is not null order by u.id), array_agg(g.debits_pending order by u.id),
           array_agg(g.debits_posted order by u.id), array_agg(g.credits_pending order by u.id),
           array_agg(g.credits_posted order by u.id)
      into accounts, a_ledger, a_flags, a_guarded, dr_pending, dr_posted, cr_pending, cr_posted
      from (select distinct id from unnest(p_debit || p_credit || e_debit || e_credit) as i(id)) u
      left join ledger.account a on a.cell = p_cell and a.account_id = u.id
      left join ledger.guarded g on g.cell = p_cell and g.account_id = u.id;
    was_dr_pending := dr_pending; was_dr_posted := dr_posted; was_cr_pending := cr_pending; was_cr_posted := cr_posted;

    for i in 1..n loop
        f := p_flags[i]; k := no[i]; p := no[n + i]; moves := p_amount[i];
        ends := i = n or coalesce(p_ends[i], false);
        if f & 1 <> 0 and chain_from = 0 then chain_from := i; end if;

        if f & 1 <> 0 and ends then
            outcome := 'linked_event_chain_open';
        elsif broken then
            outcome := 'linked_event_failed';
        elsif ledger.id_refusal(p_id[i]) is not null then
            outcome := ledger.id_refusal(p_id[i]);
        elsif e_known[k] then
            outcome := ledger.transfer_repeat(
                f, p_pending[i], p_timeout[i], p_debit[i], p_credit[i], moves, p_ledger[i], p_code[i],
                e_flags[k], e_pending[k], e_timeout[k], e_debit[k], e_credit[k], e_amount[k], e_ledger[k],
                e_code[k], e_amount[p]);
        elsif e_spent[k] then
            outcome := 'id_already_failed';
        elsif f & 12 <> 0 then
            -- Post or void: everything left at 0 is filled in from the pending transfer.
            outcome := ledger.resolution_refusal(f, p_id[i], p_pending[i], p_timeout[i]);
            if outcome is null and not e_known[p] then outcome := 'pending_transfer_not_found'; end if;
            if outcome is null then
                if f & 8 <> 0 and moves = 0 or f & 4 <> 0 and moves = 9223372036854775807 then
                    moves := e_amount[p];
                end if;
                outcome := coalesce(ledger.pending_refusal(
                    f, p_debit[i], p_credit[i], p_ledger[i], p_code[i], moves, e_flags[p], e_debit[p], e_credit[p],
                    e_ledger[p], e_code[p], e_amount[p], e_state[p], coalesce(e_expires[p] <= p_now, false)), 'created');
            end if;
            if outcome = 'created' then
                d := e_dr[p]; c := e_cr[p]; held := e_amount[p];
                if a_guarded[d] then
                    dr_pending[d] := dr_pending[d] - held;
                    if f & 4 <> 0 then dr_posted[d] := dr_posted[d] + moves; end if;
                end if;
                if a_guarded[c] then
                    cr_pending[c] := cr_pending[c] - held;
                    if f & 4 <> 0 then cr_posted[c] := cr_posted[c] + moves; end if;
                end if;
                e_state[p] := case when f & 4 <> 0 then 'posted' else 'voided' end;
                e_debit[k] := e_debit[p]; e_credit[k] := e_credit[p]; e_ledger[k] := e_ledger[p];
                e_code[k] := e_code[p];
            end if;
        else
            d := account_no[i]; c := account_no[n + i];
            outcome := ledger.transfer_refusal(
                f, p_debit[i], p_credit[i], p_pending[i], p_timeout[i], p_ledger[i], p_code[i]);
            if outcome is null then
                outcome := case
                    when a_ledger[d] is null then 'debit_account_not_found'
                    when a_ledger[c] is null then 'credit_account_not_found'
                    when a_ledger[d] <> a_ledger[c] then 'accounts_must_have_the_same_ledger'
                    when p_ledger[i] <> a_ledger[d] then 'transfer_must_have_the_same_ledger_as_accounts' end;
            end if;
            if outcome is null then
                if f & 16 <> 0 and not a_guarded[d] or f & 32 <> 0 and not a_guarded[c] then
                    raise exception 'transfer %: a balancing transfer needs a guarded account', p_id[i];
                end if;
                if f & 16 <> 0 then
                    moves := least(moves, greatest(cr_posted[d] - dr_posted[d] - dr_pending[d], 0));
                end if;
                if f & 32 <> 0 then
                    moves := least(moves, greatest(dr_posted[c] - cr_posted[c] - cr_pending[c], 0));
                end if;
                outcome := ledger.overflow(f, moves, coalesce(dr_pending[d], 0), coalesce(dr_posted[d], 0),
                                           coalesce(cr_pending[c], 0), coalesce(cr_posted[c], 0));
                if outcome is null then
                    outcome := case
                        when p_timeout[i] > 0 and extract(epoch from p_now) + p_timeout[i] > 9223372036.854775807
                            then 'overflows_timeout'
                        when a_flags[d] & 2 <> 0 and moves > cr_posted[d] - dr_pending[d] - dr_posted[d]
                            then 'exceeds_credits'
                        when a_flags[c] & 4 <> 0 and moves > dr_posted[c] - cr_pending[c] - cr_posted[c]
                            then 'exceeds_debits'
                        else 'created' end;
                end if;
            end if;
            if outcome = 'created' then
                if f & 2 <> 0 then
                    if a_guarded[d] then dr_pending[d] := dr_pending[d] + moves; end if;
                    if a_guarded[c] then cr_pending[c] := cr_pending[c] + moves; end if;
                    e_state[k] := 'pending';
                    e_expires[k] := case when p_timeout[i] > 0 then p_now + p_timeout[i] * interval '1 second' end;
                else
                    if a_guarded[d] then dr_posted[d] := dr_posted[d] + moves; end if;
                    if a_guarded[c] then cr_posted[c] := cr_posted[c] + moves; end if;
                end if;
                e_debit[k] := p_debit[i]; e_credit[k] := p_credit[i]; e_ledger[k] := p_ledger[i];
                e_code[k] := p_code[i];
            end if;
        end if;

        outcomes[i] := outcome;
        if outcome = 'created' then
            e_known[k] := true; e_flags[k] := f; e_pending[k] := p_pending[i]; e_timeout[k] := p_timeout[i];
            e_amount[k] := moves; e_dr[k] := d; e_cr[k] := c;
        else
            if ledger.spends_id(outcome) then e_spent[k] := true; end if;
            if chain_from > 0 and not broken then
                broken := true;
                for j in reverse i - 1..chain_from loop
                    outcomes[j] := 'linked_event_failed';
                    f := p_flags[j]; k := no[j]; d := e_dr[k]; c := e_cr[k]; moves := e_amount[k];
                    e_known[k] := false;
                    if f & 12 <> 0 then
                        p := no[n + j]; held := e_amount[p];
                        e_state[p] := 'pending';
                        if a_guarded[d] then
                            dr_pending[d] := dr_pending[d] + held;
                            if f & 4 <> 0 then dr_posted[d] := dr_posted[d] - moves; end if;
                        end if;
                        if a_guarded[c] then
                            cr_pending[c] := cr_pending[c] + held;
                            if f & 4 <> 0 then cr_posted[c] := cr_posted[c] - moves; end if;
                        end if;
                    elsif f & 2 <> 0 then
                        e_state[k] := null; e_expires[k] := null;
                        if a_guarded[d] then dr_pending[d] := dr_pending[d] - moves; end if;
                        if a_guarded[c] then cr_pending[c] := cr_pending[c] - moves; end if;
                    else
                        if a_guarded[d] then dr_posted[d] := dr_posted[d] - moves; end if;
                        if a_guarded[c] then cr_posted[c] := cr_posted[c] - moves; end if;
                    end if;
                end loop;
            end if;
        end if;
        if p_flags[i] & 1 = 0 or ends then chain_from := 0; broken := false; end if;
    end loop;

    insert into ledger.transfer (cell, transfer_id, chain_id, debit_account_id, credit_account_id, amount, pending_id,
                                 timeout_s, ledger, code, flags, recorded_at)
    select p_cell, r.id, r.chain_id, e_debit[r.no], e_credit[r.no], e_amount[r.no],
           nullif(r.pending_id, '00000000-0000-0000-0000-000000000000'), r.timeout_s, e_ledger[r.no], e_code[r.no],
           r.flags, p_now
      from unnest(p_id, p_chain, p_pending, p_timeout, p_flags, outcomes, no)
           as r(id, chain_id, pending_id, timeout_s, flags, outcome, no)
     where r.outcome = 'created';
    insert into ledger.pending (cell, transfer_id, debit_account_id, credit_account_id, amount, state, expires_at)
    select p_cell, r.id, r.debit, r.credit, r.amount, r.state, r.expires_at
      from unnest(ids, e_debit, e_credit, e_amount, e_state, e_expires, was_state)
           as r(id, debit, credit, amount, state, expires_at, was)
     where r.state is not null and r.was is null;
    -- Row by row, each by its key: a join would let a plan made for an empty table walk a full one.
    for j in 1..cardinality(ids) loop
        if was_state[j] = 'pending' and e_state[j] <> 'pending' then
            update ledger.pending l set state = e_state[j]
             where l.cell = p_cell and l.transfer_id = ids[j] and l.state = was_state[j];
            if not found then
                raise exception 'pending transfer % was resolved by somebody else', ids[j]
                    using errcode = 'serialization_failure';
            end if;
        end if;
    end loop;
    -- As differences: accounts of a pending transfer that became visible after the locks are safe, too.
    for j in 1..cardinality(accounts) loop
        if dr_pending[j] <> was_dr_pending[j] or dr_posted[j] <> was_dr_posted[j]
           or cr_pending[j] <> was_cr_pending[j] or cr_posted[j] <> was_cr_posted[j] then
            update ledger.guarded l
               set debits_pending = l.debits_pending + (dr_pending[j] - was_dr_pending[j]),
                   debits_posted = l.debits_posted + (dr_posted[j] - was_dr_posted[j]),
                   credits_pending = l.credits_pending + (cr_pending[j] - was_cr_pending[j]),
                   credits_posted = l.credits_posted + (cr_posted[j] - was_cr_posted[j])
             where l.cell = p_cell and l.account_id = accounts[j];
        end if;
    end loop;
    insert into ledger.failed_id (cell, transfer_id, outcome, failed_at)
    select p_cell, r.id, r.outcome, p_now
      from unnest(p_id, outcomes) as r(id, outcome)
     where ledger.spends_id(r.outcome);
    return outcomes;
end $$;
