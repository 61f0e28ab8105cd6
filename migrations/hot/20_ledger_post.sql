-- Post transfers between accounts that carry no balance limit (those of hot recipes). Arrays run in step.
-- An id that is there already is left as it is: recipes name their transfers after the event.
create or replace function ledger.post(
    p_cell int, p_ledger bigint, p_code int, p_transfer uuid[], p_chain uuid[],
    p_debit uuid[], p_credit uuid[], p_amount bigint[], p_now timestamptz
) returns void language sql as $$
    insert into ledger.transfer (cell, transfer_id, chain_id, debit_account_id, credit_account_id,
                                 amount, ledger, code, recorded_at)
    select p_cell, t.transfer_id, t.chain_id, t.debit, t.credit, t.amount, p_ledger, p_code, p_now
      from unnest(p_transfer, p_chain, p_debit, p_credit, p_amount)
           as t(transfer_id, chain_id, debit, credit, amount)
    on conflict do nothing
$$;

-- The account of an owner: MD5 of 'owner:kind' as an id (yongquan.kernel.ids.named_id says the same).
create or replace function ledger.account_of(p_owner text, p_kind text) returns uuid
language sql immutable parallel safe as $$ select md5(p_owner || ':' || p_kind)::uuid $$;
